/**
 * The admin API: a running server's plan, its ledger and its clock over HTTP, on a port of its own. Every call is a row
 * of a table; here they are found by method and path, and what is wrong with a request is answered as JSON, all of it
 * at once. `docs/admin.md` is the page.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { realClock, within } from '../../src/clock.ts'
import { messageOf, shown, TailraceError } from '../../src/errors.ts'
import type { Problem } from '../../src/errors.ts'
import { limits } from '../../src/limits.ts'
import { admit } from './admission.ts'
import { Refusal } from './call.ts'
import type { Asked, Call, Desk, Reply } from './call.ts'
import { judgeCalls } from './judge-calls.ts'
import { momentCalls } from './moment-calls.ts'
import { planCalls } from './plan-calls.ts'
import { checkLength, drop, parseBody, receive } from './receive.ts'
import { beginRefusal, reply } from './reply.ts'
import { seenCalls } from './seen-calls.ts'

export interface AdminOptions {
  readonly host: string
  /** 0 is one that the system chooses. */
  readonly port: number
  /** Demanded where it is given. */
  readonly token?: string
  readonly desk: Desk
  /** An error of our own. */
  readonly failed: (why: string) => void
}

export interface Admin {
  /** Origin, without a slash behind it. */
  readonly url: string
  /** Ends those who follow, the connections and the listener. */
  stop(): Promise<void>
}

const overview: Call = {
  method: 'GET',
  path: '/',
  says: 'these calls',
  act: () => ({
    json: {
      calls: calls.map(({ method, path, says, query = {} }) => {
        const names = Object.keys(query)
        return { call: `${method} ${path}`, says, ...(names.length > 0 ? { query: names } : {}) }
      }),
    },
  }),
}

/** In the order in which GET / lists them. */
export const calls: readonly Call[] = [overview, ...planCalls, ...momentCalls, ...seenCalls, ...judgeCalls]

/** Throws `usage` where the port cannot be had. */
export async function startAdmin({ host, port, token, desk, failed }: AdminOptions): Promise<Admin> {
  const stopping = new AbortController()
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.on('error', () => {}) // 'close' follows
    try {
      admit(request, token)
      await reply(response, await answer(request, response, desk), stopping.signal)
    } catch (error) {
      if (response.destroyed || request.socket.destroyed) return // whoever asked is gone
      const refusal = refusalOf(error)
      if (!refusal) failed(`admin: ${messageOf(error)}`)
      if (response.headersSent) response.destroy()
      else await refuse(request, response, refusal ?? new Refusal(500, messageOf(error)))
    }
  }
  const handle = (request: IncomingMessage, response: ServerResponse): void => void serve(request, response)
  const server = createServer({ requireHostHeader: true }, handle)
  server.on('checkContinue', handle)
  server.maxConnections = limits.adminConnectionsMax
  try {
    server.listen({ host, port, exclusive: true })
    await once(server, 'listening')
  } catch (error) {
    throw new TailraceError('usage', 'cannot listen', [
      { at: host, expected: 'a free port', got: messageOf(error) },
    ])
  }
  const bound = (server.address() as AddressInfo).port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    stop: async () => {
      stopping.abort()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      await within(realClock(), limits.adminLingerMs, closed, undefined)
      server.closeAllConnections()
      await closed
    },
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, desk: Desk): Promise<Reply> {
  const { path, query } = targetOf(request)
  const { call, name } = found(request.method ?? '', path)
  checkLength(request)
  if (request.headers.expect !== undefined) response.writeContinue()
  const bytes = await receive(request)
  const wrong = queryProblems(call, query)
  const body = call.body === undefined ? {} : parseBody(bytes, call.body)
  wrong.push(...(call.problems?.(body) ?? []))
  if (wrong.length > 0) throw new Refusal(422, 'this does not fit', wrong)
  const asked: Asked = { name, query: Object.fromEntries(query), body, headers: request.headers }
  return await call.act(asked, desk)
}

function targetOf({ url = '' }: IncomingMessage): { path: string; query: URLSearchParams } {
  const at = url.indexOf('?')
  return at < 0
    ? { path: url, query: new URLSearchParams() }
    : { path: url.slice(0, at), query: new URLSearchParams(url.slice(at + 1)) }
}

/** Throws 404 where no call has this path, and 405 where those that have are called otherwise. */
function found(method: string, path: string): { call: Call; name: string } {
  const there = calls.flatMap((call) => {
    const name = nameIn(call.path, path)
    return name === undefined ? [] : [{ call, name }]
  })
  const wanted = method === 'HEAD' ? 'GET' : method
  const one = there.find(({ call }) => call.method === wanted)
  if (one) return one
  if (there.length === 0) {
    const problem = { at: 'path', expected: 'a path that GET / lists', got: shown(path) }
    throw new Refusal(404, 'there is no such call', [problem])
  }
  const allowed = there.flatMap(({ call }) => (call.method === 'GET' ? ['GET', 'HEAD'] : [call.method]))
  const allow = allowed.join(', ')
  const problem = { at: 'method', expected: `one of ${allow}`, got: shown(method) }
  throw new Refusal(405, 'this is not how it is called', [problem], { allow })
}

/** The part that `form` leaves open, empty where it leaves none; undefined where `path` does not have that form. */
function nameIn(form: string, path: string): string | undefined {
  const at = form.indexOf('{')
  if (at < 0) return form === path ? '' : undefined
  const rest = path.startsWith(form.slice(0, at)) ? path.slice(at) : ''
  if (rest === '' || rest.includes('/')) return undefined
  try {
    return decodeURIComponent(rest)
  } catch {
    return rest
  }
}

function queryProblems({ query: forms = {} }: Call, query: URLSearchParams): Problem[] {
  const names = Object.keys(forms)
  return [...query].flatMap(([name, text], i, all): Problem[] => {
    const form = Object.hasOwn(forms, name) ? forms[name] : undefined
    const at = `?${name}`
    if (!form) {
      const expected = names.length > 0 ? `one of ${names.join(', ')}` : 'no query'
      return [{ at, expected, got: 'an unknown parameter' }]
    }
    if (all.findIndex((other) => other[0] === name) < i)
      return [{ at, expected: 'it once', got: shown(text) }]
    return form.fits(text) ? [] : [{ at, expected: form.says, got: shown(text) }]
  })
}

/** What the request is to blame for. */
function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error
  const isUse = error instanceof TailraceError && (error.code === 'plan' || error.code === 'usage')
  if (!isUse) return undefined
  const [summary = ''] = error.message.split('\n')
  return new Refusal(422, summary, error.problems)
}

/** A connection on which a body was not read to its end carries nothing more. */
async function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): Promise<void> {
  const left = !request.complete && hasBody(request)
  if (left) response.shouldKeepAlive = false
  beginRefusal(response, refusal)
  if (left) await drop(request)
  response.end()
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

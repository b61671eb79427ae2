/**
 * Clients that care for nothing but their own end: each sends a few requests, one of another kind after the other,
 * reads whatever comes, and has left after a time that is bounded, its sockets closed. What they saw is nobody's
 * concern; they never reject.
 */
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { Agent, request } from 'undici'
import { realClock, sleep, within } from '../../src/clock.ts'
import { requestText } from './raw-client.ts'
import { ndjson } from './serving.ts'

export interface Quarry {
  readonly base: string
  readonly port: number
  /** Who signed its certificate, where it is behind TLS. */
  readonly authority?: string
  readonly h2: boolean
}

export type SoakClient = (quarry: Quarry, turn: number) => Promise<void>

const clock = realClock()

/** Beyond the times that plans hold anything, and soon over. */
const patienceMs = 90

/** Bodies by turns: the same records again, so that they are counted; larger than the points within bodies; none. */
const bodies: readonly string[] = [ndjson(0, 0), ndjson(1, 3), ndjson(2, 40), '', ndjson(0, 1), '{"seq":1}']

interface Ask {
  readonly method: 'POST' | 'GET' | 'HEAD' | 'PUT'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

function ask(turn: number): Ask {
  const method = turn % 11 === 5 ? 'GET' : turn % 11 === 7 ? 'HEAD' : turn % 13 === 4 ? 'PUT' : 'POST'
  const bare = method === 'GET' || method === 'HEAD'
  const lane: Record<string, string> = turn % 2 === 0 ? { 'x-lane': String(turn % 3) } : {}
  return { method, headers: lane, body: bare ? '' : (bodies[turn % bodies.length] ?? '') }
}

/** node:http with an agent that keeps its connection; every third request waits for 100, every fourth is chunked. */
export const nodeHttp: SoakClient = async ({ base, authority }, turn) => {
  const agent =
    authority === undefined
      ? new HttpAgent({ keepAlive: true, maxSockets: 1 })
      : new HttpsAgent({ keepAlive: true, maxSockets: 1, ca: authority })
  const send = authority === undefined ? httpRequest : httpsRequest
  for (const n of [turn, turn + 1, turn + 2]) {
    const { method, headers, body } = ask(n)
    const framing = n % 4 === 0 ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const expect: Record<string, string> = n % 3 === 0 ? { expect: '100-continue' } : {}
    const options: RequestOptions = { method, agent, headers: { ...headers, ...framing, ...expect } }
    const sent = send(base, options)
    const over = new Promise<void>((resolve) => {
      sent.on('error', () => resolve())
      sent.on('upgrade', (_, socket: Socket) => socket.destroy())
      sent.on('response', (answer: IncomingMessage) => {
        answer.on('error', () => resolve())
        answer.resume()
      })
      sent.on('close', resolve)
    })
    if ('expect' in expect) {
      sent.flushHeaders()
      const asked = new Promise<void>((resolve) => sent.once('continue', resolve))
      await within(clock, 20, Promise.race([asked, over]), undefined)
    }
    sent.end(body)
    await within(clock, patienceMs, over, undefined)
    sent.destroy()
    await over
  }
  agent.destroy()
}

/** undici, two requests at a time on two connections; HTTP/2 where it is on offer within TLS. */
export const undiciClient: SoakClient = async ({ base, authority, h2 }, turn) => {
  const agent = new Agent({
    connections: 2,
    connect: { timeout: patienceMs, ...(authority === undefined ? {} : { ca: authority }) },
    headersTimeout: patienceMs,
    bodyTimeout: patienceMs,
    allowH2: h2 && authority !== undefined,
  })
  const one = async (n: number): Promise<void> => {
    const { method, headers, body } = ask(n)
    const left = new AbortController()
    const timer = clock.after(2 * patienceMs, () => left.abort())
    try {
      const asked = { dispatcher: agent, method, headers, signal: left.signal }
      const answer = await request(base, body === '' ? asked : { ...asked, body })
      await answer.body.dump()
    } catch {
      // cut, late or malformed: all of it is to be expected
    } finally {
      timer.cancel()
    }
  }
  for (const n of [turn, turn + 2]) await Promise.all([one(n), one(n + 1)])
  await agent.destroy()
}

/** node:http2, three streams at once and one behind them; leaves some of them halfway. */
export const nodeHttp2: SoakClient = async ({ base, port, authority }, turn) => {
  const at = { host: '127.0.0.1', port }
  const socket =
    authority === undefined ? connectTcp(at) : connectTls({ ...at, ca: authority, ALPNProtocols: ['h2'] })
  socket.on('error', () => {})
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const session = connectHttp2(base, { createConnection: () => socket })
  const closed = new Promise<void>((resolve) => session.once('close', resolve))
  session.on('error', () => {})
  await Promise.all([turn, turn + 1, turn + 2].map((n) => stream(session, n)))
  await stream(session, turn + 3)
  if (turn % 2 === 0) session.close()
  await within(clock, turn % 2 === 0 ? 20 : 0, closed, undefined)
  session.destroy()
  socket.destroy() // a session that is still to begin leaves it
  await gone
}

async function stream(session: ClientHttp2Session, n: number): Promise<void> {
  if (session.destroyed || session.closed) return
  const { method, headers, body } = ask(n)
  let asked: ClientHttp2Stream
  try {
    asked = session.request({ ':method': method, ':path': '/', ...headers }, { endStream: body === '' })
  } catch {
    return // it has just ended
  }
  const over = new Promise<void>((resolve) => asked.once('close', resolve))
  asked.on('error', () => {}).resume()
  if (body !== '' && n % 7 === 3) {
    asked.write(body.slice(0, body.length / 2))
    await within(clock, 5, over, undefined)
    asked.close(8) // CANCEL
  } else if (body !== '') asked.end(body)
  await within(clock, patienceMs, over, undefined)
  asked.destroy()
  await within(clock, patienceMs, over, undefined)
}

/** What is said in bytes of HTTP/1.1, and how the client leaves then. */
const scripts: readonly { readonly parts: readonly string[]; readonly leave: 'end' | 'reset' | 'stay' }[] = [
  { parts: [post(bodies[1] ?? ''), post(bodies[0] ?? '')], leave: 'stay' },
  { parts: [post(bodies[2] ?? '') + post(bodies[0] ?? '') + post('')], leave: 'end' },
  { parts: [post(bodies[2] ?? '').slice(0, 200)], leave: 'end' },
  { parts: [post(bodies[2] ?? '').slice(0, 300)], leave: 'reset' },
  { parts: [post(bodies[2] ?? ''), post('')], leave: 'reset' },
  { parts: ['POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}'], leave: 'stay' },
  { parts: [post(bodies[1] ?? '', ['Expect: 100-continue'])], leave: 'stay' },
  { parts: [chunked(bodies[1] ?? ''), post('')], leave: 'end' },
  { parts: [...(post(bodies[1] ?? '').match(/[^]{1,60}/g) ?? [])], leave: 'stay' },
  { parts: ['GET /'], leave: 'end' },
  { parts: [`${post('{}')}garbage\r\n\r\n`], leave: 'stay' },
]

function post(body: string, fields: readonly string[] = []): string {
  return requestText('POST /', ['Host: t', `Content-Length: ${Buffer.byteLength(body)}`, ...fields], body)
}

function chunked(body: string): string {
  const fields = ['Host: t', 'Transfer-Encoding: chunked']
  return requestText('POST /', fields, `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`)
}

/** Bytes on a socket, within TLS where there is some. */
export const rawSocket: SoakClient = async ({ port, authority }, turn) => {
  const { parts, leave } = scripts[turn % scripts.length] ?? { parts: [], leave: 'end' as const }
  const raw = connectTcp({ host: '127.0.0.1', port, allowHalfOpen: true })
  const socket = authority === undefined ? raw : connectTls({ socket: raw, ca: authority, host: '127.0.0.1' })
  const closed = new Promise<void>((resolve) => raw.once('close', () => resolve()))
  for (const each of new Set<Socket>([raw, socket])) each.on('error', () => {})
  const ended = new Promise<void>((resolve) => socket.once('end', resolve).once('close', () => resolve()))
  let heard: () => void = () => {}
  socket.on('data', () => heard())
  for (const part of parts) {
    if (!socket.writable) break
    const more = new Promise<void>((resolve) => (heard = resolve))
    socket.write(part)
    await within(clock, parts.length > 3 ? 2 : patienceMs / 2, Promise.race([more, ended]), undefined)
  }
  if (leave === 'end') socket.end()
  if (leave === 'reset') raw.resetAndDestroy()
  else await within(clock, patienceMs, ended, undefined)
  socket.destroy()
  raw.destroy()
  await closed
}

/** Connects, says nothing, and leaves. */
export const silentSocket: SoakClient = async ({ port }) => {
  const socket = connectTcp({ host: '127.0.0.1', port })
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await sleep(clock, 10)
  socket.destroy()
  await closed
}

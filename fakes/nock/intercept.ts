/**
 * What nock hands over, and what it is given back. nock 14 parses bodies that say they are JSON before it calls a reply
 * function, and NDJSON under that name would end the process; it tells the body as text first, so that is what is read.
 */
import { METHODS } from 'node:http'
import type { ClientRequest } from 'node:http'
import type { Interceptor, ReplyFnContext, ReplyFnResult, Scope } from 'nock'
import type { Clock } from '../../src/clock.ts'
import { headerValue } from '../../src/exchange.ts'
import type { Header } from '../../src/exchange.ts'
import type { Nock } from './peer.ts'
import type { NockRequest } from './exchange.ts'
import type { Served } from './served.ts'

type Told = ClientRequest & { headers?: Readonly<Record<string, unknown>> }

/** Answers every request to `origin` through nock, until what is returned is called. */
export function intercept(nock: Nock, origin: string, served: Served, clock: Clock): () => void {
  if (!nock.isActive()) nock.activate()
  const scope = nock(origin).persist()
  const asked = new WeakMap<object, NockRequest>()
  let requests = 0
  scope.on('request', (req: Told, _interceptor: unknown, text: string) => {
    const headers = headersOf(req)
    const head = { method: req.method, path: req.path, headers, at: clock.now() }
    asked.set(req, { id: requests++, head, body: bodyOf(text, headers) })
    req.headers = {} // a copy of nock's own, by which it would go on to parse the body
  })
  async function reply(this: ReplyFnContext): Promise<ReplyFnResult> {
    const request = asked.get(this.req)
    if (!request) throw new Error('nock did not tell of this request')
    return await served.answer(request)
  }
  // CONNECT asks for a tunnel, not for an answer.
  const methods = METHODS.filter((method) => method !== 'CONNECT')
  const made = methods.map((method) => answering(scope, method, reply))
  return () => {
    for (const interceptor of made) nock.removeInterceptor(interceptor)
    // Of an origin without interceptors nock still refuses every request, until it forgets all of them.
    if (nock.activeMocks().length === 0) nock.cleanAll()
  }
}

function answering(
  scope: Scope,
  method: string,
  reply: (this: ReplyFnContext) => Promise<ReplyFnResult>,
): Interceptor {
  const interceptor = scope.intercept(() => true, method)
  interceptor.reply(reply)
  return interceptor
}

function headersOf(req: ClientRequest): Header[] {
  return Object.entries(req.getHeaders()).flatMap(([name, value]): Header[] =>
    value === undefined ? [] : [value].flat().map((each): Header => [name, String(each)]),
  )
}

/** nock gives bytes that are no UTF-8 as hexadecimal digits: a text of digits alone may be either. */
function bodyOf(text: string, headers: readonly Header[]): Buffer {
  if (text === '' || text.length % 2 === 1 || !/^[0-9a-f]+$/.test(text)) return Buffer.from(text)
  const length = headerValue(headers, 'content-length')
  const isHex =
    length === undefined
      ? headerValue(headers, 'content-encoding') !== undefined
      : Number(length) * 2 === text.length
  return Buffer.from(text, isHex ? 'hex' : 'utf8')
}

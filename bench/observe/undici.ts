/** undici as a package: `request` and `fetch`, on HTTP/1.1 or on HTTP/2. */
import { Agent, fetch, H2CClient, request } from 'undici'
import type { Dispatcher } from 'undici'
import { bodyOf, contentType, timedBoundMs, timeoutMs } from './asking.ts'
import type { Asked, Client } from './asking.ts'
import { outcome } from './outcome.ts'
import type { Progress } from './outcome.ts'

const timeouts = { headersTimeout: timeoutMs, bodyTimeout: timeoutMs, connectTimeout: timeoutMs }
const pingMs = 100

/** HTTP/2 by ALPN, and in clear text by prior knowledge. */
function dispatcherFor({ url, pings }: Asked, h2: boolean): Dispatcher {
  if (!h2) return new Agent(timeouts)
  const options = { ...timeouts, pingInterval: pings ? pingMs : 0 }
  const { protocol, origin } = new URL(url)
  if (protocol === 'http:') return new H2CClient(origin, options)
  return new Agent({ ...options, allowH2: true, connections: 1, pipelining: 100 })
}

type Body = Asked['bodies'][number]

interface Question {
  readonly url: string
  readonly body: Body
  /** Only then are requests with a body sent beside each other. */
  readonly idempotent: boolean
}

type Ask = (asked: Question, dispatcher: Dispatcher, progress: Progress, signal: AbortSignal) => Promise<void>

const headers = { 'content-type': contentType }

const byRequest: Ask = async ({ url, body, idempotent }, dispatcher, progress, signal) => {
  const options = { method: 'POST', headers, idempotent, dispatcher, signal } as const
  const answer = await request(url, { ...options, body: bodyOf(body) })
  progress.status = answer.statusCode
  if (answer.headers['content-encoding']) progress.coded = true
  for await (const chunk of answer.body) progress.bytes += (chunk as Uint8Array).length
}

/** It cannot be told that a POST is idempotent. */
const byFetch: Ask = async ({ url, body }, dispatcher, progress, signal) => {
  const answer = await fetch(url, { method: 'POST', headers, body: bodyOf(body), dispatcher, signal })
  progress.status = answer.status
  for await (const chunk of answer.body ?? []) progress.bytes += (chunk as Uint8Array).length
}

/** Neither can be made to wait for a 100 on HTTP/1.1. */
export function undiciClient(how: 'request' | 'fetch', h2: boolean): Client {
  const ask = how === 'request' ? byRequest : byFetch
  let dispatcher: Dispatcher | undefined
  return {
    cannot: h2 ? ['expects'] : ['expects', 'pings'],
    post: (asked) => {
      const by = (dispatcher ??= dispatcherFor(asked, h2))
      const one = (body: Body): ReturnType<typeof outcome> =>
        outcome(timedBoundMs, async (progress, signal) => {
          await ask({ url: asked.url, body, idempotent: asked.bodies.length > 1 }, by, progress, signal)
          return undefined
        })
      return Promise.all(asked.bodies.map(one))
    },
    leave: async () => {
      await dispatcher?.destroy()
      dispatcher = undefined
    },
  }
}

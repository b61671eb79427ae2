/** One attempt of the reference client: a POST, redirects followed, the answer read to its end, all within a time. */
import { request } from 'undici'
import type { Dispatcher } from 'undici'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { Answer } from './reference-answers.ts'

/** Of an answer, kept for its meaning. What is longer is read, and its meaning is that of its status. */
const answerBytesMax = 8 * 2 ** 20
const redirectsMax = 5

export interface Exchange {
  readonly request: {
    readonly url: string
    /** The credentials left out. */
    readonly headers: Readonly<Record<string, string>>
    readonly bytes: number
  }
  readonly response?: Answer
  /** Why there is no response. */
  readonly error?: string
}

export interface Attempt {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** For the origin of `url` alone. */
  readonly authorization: string
  readonly body: Buffer
  readonly dispatcher: Dispatcher
  readonly clock: Clock
  readonly timeoutMs: number
  /** Ends the attempt early. */
  readonly signal: AbortSignal
  readonly onExchange?: ((exchange: Exchange) => void) | undefined
}

/** Rejects where there is no answer, not even its head, for whatever reason. */
export async function post(attempt: Attempt): Promise<Answer> {
  const { clock, timeoutMs, signal } = attempt
  const over = new AbortController()
  const late = (): void => over.abort(new Error(`no whole answer within ${timeoutMs} ms`))
  const stop = (): void => over.abort(new Error('stopped'))
  const timer = clock.after(timeoutMs, late)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await follow(attempt, over.signal)
  } finally {
    timer.cancel()
    signal.removeEventListener('abort', stop)
  }
}

/** RFC 9110 §15.4.8, §15.4.9: 307 and 308 keep method and body. Another origin does not get the credentials. */
async function follow(attempt: Attempt, signal: AbortSignal): Promise<Answer> {
  let { url } = attempt
  let secret: { authorization?: string } = { authorization: attempt.authorization }
  for (let redirects = 0; ; redirects += 1) {
    const answer = await exchange({ ...attempt, url }, secret, signal)
    const next = redirects < redirectsMax ? redirection(answer, url) : undefined
    if (!next) return answer
    if (next.origin !== url.origin) secret = {}
    url = next
  }
}

function redirection({ status, headers }: Answer, from: URL): URL | undefined {
  const { location } = headers
  if ((status !== 307 && status !== 308) || typeof location !== 'string') return undefined
  if (!URL.canParse(location, from.href)) return undefined
  const next = new URL(location, from)
  return /^https?:$/.test(next.protocol) ? next : undefined
}

async function exchange(
  { url, headers, body, dispatcher, timeoutMs, onExchange }: Attempt,
  secret: { authorization?: string },
  signal: AbortSignal,
): Promise<Answer> {
  const asked = { url: url.href, headers, bytes: body.length }
  // undici's own timers are coarse: they stand behind ours.
  const undiciMs = 2 * timeoutMs
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: { ...headers, ...secret },
      body,
      dispatcher,
      signal,
      headersTimeout: undiciMs,
      bodyTimeout: undiciMs,
    })
    const response = { status: answer.statusCode, headers: answer.headers, ...(await read(answer.body)) }
    onExchange?.({ request: asked, response })
    return response
  } catch (error) {
    onExchange?.({ request: asked, error: messageOf(error) })
    throw error
  }
}

/** To the end, or the connection cannot be used again and a cut answer would pass for a whole one. */
async function read(body: AsyncIterable<Buffer>): Promise<Pick<Answer, 'body' | 'cut'>> {
  const chunks: Buffer[] = []
  let bytes = 0
  let cut: string | undefined
  try {
    for await (const chunk of body) {
      bytes += chunk.length
      if (bytes <= answerBytesMax) chunks.push(chunk)
    }
  } catch (error) {
    cut = messageOf(error)
  }
  const text = bytes <= answerBytesMax ? Buffer.concat(chunks).toString() : ''
  return { body: text, ...(cut === undefined ? {} : { cut }) }
}

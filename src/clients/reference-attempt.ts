/** One attempt of the reference client: a POST, redirects followed, the answer read to its end, all within a time. */
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { Answer } from './reference-answers.ts'
import type { Carrier } from './reference-asked.ts'

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
  readonly carrier: Carrier
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
  { url, headers, body, carrier, timeoutMs, onExchange }: Attempt,
  secret: { authorization?: string },
  signal: AbortSignal,
): Promise<Answer> {
  const asked = { url: url.href, headers, bytes: body.length }
  try {
    const response = await carrier.ask({ url, headers: { ...headers, ...secret }, body, timeoutMs, signal })
    onExchange?.({ request: asked, response })
    return response
  } catch (error) {
    onExchange?.({ request: asked, error: messageOf(error) })
    throw error
  }
}

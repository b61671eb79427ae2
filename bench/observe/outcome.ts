/** How a request of a JavaScript client ended, as `Seen`. */
import { realClock, sleep } from '../../src/clock.ts'
import { messageText } from './asking.ts'
import type { Seen } from './asking.ts'

/** What is known of an answer so far. */
export interface Progress {
  status?: number
  bytes: number
  coded?: true
}

const clock = realClock()
const timers = ['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT']

/** Asks, and gives up on it at the bound. `signal` aborts then; who does not heed it is left alone. */
export async function outcome(
  boundMs: number,
  ask: (progress: Progress, signal: AbortSignal) => Promise<{ code?: string; message?: string } | undefined>,
): Promise<Seen> {
  const progress: Progress = { bytes: 0 }
  const [bound, done] = [new AbortController(), new AbortController()]
  const asked = ask(progress, bound.signal).then(
    (more): Seen => ({ outcome: 'ok', ...known(progress), ...more }),
    (error: unknown) => failure(error, progress),
  )
  const late = sleep(clock, boundMs, done.signal).then((): Seen => ({
    outcome: 'timeout',
    ...known(progress),
  }))
  const seen = await Promise.race([asked, late])
  done.abort()
  bound.abort()
  return seen
}

function known({ status, bytes, coded }: Progress): Pick<Seen, 'status' | 'bytes' | 'coded'> {
  return status === undefined ? {} : { status, bytes, ...(coded ? { coded } : {}) }
}

interface Failure {
  readonly name?: string
  readonly code?: unknown
  readonly message?: string
  readonly cause?: unknown
}

/** An error and its causes: the code is that of the innermost which has one. */
function failure(error: unknown, progress: Progress): Seen {
  const chain: Failure[] = []
  for (let at = error; at instanceof Error && chain.length < 5; at = (at as Failure).cause) chain.push(at)
  const codes = chain.map(({ code }) => code).filter((code) => typeof code === 'string')
  const code = codes.at(-1) ?? chain.at(-1)?.name ?? 'no Error'
  const texts = chain.map((each) => each.message ?? '')
  const message = messageText(texts.filter((text, i) => !texts[i - 1]?.includes(text)).join(': '))
  const ended = timers.includes(code) ? 'timeout' : 'error'
  return { outcome: ended, ...known(progress), code, message }
}

/**
 * The reference client of the ingest mode: NDJSON batches over HTTP, with the manners that the suite asks for.
 * It is written to be copied; each constant and each branch is a promise that a case checks.
 */
import { createHash } from 'node:crypto'
import { finished } from 'node:stream/promises'
import { Agent, request } from 'undici'
import type { Dispatcher } from 'undici'
import { realClock, sleep } from '../clock.ts'
import { messageOf } from '../errors.ts'
import { unit } from '../random.ts'
import { retryAfterMs } from '../wire/retry-after.ts'

/** Wishes that it honours, and what holds without them. */
const defaults = {
  'batch.max_events': 100,
  concurrency: 4,
  'retry.max_attempts': 5,
  'retry.base_ms': 100,
  'retry.max_ms': 3_000,
  /** One attempt: connection, request and the whole answer. */
  'timeout.request_ms': 10_000,
} as const

export type Knob = keyof typeof defaults
export const referenceKnobs: readonly Knob[] = Object.keys(defaults) as Knob[]

/** After a 429 that does not say for how long. */
const limitedMs = 1_000
/** A server that asks for more than this is not waited for; its batch is dropped, and that is said. */
const retryAfterMsMax = 60_000
/** Timers may come a little early. */
const timerGuardMs = 10

export interface IngestClientOptions {
  readonly url: string
  readonly token: string
  /** Wishes by name; unknown names and odd values are ignored. */
  readonly config?: Readonly<Record<string, unknown>>
  readonly dispatcher?: Dispatcher
  readonly sleep?: (ms: number) => Promise<void>
  /** Milliseconds since the epoch. */
  readonly wall?: () => number
  /** A number in [0, 1) for the jitter of one wait. */
  readonly unit?: (key: string, attempt: number) => number
  /** Where drops are told; stderr when absent. */
  readonly warn?: (line: string) => void
}

export interface Closed {
  /** Records. */
  readonly delivered: number
  readonly dropped: number
}

/** What one attempt came to. */
interface Outcome {
  readonly kind: 'delivered' | 'too large' | 'retryable' | 'final'
  readonly why: string
  /** The least that the server wants us to wait. */
  readonly waitMs?: number
}

export function ingestClient(options: IngestClientOptions): IngestClient {
  return new IngestClient(options)
}

export class IngestClient {
  private readonly url: URL
  private readonly settings: Readonly<Record<Knob, number>>
  private readonly options: Required<Omit<IngestClientOptions, 'url' | 'config'>>
  private readonly inFlight = new Set<Promise<void>>()
  private batch: string[] = []
  /** While a server asks for calm, nothing is sent to it, whichever batch it said so to. */
  private calm: Promise<unknown> = Promise.resolve()
  private delivered = 0
  private dropped = 0
  private closing: Promise<Closed> | undefined

  constructor({ url, config, ...options }: IngestClientOptions) {
    const clock = realClock()
    this.url = new URL(url)
    this.settings = settingsOf(config ?? {})
    this.options = {
      dispatcher: new Agent({ connections: this.settings.concurrency }),
      sleep: (ms) => sleep(clock, ms),
      wall: () => clock.wall(),
      unit: (key, attempt) => unit('reference', 'backoff', key, attempt),
      warn: (line) => void process.stderr.write(`${line}\n`),
      ...options,
    }
  }

  /** Takes one record, a line of JSON. Await it: it waits while as many batches are under way as may be. */
  async add(line: string): Promise<void> {
    if (this.closing) throw new Error('the client is closed')
    this.batch.push(line)
    if (this.batch.length >= this.settings['batch.max_events']) await this.flush()
  }

  /** Sends what is left, and waits until every record is delivered or dropped. */
  close(): Promise<Closed> {
    this.closing ??= this.finish()
    return this.closing
  }

  private async finish(): Promise<Closed> {
    if (this.batch.length > 0) await this.flush()
    await Promise.all(this.inFlight)
    await this.options.dispatcher.close()
    return { delivered: this.delivered, dropped: this.dropped }
  }

  private async flush(): Promise<void> {
    const lines = this.batch
    this.batch = []
    while (this.inFlight.size >= this.settings.concurrency) await Promise.race(this.inFlight)
    const sending = this.deliver(lines).finally(() => this.inFlight.delete(sending))
    this.inFlight.add(sending)
  }

  /** Sends one batch until it is delivered or there is no hope: the same bytes under the same key each time. */
  private async deliver(lines: readonly string[]): Promise<void> {
    const body = `${lines.join('\n')}\n`
    const key = createHash('sha256').update(body).digest('hex').slice(0, 32)
    for (let attempt = 1; ; attempt += 1) {
      await this.untilCalm()
      const { kind, why, waitMs = 0 } = await this.send(body, key)
      if (kind === 'delivered') {
        this.delivered += lines.length
        return
      }
      if (kind === 'too large' && lines.length > 1) return this.deliverHalves(lines)
      const last = attempt >= this.settings['retry.max_attempts'] || waitMs > retryAfterMsMax
      if (kind !== 'retryable' || last) {
        this.drop(lines, `${why} (attempt ${attempt})`)
        return
      }
      if (waitMs > 0) this.calm = Promise.all([this.calm, this.options.sleep(waitMs + timerGuardMs)])
      await this.options.sleep(this.backoffMs(key, attempt))
    }
  }

  /** One after the other, so that no more requests are under way than before. */
  private async deliverHalves(lines: readonly string[]): Promise<void> {
    const middle = Math.ceil(lines.length / 2)
    await this.deliver(lines.slice(0, middle))
    await this.deliver(lines.slice(middle))
  }

  private drop(lines: readonly string[], why: string): void {
    this.dropped += lines.length
    this.options.warn(`dropped ${lines.length} records: ${why}`)
  }

  private async untilCalm(): Promise<void> {
    let awaited: unknown
    while (awaited !== this.calm) {
      awaited = this.calm
      await awaited
    }
  }

  /** Doubles from the base to the cap; the jitter takes off up to half, so it is never below half the base. */
  private backoffMs(key: string, attempt: number): number {
    const { 'retry.base_ms': baseMs, 'retry.max_ms': maxMs } = this.settings
    const fullMs = Math.min(baseMs * 2 ** (attempt - 1), Math.max(baseMs, maxMs))
    return Math.ceil(fullMs * (0.5 + this.options.unit(key, attempt) / 2))
  }

  private async send(body: string, key: string): Promise<Outcome> {
    const { dispatcher, token, wall } = this.options
    try {
      const answer = await request(this.url, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/x-ndjson',
          'idempotency-key': `"${key}"`, // a Structured Field string (draft-ietf-httpapi-idempotency-key-header)
        },
        body,
        dispatcher,
        signal: AbortSignal.timeout(this.settings['timeout.request_ms']),
      })
      // Read to the end, or the connection cannot be used again and a cut answer would pass for a whole one.
      const cut = await finished(answer.body.resume()).then(() => undefined, messageOf)
      return outcomeOf(answer, cut, wall())
    } catch (error) {
      return { kind: 'retryable', why: messageOf(error) }
    }
  }
}

/** RFC 9110 §15: what was not understood now will not be understood later, with the exceptions named here. */
function outcomeOf(
  { statusCode, headers }: Dispatcher.ResponseData,
  cut: string | undefined,
  wall: number,
): Outcome {
  const why = `HTTP ${statusCode}`
  if (statusCode >= 200 && statusCode < 300) {
    return cut === undefined ? { kind: 'delivered', why } : { kind: 'retryable', why: `${why}, then ${cut}` }
  }
  if (statusCode === 413) return { kind: 'too large', why }
  if (statusCode !== 408 && statusCode !== 429 && statusCode < 500) return { kind: 'final', why }
  // A moment is measured against the answer's own Date, so that a server whose clock is off is still understood.
  const date = Date.parse([headers['date'] ?? ''].flat()[0] ?? '')
  const asked = [headers['retry-after'] ?? []].flat()
  const waits = asked
    .map((value) => retryAfterMs(value, Number.isNaN(date) ? wall : date))
    .filter((ms) => ms !== undefined)
  if (waits.length > 0) return { kind: 'retryable', why, waitMs: Math.max(...waits) }
  return { kind: 'retryable', why, ...(statusCode === 429 ? { waitMs: limitedMs } : {}) }
}

function settingsOf(wishes: Readonly<Record<string, unknown>>): Record<Knob, number> {
  const settings: Record<Knob, number> = { ...defaults }
  for (const knob of referenceKnobs) {
    const wish = wishes[knob]
    if (Number.isSafeInteger(wish) && (wish as number) > 0) settings[knob] = wish as number
  }
  return settings
}

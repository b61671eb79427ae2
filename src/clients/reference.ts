/**
 * The reference client of the ingest mode: NDJSON batches over HTTP, with the manners that the suite asks for.
 * It is written to be copied; each constant and each branch is a promise that a case checks.
 *
 * This file holds what waits and what is under way. Beside it: settings (what may be wished), queue (what makes a
 * batch), sender (how one gets across), attempt (one request), answers (what they mean), pace (when it sends), carrier
 * (which HTTP is spoken; h1, h2, sockets).
 */
import { setMaxListeners } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Dispatcher } from 'undici'
import { realClock, sleep } from '../clock.ts'
import type { Clock, Timer } from '../clock.ts'
import { unit } from '../random.ts'
import type { Exchange } from './reference-attempt.ts'
import { Carriers } from './reference-carrier.ts'
import type { CarrierOptions } from './reference-carrier.ts'
import type { Carrier } from './reference-asked.ts'
import { undiciCarrier } from './reference-h1.ts'
import type { Connect } from './reference-h2.ts'
import { Queue } from './reference-queue.ts'
import type { Fullness } from './reference-queue.ts'
import { Sender } from './reference-sender.ts'
import { settingsOf } from './reference-settings.ts'
import type { Settings } from './reference-settings.ts'

export type { Exchange } from './reference-attempt.ts'
export { referenceKnobs } from './reference-settings.ts'
export type { Knob } from './reference-settings.ts'

export interface IngestClientOptions {
  readonly url: string
  readonly token: string
  /** Wishes by name; unknown names and odd values are ignored. */
  readonly config?: Readonly<Record<string, unknown>>
  /** HTTP/1.1 goes by it. */
  readonly dispatcher?: Dispatcher
  /** HTTP/2 in the clear goes over it, in place of TCP. */
  readonly connect?: Connect
  /** Authorities to trust beside those that Node knows, as PEM; the file that TAILRACE_CA names when absent. */
  readonly ca?: string
  /** Of all its timers, and of `sleep` and `wall` where these are absent. */
  readonly clock?: Clock
  /** Waits before another attempt; resolves early when `signal` aborts. */
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>
  /** Milliseconds since the epoch. */
  readonly wall?: () => number
  /** A number in [0, 1) for the jitter of one wait. */
  readonly unit?: (key: string, attempt: number) => number
  /** Where drops are told; stderr when absent. */
  readonly warn?: (line: string) => void
  /** Called for every request with its response, or the reason why there is none: for a log. */
  readonly onExchange?: (exchange: Exchange) => void
  readonly onDelivered?: (lines: readonly string[]) => void
  /** Where a server refuses some records and does not say which, `lines` are all that it may be. */
  readonly onDropped?: (lines: readonly string[], why: string) => void
}

/** Records, since the client was made. */
export interface Closed {
  readonly delivered: number
  readonly dropped: number
}

export function ingestClient(options: IngestClientOptions): IngestClient {
  return new IngestClient(options)
}

export class IngestClient {
  private readonly settings: Settings
  private readonly clock: Clock
  private readonly carrier: Carrier
  private readonly sender: Sender
  private readonly queue: Queue
  private readonly drop: (lines: readonly string[], why: string, count?: number) => void
  /** Batches; a lane that rests after one has none under way. */
  private readonly underWay = new Set<Promise<void>>()
  private lanes = 0
  /** Of the lanes that are free: those whose last batch was given up. */
  private tired = 0
  /** Aborts when nothing more is to be waited for. */
  private readonly over = new AbortController()
  private interval: Timer | undefined
  private watchers: (() => void)[] = []
  private delivered = 0
  private dropped = 0
  private closing: Promise<Closed> | undefined

  constructor(options: IngestClientOptions) {
    const { url, token, clock = realClock(), onDelivered, onDropped } = options
    const { warn = (line): void => void process.stderr.write(`${line}\n`) } = options
    this.settings = settingsOf(options.config ?? {})
    this.clock = clock
    const drawn = options.unit ?? ((key, attempt) => unit('reference', 'backoff', key, attempt))
    this.carrier = carrierOf(options, { settings: this.settings, clock, unit: drawn })
    setMaxListeners(0, this.over.signal) // every batch under way has some
    this.drop = (lines, why, count = lines.length) => {
      this.dropped += count
      warn(`dropped ${count} records: ${why}`)
      onDropped?.(lines, why)
    }
    this.sender = new Sender({
      url,
      token,
      settings: this.settings,
      clock,
      carrier: this.carrier,
      sleep: options.sleep ?? ((ms, signal) => sleep(clock, ms, signal)),
      wall: options.wall ?? (() => clock.wall()),
      unit: drawn,
      over: this.over.signal,
      onExchange: options.onExchange ?? (() => {}),
      delivered: (lines, count) => {
        this.delivered += count
        if (lines.length > 0) onDelivered?.(lines)
      },
      dropped: this.drop,
    })
    this.queue = new Queue((line) => this.sender.bytesOf(line))
  }

  /** Takes one record, a line of JSON. Await it: unless the queue may overflow, it waits until there is room again. */
  async add(line: string): Promise<void> {
    if (this.closing) throw new Error('the client is closed')
    const { 'queue.overflow': overflow, 'queue.max_events': most } = this.settings
    const full = this.queue.length >= most
    if (full && overflow === 'drop_new') {
      this.drop([line], 'the queue is full')
      return
    }
    if (full && overflow === 'drop_old') this.drop(this.queue.takeOne(), 'the queue is full')
    this.queue.push(line)
    this.interval ??= this.clock.after(this.settings['flush.interval_ms'], () => this.press())
    this.pump()
    while (overflow === 'block' && this.queue.length >= most) await this.change()
  }

  /** Sends what waits, and resolves when every record taken so far is delivered or dropped. */
  async flush(): Promise<Closed> {
    const last = this.queue.left + this.queue.length
    this.press()
    while (this.queue.left < last) await this.change()
    await Promise.all(this.underWay)
    return { delivered: this.delivered, dropped: this.dropped }
  }

  /** Flushes and ends. What is not delivered by the deadline, if there is one, is dropped, and that is told. */
  close({ deadlineMs }: { readonly deadlineMs?: number } = {}): Promise<Closed> {
    this.closing ??= this.finish()
    if (deadlineMs !== undefined && !this.over.signal.aborted) {
      const deadline = this.clock.after(deadlineMs, () => this.giveUp())
      this.over.signal.addEventListener('abort', () => deadline.cancel(), { once: true })
    }
    return this.closing
  }

  private async finish(): Promise<Closed> {
    const closed = await this.flush()
    const hurried = this.over.signal.aborted
    this.over.abort()
    const gone = this.carrier.close()
    if (!hurried) await gone // else a connection that is still being made would hold us up
    return closed
  }

  private giveUp(): void {
    this.sender.stop('not delivered by the deadline')
    this.over.abort()
  }

  /** What waits goes out, though it does not fill a batch. */
  private press(): void {
    this.disarm()
    this.queue.press()
    this.pump()
  }

  private disarm(): void {
    this.interval?.cancel()
    this.interval = undefined
  }

  /** Starts as many batches as are ready and as may be under way. */
  private pump(): void {
    while (this.lanes < this.settings.concurrency && this.queue.ready(this.fullness)) {
      this.lanes += 1
      const tired = this.tired > 0
      if (tired) this.tired -= 1
      const sending = this.sender.send(this.queue.take(this.fullness), tired).then((gaveUp) => {
        this.underWay.delete(sending)
        void this.rest(gaveUp)
      })
      this.underWay.add(sending)
    }
    if (this.queue.length === 0) this.disarm()
    for (const wake of this.watchers.splice(0)) wake()
  }

  private get fullness(): Fullness {
    const { 'batch.max_events': records, 'batch.max_bytes': bytes, 'queue.max_events': most } = this.settings
    return { records: Math.min(records, most), bytes: Math.min(bytes, this.sender.mostBytes) }
  }

  /**
   * A lane that gave a batch up begins no other at once, and with that one its backoff goes on where it was: in an
   * outage more batches must not mean more requests.
   */
  private async rest(gaveUp: boolean): Promise<void> {
    const { 'retry.base_ms': baseMs, 'retry.max_ms': maxMs } = this.settings
    if (gaveUp) await sleep(this.clock, Math.max(baseMs, maxMs), this.over.signal)
    if (gaveUp) this.tired += 1
    this.lanes -= 1
    this.pump()
  }

  /** Resolves when records may have left the queue. */
  private change(): Promise<void> {
    return new Promise((resolve) => this.watchers.push(resolve))
  }
}

function carrierOf(
  { dispatcher, connect, ca = trusted() }: IngestClientOptions,
  common: Pick<CarrierOptions, 'settings' | 'clock' | 'unit'>,
): Carrier {
  const plain = dispatcher && common.settings.http === 1
  return plain ? undiciCarrier(dispatcher) : new Carriers({ ...common, ca, connect })
}

function trusted(): string | undefined {
  const { TAILRACE_CA: file } = process.env
  return file === undefined ? undefined : readFileSync(file, 'utf8')
}

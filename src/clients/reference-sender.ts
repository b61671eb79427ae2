/** How the reference client gets one batch across: attempts, what is made of their answers, and what is told. */
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import { outcomeOf } from './reference-answers.ts'
import type { Fate, Outcome } from './reference-answers.ts'
import { post } from './reference-attempt.ts'
import type { Exchange } from './reference-attempt.ts'
import { NotProcessed } from './reference-asked.ts'
import type { Carrier } from './reference-asked.ts'
import { backoffMs, Turnstile } from './reference-pace.ts'
import { SizeLimit } from './reference-queue.ts'
import type { Settings } from './reference-settings.ts'

/** A server that asks for more than this is not waited for: until then records are dropped, and that is said. */
const retryAfterMsMax = 60_000
/** Timers may come a little early. */
const timerGuardMs = 10
/** Refusals of the token, without a success in between, after which it is believed to be a bad one. */
const denialsMax = 3
/** A connection that is refused costs no request, so there may be more of them than attempts. */
const refusedPerAttempt = 2
/** Nor does what a server says it has not processed (RFC 9113 §8.7); but one that never does is given up, too. */
const unprocessedMax = 20
/** The action that goes before each record of a _bulk request. */
const bulkAction = '{"create":{}}\n'

const compressed = promisify(gzip)

export interface SenderOptions {
  readonly url: string
  readonly token: string
  readonly settings: Settings
  readonly clock: Clock
  readonly carrier: Carrier
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
  readonly wall: () => number
  readonly unit: (key: string, attempt: number) => number
  /** Ends the attempts and the waits that are under way. */
  readonly over: AbortSignal
  readonly onExchange: (exchange: Exchange) => void
  readonly delivered: (lines: readonly string[], count: number) => void
  readonly dropped: (lines: readonly string[], why: string, count: number) => void
}

/** Records as they are sent. Other bytes are another batch, under a key of their own. */
interface Batch {
  readonly lines: readonly string[]
  /** Of the body before compression. */
  readonly bytes: number
  readonly body: Buffer
  readonly coded: boolean
  readonly key: string
  readonly trail: Trail
}

/** What a batch has been through, and hands on to the batches that are made of it. */
interface Trail {
  /** Batches begun before it. */
  readonly age: number
  readonly tired: boolean
  /** When it was sent first, in nanoseconds of the clock. */
  sentAt?: number
  /** The server may have taken it. */
  unsure?: boolean
}

export class Sender {
  private readonly options: SenderOptions
  private readonly url: URL
  /** One action and one result per record, as in Elasticsearch's _bulk. */
  private readonly bulk: boolean
  /** The server is asked to answer when the records have landed: wait=true of the Events API. */
  private readonly durable: boolean
  private readonly turnstile = new Turnstile()
  private readonly sizes = new SizeLimit()
  private coding: boolean
  private denials = 0
  private begun = 0
  /** Why nothing is sent, and until when on the clock, in nanoseconds. */
  private shut: { readonly until: number; readonly why: string } | undefined

  constructor(options: SenderOptions) {
    const { settings } = options
    this.options = options
    this.url = new URL(options.url)
    this.bulk = this.url.pathname.endsWith('/_bulk')
    this.durable = settings['ack.durable'] && this.url.pathname.endsWith('/v0/events')
    if (this.durable) this.url.searchParams.set('wait', 'true')
    this.coding = settings.compression === 'gzip'
  }

  /** Bytes of a batch that the server has not shown to be too large. */
  get mostBytes(): number {
    return this.sizes.most
  }

  /** What a record takes up in a body. */
  bytesOf(line: string): number {
    return Buffer.byteLength(line) + (this.bulk ? bulkAction.length : 0) + 1
  }

  /**
   * Resolves when each record is delivered or dropped; to whether some were given up that might have gone well later.
   * `tired`: it was so with those before them; then all waits are the longest.
   */
  async send(lines: readonly string[], tired: boolean): Promise<boolean> {
    this.begun += 1
    return this.deliver(await this.pack(lines, { age: this.begun, tired }))
  }

  /** From now on all is dropped. */
  stop(why: string): void {
    this.shutUntil(Infinity, why)
  }

  private async pack(lines: readonly string[], trail: Trail): Promise<Batch> {
    const plain = Buffer.from(lines.map((line) => `${this.bulk ? bulkAction : ''}${line}\n`).join(''))
    const coded = this.coding
    const body = coded ? await compressed(plain) : plain
    const key = createHash('sha256').update(body).digest('hex').slice(0, 32)
    return { lines, bytes: plain.length, body, coded, key, trail }
  }

  /** Sends a batch until nothing of it is left to send, or no hope: the same bytes under the same key each time. */
  private async deliver(whole: Batch): Promise<boolean> {
    const { sleep, settings, over } = this.options
    if (whole.lines.length > 1 && this.sizes.excludes(whole.bytes)) return this.deliverHalves(whole)
    let batch = whole
    for (let tries = 1, refused = 0, unprocessed = 0; ; tries += 1) {
      const outcome = await this.attempt(batch)
      const { kind, why, waitMs = 0 } = outcome
      if (kind === 'too large' && batch.lines.length > 1) return this.deliverHalves(batch)
      if (kind === 'coding refused') {
        this.coding = false
        batch = await this.pack(batch.lines, batch.trail)
        continue
      }
      if (kind === 'answered') {
        const again = this.settle(batch.lines, outcome)
        if (again.length === 0) return false
        batch = await this.pack(again, batch.trail)
      } else if (kind !== 'retryable' || waitMs > retryAfterMsMax) {
        this.drop(batch.lines, `${why} (attempt ${tries})`)
        return false
      }
      if (outcome.unsent) refused += 1
      if (outcome.unprocessed) unprocessed += 1
      const most = settings['retry.max_attempts']
      const patience = refused < most * refusedPerAttempt && unprocessed < unprocessedMax
      if (tries - refused - unprocessed >= most || !patience) {
        this.drop(batch.lines, `${why} (attempt ${tries})`)
        return true
      }
      if (outcome.unprocessed && unprocessed === 1) continue // as when a server ends a connection in good order
      await sleep(this.waitMs(batch, tries), over)
    }
  }

  /** One after the other, so that no more requests are under way than before. */
  private async deliverHalves({ lines, trail }: Batch): Promise<boolean> {
    const middle = Math.ceil(lines.length / 2)
    const first = await this.deliver(await this.pack(lines.slice(0, middle), trail))
    const second = await this.deliver(await this.pack(lines.slice(middle), trail))
    return first || second
  }

  private waitMs({ key, trail }: Batch, tries: number): number {
    const { settings, unit } = this.options
    const attempt = trail.tired ? Infinity : tries
    return backoffMs(attempt, settings['retry.base_ms'], settings['retry.max_ms'], unit(key, tries))
  }

  /** Sends a batch once, as soon as it may be sent. */
  private async attempt(batch: Batch): Promise<Outcome> {
    const { bytes, trail } = batch
    await this.turnstile.enter(trail.age)
    const hopeless = this.hopeless(trail)
    trail.sentAt ??= this.options.clock.now()
    const outcome: Outcome = hopeless ? { kind: 'final', why: hopeless } : await this.request(batch)
    if (outcome.unsure) trail.unsure = true
    this.heed(outcome, bytes)
    this.turnstile.leave(outcome.kind === 'answered')
    return outcome
  }

  /** Why a batch is not to be sent, if so. */
  private hopeless({ sentAt, unsure }: Trail): string | undefined {
    const { clock, settings } = this.options
    const now = clock.now()
    if (this.shut && now < this.shut.until) return this.shut.why
    const past = sentAt !== undefined && now - sentAt > settings['dedup.window_ms'] * 1e6
    return unsure && past ? 'it may have been taken, and the server would not know the repeat' : undefined
  }

  private async request({ lines, body, coded, key }: Batch): Promise<Outcome> {
    const { token, carrier, settings, clock, wall, over, onExchange } = this.options
    const { url, bulk, durable } = this
    try {
      const answer = await post({
        url,
        headers: {
          'content-type': 'application/x-ndjson',
          ...(coded ? { 'content-encoding': 'gzip' } : {}),
          'idempotency-key': `"${key}"`, // a Structured Field string (draft-ietf-httpapi-idempotency-key-header)
        },
        authorization: `Bearer ${token}`,
        body,
        carrier,
        clock,
        timeoutMs: settings['timeout.request_ms'],
        signal: over,
        onExchange,
      })
      return outcomeOf(answer, { lines, bulk, durable, coded, wall: wall() })
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      const unsent = code === 'ECONNREFUSED'
      const unprocessed = error instanceof NotProcessed
      const why = messageOf(error) || `${code}`
      return { kind: 'retryable', why, unsent, unprocessed, unsure: !unsent && !unprocessed }
    }
  }

  /** What the outcome of one batch says of all. */
  private heed({ kind, why, waitMs }: Outcome, bytes: number): void {
    const { sleep, clock, over } = this.options
    if (kind === 'answered') this.sizes.accept(bytes)
    if (kind === 'too large') this.sizes.refuse(bytes)
    if (kind === 'answered') this.denials = 0
    if (kind === 'denied') this.denials += 1
    if (this.denials >= denialsMax) this.shutUntil(Infinity, `${why}, as others before`)
    if (waitMs === undefined) return
    if (waitMs > retryAfterMsMax)
      this.shutUntil(clock.now() + waitMs * 1e6, `${why}, to wait ${waitMs / 1e3} s`)
    else this.turnstile.calm(sleep(waitMs + timerGuardMs, over))
  }

  private shutUntil(until: number, why: string): void {
    if (!this.shut || until > this.shut.until) this.shut = { until, why }
  }

  /** Counts and tells what an answer says of each record. The others are to be sent again. */
  private settle(lines: readonly string[], { why, fates = [], lost = 0 }: Outcome): string[] {
    const those = (fate: Fate): string[] => lines.filter((_, at) => fates[at] === fate)
    const [delivered, refused, unnamed] = [those('delivered'), those('refused'), those('unnamed')]
    if (delivered.length > 0) this.options.delivered(delivered, delivered.length)
    if (refused.length > 0) this.drop(refused, `${why}, refused by name`)
    if (unnamed.length > 0) {
      this.options.delivered([], unnamed.length - lost)
      this.drop(unnamed, `${why}, refused without a name`, lost)
    }
    return those('again')
  }

  private drop(lines: readonly string[], why: string, count: number = lines.length): void {
    this.options.dropped(lines, why, count)
  }
}

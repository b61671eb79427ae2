/**
 * The witness stands between the transport and everything that answers: whoever answers, a protocol or a fault,
 * the ledger learns of it here and only here.
 *
 * `respond` is entered with the time read before its first byte, so that a wait measured from it can only be
 * over-measured; `sent` is entered once per exchange, when its last byte was handed over or it was cut.
 */
import type { Clock } from '../src/clock.ts'
import { headerValue } from '../src/exchange.ts'
import type {
  Ack,
  Answered,
  AnswerHead,
  Cut,
  Emitted,
  Exchange,
  Framing,
  Header,
  WholeAnswer,
} from '../src/exchange.ts'
import type { Ledger } from '../src/ledger.ts'
import { httpDateMs, retryAfterMs } from '../src/wire/retry-after.ts'

/** What a status claims where the protocol says nothing more exact. */
export function ackOf(status: number, headers: readonly Header[]): Ack {
  if (status >= 200 && status < 300) return 'accepted'
  if (status === 429 || (status === 503 && headerValue(headers, 'retry-after') !== undefined))
    return 'throttled'
  if (status >= 400 && status < 500) return 'rejected'
  return status >= 500 ? 'error' : 'none'
}

/**
 * What a date in the answer is measured against: the answer's own Date, which may be wrong (RFC 9110 §6.6.1), or else
 * the clock that the transport dates it by. A Date leaves out the part of a second that has passed, so whoever goes by
 * a clock of his own waits up to a second less.
 */
function serverNow(headers: readonly Header[], wallMs: number): number {
  return httpDateMs(headerValue(headers, 'date')?.trim() ?? '', wallMs) ?? wallMs
}

export interface Witness {
  readonly exchange: Exchange
  /** Enters the end of an exchange that nobody ended: the client went away, or nothing was to be said. */
  close(): void
}

export function witness(inner: Exchange, ledger: Ledger, clock: Clock): Witness {
  const exchange = new Witnessed(inner, ledger, clock)
  return { exchange, close: () => exchange.close() }
}

class Witnessed implements Exchange {
  readonly id: Exchange['id']
  readonly connection: Exchange['connection']
  readonly head: Exchange['head']
  readonly gone: Exchange['gone']
  readonly stream?: number
  private readonly inner: Exchange
  private readonly ledger: Ledger
  private readonly clock: Clock
  private framing: Framing | undefined
  private written = 0
  private closed = false

  constructor(inner: Exchange, ledger: Ledger, clock: Clock) {
    this.inner = inner
    this.ledger = ledger
    this.clock = clock
    this.id = inner.id
    this.connection = inner.connection
    this.head = inner.head
    this.gone = inner.gone
    if (inner.stream !== undefined) this.stream = inner.stream
  }

  get refused(): boolean {
    return this.inner.refused ?? false
  }

  get body(): Exchange['body'] {
    return this.inner.body
  }

  get complete(): boolean {
    return this.inner.complete
  }

  get read(): Exchange['read'] {
    const { inner } = this
    return inner.read && ((each) => inner.read?.(each) ?? Promise.resolve())
  }

  get answer(): Exchange['answer'] {
    return this.inner.answer && ((whole) => this.give(whole))
  }

  get withhold(): Exchange['withhold'] {
    const { inner } = this
    return inner.withhold && ((until) => inner.withhold?.(until) ?? false)
  }

  inform(status: number, headers: readonly Header[]): Promise<Emitted> {
    return this.inner.inform(status, headers)
  }

  /** Known as an answer as far as it is one; a client that can read it has it whole. */
  async answerRaw(bytes: Uint8Array, as?: AnswerHead): Promise<Emitted> {
    if (as) this.enter(as.status, as.headers, as.ack)
    const emitted = await (this.inner.answerRaw?.(bytes) ?? this.connection.raw(bytes))
    if (emitted.ok && as) this.sent('full')
    return emitted
  }

  async respond(status: number, headers: readonly Header[], how: Framing, ack?: Ack): Promise<Emitted> {
    this.enter(status, headers, ack)
    const emitted = await this.inner.respond(status, headers, how, ack)
    if (emitted.ok) this.framing = how
    return emitted
  }

  async write(bytes: Uint8Array): Promise<Emitted> {
    const emitted = await this.inner.write(bytes)
    if (emitted.ok) this.written += emitted.bytes
    return emitted
  }

  async trailers(headers: readonly Header[]): Promise<Emitted> {
    const emitted = await this.inner.trailers(headers)
    this.sent(this.extent(emitted.ok))
    return emitted
  }

  async end(): Promise<Emitted> {
    const emitted = await this.inner.end()
    this.sent(this.extent(emitted.ok))
    return emitted
  }

  async cut(how: Cut): Promise<Emitted> {
    const emitted = await this.inner.cut(how)
    this.close()
    return emitted
  }

  close(): void {
    const { framing, written, stream } = this
    // An answer of HTTP/2 is over with END_STREAM, whatever its length says (RFC 9113 §8.1).
    const isWhole = stream === undefined && typeof framing === 'object' && written >= framing.length
    this.sent(this.extent(isWhole))
  }

  private async give(whole: WholeAnswer): Promise<Answered> {
    this.enter(whole.status, whole.headers, whole.ack)
    const answered = (await this.inner.answer?.(whole)) ?? unsupported
    this.sent(answered.written)
    return answered
  }

  private enter(status: number, headers: readonly Header[], ack: Ack | undefined): void {
    const t = this.clock.now()
    const wait = headerValue(headers, 'retry-after')
    const entry = { kind: 'respond', req: this.id, status, ack: ack ?? ackOf(status, headers) } as const
    const retryMs = wait === undefined ? undefined : retryAfterMs(wait, serverNow(headers, this.clock.wall()))
    this.ledger.write(retryMs === undefined ? entry : { ...entry, retryAfterMs: retryMs }, t)
  }

  private extent(full: boolean): Answered['written'] {
    if (full) return 'full'
    return this.framing === undefined ? 'none' : 'partial'
  }

  private sent(written: Answered['written']): void {
    if (this.closed) return
    this.closed = true
    this.ledger.write({ kind: 'sent', req: this.id, written })
  }
}

const unsupported: Answered = { emitted: { ok: false, why: 'unsupported' }, written: 'none' }

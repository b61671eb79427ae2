/**
 * The witness stands between the transport and everything that answers: whoever answers, a protocol or a fault,
 * the ledger learns of it here and only here.
 *
 * `respond` is entered with the time read before its first byte, so that a wait measured from it can only be
 * over-measured; `sent` is entered once per exchange, when its last byte was handed over or it was cut.
 */
import type { Clock } from '../src/clock.ts'
import { headerValue } from '../src/exchange.ts'
import type { Ack, Answered, Cut, Emitted, Exchange, Framing, Header } from '../src/exchange.ts'
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
  let framing: Framing | undefined
  let written = 0
  let closed = false

  const answer = inner.answer?.bind(inner)
  const whole = (): boolean => typeof framing === 'object' && written >= framing.length
  const sent = (extent: Answered['written']): void => {
    if (closed) return
    closed = true
    ledger.write({ kind: 'sent', req: inner.id, written: extent })
  }
  const sentAs = (full: boolean): void => sent(full ? 'full' : framing === undefined ? 'none' : 'partial')

  function enter(status: number, headers: readonly Header[], ack: Ack | undefined): void {
    const t = clock.now()
    const wait = headerValue(headers, 'retry-after')
    const retryMs = wait === undefined ? undefined : retryAfterMs(wait, serverNow(headers, clock.wall()))
    ledger.write(
      {
        kind: 'respond',
        req: inner.id,
        status,
        ack: ack ?? ackOf(status, headers),
        ...(retryMs === undefined ? {} : { retryAfterMs: retryMs }),
      },
      t,
    )
  }

  async function respond(
    status: number,
    headers: readonly Header[],
    how: Framing,
    ack?: Ack,
  ): Promise<Emitted> {
    enter(status, headers, ack)
    const emitted = await inner.respond(status, headers, how, ack)
    if (emitted.ok) framing = how
    return emitted
  }

  const exchange: Exchange = {
    id: inner.id,
    connection: inner.connection,
    head: inner.head,
    get body() {
      return inner.body
    },
    get complete() {
      return inner.complete
    },
    gone: inner.gone,
    read: inner.read?.bind(inner),
    answer:
      answer &&
      (async (given) => {
        enter(given.status, given.headers, given.ack)
        const answered = await answer(given)
        sent(answered.written)
        return answered
      }),
    inform: (status, headers) => inner.inform(status, headers),
    respond,
    trailers: (headers) => inner.trailers(headers),
    write: async (bytes) => {
      const emitted = await inner.write(bytes)
      if (emitted.ok) written += emitted.bytes
      return emitted
    },
    end: async () => {
      const emitted = await inner.end()
      sentAs(emitted.ok)
      return emitted
    },
    cut: async (how: Cut) => {
      const emitted = await inner.cut(how)
      sentAs(whole())
      return emitted
    },
  }
  return { exchange, close: () => sentAs(whole()) }
}

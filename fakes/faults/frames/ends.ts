/** Faults that end, or hold, an HTTP/2 connection with all its streams. */
import type { Cut } from '../../../src/exchange.ts'
import { limits } from '../../../src/limits.ts'
import { aborted, leaving, sleepUnless } from '../pace-wait.ts'
import { done } from '../strike.ts'
import type { ConnectionPerformer, Performer, Strike } from '../strike.ts'
import { ofAnswer, ofConnection, ofStream } from './h2.ts'

function resetOf({ linger_ms = limits.lingerMs }: { readonly linger_ms?: number }): Cut {
  return { rst: true, linger_ms }
}

export const tcp_reset: Performer<'tcp_reset'> = ofStream(async ({ exchange, fault, emit }) => {
  emit(done(fault, await exchange.cut(resetOf(fault))))
  return 'over'
})

/** Before anything is said. */
export const sessionReset: ConnectionPerformer<'tcp_reset'> = ofConnection(
  async ({ connection, fault, emit }, frames) => {
    frames.hold()
    emit(done(fault, await connection.cut(resetOf(fault))))
  },
)

const h1Answer = Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')

export const h1_on_h2: Performer<'h1_on_h2'> = ofAnswer(
  async ({ exchange, fault, emit }, _due, { connection, frames }) => {
    frames.hold()
    const emitted = await connection.raw(h1Answer)
    await exchange.cut({ fin: true })
    emit(done(fault, emitted))
    return 'over'
  },
)

export const sessionH1: ConnectionPerformer<'h1_on_h2'> = ofConnection(
  async ({ connection, fault, emit }, frames) => {
    frames.hold()
    const emitted = await connection.raw(h1Answer)
    await connection.cut({ fin: true })
    emit(done(fault, emitted))
  },
)

/** Entered when it begins, as a stall. */
export const h2_stall: Performer<'h2_stall'> = ofStream(async (strike, { frames }) => {
  const left = leaving(strike.exchange)
  await silence(strike, frames.hold(), left)
  return left.aborted ? 'over' : 'proceed'
})

export const sessionStall: ConnectionPerformer<'h2_stall'> = ofConnection((strike, frames) =>
  silence(strike, frames.hold(), strike.closed),
)

async function silence(
  { fault, clock, healed, emit }: Pick<Strike<'h2_stall'>, 'fault' | 'clock' | 'healed' | 'emit'>,
  release: () => void,
  over: AbortSignal,
): Promise<void> {
  emit(fault)
  const signals = [over, healed]
  await (fault.for_ms === undefined ? aborted(signals) : sleepUnless(clock, fault.for_ms, signals))
  release()
}

/** Faults of SETTINGS, and of PING beside them. What is said by hand is acknowledged to us, and not to the session. */
import type { Frames, Settings } from '../../../src/exchange.ts'
import { flags, frameTypes, pingFrame, settingsAckFrame, settingsFrame } from '../../../src/wire/h2-frames.ts'
import { aborted } from '../pace-wait.ts'
import { done } from '../strike.ts'
import type { ConnectionPerformer, ConnectionStrike, Done, Performer } from '../strike.ts'
import { ofAnswer, ofConnection, warmed } from './h2.ts'

/** Of a strike, all but the fault. */
type Beside = Pick<ConnectionStrike, 'connection' | 'emit' | 'healed' | 'closed'>

/**
 * Has the client know of these: with the first SETTINGS, or by SETTINGS of their own when the first answer is over.
 * Whether that was done, and entered.
 */
export async function impose(
  strike: Beside & { readonly fault: Done & { readonly warm?: boolean } },
  frames: Frames,
  settings: Settings,
): Promise<boolean> {
  const { fault, connection, emit } = strike
  if (!fault.warm) {
    frames.greet(settings)
    emit(fault)
    return true
  }
  if (!(await warmed(frames, strike))) return false
  void frames.acknowledged('settings')
  const emitted = await connection.raw(settingsFrame(settings))
  emit(done(fault, emitted))
  return emitted.ok
}

/** Takes back what was imposed, once the faults are healed; unless the connection is closed before. */
export async function lift(
  { connection, healed, closed }: Omit<Beside, 'emit'>,
  frames: Frames,
  settings: () => Settings,
): Promise<void> {
  await aborted([healed, closed])
  if (closed.aborted) return
  void frames.acknowledged('settings')
  await connection.raw(settingsFrame(settings()))
}

export const max_concurrent_streams: ConnectionPerformer<'max_concurrent_streams'> = ofConnection(
  async (strike, frames) => {
    const imposed = await impose(strike, frames, { MAX_CONCURRENT_STREAMS: strike.fault.streams })
    if (imposed) await lift(strike, frames, () => ({ MAX_CONCURRENT_STREAMS: healedStreams }))
  },
)

/** No fewer than RFC 9113 §6.5.2 recommends. */
const healedStreams = 100

/** They are kept back once, at the beginning, and there is nothing to take back. */
export const settings_missing: ConnectionPerformer<'settings_missing'> = ofConnection(
  ({ fault, emit }, frames) => {
    const release = frames.withhold(({ type, flags: bits }) => {
      if (type !== frameTypes.SETTINGS || (bits & flags.ACK) !== 0) return false
      release()
      emit(fault)
      return true
    })
    return Promise.resolve()
  },
)

export const settings_ack_withheld: ConnectionPerformer<'settings_ack_withheld'> = ofConnection(
  async (strike, frames) => {
    const { connection, closed } = strike
    const kept = await keptBack(strike, frames, frameTypes.SETTINGS)
    if (closed.aborted) return
    for (let i = 0; i < kept.length; i += 1) await connection.raw(settingsAckFrame())
  },
)

export const ping_unanswered: ConnectionPerformer<'ping_unanswered'> = ofConnection(
  async (strike, frames) => {
    const { connection, closed } = strike
    const kept = await keptBack(strike, frames, frameTypes.PING)
    if (closed.aborted) return
    for (const opaque of kept) await connection.raw(pingFrame(opaque, { ack: true }))
  },
)

/** Keeps acknowledgements back until the faults are healed, and resolves to their payloads. */
async function keptBack(
  { fault, emit, healed, closed }: Omit<Beside, 'connection'> & { readonly fault: Done },
  frames: Frames,
  of: number,
): Promise<Buffer[]> {
  const kept: Buffer[] = []
  const release = frames.withhold(({ type, flags: bits, payload }) => {
    if (type !== of || (bits & flags.ACK) === 0) return false
    if (kept.length === 0) emit(fault)
    if (kept.length < keptMax) kept.push(Buffer.from(payload))
    return true
  })
  await aborted([healed, closed])
  release()
  return kept
}

/** Of those beyond it nothing is said at all. */
const keptMax = 1_000

/** They go out in one write; whoever acknowledges them does so while the answer is on its way. */
export const ping_flood: Performer<'ping_flood'> = ofAnswer(async (strike, _due, { frames, connection }) => {
  const { fault, emit, digest } = strike
  const pings = Array.from({ length: fault.count }, (_, i) => digest('ping', i).subarray(0, 8))
  for (const opaque of pings) void frames.acknowledged(opaque)
  const emitted = await connection.raw(Buffer.concat(pings.map((opaque) => pingFrame(opaque))))
  emit(done(fault, emitted))
  return emitted.ok ? 'proceed' : 'over'
})

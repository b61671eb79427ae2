/**
 * A window of nothing (RFC 9113 §6.9): by SETTINGS the client may send no body, and what the session would give it of a
 * window is kept back. What is given by hand never adds up to more than the session has given: it would call what
 * comes beyond that a violation.
 */
import type { Connection, Frames } from '../../../src/exchange.ts'
import { frameTypes, windowUpdateFrame } from '../../../src/wire/h2-frames.ts'
import { sleepUnless } from '../pace-wait.ts'
import type { ConnectionPerformer, ConnectionStrike } from '../strike.ts'
import { ofConnection } from './h2.ts'
import { impose, lift } from './settings.ts'

/** What a stream has at first where SETTINGS say nothing (§6.9.2): so the session reckons. */
const windowBytes = 65_535

/** What a stream keeps of that in any case, for the time when all is healed. */
const reserveBytes = 16_384

export const flow_control_stall: ConnectionPerformer<'flow_control_stall'> = ofConnection(
  async (strike, frames) => {
    const windows = new Windows(frames)
    if (!(await impose(strike, frames, { INITIAL_WINDOW_SIZE: 0 }))) {
      windows.release()
      return
    }
    const { step_bytes, every_ms } = strike.fault
    if (step_bytes !== undefined && every_ms !== undefined) void widen(strike, windows, step_bytes, every_ms)
    await lift(strike, frames, () => ({ INITIAL_WINDOW_SIZE: windows.release() }))
  },
)

async function widen(
  { connection, clock, healed, closed }: ConnectionStrike<'flow_control_stall'>,
  windows: Windows,
  bytes: number,
  ms: number,
): Promise<void> {
  for (;;) {
    await sleepUnless(clock, ms, [healed, closed])
    if (healed.aborted || closed.aborted) return
    await windows.widen(connection, bytes)
  }
}

/** What each stream was given, by the session and by hand. */
class Windows {
  private readonly frames: Frames
  private readonly bySession = new Map<number, number>()
  private readonly byHand = new Map<number, number>()
  private readonly letGo: () => void

  /** From now on the session gives no stream anything. */
  constructor(frames: Frames) {
    this.frames = frames
    this.letGo = frames.withhold(({ type, stream, payload }) => {
      if (type !== frameTypes.WINDOW_UPDATE || stream === 0) return false
      this.bySession.set(stream, (this.bySession.get(stream) ?? 0) + payload.readUInt32BE())
      return true
    })
  }

  /** Gives each stream under way so much more. */
  async widen(connection: Connection, bytes: number): Promise<void> {
    const updates = this.frames.open.flatMap((stream) => {
      const given = this.byHand.get(stream) ?? 0
      const step = Math.min(bytes, this.due(stream) - reserveBytes - given)
      if (step <= 0) return []
      this.byHand.set(stream, given + step)
      return [windowUpdateFrame(stream, step)]
    })
    if (updates.length > 0) await connection.raw(Buffer.concat(updates))
  }

  /** The first window that gives no stream more than the session has; what it gives from now on goes out. */
  release(): number {
    this.letGo()
    const left = this.frames.open.map((stream) => this.due(stream) - (this.byHand.get(stream) ?? 0))
    return Math.min(windowBytes, ...left)
  }

  /** What the session reckons that this stream has had. */
  private due(stream: number): number {
    return windowBytes + (this.bySession.get(stream) ?? 0)
  }
}

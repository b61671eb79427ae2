/**
 * Frames that cost the one who reads them and bring nothing: PING, SETTINGS, RST_STREAM, PRIORITY, CONTINUATION and
 * empty DATA (RFC 9113 §10.5). A client in good faith sends a few; beyond so many within a second it is a flood.
 */
import type { Clock } from '../../src/clock.ts'
import { endsStream, frameTypes, isAck } from '../../src/wire/h2-frames.ts'
import type { Frame } from '../../src/wire/h2-frames.ts'
import { limits } from '../../src/limits.ts'

const costly: readonly number[] = [
  frameTypes.PING,
  frameTypes.SETTINGS,
  frameTypes.RST_STREAM,
  frameTypes.PRIORITY,
  frameTypes.CONTINUATION,
]

export class Flood {
  private readonly clock: Clock
  private second = 0
  private count = 0

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** Whether there are too many, with this one. */
  swells(frame: Frame): boolean {
    if (!isCostly(frame)) return false
    const second = Math.floor(this.clock.now() / 1e9)
    this.count = second === this.second ? this.count + 1 : 1
    this.second = second
    return this.count > limits.idleFramesPerS
  }
}

function isCostly(frame: Frame): boolean {
  if (isAck(frame)) return false
  const isEmpty = frame.type === frameTypes.DATA && frame.payload.length === 0 && !endsStream(frame)
  return isEmpty || costly.includes(frame.type)
}

/** How much DATA the client still takes, of the connection and of each stream (RFC 9113 §6.9), and its SETTINGS. */
import type { Settings } from '../../src/exchange.ts'
import { frameTypes, isAck, settingsOf, streamMax } from '../../src/wire/h2-frames.ts'
import type { Frame } from '../../src/wire/h2-frames.ts'

/** §6.9.2: of a stream where SETTINGS have said nothing, and of the connection. */
const windowBytes = 65_535

export class Credit {
  settings: Settings = {}
  private connection = windowBytes
  /** Of each stream: what the client has added to its first window, less what it was sent. */
  private readonly streams = new Map<number, number>()

  incoming(frame: Frame): void {
    if (frame.type === frameTypes.SETTINGS && !isAck(frame)) {
      this.settings = { ...this.settings, ...settingsOf(frame) }
    } else if (frame.type === frameTypes.WINDOW_UPDATE && frame.payload.length === 4) {
      this.add(frame.stream, frame.payload.readUInt32BE() & streamMax)
    }
  }

  outgoing({ type, stream, payload }: Frame): void {
    if (type !== frameTypes.DATA) return
    this.add(0, -payload.length)
    this.add(stream, -payload.length)
  }

  left(stream: number): number {
    const { INITIAL_WINDOW_SIZE: first = windowBytes } = this.settings
    return Math.min(this.connection, first + (this.streams.get(stream) ?? 0))
  }

  forget(stream: number): void {
    this.streams.delete(stream)
  }

  private add(stream: number, bytes: number): void {
    if (stream === 0) this.connection += bytes
    else this.streams.set(stream, (this.streams.get(stream) ?? 0) + bytes)
  }
}

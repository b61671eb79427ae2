/** What has crossed the wire of one HTTP/2 stream. */
import { endsStream, flags, frameTypes } from '../../src/wire/h2-frames.ts'
import type { Frame } from '../../src/wire/h2-frames.ts'

export class StreamState {
  /** Bytes of header blocks, and of DATA, that the socket has taken. */
  headOut = 0
  dataOut = 0
  /** END_STREAM is with the socket. */
  endedOut = false
  /** The client has ended its half. */
  endedIn = false
  /** The client has reset it. */
  resetIn = false
  /** Bytes of its body that have come; the session drops what nobody has read when the stream is reset. */
  bodyIn = 0
  private waiting: (() => void)[] = []

  came(frame: Frame): void {
    if (frame.type === frameTypes.DATA) this.bodyIn += contentBytes(frame)
    if (endsStream(frame)) this.endedIn = true
    if (frame.type === frameTypes.RST_STREAM) this.resetIn = true
  }

  out(frame: Frame): void {
    const { type, payload } = frame
    if (type === frameTypes.HEADERS || type === frameTypes.CONTINUATION) this.headOut += payload.length
    if (type === frameTypes.DATA) this.dataOut += payload.length
    if (endsStream(frame)) this.endedOut = true
    this.tell()
  }

  /** Waits until `is` holds, or `gone` resolves; whether it holds. */
  async until(is: (state: this) => boolean, gone: Promise<unknown>): Promise<boolean> {
    if (is(this)) return true
    let isLeft = false
    void gone.then(() => {
      isLeft = true
      this.tell()
    })
    while (!is(this) && !isLeft) await new Promise<void>((resolve) => this.waiting.push(resolve))
    return is(this)
  }

  private tell(): void {
    for (const wake of this.waiting.splice(0)) wake()
  }
}

/** Bytes of DATA without its padding (RFC 9113 §6.1). */
function contentBytes({ flags: bits, payload }: Frame): number {
  const isPadded = (bits & flags.PADDED) !== 0
  return isPadded ? payload.length - 1 - (payload[0] ?? 0) : payload.length
}

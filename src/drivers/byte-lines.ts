/**
 * Lines of a byte stream. They end at byte 0x0A alone, and are put together as bytes: a chunk may end within a
 * character. Memory is bounded by the longest line that is kept.
 */

/** Without its end. `length` in bytes; where that is more than may be kept, `bytes` are the first of them. */
export interface ByteLine {
  readonly bytes: Buffer
  readonly length: number
}

export interface LineSplitter {
  /** The lines that end in `chunk`. */
  push(chunk: Buffer): ByteLine[]
  /** What stands after the last line end, at the end of the stream. */
  rest(): ByteLine[]
}

const lineEnd = 0x0a

/** Of a line of more than `bytesMax`, the first `quotedBytes` are kept. */
export function lineSplitter(bytesMax: number, quotedBytes: number): LineSplitter {
  let held = Buffer.alloc(0)
  let used = 0
  let length = 0

  function take(part: Buffer): void {
    length += part.length
    if (length <= bytesMax) return append(part)
    if (used < quotedBytes) append(part.subarray(0, quotedBytes - used))
    used = quotedBytes
    if (held.length > quotedBytes) held = Buffer.from(held.subarray(0, quotedBytes))
  }

  function append(part: Buffer): void {
    if (used + part.length > held.length) {
      const grown = Buffer.alloc(Math.max(used + part.length, 2 * held.length))
      held.copy(grown, 0, 0, used)
      held = grown
    }
    part.copy(held, used)
    used += part.length
  }

  function close(): ByteLine {
    const line = { bytes: Buffer.from(held.subarray(0, used)), length }
    used = 0
    length = 0
    return line
  }

  return {
    push: (chunk) => {
      const lines: ByteLine[] = []
      let from = 0
      for (let at = chunk.indexOf(lineEnd); at >= 0; at = chunk.indexOf(lineEnd, from)) {
        take(chunk.subarray(from, at))
        lines.push(close())
        from = at + 1
      }
      take(chunk.subarray(from))
      return lines
    },
    rest: () => (length > 0 ? [close()] : []),
  }
}

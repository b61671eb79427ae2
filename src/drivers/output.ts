/** What a client prints: always read, so that it never blocks on us, and kept up to a bound. */
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { Kept } from '../driver.ts'
import { limits } from '../limits.ts'

export interface Output {
  kept(): Kept
  /** What is kept begins anew. */
  forget(): void
  /** Resolves when nothing more can come. */
  readonly ended: Promise<void>
}

export function output(stream: Readable): Output {
  let chunks: Buffer[] = []
  let total = 0
  stream.on('data', (chunk: Buffer) => {
    const room = limits.outputBytesMax - total
    if (room > 0) chunks.push(chunk.subarray(0, room))
    total += chunk.length
  })
  return {
    kept: () => ({ bytes: Buffer.concat(chunks), total }),
    forget: () => {
      chunks = []
      total = 0
    },
    ended: finished(stream).catch(() => {}), // a pipe that breaks has ended too
  }
}

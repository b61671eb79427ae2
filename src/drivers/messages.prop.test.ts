/** What a client says comes out the same, however its bytes are cut into chunks. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../limits.ts'
import { lineSplitter } from './byte-lines.ts'
import { messageReader } from './messages.ts'
import type { Heard } from './messages.ts'

const line = fc.oneof(
  fc.constantFrom('', 'a log line', '{"t":"done"}', '{"t":"ack"}', '{oops', '{"t":"other","x":1}', '[1]'),
  fc.string({ unit: 'grapheme' }).map((why) => JSON.stringify({ t: 'drop', id: 'é€𝄞', why })),
  fc.string({ unit: 'grapheme' }).map((data) => JSON.stringify({ t: 'msg', data })),
  fc.string({ unit: 'grapheme' }),
)
const output = fc.oneof(
  fc.array(line).map((lines) => Buffer.from(lines.join('\n'))),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
)

/** `whole` cut at each of `places`. */
function cutAt(whole: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (whole.length + 1)).sort((a, b) => a - b), whole.length]
  return at.slice(1).map((end, index) => whole.subarray(at[index], end))
}

function heard(chunks: readonly Buffer[]): Heard[] {
  const reader = messageReader()
  return [...chunks.flatMap((chunk) => reader.push(chunk)), ...reader.rest()]
}

describe('messages', () => {
  it('are the same under any cut of the bytes, within characters too', () => {
    fc.assert(
      fc.property(output, fc.array(fc.nat(), { maxLength: 12 }), (whole, places) => {
        expect(heard(cutAt(whole, places))).toEqual(heard([whole]))
      }),
    )
  })

  it('are those that were written, and nothing else is', () => {
    const said = fc.array(
      fc.oneof(
        fc.constant('log'),
        fc.string({ unit: 'grapheme' }).map((data) => ({ data })),
      ),
    )
    fc.assert(
      fc.property(said, fc.array(fc.nat(), { maxLength: 12 }), (parts, places) => {
        const lines = parts.map((part) =>
          typeof part === 'string' ? part : JSON.stringify({ t: 'msg', ...part }),
        )
        const found = heard(cutAt(Buffer.from(`${lines.join('\n')}\n`), places))
        const raws = found.map((one) => ('message' in one && one.message.t === 'msg' ? one.message.raw : one))
        expect(raws).toEqual(parts.flatMap((part) => (typeof part === 'string' ? [] : [part.data])))
      }),
    )
  })
})

describe('a splitter', () => {
  it('keeps of lines that are too long their beginning and length, and the others whole', () => {
    const [most, quoted] = [20, 8]
    const lines = fc.array(fc.uint8Array({ maxLength: 60 }).map((b) => Buffer.from(b.map((x) => x | 0x20))))
    fc.assert(
      fc.property(lines, fc.array(fc.nat(), { maxLength: 12 }), (wanted, places) => {
        const whole = Buffer.concat(wanted.flatMap((bytes) => [bytes, Buffer.from('\n')]))
        const splitter = lineSplitter(most, quoted)
        const found = cutAt(whole, places).flatMap((chunk) => splitter.push(chunk))
        expect(splitter.rest()).toEqual([])
        expect(found).toEqual(
          wanted.map((bytes) => ({
            bytes: bytes.length > most ? bytes.subarray(0, quoted) : bytes,
            length: bytes.length,
          })),
        )
      }),
    )
  })

  it('holds no more of a line of 1 GB than it may', () => {
    const splitter = lineSplitter(limits.lineBytesMax, limits.quotedBytes)
    const chunk = Buffer.alloc(16_777_216, 'x')
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 64; i += 1) expect(splitter.push(chunk)).toEqual([])
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * limits.lineBytesMax)
    const [line] = splitter.push(Buffer.from('\n'))
    expect(line).toMatchObject({ length: 1_073_741_824 })
    expect(line?.bytes.toString()).toBe('x'.repeat(limits.quotedBytes))
  })
})

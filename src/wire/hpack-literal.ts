/**
 * Header blocks by hand (RFC 7541): every field as a literal without indexing and without Huffman, so that a block
 * changes no table and can stand between those of a session. Any name and any value can be written, legal or not.
 */
import type { Header } from '../exchange.ts'

/** §6.2.2: literal header field without indexing, new name. */
const literalWithoutIndexing = 0x00

export function literalBlock(fields: readonly Header[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.from([literalWithoutIndexing]), text(name), text(value)]),
  )
}

/** §5.2: the length as an integer with a prefix of 7 bits, then the octets. */
function text(value: string): Buffer {
  const octets = Buffer.from(value, 'latin1')
  return Buffer.concat([integer(octets.length, 7), octets])
}

/** §5.1. */
function integer(value: number, prefixBits: number): Buffer {
  const full = 2 ** prefixBits - 1
  if (value < full) return Buffer.from([value])
  const bytes = [full]
  let rest = value - full
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Buffer.from([...bytes, rest])
}

/** Reads header blocks that are made by hand: literals without indexing and without Huffman (RFC 7541 §6.2.2). */
import type { Header } from '../../src/exchange.ts'

/** Undefined where the block is not of that kind. */
export function literalFields(block: Uint8Array): Header[] | undefined {
  const fields: Header[] = []
  let at = 0

  function text(): string | undefined {
    let length = (block[at] ?? 0) & 0x7f
    if (((block[at++] ?? 0) & 0x80) !== 0) return undefined
    if (length === 0x7f) {
      for (let shift = 0; ; shift += 7) {
        const byte = block[at++] ?? 0
        length += (byte & 0x7f) * 2 ** shift
        if ((byte & 0x80) === 0) break
      }
    }
    at += length
    return at > block.length ? undefined : Buffer.from(block.subarray(at - length, at)).toString('latin1')
  }

  while (at < block.length) {
    if (block[at++] !== 0) return undefined
    const [name, value] = [text(), text()]
    if (name === undefined || value === undefined) return undefined
    fields.push([name, value])
  }
  return fields
}

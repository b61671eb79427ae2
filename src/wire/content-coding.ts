/** Undoes the content codings of a body (RFC 9110 §8.4), within a bound on what comes out. */
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import type { ZlibOptions } from 'node:zlib'
import { limits } from '../limits.ts'

export type Decoded =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly why: 'too-large' | 'corrupt' | 'unknown' }

type Decoder = (bytes: Uint8Array, options: ZlibOptions) => Buffer

const decoders: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync], // RFC 9110 §8.4.1.3: the same as gzip
  ['deflate', inflate],
  ['br', brotliDecompressSync],
])

/** Some senders leave the zlib wrapper out (RFC 9110 §8.4.1.2); its first two bytes tell (RFC 1950 §2.2). */
function inflate(bytes: Uint8Array, options: ZlibOptions): Buffer {
  const [method = 0, flags = 0] = bytes
  const wrapped = (method & 0x0f) === 8 && ((method << 8) | flags) % 31 === 0
  return wrapped ? inflateSync(bytes, options) : inflateRawSync(bytes, options)
}

/** `encoding` is the value of Content-Encoding. Codings stand in the order in which they were applied. */
export function decodeContent(bytes: Uint8Array, encoding: string | undefined, bytesMax: number): Decoded {
  const names = (encoding ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
  const codings = names.filter((name) => name !== '' && name !== 'identity')
  if (codings.length > limits.codingsMax) return { ok: false, why: 'unknown' }
  let content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (const coding of codings.reverse()) {
    const decode = decoders.get(coding)
    if (!decode) return { ok: false, why: 'unknown' }
    try {
      content = decode(content, { maxOutputLength: bytesMax })
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      return { ok: false, why: code === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'corrupt' }
    }
  }
  return content.length > bytesMax ? { ok: false, why: 'too-large' } : { ok: true, bytes: content }
}

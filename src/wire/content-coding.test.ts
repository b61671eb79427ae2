import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeContent } from './content-coding.ts'

const coders: Readonly<Record<string, (bytes: Uint8Array) => Buffer>> = {
  identity: (bytes) => Buffer.from(bytes),
  gzip: (bytes) => gzipSync(bytes),
  'X-GZIP': (bytes) => gzipSync(bytes),
  deflate: (bytes) => deflateSync(bytes),
  br: (bytes) => brotliCompressSync(bytes),
}
const hello = Buffer.from('hello')

describe('decoding content', () => {
  it('undoes any list of codings, the last one first', () => {
    const codings = fc.array(fc.constantFrom(...Object.keys(coders)), { maxLength: 3 })
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), codings, (bytes, names) => {
        const coded = names.reduce<Buffer>(
          (inner, name) => coders[name]?.(inner) ?? inner,
          Buffer.from(bytes),
        )
        expect(decodeContent(coded, names.join(' , '), 1000)).toEqual({ ok: true, bytes: Buffer.from(bytes) })
      }),
      { numRuns: 50 },
    )
  })

  it('leaves a body alone that names no coding', () => {
    expect(decodeContent(hello, undefined, 5)).toEqual({ ok: true, bytes: hello })
    expect(decodeContent(hello, '', 5)).toEqual({ ok: true, bytes: hello })
  })

  it('reads deflate without its zlib wrapper too', () => {
    expect(decodeContent(deflateRawSync(hello), 'deflate', 5)).toEqual({ ok: true, bytes: hello })
  })

  it.each(Object.keys(coders))('lets %s grow to the bound and no further', (name) => {
    const bomb = coders[name]?.(Buffer.alloc(100_000)) ?? hello
    expect(decodeContent(bomb, name, 100_000).ok).toBe(true)
    expect(decodeContent(bomb, name, 99_999)).toEqual({ ok: false, why: 'too-large' })
  })

  it.each(['gzip', 'deflate', 'br'])('knows %s that is cut or is something else', (name) => {
    const cut = coders[name]?.(Buffer.alloc(1000, 'abcdefg')).subarray(0, -5) ?? hello
    expect(decodeContent(cut, name, 10_000)).toEqual({ ok: false, why: 'corrupt' })
    expect(decodeContent(hello, name, 10_000)).toEqual({ ok: false, why: 'corrupt' })
  })

  it('knows a coding that it does not know, and a list that is too long', () => {
    expect(decodeContent(hello, 'zstd', 10)).toEqual({ ok: false, why: 'unknown' })
    expect(decodeContent(hello, Array(9).fill('gzip').join(), 10)).toEqual({ ok: false, why: 'unknown' })
  })

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.oneof(fc.string(), fc.constantFrom('gzip', 'deflate', 'br')),
        (bytes, coding) => {
          const decoded = decodeContent(bytes, coding, 1000)
          if (decoded.ok) expect(decoded.bytes.length).toBeLessThanOrEqual(1000)
          else expect(['too-large', 'corrupt', 'unknown']).toContain(decoded.why)
        },
      ),
    )
  })
})

/** The short way says what full reading says, of bodies that it reads, of those it leaves, and of mutated ones. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../limits.ts'
import { recordAt, recordSource, tokenOf } from '../record.ts'
import type { Payload, RecordId, RecordSource } from '../record.ts'
import { OfferedLines } from './offered-lines.ts'
import { readBody, readFully } from './records.ts'

const payloads: readonly (Payload | undefined)[] = [
  undefined,
  { text: 'newlines' },
  { text: 'unicode', drift_from: 3 },
  { pad_bytes: 40, pad_at: { seq: 2, bytes: 300 } },
  { pad_bytes: limits.offeredPadBytesMax + 1 },
]
const sources = payloads.map((payload) => recordSource('1', 'lines', payload))
const source = fc.constantFrom(...sources)

/** Runs of records, as batches are, and single ones; over the ends of pages, and again. */
const run = fc
  .tuple(fc.nat(1), fc.oneof(fc.nat(300), fc.constantFrom(0xffff_ffff)), fc.nat(90))
  .map(([producer, from, length]): RecordId[] =>
    Array.from({ length: from > 300 ? 1 : length }, (_, i) => [producer, from + i]),
  )
const ids = fc.array(run, { minLength: 1, maxLength: 4 }).map((runs) => runs.flat())
const bodyOf = (of: RecordSource, all: readonly RecordId[], last: string): string =>
  all.map((id) => JSON.stringify(recordAt(of, id))).join('\n') + (all.length > 0 ? last : '')

describe('reading records by their lines', () => {
  it('reads every body of offered lines, and as full reading does', () => {
    fc.assert(
      fc.property(source, ids, fc.constantFrom('', '\n'), (of, all, last) => {
        const body = Buffer.from(bodyOf(of, all, last))
        const isShort = (of.payload?.pad_bytes ?? 0) <= limits.offeredPadBytesMax
        expect(new OfferedLines(of).read(body) !== undefined).toBe(isShort && all.length > 0)
        expect(readBody(body, of)).toEqual(readFully(body, of))
      }),
    )
  })

  it('says what full reading says of bodies in which something was changed, whatever was read before', () => {
    const scrap = fc.constantFrom(
      ...[
        '',
        '\n',
        '\r',
        ' ',
        '"',
        '}',
        '{',
        '\\',
        ',',
        '0',
        'f',
        '\0',
        '\uFEFF',
        '\u00FF',
        '{"a":1}\n',
        'x=1&',
      ],
      tokenOf('00000000', [0, 1]),
      tokenOf(recordSource('1', 'lines').nonce, [0, 7]),
    )
    const change = fc.record({ at: fc.nat(), remove: fc.nat(300), put: scrap })
    fc.assert(
      fc.property(source, ids, fc.array(change, { minLength: 1, maxLength: 3 }), (of, all, changes) => {
        let body = Buffer.from(bodyOf(of, all, '\n'))
        for (const { at, remove, put } of changes) {
          const from = at % (body.length + 1)
          // Half of the changes leave the length as it was.
          const until = from + (remove % 2 === 0 ? Buffer.byteLength(put) : remove)
          body = Buffer.concat([body.subarray(0, from), Buffer.from(put), body.subarray(until)])
        }
        expect(readBody(body, of)).toEqual(readFully(body, of))
      }),
      { numRuns: 400 },
    )
  })

  it('says what full reading says of lines in any order, of any source, repeated or cut', () => {
    const line = fc.tuple(source, fc.tuple(fc.nat(1), fc.nat(200)), fc.boolean())
    fc.assert(
      fc.property(source, fc.array(line, { maxLength: 30 }), fc.nat(), (of, lines, cut) => {
        const text = lines.map(([from, id, own]) => JSON.stringify(recordAt(own ? of : from, id))).join('\n')
        const whole = Buffer.from(text)
        const body = cut % 2 === 0 ? whole : whole.subarray(0, cut % (whole.length + 1))
        expect(readBody(body, of)).toEqual(readFully(body, of))
      }),
    )
  })

  it('is the same object for the same bytes, and for no others', () => {
    const some = fc.array(run, { minLength: 1, maxLength: 3 }).map((runs) => runs.flat())
    fc.assert(
      fc.property(
        source,
        fc.array(fc.tuple(some, fc.constantFrom('', '\n')), { maxLength: 6 }),
        (of, all) => {
          const lines = new OfferedLines(of)
          const bodies = all.map(([each, last]) => bodyOf(of, each, last))
          const bytesOf = new Map<object, string>()
          for (const body of [...bodies, ...bodies]) {
            const read = lines.read(Buffer.from(body))
            if (!read) continue
            expect(bytesOf.get(read) ?? body).toBe(body)
            bytesOf.set(read, body)
          }
          expect(bytesOf.size).toBeLessThanOrEqual(new Set(bodies).size)
        },
      ),
    )
  })

  it('leaves a case whose own name holds a token to full reading', () => {
    const odd = recordSource('1', `like ${tokenOf('00000000', [0, 1])}`)
    const body = Buffer.from(bodyOf(odd, [[0, 0]], '\n'))
    expect(new OfferedLines(odd).read(body)).toBeUndefined()
    expect(readBody(body, odd)).toEqual(readFully(body, odd))
  })

  it('keeps a bounded number of lines, and reads those that it has let go', () => {
    const [of] = sources as [RecordSource]
    const lines = new OfferedLines(of)
    const far = limits.offeredLinesMax + 1_000
    for (const seq of [0, ...Array.from({ length: far / 64 }, (_, i) => i * 64), 0]) {
      expect(lines.read(Buffer.from(bodyOf(of, [[0, seq]], '')))?.rows).toEqual([
        { ids: [[0, seq]], json: true },
      ])
    }
  })
})

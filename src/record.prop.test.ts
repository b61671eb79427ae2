import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compareIds,
  countIds,
  idsIn,
  includesId,
  lowestId,
  rangesOf,
  recordAt,
  recordSource,
  tokenOf,
  tokensIn,
} from './record.ts'
import type { RecordId } from './record.ts'

const id = fc.tuple(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 0xffffffff }))
const nonce = fc.stringMatching(/^[0-9a-f]{8}$/)
/** Few enough that neighbours and repeats are common. */
const nearIds = fc.array(fc.tuple(fc.nat(2), fc.nat(9)), { maxLength: 40 })
/** Text that holds no part of a token, so that none is made by chance. */
const prose = fc.string({ unit: fc.constantFrom('"', ',', '{', ' ', '\n', 'ü', 'x') })

describe('any token', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(nonce, id, prose, prose, (nonce, id, before, after) => {
        const found = [...tokensIn(`${before}${tokenOf(nonce, id)}${after}`)]
        expect(found).toEqual([{ nonce, id, index: before.length }])
      }),
    )
  })
})

describe('any record', () => {
  it('survives JSON, holds its own token and no other', () => {
    fc.assert(
      fc.property(fc.string(), id, (seed, id) => {
        const source = recordSource(seed, 'ing.test')
        const record = recordAt(source, id)
        const text = JSON.stringify(record)
        expect(JSON.parse(text)).toEqual(record)
        expect([...tokensIn(text)].map((found) => [found.nonce, found.id])).toEqual([[source.nonce, id]])
      }),
    )
  })
})

describe('any ids', () => {
  it('go into ranges and come out as they were, repeats and order kept', () => {
    fc.assert(
      fc.property(nearIds, (ids) => {
        const ranges = rangesOf(ids)
        expect([...idsIn(ranges)]).toEqual(ids)
        expect(countIds(ranges)).toBe(ids.length)
        expect(ranges.length).toBeLessThanOrEqual(ids.length)
      }),
    )
  })

  it('have the lowest that sorting finds, and hold exactly themselves', () => {
    fc.assert(
      fc.property(nearIds, (ids) => {
        const ranges = rangesOf(ids)
        expect(lowestId(ranges)).toEqual([...ids].sort(compareIds)[0])
        const same = (one: RecordId, other: RecordId): boolean => compareIds(one, other) === 0
        for (const near of idsIn([0, 1, 2].map((producer) => [producer, 0, 9] as const)))
          expect(includesId(ranges, near)).toBe(ids.some((each) => same(each, near)))
      }),
    )
  })
})

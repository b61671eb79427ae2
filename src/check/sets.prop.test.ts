import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../limits.ts'
import { countIds, idsIn } from '../record.ts'
import type { IdRange } from '../record.ts'
import { IdCounts, IdSet, keyOf } from './sets.ts'

const range = fc
  .tuple(fc.nat(2), fc.nat(60), fc.nat(12))
  .map(([producer, from, length]): IdRange => [producer, from, from + length])
const ranges = fc.array(range, { maxLength: 20 })
const keys = (of: Iterable<IdRange>): number[] => [...idsIn(of)].map(keyOf)

describe('IdSet', () => {
  it('holds what a Set of single ids holds, as runs that neither touch nor overlap', () => {
    fc.assert(
      fc.property(ranges, (added) => {
        const set = new IdSet()
        for (const one of added) set.add([one])
        const oracle = new Set(keys(added))
        const held = set.ranges()
        expect(keys(held)).toEqual([...oracle].sort((a, b) => a - b))
        expect(set.size).toBe(oracle.size)
        held.forEach(([producer, from], i) => {
          const before = held[i - 1]
          if (before?.[0] === producer) expect(from).toBeGreaterThan(before[2] + 1)
        })
      }),
    )
  })

  it('parts any multiset of ranges into what is in and what is not', () => {
    fc.assert(
      fc.property(ranges, ranges, (added, asked) => {
        const set = new IdSet(added)
        const oracle = new Set(keys(added))
        expect(keys(set.within(asked))).toEqual(keys(asked).filter((key) => oracle.has(key)))
        expect(keys(set.without(asked))).toEqual(keys(asked).filter((key) => !oracle.has(key)))
        for (const id of idsIn(asked)) expect(set.has(id)).toBe(oracle.has(keyOf(id)))
      }),
    )
  })
})

describe('IdCounts', () => {
  it('counts as a Map does, of the records in its set and of no others', () => {
    fc.assert(
      fc.property(ranges, ranges, (among, added) => {
        const set = new IdSet(among)
        const counts = new IdCounts(set)
        counts.add(added)
        const oracle = new Map<number, number>()
        for (const id of idsIn(added))
          if (set.has(id)) oracle.set(keyOf(id), (oracle.get(keyOf(id)) ?? 0) + 1)
        for (const id of idsIn(added)) expect(counts.of(id)).toBe(oracle.get(keyOf(id)) ?? 0)
        const times = [...oracle.values()]
        const tallied = [1, 2].map((wanted) => times.filter((count) => count === wanted).length)
        expect(counts.tally).toEqual([0, ...tallied, times.filter((count) => count >= 3).length])
        expect(countIds(counts.where(set.ranges(), (count) => count >= 2))).toBe(
          times.filter((n) => n >= 2).length,
        )
      }),
    )
  })

  it('refuses more records than a case may offer, however they are spread', () => {
    const beyond: IdRange = [0, limits.recordsMax, limits.recordsMax]
    expect(() => new IdCounts(new IdSet([beyond])).add([beyond])).toThrow(/more records than a case may/)
    const spread: IdRange[] = [0, 1, 2].map((producer) => [
      producer,
      limits.recordsMax / 2,
      limits.recordsMax / 2,
    ])
    expect(() => new IdCounts(new IdSet(spread)).add(spread)).toThrow(/more records than a case may/)
  })
})

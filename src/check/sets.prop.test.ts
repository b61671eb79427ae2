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

  it('counts columns as it counts single ids', () => {
    const row = fc.tuple(fc.nat(3), fc.nat(70))
    fc.assert(
      fc.property(ranges, fc.array(row, { maxLength: 200 }), ranges, (among, rows, later) => {
        const set = new IdSet(among)
        const [singly, byColumns] = [new IdCounts(set), new IdCounts(set)]
        const add = (counts: IdCounts): void => counts.add(rows.map(([p, seq]): IdRange => [p, seq, seq]))
        add(singly)
        byColumns.addColumns(
          Uint16Array.from(rows, ([p]) => p),
          Uint32Array.from(rows, ([, seq]) => seq),
        )
        // The set grows while it is counted, as that of a run does.
        set.add(later)
        add(singly)
        add(byColumns)
        for (const id of rows) expect(byColumns.of(id)).toBe(singly.of(id))
        expect(byColumns.tally).toEqual(singly.tally)
      }),
    )
  })

  it('finds by any test of the count exactly the records that pass it', () => {
    const passing = fc.uniqueArray(fc.nat(5))
    fc.assert(
      fc.property(ranges, ranges, ranges, passing, (among, added, asked, passes) => {
        const counts = new IdCounts(new IdSet(among))
        counts.add(added)
        const test = (count: number): boolean => passes.includes(count)
        const expected = keys(
          asked.flatMap((one) =>
            [...idsIn([one])].filter((id) => test(counts.of(id))).map(([p, seq]): IdRange => [p, seq, seq]),
          ),
        )
        expect(keys(counts.where(asked, test))).toEqual(expected)
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

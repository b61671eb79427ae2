import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { idsIn } from '../record.ts'
import type { IdRange } from '../record.ts'
import { FirstOrder } from './first-order.ts'
import { IdCounts, IdSet, keyOf } from './sets.ts'

const range = fc
  .tuple(fc.nat(2), fc.nat(30), fc.nat(6))
  .map(([producer, from, length]): IdRange => [producer, from, from + length])
const landing = fc.record({ wait: fc.nat(1), ids: fc.array(range, { maxLength: 4 }) })
const keys = (of: Iterable<IdRange>): number[] => [...idsIn(of)].map(keyOf)

/** The definition, record by record: late is what a later one of its producer came strictly before. */
function lateByDefinition(
  landings: readonly { t: number; ids: readonly IdRange[] }[],
  among: IdSet,
): number[] {
  const first = new Map<number, { producer: number; seq: number; t: number }>()
  for (const { t, ids } of landings) {
    for (const [producer, seq] of idsIn(ids)) {
      if (among.has([producer, seq]) && !first.has(keyOf([producer, seq])))
        first.set(keyOf([producer, seq]), { producer, seq, t })
    }
  }
  const all = [...first.values()]
  return all
    .filter((one) => all.some((o) => o.producer === one.producer && o.seq > one.seq && o.t < one.t))
    .map(({ producer, seq }) => keyOf([producer, seq]))
    .sort((a, b) => a - b)
}

describe('FirstOrder', () => {
  it('names what was first seen after a later one of its producer, and of each landing what was new', () => {
    fc.assert(
      fc.property(
        fc.array(range, { maxLength: 6 }),
        fc.array(landing, { maxLength: 12 }),
        (offered, given) => {
          const among = new IdSet(offered)
          let t = 0
          const landings = given.map(({ wait, ids }) => ({ t: (t += wait), ids }))
          const order = new FirstOrder(among)
          const steps = landings.map((each) => order.step(each.t, each.ids))
          const late = lateByDefinition(landings, among)
          expect(keys(order.late.ranges())).toEqual(late)
          expect(steps.flatMap((step) => keys(step.late)).sort((a, b) => a - b)).toEqual(late)
          const landed = new IdSet(among.within(landings.flatMap(({ ids }) => ids)))
          expect(steps.flatMap(({ ids }) => keys(ids)).sort((a, b) => a - b)).toEqual(keys(landed.ranges()))
        },
      ),
    )
  })

  it('says the same of columns as of landings of one record each', () => {
    fc.assert(
      fc.property(
        fc.array(range, { maxLength: 6 }),
        fc.array(fc.tuple(fc.nat(3), fc.nat(40)), { maxLength: 80 }),
        (offered, rows) => {
          const among = new IdSet(offered)
          const [bySteps, byColumns] = [new FirstOrder(among), new FirstOrder(among)]
          rows.forEach(([producer, seq], t) => bySteps.step(t, [[producer, seq, seq]]))
          new IdCounts(among).addColumns(
            Uint16Array.from(rows, ([producer]) => producer),
            Uint32Array.from(rows, ([, seq]) => seq),
            byColumns,
          )
          expect(byColumns.late.ranges()).toEqual(bySteps.late.ranges())
        },
      ),
    )
  })
})

/** How each record fared: one ledger for each outcome, and the partition on any history. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EntryOf } from '../entry.ts'
import { limits } from '../limits.ts'
import { countIds, idsIn, includesId } from '../record.ts'
import type { IdRange, RecordId } from '../record.ts'
import type { Outcome } from '../verdict.ts'
import { Facts } from './facts.ts'
import { outcomesOf } from './outcomes.ts'
import type { Outcomes } from './outcomes.ts'
import { ledger, runOf } from './testing/ledgers.ts'
import type { LedgerOf } from './testing/ledgers.ts'

function outcomesIn(of: LedgerOf): Outcomes {
  const facts = new Facts(of.entries[0] as EntryOf<'run'>)
  for (const entry of of.entries) facts.step(entry)
  return outcomesOf(facts)
}

const lines = (): LedgerOf => ledger(runOf({ rung: 'lines' })).offer(4)
const ids: IdRange[] = [[0, 0, 1]]
const others: IdRange[] = [[0, 2, 3]]
const all: IdRange[] = [[0, 0, 3]]
const claim = (what: 'ack' | 'drop', of: LedgerOf, which: readonly IdRange[]): LedgerOf =>
  of.write({ kind: 'claim', what, ids: which })

const examples: readonly [string, () => LedgerOf, Partial<Record<Outcome, IdRange[]>>][] = [
  ['delivered', () => lines().attempt().exit(0), { delivered: all }],
  ['duplicated', () => lines().attempt().attempt({ ids }).exit(0), { duplicated: ids, delivered: others }],
  [
    'false-fail: a failure told over all, and all has landed',
    () => lines().attempt({ ids, status: 'none', taken: true }).attempt({ ids: others }).exit(10),
    { 'false-fail': all },
  ],
  [
    'recovered: landed, and no answer said so',
    () => lines().attempt({ ids, status: 'none', taken: true }).exit(10),
    { recovered: ids, 'lost-reported': others },
  ],
  ['named as dropped, though it landed', () => claim('drop', lines().attempt(), ids).exit(0), { 'false-fail': ids, delivered: others }], // prettier-ignore
  [
    'corrupt',
    () => lines().attempt({ damaged: [{ id: [0, 2], at: '/city' }] }).exit(0), // prettier-ignore
    { corrupt: [[0, 2, 2]], delivered: [[0, 0, 1], [0, 3, 3]] }, // prettier-ignore
  ],
  ['lost-silent', () => lines().attempt({ ids }).exit(0), { delivered: ids, 'lost-silent': others }],
  ['lost by a crash', () => lines().attempt({ ids }).exit(139), { delivered: ids, 'lost-silent': others }],
  ['false-ack', () => claim('ack', lines().attempt({ ids }), all).exit(10), { delivered: ids, 'false-ack': others }], // prettier-ignore
  [
    'discarded-by-server, whatever was claimed',
    () => claim('ack', lines().attempt({ lands: 0 }).write({ kind: 'discard', ids, why: 'injected' }), ids).exit(10), // prettier-ignore
    { 'discarded-by-server': ids, 'lost-reported': others },
  ],
  [
    'pending, as long as the end is not told',
    () => lines().attempt({ ids }),
    { delivered: ids, pending: others },
  ],
  ['phantom', () => lines().attempt({ ids: [[0, 0, 3], [7, 1, 2]] }).exit(0), { delivered: all, phantom: [[7, 1, 2]] }], // prettier-ignore
  [
    "a measuring client's records, which are nobody's",
    () =>
      lines()
        .write({ kind: 'offer', ids: [[1, 0, 9]], client: 1, control: true })
        .attempt()
        .exit(0),
    { delivered: all },
  ],
]

describe('the outcomes', () => {
  it.each(examples)('%s', (_, made, expected) => {
    const { of, counts } = outcomesIn(made())
    expect(Object.fromEntries(Object.entries(of).filter(([, ranges]) => ranges.length > 0))).toEqual(expected)
    for (const [outcome, ranges] of Object.entries(of))
      expect(counts[outcome as Outcome]).toBe(countIds(ranges))
  })

  it('flag what landed behind a later record, and what came again after its answer', () => {
    const swapped = lines().attempt({ ids: others, at: 10 }).attempt({ ids, at: 20 }).attempt({ ids, at: 200, status: 503 }) // prettier-ignore
    expect(outcomesIn(swapped.exit(0)).flags).toEqual({ reordered: ids, zombie: ids })
    expect(outcomesIn(lines().attempt().exit(0)).flags).toEqual({ reordered: [], zombie: [] })
  })

  it('keep their witnesses within bounds', () => {
    const lost = outcomesIn(ledger().offer(100_000).exit(0))
    expect(lost.counts['lost-silent']).toBe(100_000)
    expect(lost.witnesses).toHaveLength(limits.witnessesMax)
    expect(lost.witnesses[0]).toEqual({ id: [0, 0], outcome: 'lost-silent' })
  })
})

const offered = 10
const everyone: readonly RecordId[] = [...idsIn([[0, 0, offered - 1]])]
const range = fc
  .record({ from: fc.nat(offered + 1), length: fc.nat(4) })
  .map(({ from, length }): IdRange[] => [[0, from, from + length]])

/** Anything at all, with ids that were never offered among it. */
const anything: fc.Arbitrary<LedgerOf> = fc
  .record({
    attempts: fc.array(
      fc.record({
        ids: range,
        status: fc.constantFrom(202, 400, 503, 'none' as const),
        written: fc.constantFrom('full' as const, 'partial' as const, 'open' as const),
        taken: fc.boolean(),
        lands: fc.nat(2),
      }),
      { maxLength: 6 },
    ),
    acks: fc.array(range, { maxLength: 2 }),
    drops: fc.array(range, { maxLength: 2 }),
    discards: fc.array(range, { maxLength: 2 }),
    damaged: fc.option(fc.nat(offered - 1)),
    code: fc.constantFrom(0, 10, 139, undefined),
  })
  .map(({ attempts, acks, drops, discards, damaged, code }) => {
    const of = ledger(runOf({ rung: 'lines' })).offer(offered)
    attempts.forEach((told, i) => {
      const harm = i === 0 && damaged !== null ? { damaged: [{ id: [0, damaged] as const, at: '/at' }] } : {}
      of.attempt({ ...told, ...harm, lands: told.taken ? told.lands : 0 })
    })
    for (const which of acks) claim('ack', of, which)
    for (const which of drops) claim('drop', of, which)
    for (const which of discards) of.write({ kind: 'discard', ids: which, why: 'injected' })
    return code === undefined ? of : of.exit(code)
  })

describe('the outcomes of any history', () => {
  it('part the records offered: each has exactly one', () => {
    fc.assert(
      fc.property(anything, (made) => {
        const { of, counts } = outcomesIn(made)
        const own = Object.entries(of).filter(([outcome]) => outcome !== 'phantom')
        for (const id of everyone) {
          expect(own.filter(([, ranges]) => includesId(ranges, id))).toHaveLength(1)
        }
        expect(own.reduce((sum, [, ranges]) => sum + countIds(ranges), 0)).toBe(offered)
        expect(Object.values(counts).reduce((a, b) => a + b, 0)).toBe(offered + counts.phantom)
        for (const [, seq] of idsIn(of.phantom)) expect(seq).toBeGreaterThanOrEqual(offered)
      }),
    )
  })

  it('tell what landed from what did not, as a count of rows does', () => {
    const landing: readonly Outcome[] = ['delivered', 'duplicated', 'recovered', 'false-fail', 'corrupt']
    fc.assert(
      fc.property(anything, (made) => {
        const { of } = outcomesIn(made)
        const rows = (id: RecordId): number =>
          made.entries.filter((entry) => entry.kind === 'land' && includesId(entry.ids, id)).length
        for (const id of everyone) {
          expect(landing.some((outcome) => includesId(of[outcome], id))).toBe(rows(id) > 0)
          if (includesId(of.duplicated, id)) expect(rows(id)).toBeGreaterThan(1)
        }
      }),
    )
  })
})

/**
 * The guarantee that a client was seen to keep: the strongest tier that the facts leave standing, and for
 * the next stronger one the cheapest proof that it does not hold.
 *
 *   fire-and-forget ⊂ at-most-once, at-least-once ⊂ effectively-once
 *
 * At least once: nothing was lost in silence (told losses are no breach), up to what the server accepted and
 * dropped, or up to the landing. At most once: no record landed twice by more than one take; what the server
 * doubles by itself is not the client's. Where the client was stopped by us, or its end was not seen,
 * nothing is inferred.
 */
import { entriesOf, takenIds } from '../history.ts'
import { limits } from '../limits.ts'
import { compareIds, idsIn, shownRange } from '../record.ts'
import type { IdRange, RecordId } from '../record.ts'
import type { Counterproof, Guarantee, GuaranteeTier } from '../verdict.ts'
import type { Facts } from './facts.ts'
import { outcomesOf } from './outcomes.ts'
import { hindrance, offeredTo } from './properties/attempts.ts'
import { tested } from './rules/answers.ts'
import { IdCounts, IdSet } from './sets.ts'

/** What these facts leave standing; undefined where they do not tell. */
export function guaranteeOf(facts: Facts): Guarantee | undefined {
  if (offeredTo(facts).size === 0 || !facts.word.over) return undefined
  if (hindrance(facts) !== undefined && !facts.word.stuck && !facts.word.crash) return undefined
  const { of } = outcomesOf(facts)
  const lost = new IdSet([...of['lost-silent'], ...of['false-ack']]).ranges()
  const dropped = new IdSet(of['discarded-by-server']).ranges()
  const untoldDrops = facts.word.untold(dropped)
  const doubles = doubledByClient(facts, of.duplicated)
  const atLeast = lost.length > 0 ? 'none' : untoldDrops.length > 0 ? 'accepted' : 'landed'
  const atMost = doubles.length > 0 ? 'none' : 'once'
  const tier = tierOf(atLeast, atMost)
  const against = next(tier)
  if (!against) return { atLeast, atMost, tier }
  return { atLeast, atMost, tier, against: counterproof(facts, against, lost, doubles) }
}

/** The guarantee of all cases together: what each of them leaves standing, with the proof that costs least. */
export function mergeGuarantees(
  cases: readonly { readonly id: string; readonly guarantee?: Guarantee }[],
): Guarantee | undefined {
  const known = cases.flatMap(({ id, guarantee }) => (guarantee ? [{ id, guarantee }] : []))
  if (known.length === 0) return undefined
  const levels = known.map(({ guarantee }) => guarantee.atLeast)
  const atLeast = levels.includes('none') ? 'none' : levels.includes('accepted') ? 'accepted' : 'landed'
  const atMost = known.some(({ guarantee }) => guarantee.atMost === 'none') ? 'none' : 'once'
  const tier = tierOf(atLeast, atMost)
  const wanted = next(tier)
  if (!wanted) return { atLeast, atMost, tier }
  const proofs = known.flatMap(({ id, guarantee: { against, atLeast: least } }): Counterproof[] => {
    // What breaks at-least-once alone breaks effectively-once in its own case.
    const fits = wanted === 'at-least-once' ? least === 'none' : true
    return against && fits ? [{ ...against, tier: wanted, case: id }] : []
  })
  const [cheapest] = proofs.sort((a, b) => a.entries.length - b.entries.length)
  return { atLeast, atMost, tier, ...(cheapest ? { against: cheapest } : {}) }
}

function tierOf(atLeast: Guarantee['atLeast'], atMost: Guarantee['atMost']): GuaranteeTier {
  if (atLeast === 'none') return atMost === 'once' ? 'at-most-once' : 'fire-and-forget'
  return atMost === 'once' ? 'effectively-once' : 'at-least-once'
}

/** A loss is worse than a double: what has neither is first held against at-least-once. */
function next(tier: GuaranteeTier): GuaranteeTier | undefined {
  if (tier === 'effectively-once') return undefined
  return tier === 'fire-and-forget' ? 'at-least-once' : 'effectively-once'
}

/** Records that landed more than once and were taken more than once. */
function doubledByClient(facts: Facts, duplicated: readonly IdRange[]): IdRange[] {
  const takes = new IdCounts(facts.offered)
  for (const { attempt } of tested(facts)) takes.add(takenIds(attempt))
  return takes.where(duplicated, (times) => times > 1)
}

function counterproof(
  facts: Facts,
  tier: GuaranteeTier,
  lost: readonly IdRange[],
  doubles: readonly IdRange[],
): Counterproof {
  const broken = lost.length > 0 ? lost : doubles
  const { id, entries } = cheapest(facts, broken)
  const [producer, seq] = id
  const what = lost.length > 0 ? 'was lost in silence' : `landed ${times(facts.landed.of(id))}`
  return { tier, because: `record ${shownRange([producer, seq, seq])} ${what}`, records: [id], entries }
}

/** The record of `ranges` that the fewest requests carried, the lowest of them, with the entries about it. */
function cheapest(facts: Facts, ranges: readonly IdRange[]): { id: RecordId; entries: number[] } {
  const carried = facts.carried(tested(facts))
  let found: RecordId = [0, 0]
  let fewest = Infinity
  for (const id of idsIn(ranges)) {
    const count = carried.of(id)
    if (count < fewest || (count === fewest && compareIds(id, found) < 0)) [found, fewest] = [id, count]
  }
  const own = new IdSet([[found[0], found[1], found[1]]])
  const about = [
    ...facts.offers.filter(({ ids }) => own.within(ids).length > 0).map(({ n }) => n),
    ...tested(facts).flatMap(({ attempt, ids }) => (own.within(ids).length > 0 ? entriesOf(attempt) : [])),
    ...facts.all('land').flatMap(({ ids, n }) => (own.within(ids).length > 0 ? [n] : [])),
    ...facts.word.witnesses,
  ]
  const entries = [...new Set(about)].slice(0, limits.witnessesMax).sort((a, b) => a - b)
  return { id: found, entries }
}

function times(count: number): string {
  return count === 2 ? 'twice' : `${count} times`
}

/**
 * How each record fared: every record that was offered to a client under test has exactly one outcome, the
 * first of this list that fits. Phantoms, which nobody offered, stand beside it.
 *
 *   landed: corrupt, duplicated, false-fail, recovered, delivered
 *   not:    discarded-by-server, pending, false-ack, lost-reported, lost-silent
 *
 * Linear in entries and in records; what is kept are ranges, and two bits a record.
 */
import { isDoubtful, takenIds } from '../history.ts'
import type { Attempt } from '../history.ts'
import { limits } from '../limits.ts'
import { countIds, rangesOf } from '../record.ts'
import type { IdRange } from '../record.ts'
import { outcomeNames } from '../verdict.ts'
import type { Finding, Outcome } from '../verdict.ts'
import type { Facts } from './facts.ts'
import { outcomes } from './finding.ts'
import { departures, knew, mayHaveLeft, offeredTo, setOf } from './properties/attempts.ts'
import { outOfOrder } from './properties/order.ts'
import { confirmedAt, tested } from './rules/answers.ts'
import { IdSet } from './sets.ts'

export interface Outcomes {
  /** Ranges of records, ascending; disjoint, and together all that were offered (but for `phantom`). */
  readonly of: Readonly<Record<Outcome, readonly IdRange[]>>
  readonly counts: Readonly<Record<Outcome, number>>
  /** Landed first after a later record of the same producer had; carried again after a full final answer. */
  readonly flags: { readonly reordered: readonly IdRange[]; readonly zombie: readonly IdRange[] }
  /** Of all but what was delivered, the first of each outcome, at most `limits.witnessesMax` in all. */
  readonly witnesses: NonNullable<Finding['records']>
}

export function outcomesOf(facts: Facts): Outcomes {
  const left = new IdSet(offeredTo(facts).ranges())
  const of = Object.fromEntries(outcomeNames.map((name) => [name, []])) as unknown as Record<
    Outcome,
    IdRange[]
  >
  let rest = left.ranges()
  const sort = (outcome: Outcome, ids: Iterable<IdRange>): void => {
    const set = setOf([...ids])
    of[outcome] = set.within(rest)
    rest = set.without(rest)
  }
  const landed = facts.landed.where(rest, (rows) => rows > 0)
  const among = (ids: readonly IdRange[]): IdRange[] => new IdSet(landed).within(ids)
  sort('corrupt', among(damagedIn(facts)))
  sort(
    'duplicated',
    facts.landed.where(landed, (rows) => rows > 1),
  )
  sort('false-fail', among(falselyFailed(facts, landed)))
  sort('recovered', confirmed(facts).without(landed))
  sort('delivered', landed)
  sort('discarded-by-server', facts.discarded.ranges())
  if (!facts.word.over) sort('pending', rest)
  sort('false-ack', facts.word.acked.ranges())
  const untold = setOf(facts.word.untold(rest))
  sort('lost-reported', untold.without(rest))
  sort('lost-silent', rest)
  of.phantom = facts.offered.without(setOf(seenAtServer(facts)).ranges())
  return {
    of,
    counts: Object.fromEntries(outcomeNames.map((name) => [name, countIds(of[name])])) as Record<
      Outcome,
      number
    >,
    flags: {
      reordered: new IdSet(outOfOrder(facts).flatMap(({ ids }) => ids)).ranges(),
      zombie: zombies(facts),
    },
    witnesses: outcomeNames
      .filter((name) => name !== 'delivered')
      .flatMap((name) => outcomes(of[name], name))
      .slice(0, limits.witnessesMax),
  }
}

/** Damaged in a request that was taken; the ledger names the first of each request. */
function damagedIn(facts: Facts): IdRange[] {
  const taken = facts.attempts().filter(({ takes }) => takes.length > 0)
  return taken.flatMap(({ request }) => rangesOf((request.damaged ?? []).map(({ id }) => id)))
}

/**
 * Named as not delivered, or offered to a client that exited with a failure though every record that it was
 * offered has landed; where some are missing, the exit is right and says nothing of the others.
 */
function falselyFailed(facts: Facts, landed: readonly IdRange[]): IdRange[] {
  const there = new IdSet(landed)
  const byExit = [...facts.word.voices.values()].filter(({ toldByExit, offered }) => {
    return toldByExit && there.without(offered.ranges()).length === 0
  })
  return [...facts.word.names(landed), ...byExit.flatMap(({ offered }) => offered.ranges())]
}

/** Records that a full answer told the client were delivered. */
function confirmed(facts: Facts): IdSet {
  const { profile } = facts.run
  return setOf(
    tested(facts).flatMap(({ attempt, ids }) => (confirmedAt(attempt, profile) === undefined ? [] : ids)),
  )
}

function seenAtServer(facts: Facts): IdRange[] {
  const lands = facts.all('land').filter(({ error }) => error === undefined)
  return [...lands.flatMap(({ ids }) => ids), ...facts.attempts().flatMap(takenIds)]
}

/** Records carried again though a full answer had confirmed them when the later head was parsed. */
function zombies(facts: Facts): IdRange[] {
  const left = departures(facts)
  const carriers = tested(facts)
  const end = ({ sent }: Attempt): number => sent?.t ?? Infinity
  const final = carriers
    .filter(({ attempt }) => confirmedAt(attempt, facts.run.profile) !== undefined)
    .filter(({ attempt }) => !isDoubtful(attempt) && !mayHaveLeft(attempt, left))
    .sort((a, b) => end(a.attempt) - end(b.attempt))
  const [settled, again] = [new IdSet(), new IdSet()]
  let next = 0
  for (const { attempt, ids } of carriers) {
    for (let over = final[next]; over && knew(facts, over.attempt, attempt); over = final[next]) {
      settled.add(over.ids)
      next += 1
    }
    again.add(settled.within(ids))
  }
  return again.ranges()
}

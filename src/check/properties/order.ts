/**
 * I14 order of each producer. Only a client that says it keeps the order is held to it (`can`: order).
 *
 * Analysis: the first landing of each record, by time; one that comes after the first landing of a later
 * record of its producer is out of order. What lands at the same time is in order.
 */
import type { EntryOf } from '../../entry.ts'
import type { IdRange } from '../../record.ts'
import { fromFacts } from '../checker.ts'
import type { Checker } from '../checker.ts'
import type { Facts } from '../facts.ts'
import { finding, named, outcomes } from '../finding.ts'
import { FirstOrder } from '../first-order.ts'
import type { Firsts } from '../first-order.ts'
import { IdSet } from '../sets.ts'
import { inapplicable } from './attempts.ts'

/** A landing with the records that it was the first for. */
export interface FirstLanding {
  readonly land: EntryOf<'land'>
  readonly ids: readonly IdRange[]
}

export function firstLandings(facts: Facts): FirstLanding[] {
  return ordered(facts).map(({ land, ids }) => ({ land, ids }))
}

/** Records that landed first after a later one of their producer had, and the landings that show it. */
export function outOfOrder(facts: Facts): FirstLanding[] {
  return ordered(facts).flatMap(({ land, late }) => (late.length > 0 ? [{ land, ids: late }] : []))
}

function ordered(facts: Facts): (FirstLanding & Firsts)[] {
  const order = new FirstOrder(facts.offered)
  return facts.all('land').flatMap((land) => {
    if (land.error !== undefined) return []
    const firsts = order.step(land.t, land.ids)
    return firsts.ids.length > 0 ? [{ land, ...firsts }] : []
  })
}

export const producerOrder: Checker<unknown> = fromFacts((facts) => {
  const { can } = facts.run
  if (!can.includes('order') && !can.includes('ordered')) {
    return inapplicable('The client does not say that it keeps the order.')
  }
  const landings = firstLandings(facts)
  if (landings.length < 2) return inapplicable('No more than one landing: there is no order to see.')
  const late = outOfOrder(facts)
  if (late.length === 0)
    return finding('pass', `${landings.length} landings, each in the order of its producer.`)
  const ids = late.flatMap((landing) => landing.ids)
  return finding('fail', `Landed after a later record of its producer: ${named(new IdSet(ids).ranges())}.`, {
    witnesses: late.map(({ land }) => land.n),
    records: outcomes(ids, 'delivered'),
  })
})

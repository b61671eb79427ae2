/** What rules ask of a request and its answer: whose it was, and since when it tells the client of a delivery. */
import type { Attempt } from '../../history.ts'
import type { Profile } from '../../profile.ts'
import type { Carrier, Facts } from '../facts.ts'

/** The carriers of clients under test; what a measuring client of ours sends shows nothing of theirs. */
export function tested(facts: Facts): readonly Carrier[] {
  const controls = facts.controls()
  if (controls.size === 0) return facts.carriers()
  return facts.carriers().flatMap(({ attempt, ids }) => {
    const theirs = controls.without(ids)
    return theirs.length > 0 ? [{ attempt, ids: theirs }] : []
  })
}

/** Of those, the ones whose body arrived whole: of a part, nothing can be said. */
export function wholeOnes(facts: Facts): Carrier[] {
  return tested(facts).filter(({ attempt }) => attempt.request.complete)
}

/**
 * From when on, in nanoseconds, the client may hold its records for delivered: a 2xx, or a 409 to a request with an
 * idempotency key, which says that they are there already. Undefined where no such answer came. `ack.needs` of the
 * profile says whether the status is enough, or the answer must be whole.
 */
export function confirmedAt({ request, respond, sent }: Attempt, profile: Profile): number | undefined {
  if (!respond) return undefined
  const { status } = respond
  if ((status < 200 || status > 299) && !(status === 409 && request.key !== undefined)) return undefined
  if (sent?.written === 'full') return profile.ack.needs === 'status' ? respond.t : sent.t
  return profile.ack.needs === 'status' && sent?.written !== 'none' ? respond.t : undefined
}

/** Items by a name; those without one are left out. */
export function grouped<T>(items: Iterable<T>, nameOf: (item: T) => string | undefined): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const name = nameOf(item)
    if (name === undefined) continue
    const group = groups.get(name)
    if (group) group.push(item)
    else groups.set(name, [item])
  }
  return groups
}

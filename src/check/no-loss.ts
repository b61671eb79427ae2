/**
 * inv.no-loss: every record offered has landed, was discarded by the server, or was told.
 *
 * Analyses: 1. what is missing (offered, neither landed nor discarded); 2. of it, what the client told; the rest
 * is lost silently. A missing record that had been taken is lost all the same, and the reason says so. While
 * the client has not ended, its silence means nothing.
 */
import { takenIds } from '../history.ts'
import { countIds } from '../record.ts'
import { fromFacts } from './checker.ts'
import type { CheckerOf } from './checker.ts'
import type { Facts } from './facts.ts'
import { biographies, finding, merge, named, outcomes } from './finding.ts'
import { IdSet } from './sets.ts'

export const noLoss: CheckerOf<'inv.no-loss'> = fromFacts((facts) => {
  const { offered, landed, word } = facts
  if (offered.size === 0) return finding('n/a', 'No record was offered.')
  const missing = facts.missing()
  const lost = word.untold(missing)
  const measured = { records: offered.size, landed: landed.seen, lost: countIds(lost) }
  if (lost.length === 0) {
    const told = missing.length > 0 ? `; not delivered, and told: ${named(missing)}` : ''
    const records = outcomes(missing, 'lost-reported')
    return finding('pass', `${landed.seen} of ${offered.size} records landed${told}.`, { measured, records })
  }
  if (killed(facts)) {
    const because = `Not landed: ${named(lost)}; the plan killed the client, which could not tell.`
    return finding('n/a', because, { measured })
  }
  const attempts = facts.attempts()
  const witnesses = [...word.witnesses, ...biographies(attempts, lost)]
  if (!word.over) {
    const because = `Not landed: ${named(lost)}, but ${word.shown}.`
    return finding('unknown', because, { measured, witnesses })
  }
  const taken = new IdSet(attempts.flatMap(takenIds)).within(lost)
  const server =
    taken.length > 0 ? [finding('fail', `Taken by the server and never landed: ${named(taken)}.`)] : []
  const because = `Lost silently: ${named(lost)} never landed, and ${word.shown}.`
  const records = outcomes(lost, 'lost-silent')
  return merge([finding('fail', because, { measured, witnesses, records }), ...server])
})

/** A client that is killed by the plan has no last word; what it owes then is I21's to say. */
function killed(facts: Facts): boolean {
  return facts
    .all('fault')
    .some(({ emitted }) => emitted.type === 'client_stop' && emitted['how'] === 'sigkill')
}

/**
 * inv.no-false-fail: a client to which everything was confirmed does not report a failure (design §6).
 *
 * Analyses: 1. has everything landed, else there is something to report; 2. of each record, whether the answer
 * that came last was a full 2xx to a request of which the server took it and did not discard it: a 2xx may say that
 * a part was refused. After that, a cut, a refusal or no answer the client cannot know, and may be wary.
 */
import { failed, takenIds } from '../history.ts'
import type { IdRange } from '../record.ts'
import { fromFacts } from './checker.ts'
import type { CheckerOf } from './checker.ts'
import type { Carrier, Facts } from './facts.ts'
import { finding, outcomes } from './finding.ts'
import { IdSet } from './sets.ts'

export const noFalseFail: CheckerOf<'inv.no-false-fail'> = fromFacts((facts) => {
  const { landed, offered, word } = facts
  if (offered.size === 0) return finding('n/a', 'No record was offered.')
  if (word.code === undefined) return finding('n/a', `No exit code to judge: ${word.shown}.`)
  if (word.code === 0) {
    return finding(landed.seen > 0 ? 'pass' : 'n/a', 'The client exited with 0: it reported no failure.')
  }
  if (landed.seen < offered.size) {
    return finding('n/a', 'Not every record landed, so a failure may be reported.')
  }
  const carriers = facts.carriers()
  if (unconfirmed(carriers, facts).length > 0) {
    return finding(
      'pass',
      `Not every record's last answer was a full 2xx, so the client may report a failure.`,
    )
  }
  return finding('fail', `Every record landed and was answered in full with 2xx, yet ${word.shown}.`, {
    witnesses: [...word.witnesses, ...carriers.flatMap(({ attempt }) => attempt.respond?.n ?? [])],
    records: outcomes(offered.ranges(), 'false-fail'),
  })
})

/** The records whose last answer is no full 2xx that says they are there. */
function unconfirmed(carriers: readonly Carrier[], { offered, discarded }: Facts): IdRange[] {
  const end = ({ attempt }: Carrier): number => attempt.sent?.t ?? Infinity
  const latestFirst = [...carriers].reverse().sort((a, b) => (end(a) === end(b) ? 0 : end(b) - end(a)))
  const seen = new IdSet()
  const confirmed = new IdSet()
  for (const { attempt, ids } of latestFirst) {
    if (!failed(attempt))
      confirmed.add(seen.without(discarded.without(new IdSet(takenIds(attempt)).within(ids))))
    seen.add(ids)
  }
  return confirmed.without(offered.ranges())
}

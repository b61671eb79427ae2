/**
 * inv.no-double: no record lands twice by the client's doing (design §4).
 *
 * Analyses: 1. doubles, K(i) >= 2; 2. of them, those that the client knew better: an earlier taken attempt had
 * been answered in full, with an answer that the profile does not retry, before the head of a later taken one
 * was parsed; 3. those that one body carried twice. After a cut, a stall, a silent end or an answer that asks
 * for a retry a double is counted and shown; under `effectively-once` every double is held against the client.
 */
import { fullAnswer, takenIds } from '../history.ts'
import type { Attempt } from '../history.ts'
import { retries } from '../profile.ts'
import type { Profile } from '../profile.ts'
import { countIds } from '../record.ts'
import { fromFacts } from './checker.ts'
import type { CheckerOf } from './checker.ts'
import { biographies, finding, merge, named, outcomes, reporter } from './finding.ts'
import { IdSet } from './sets.ts'

export const noDouble: CheckerOf<'inv.no-double'> = fromFacts((facts) => {
  const { landed, offered, run } = facts
  if (landed.seen === 0) return finding('n/a', 'No record offered has landed.')
  const doubles = landed.where(offered.ranges(), (rows) => rows >= 2)
  const measured = { doubles: countIds(doubles) }
  if (doubles.length === 0) return finding('pass', 'No record landed twice.', { measured })
  const taken = facts.attempts().filter((attempt) => attempt.takes.length > 0)
  const witnesses = biographies(taken, doubles)
  const records = outcomes(doubles, 'duplicated')
  if (run.profile.duplicates === 'effectively-once') {
    const because = `Landed more than once, where the profile promises effectively once: ${named(doubles)}.`
    return finding('fail', because, { measured, witnesses, records })
  }
  const again = resentAfterAnswer(taken, run.profile).within(doubles)
  const within = repeatedInBody(taken).within(doubles)
  const held = new IdSet([...again, ...within])
  const excused = held.without(doubles)
  const report = reporter(taken, facts.word)
  const [anew, repeated] = [outcomes(again, 'duplicated'), outcomes(within, 'duplicated')]
  return merge([
    finding('pass', `${measured.doubles} of ${offered.size} records landed more than once.`, { measured }),
    ...report('fail', 'Landed again, after a full answer that ended the matter', again, anew),
    ...report('fail', 'Landed more than once, from one body', within, repeated),
    ...report(
      'pass',
      'Counted, not held: no full answer had ended the matter',
      excused,
      outcomes(excused, 'duplicated'),
    ),
  ])
})

/** Records taken again after a full answer that ends the matter. `taken` is in the order of heads. */
function resentAfterAnswer(taken: readonly Attempt[], profile: Profile): IdSet {
  const settled = new IdSet()
  const again = new IdSet()
  let pending: Attempt[] = []
  for (const attempt of taken) {
    const over = (earlier: Attempt): boolean => (earlier.sent?.t ?? Infinity) <= attempt.request.t
    for (const earlier of pending.filter(over)) settled.add(takenIds(earlier))
    pending = pending.filter((earlier) => !over(earlier))
    again.add(settled.within(takenIds(attempt)))
    const answer = fullAnswer(attempt)
    if (answer && !retries(profile, answer.status)) pending.push(attempt)
  }
  return again
}

function repeatedInBody(taken: readonly Attempt[]): IdSet {
  const repeated = new IdSet()
  for (const { request } of taken) {
    const seen = new IdSet()
    for (const range of request.ids) {
      repeated.add(seen.within([range]))
      seen.add([range])
    }
  }
  return repeated
}

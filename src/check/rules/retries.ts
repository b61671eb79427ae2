/**
 * Rules on whether a record is sent again: retried, not_retried, shrinks.
 *
 * A record is judged by the failures that it met: where the answer in question never came, or a resend may have
 * followed a cut instead, the rule cannot tell.
 */
import { fullAnswer } from '../../history.ts'
import type { Attempt } from '../../history.ts'
import { retries } from '../../profile.ts'
import { idsIn, rangesOf } from '../../record.ts'
import type { IdRange, RecordId } from '../../record.ts'
import type { Finding } from '../../verdict.ts'
import { fromFacts } from '../checker.ts'
import type { RuleChecker } from '../checker.ts'
import type { Carrier, Facts } from '../facts.ts'
import { counted, finding, merge, named, reporter } from '../finding.ts'
import { IdSet, keyOf } from '../sets.ts'
import { shownFailure } from './carriers.ts'
import { toldFinding } from './telling.ts'
import { unseen } from './unseen.ts'

/** |R(i)| >= 2 and K = 1; under a profile that does not retry this failure: |R(i)| = 1, and told. */
export const retried: RuleChecker<'retried'> = fromFacts((facts, { after }) => {
  const carriers = facts.carriers()
  if (carriers.length === 0) return unseen
  if (!retries(facts.run.profile, after)) return merge([sentOnce(facts, carriers, after), toldFinding(facts)])
  const carried = facts.carried(carriers)
  const offered = facts.offered.ranges()
  const struck = new IdSet(carriers.flatMap(({ attempt, ids }) => (endedIn(attempt, after) ? ids : [])))
  const sent = carried.where(offered, (times) => times > 0)
  const once = carried.where(struck.ranges(), (times) => times === 1)
  const again = carried.where(struck.ranges(), (times) => times > 1)
  const unlanded = facts.landed.where(again, (rows) => rows === 0)
  const doubled = facts.landed.where(again, (rows) => rows > 1)
  const report = reporter(facts.attempts(), facts.word)
  const absent = facts.word.over ? 'fail' : 'unknown'
  return merge([
    finding('pass', `Sent again after ${shownFailure(after)}: ${named(again)}.`),
    ...report(absent, 'Never sent', new IdSet(sent).without(offered)),
    ...report('unknown', `Never met ${shownFailure(after)}`, struck.without(sent)),
    ...report(absent, `Not sent again after ${shownFailure(after)}`, once),
    ...report(absent, 'Sent again and never landed', unlanded),
    ...report('fail', 'Sent again and landed more than once', doubled),
  ])
})

/** |R(i)| = 1, of every record offered: none comes again, and none stays behind. */
export const notRetried: RuleChecker<'not_retried'> = fromFacts((facts, { after }) => {
  if (retries(facts.run.profile, after)) {
    return finding('n/a', `Profile ${facts.run.profile.name} retries ${shownFailure(after)}.`)
  }
  const carriers = facts.carriers()
  return carriers.length === 0 ? unseen : sentOnce(facts, carriers, after)
})

function sentOnce(facts: Facts, carriers: readonly Carrier[], after: number | 'network'): Finding {
  const carried = facts.carried(carriers)
  const offered = facts.offered.ranges()
  const { struck, resent, refreshed } = resends(carriers, after)
  const sent = carried.where(offered, (times) => times > 0)
  const excused = new IdSet(carried.where(refreshed.ranges(), (times) => times === 2))
  const repeated = excused.without(carried.where(offered, (times) => times > 1))
  const left = carried.where(offered, (times) => times === 0)
  // A client whose credentials are refused again and again is to stop (ing.4xx.auth-storm), as long as it tells.
  const shutOut = (after === 401 || after === 403) && carriers.length >= refusalsEnough
  const unsent = shutOut ? facts.word.untold(left) : left
  const report = reporter(facts.attempts(), facts.word)
  const absent = facts.word.over ? 'fail' : 'unknown'
  const renewed =
    refreshed.size > 0 ? ` Sent once more under another credential: ${named(refreshed.ranges())}.` : ''
  return merge([
    finding('pass', `Met ${shownFailure(after)}: ${named(struck.ranges())}.${renewed}`),
    ...report('unknown', `Never met ${shownFailure(after)}`, struck.without(sent)),
    ...report('fail', `Sent again, though ${shownFailure(after)} is final`, resent.ranges()),
    ...report('unknown', 'Sent again after something else', resent.without(repeated)),
    ...report(absent, 'Never sent: the requests after the failed one did not come', unsent),
  ])
}

/** Refusals of its credentials after which a client may know that none will be accepted. */
const refusalsEnough = 3

/**
 * The records that met the failure, those sent again after it, and those of them that may be: after 401 a client
 * may try once more with another credential than it was refused with, which is what a token refresh gives.
 */
function resends(
  carriers: readonly Carrier[],
  after: number | 'network',
): { struck: IdSet; resent: IdSet; refreshed: IdSet } {
  const [struck, resent, refreshed] = [new IdSet(), new IdSet(), new IdSet()]
  const credentials = new Map<number, string | undefined>()
  for (const { attempt, ids } of carriers) {
    const { credential } = attempt.request
    for (const id of after === 401 ? idsIn(struck.within(ids)) : []) {
      const renewed = !refreshed.has(id) && credentials.get(keyOf(id)) !== credential
      ;(renewed ? refreshed : resent).add(rangesOf([id]))
    }
    if (after !== 401) resent.add(struck.within(ids))
    if (!endedIn(attempt, after)) continue
    if (after === 401) for (const id of idsIn(struck.without(ids))) credentials.set(keyOf(id), credential)
    struck.add(ids)
  }
  return { struck, resent, refreshed }
}

/** |R(i)| = 1, or 2 where the second body is the smaller one. */
export const shrinks: RuleChecker<'shrinks'> = fromFacts((facts) => {
  const carriers = facts.carriers()
  if (carriers.length === 0) return unseen
  const offered = facts.offered.ranges()
  const carried = facts.carried(carriers)
  const unsent = carried.where(offered, (times) => times === 0)
  const twice = new IdSet(carried.where(offered, (times) => times === 2))
  const oftener = carried.where(offered, (times) => times > 2)
  const report = reporter(facts.attempts(), facts.word)
  return merge([
    finding('pass', `${counted(carriers.length, 'request')} carried records.`),
    ...report(facts.word.over ? 'fail' : 'unknown', 'Never sent', unsent),
    ...report('fail', 'Sent a second time in a body that is not smaller', unshrunk(carriers, twice)),
    ...report('fail', 'Sent more than twice', oftener),
  ])
})

function unshrunk(carriers: readonly Carrier[], twice: IdSet): IdRange[] {
  const firstBytes = new Map<number, number>()
  const found: RecordId[] = []
  for (const { attempt, ids } of carriers) {
    for (const id of idsIn(twice.within(ids))) {
      const first = firstBytes.get(keyOf(id))
      if (first === undefined) firstBytes.set(keyOf(id), attempt.request.bytes)
      else if (attempt.request.bytes >= first) found.push(id)
    }
  }
  return rangesOf(found)
}

function endedIn(attempt: Attempt, failure: number | 'network'): boolean {
  const answer = fullAnswer(attempt)
  return failure === 'network' ? answer === undefined : answer?.status === failure
}

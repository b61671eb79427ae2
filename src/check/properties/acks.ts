/**
 * I2 ack honesty, I3 committed means committed.
 *
 * I2: 1. what the client acknowledged, or exited with 0 over, was confirmed to it: by a 2xx, or by 409 to an
 * idempotency key, whole unless the profile says that the status is enough; 2. no ack claim came before the
 * first byte of such an answer; 3. a failure is not claimed where all was confirmed (inv.no-false-fail),
 * unless a late answer may have met a client that had left. I3: who asks for the landing (`wait=true`) and
 * was answered 202, which promises the take alone, does not claim success over what never landed; acks of
 * other rungs by inv.no-false-ack.
 */
import type { EntryOf } from '../../entry.ts'
import { fullAnswer } from '../../history.ts'
import type { Attempt } from '../../history.ts'
import type { IdRange } from '../../record.ts'
import type { Finding } from '../../verdict.ts'
import { fromFacts } from '../checker.ts'
import type { Checker } from '../checker.ts'
import type { Facts } from '../facts.ts'
import { biographies, finding, merge, named, outcomes } from '../finding.ts'
import { noFalseAck } from '../no-false-ack.ts'
import { noFalseFail } from '../no-false-fail.ts'
import { confirmedAt, tested } from '../rules/answers.ts'
import { IdSet } from '../sets.ts'
import { asksForLanding, departures, idsOf, inapplicable, mayHaveLeft, shared } from './attempts.ts'

export const ackHonesty: Checker<unknown> = (facts) => {
  const failing = shared(noFalseFail)(facts, undefined)
  return {
    step: (entry) => failing.step(entry),
    finish: () => merge([...claims(facts), pessimism(facts, failing.finish())]),
  }
}

function claims(facts: Facts): Finding[] {
  const { run, word } = facts
  const claimed = claimedIn(facts)
  if (claimed.size === 0) return [inapplicable(`No success was claimed: ${word.shown}.`)]
  const confirmed = idsOf(tested(facts), ({ attempt }) => confirmedAt(attempt, run.profile) !== undefined)
  const hollow = confirmed.without(claimed.ranges())
  const early = new IdSet(hollow).without(tooEarly(facts))
  const found = (what: string, ids: readonly IdRange[]): Finding[] => {
    if (ids.length === 0) return []
    const lost = facts.landed.where(ids, (rows) => rows === 0)
    const witnesses = [...word.witnesses, ...ackClaims(facts, ids), ...biographies(facts.attempts(), ids)]
    return [
      finding('fail', `${what}: ${named(ids)}; ${word.shown}.`, {
        witnesses,
        records: outcomes(lost, 'false-ack'),
      }),
    ]
  }
  return [
    finding('pass', `${claimed.size} records were claimed delivered, each after a full answer that says so.`),
    ...found('Claimed delivered, and no full answer said so', hollow),
    ...found('Acknowledged before any answer said so', early),
  ]
}

/** Acks, and all that an exit with 0 stands for but for what was named as dropped. */
function claimedIn(facts: Facts): IdSet {
  const { word } = facts
  const named = new IdSet(word.names(facts.offered.ranges()))
  const byExit = named.without(word.claimedDelivered().ranges())
  return new IdSet(facts.controls().without([...word.acked.ranges(), ...byExit]))
}

function ackClaims({ word }: Facts, ids: readonly IdRange[]): number[] {
  const set = new IdSet(ids)
  return word.acks.filter((claim) => set.within(claim.ids ?? []).length > 0).map(({ n }) => n)
}

/** Records acknowledged before the first byte of any answer that confirms them. */
function tooEarly(facts: Facts): IdRange[] {
  const answers = tested(facts).flatMap(({ attempt, ids }) => {
    const t = confirmedAt(attempt, facts.run.profile) === undefined ? undefined : attempt.respond?.t
    return t === undefined ? [] : [{ t, ids }]
  })
  answers.sort((a, b) => a.t - b.t)
  const acks = [...facts.word.acks].sort((a, b) => a.t - b.t)
  const known = new IdSet()
  let next = 0
  return acks.flatMap((ack: EntryOf<'claim'>) => {
    for (let answer = answers[next]; answer && answer.t <= ack.t; answer = answers[next]) {
      known.add(answer.ids)
      next += 1
    }
    return known.without(facts.offered.within(ack.ids ?? []))
  })
}

/** A failure claimed over what was confirmed: certain only where the client was there to read the answers. */
function pessimism(facts: Facts, found: Finding): Finding {
  if (found.verdict !== 'fail') return { ...found, verdict: 'n/a' }
  const left = departures(facts)
  const doubtful = facts.attempts().filter((attempt) => mayHaveLeft(attempt, left))
  if (doubtful.length === 0) return found
  const because = 'A failure was claimed; a late answer may have met a client that had given up waiting.'
  return finding('unknown', because, { witnesses: found.witnesses })
}

export const committedMeansCommitted: Checker<unknown> = fromFacts((facts) => {
  const { run, word } = facts
  const asking = tested(facts).filter(({ attempt }) => asksForLanding(attempt))
  const byAcks = run.rung === 'pipe' ? [] : [ackFinding(facts)]
  const claimed = claimedIn(facts)
  const asked = claimed.within(idsOf(asking, () => true).ranges())
  if (asked.length === 0) {
    const because =
      'The client did not ask for the landing (wait=true) of what it claims: it claims no commit.'
    return merge([inapplicable(because), ...byAcks])
  }
  const told = idsOf(asking, ({ attempt }) => saysLanded(attempt))
  const gone = new IdSet(facts.landed.where(new IdSet(asked).ranges(), (rows) => rows === 0))
  const hollow = told.without(gone.ranges())
  const believed = told.within(gone.ranges())
  const witnesses = (ids: readonly IdRange[]): number[] => [
    ...word.witnesses,
    ...biographies(facts.attempts(), ids),
  ]
  return merge([
    finding('pass', `Asked for the landing, and claimed: ${named(new IdSet(asked).ranges())}.`),
    ...(hollow.length === 0
      ? []
      : [
          finding('fail', `Claimed as landed after no more than 202, and never landed: ${named(hollow)}.`, {
            witnesses: witnesses(hollow),
            records: outcomes(hollow, 'false-ack'),
          }),
        ]),
    ...(believed.length === 0
      ? []
      : [
          finding('unknown', `Said to have landed by the server, and never did: ${named(believed)}.`, {
            witnesses: witnesses(believed),
          }),
        ]),
    ...byAcks,
  ])
})

function ackFinding(facts: Facts): Finding {
  return shared(noFalseAck)(facts, undefined).finish()
}

/** A full 2xx other than 202, which says by itself that it is not done yet (RFC 9110 §15.3.3). */
function saysLanded(attempt: Attempt): boolean {
  const status = fullAnswer(attempt)?.status
  return status !== undefined && status >= 200 && status <= 299 && status !== 202
}

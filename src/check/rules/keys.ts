/**
 * Rules on idempotency keys: same_key, fresh_keys, same_body, within_window, conflict_is_delivery
 * (draft-ietf-httpapi-idempotency-key-header).
 *
 * A client that uses no key has promised nothing by one: then they are n/a. Bodies are compared where they arrived
 * whole.
 */
import type { EntryOf } from '../../entry.ts'
import { fullAnswer, takenIds } from '../../history.ts'
import { idsIn, rangesOf } from '../../record.ts'
import type { IdRange, RecordId } from '../../record.ts'
import type { Finding } from '../../verdict.ts'
import { fromFacts } from '../checker.ts'
import type { RuleChecker } from '../checker.ts'
import type { Carrier, Facts } from '../facts.ts'
import { finding, merge, named, reporter } from '../finding.ts'
import { IdSet, keyOf } from '../sets.ts'
import { confirmedAt, grouped, tested, wholeOnes } from './answers.ts'
import { oneShot } from './carriers.ts'
import { unseen } from './unseen.ts'

type Request = EntryOf<'request'>

const keyless: Finding = finding('n/a', 'The client uses no idempotency key.')

/** Why there is nothing to judge: nothing was sent, or no key is in use. */
function withoutKey(carriers: readonly Carrier[]): Finding | undefined {
  if (carriers.length === 0) return unseen
  return carriers.some(({ attempt }) => attempt.request.key !== undefined) ? undefined : keyless
}

/** Whole requests of one SHA-256, of which one has a key: all have this one. */
export const sameKey: RuleChecker<'same_key'> = fromFacts((facts) => {
  const none = withoutKey(tested(facts))
  if (none) return none
  const groups = grouped(wholeRequests(facts), ({ sha }) => sha)
  const again = [...groups.values()].filter((alike) => {
    return alike.length > 1 && alike.some(({ key }) => key !== undefined)
  })
  const wrong = again.filter((alike) => new Set(alike.map(({ key }) => key)).size > 1)
  if (again.length === 0) return finding('unknown', 'No body was sent a second time, byte for byte.')
  return agreed(again, wrong, 'Bodies sent again byte for byte', 'under another key, or none')
})

/** Whole requests of one key: all have the same SHA-256. */
export const sameBody: RuleChecker<'same_body'> = fromFacts((facts) => {
  const none = withoutKey(tested(facts))
  if (none) return none
  const comparable = facts.attempts().flatMap(({ request }) => {
    return request.complete && (request.sha !== undefined || request.bytes === 0) ? [request] : []
  })
  const again = [...grouped(comparable, ({ key }) => key).values()].filter((alike) => alike.length > 1)
  const wrong = again.filter((alike) => new Set(alike.map(({ sha }) => sha)).size > 1)
  if (again.length === 0) return finding('unknown', 'No key came a second time with a whole body.')
  return agreed(again, wrong, 'Keys that came more than once', 'with other bytes')
})

function wholeRequests(facts: Facts): Request[] {
  return wholeOnes(facts).map(({ attempt }) => attempt.request)
}

/** A finding on groups of requests that ought to be alike, in a way that some of them are not. */
function agreed(
  again: readonly Request[][],
  wrong: readonly Request[][],
  what: string,
  how: string,
): Finding {
  const because = `${what}: ${again.length}; of them ${how}: ${wrong.length}.`
  const witnesses = wrong.flatMap((alike) => alike.map(({ n }) => n))
  return finding(wrong.length > 0 ? 'fail' : 'pass', because, { witnesses })
}

/** Batches, which are sets of records, and keys are one to one; a batch that is cut up is other batches. */
export const freshKeys: RuleChecker<'fresh_keys'> = fromFacts((facts) => {
  const carriers = tested(facts)
  const none = withoutKey(carriers)
  if (none) return none
  const whole = wholeOnes(facts)
  const batches = grouped(whole, batchName)
  const keys = grouped(whole, ({ attempt }) => attempt.request.key)
  const shared = [...keys.values()].filter((alike) => new Set(alike.map(batchName)).size > 1)
  const bare = [...batches.values()].filter((alike) => {
    return alike.some(({ attempt }) => attempt.request.key === undefined)
  })
  const measured = { batches: batches.size, keys: keys.size }
  const wrong = [...shared, ...bare]
  const counts = `Batches of records: ${batches.size}, keys: ${keys.size}`
  const because = `${counts}; keys of several batches: ${shared.length}, batches that came without: ${bare.length}.`
  const witnesses = wrong.flatMap((alike) => alike.map(({ attempt }) => attempt.request.n))
  if (wrong.length > 0) return finding('fail', because, { measured, witnesses })
  if (batches.size > 1) return finding('pass', because, { measured })
  if (oneShot(facts, carriers)) return finding('n/a', 'The client sent all in one batch.', { measured })
  return finding('unknown', 'No second batch arrived whole.', { measured })
})

function batchName({ ids }: Carrier): string {
  return JSON.stringify(new IdSet(ids).ranges())
}

/** A record that was taken without the client learning of it. */
interface Doubt {
  readonly id: RecordId
  /** Nanoseconds: from when on the server knows a repeat, and from when on the client may count. */
  readonly takenAt: number
  readonly endedAt: number
}

/**
 * What was taken, and whose answer did not arrive whole, is not sent again when the server no longer knows a repeat:
 * it is told. The window runs from the take; a client that counts from the end of its attempt is in doubt, not wrong.
 */
export const withinWindow: RuleChecker<'within_window'> = fromFacts((facts, { knob, window_ms }) => {
  const carriers = tested(facts)
  if (carriers.length === 0) return unseen
  if (!facts.run.knobs.includes(knob)) return finding('n/a', `The client does not honour ${knob}.`)
  const { doubts, late, doubtful, confirmed } = throughWindow(facts, carriers, window_ms * 1e6)
  if (doubts.size === 0) return finding('unknown', 'No record was taken without a whole answer.')
  const open = new IdSet([...late.ranges(), ...doubtful.ranges()]).without(doubts.ranges())
  const unconfirmed = confirmed.without(open)
  const silent = facts.word.untold(unconfirmed)
  const report = reporter(facts.attempts(), facts.word)
  return merge([
    finding('pass', `Taken without a whole answer: ${named(doubts.ranges())}.`),
    ...report('fail', `Sent again more than ${window_ms} ms after that`, late.ranges()),
    ...report('unknown', `Sent again about ${window_ms} ms after that`, late.without(doubtful.ranges())),
    ...report('unknown', `Confirmed within ${window_ms} ms`, confirmed.within(open)),
    ...report(facts.word.over ? 'fail' : 'unknown', 'Neither confirmed nor told', silent),
  ])
})

function throughWindow(
  facts: Facts,
  carriers: readonly Carrier[],
  windowNs: number,
): { doubts: IdSet; late: IdSet; doubtful: IdSet; confirmed: IdSet } {
  const open = new Map<number, Doubt>()
  const [late, doubtful, confirmed] = [new IdSet(), new IdSet(), new IdSet()]
  for (const { attempt, ids } of carriers) {
    const { t } = attempt.request
    const earliestT = t - facts.latenessMsAt(t) * 1e6
    for (const id of idsIn(ids)) {
      const doubt = open.get(keyOf(id))
      if (doubt === undefined || t <= doubt.takenAt + windowNs) continue
      if (earliestT > doubt.endedAt + windowNs) late.add(rangesOf([id]))
      else doubtful.add(rangesOf([id]))
    }
    if (confirmedAt(attempt, facts.run.profile) !== undefined) confirmed.add(ids)
    else if (fullAnswer(attempt) === undefined) {
      const takenAt = attempt.takes.reduce((least, take) => Math.min(least, take.t), Infinity)
      const endedAt = Math.max(takenAt, attempt.sent?.t ?? t)
      for (const id of idsIn(new IdSet(ids).within(takenIds(attempt)))) {
        if (!open.has(keyOf(id))) open.set(keyOf(id), { id, takenAt, endedAt })
      }
    }
  }
  const doubts = new IdSet(rangesOf([...open.values()].map(({ id }) => id)))
  return { doubts, late, doubtful, confirmed }
}

/** After 409 to a request with a key: |R(i)| = 1, and the client does not say that the record is lost. */
export const conflictIsDelivery: RuleChecker<'conflict_is_delivery'> = fromFacts((facts) => {
  const carriers = tested(facts)
  const none = withoutKey(carriers)
  if (none) return none
  const [struck, resent] = [new IdSet(), new IdSet()]
  const conflicts = carriers.filter(({ attempt }) => {
    return attempt.request.key !== undefined && fullAnswer(attempt)?.status === 409
  })
  for (const { attempt, ids } of conflicts) {
    struck.add(ids)
    const answered = attempt.respond?.t ?? Infinity
    const later = carriers.filter(({ attempt: { request } }) => {
      return request.t - facts.latenessMsAt(request.t) * 1e6 >= answered
    })
    for (const one of later) resent.add(new IdSet(ids).within(one.ids))
  }
  if (struck.size === 0) return finding('unknown', 'No request with a key was answered 409 in full.')
  const more = facts.carried(carriers).where(struck.ranges(), (times) => times > 1)
  const report = reporter(facts.attempts(), facts.word)
  return merge([
    finding('pass', `Answered 409: ${named(struck.ranges())}.`),
    ...report('fail', 'Sent again after 409, which says that they are there', resent.ranges()),
    ...report('unknown', 'Sent again after something else', resent.without(more)),
    ...claimedLost(facts, struck.ranges(), unconfirmed(facts, carriers)),
  ])
})

function unconfirmed(facts: Facts, carriers: readonly Carrier[]): IdRange[] {
  const confirmed = new IdSet(facts.controls().ranges())
  for (const { attempt, ids } of carriers) {
    if (confirmedAt(attempt, facts.run.profile) !== undefined) confirmed.add(ids)
  }
  return confirmed.without(facts.offered.ranges())
}

/** Named as lost; or meant by a word that speaks of all, where there are no `others` that it can mean. */
function claimedLost(facts: Facts, struck: readonly IdRange[], others: readonly IdRange[]): Finding[] {
  const { word } = facts
  const report = reporter(facts.attempts(), word)
  const silent = word.untold(struck)
  const lost = new IdSet(word.names(struck))
  const meant = new IdSet([...lost.ranges(), ...silent]).without(struck)
  return [
    ...report('fail', 'Said to be lost, though 409 says that they are there', lost.ranges()),
    ...report(others.length > 0 ? 'unknown' : 'fail', 'Meant by the loss that the client speaks of', meant),
    ...report(word.over ? 'pass' : 'unknown', 'Not said to be lost', silent),
  ]
}

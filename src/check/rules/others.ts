/**
 * Rules on what goes on beside a failed request: not_starved, others_land, stops.
 */
import { failed, fullAnswer } from '../../history.ts'
import type { Attempt } from '../../history.ts'
import type { IdRange } from '../../record.ts'
import { fromFacts } from '../checker.ts'
import type { RuleChecker } from '../checker.ts'
import type { Facts } from '../facts.ts'
import { counted, finding, merge, named, reporter, shownMs } from '../finding.ts'
import { IdSet } from '../sets.ts'
import { headsWithin, judgeCount } from './carriers.ts'
import { unseen } from './unseen.ts'

/** A: the records of the first request that holds the first record. Another lands before the last attempt of A. */
export const notStarved: RuleChecker<'not_starved'> = fromFacts((facts) => {
  const carriers = facts.carriers()
  if (carriers.length === 0) return unseen
  if (facts.run.can.includes('order')) return finding('n/a', 'The client declares that it keeps the order.')
  const [[producer, seq] = [0, 0]] = facts.offers.flatMap(({ ids }) => ids)
  const head = carriers.find(({ ids }) => new IdSet(ids).has([producer, seq]))
  if (!head) return finding('unknown', 'The first record was never sent.')
  const batch = new IdSet(head.ids)
  const others = new IdSet(batch.without(facts.offered.ranges()))
  if (others.size === 0) return finding('n/a', 'One request carried every record; there were no others.')
  const tries = carriers.filter(({ ids }) => batch.within(ids).length > 0)
  const last = tries.at(-1)?.attempt.request
  if (!last || tries.length < 2 || !tries.some(({ attempt }) => failed(attempt))) {
    const because = `The batch of the first record was carried by ${counted(tries.length, 'request')}`
    return finding('unknown', `${because}, and did not fail and come again.`)
  }
  const landing = facts
    .all('land')
    .find(({ ids, error }) => error === undefined && others.within(ids).length > 0)
  const against = `the last attempt of the first batch, request ${last.req}, came at ${shownMs(last.t)}`
  if (landing && landing.t < last.t) {
    const because = `Others landed from ${shownMs(landing.t)} on; ${against}.`
    return finding('pass', because, { witnesses: [landing.n, last.n] })
  }
  const sent = carriers.find(({ ids }) => batch.within(ids).length === 0)
  const witnesses = [...tries.map(({ attempt }) => attempt.request.n), ...(landing ? [landing.n] : [])]
  if (sent && sent.attempt.request.t < last.t) {
    const because = `Others were sent by themselves before that, and had not landed: ${against}.`
    return finding('unknown', because, { witnesses: [sent.attempt.request.n, ...witnesses] })
  }
  const because = `No other record landed before that: ${against}.`
  return finding(facts.word.over ? 'fail' : 'unknown', because, { witnesses })
})

/** K = 1 of every record that was in no request answered so. */
export const othersLand: RuleChecker<'others_land'> = fromFacts((facts, { after }) => {
  const carriers = facts.carriers()
  if (carriers.length === 0) return unseen
  const refused = carriers.filter(({ attempt }) => fullAnswer(attempt)?.status === after)
  if (refused.length === 0) return finding('unknown', `No request was answered ${after}.`)
  const others = new IdSet(refused.flatMap(({ ids }) => ids)).without(facts.offered.ranges())
  if (others.length === 0) return finding('n/a', `Every record was in a request answered ${after}.`)
  const report = reporter(facts.attempts(), facts.word)
  const rows = (test: (count: number) => boolean): IdRange[] => facts.landed.where(others, test)
  const so = `in no request answered ${after}`
  return merge([
    finding('pass', `Landed once, and ${so}: ${named(rows((count) => count === 1))}.`),
    ...report(
      facts.word.over ? 'fail' : 'unknown',
      `Never landed, though ${so}`,
      rows((count) => count === 0),
    ),
    ...report(
      'fail',
      `Landed more than once, ${so}`,
      rows((count) => count > 1),
    ),
  ])
})

/**
 * Once the `seen`-th such answer has been sent, at most so many requests that carry records follow. What a client with
 * several workers has on its way is accepted and read one after the other, which no timer of ours shows: the first
 * request of a connection that was open by then does not count, and that of a later one is in doubt while another that
 * was opened before it is unanswered.
 */
export const stops: RuleChecker<'stops'> = fromFacts((facts, { after, seen, at_most }) => {
  const carriers = facts.carriers()
  if (carriers.length === 0) return unseen
  const times = carriers.flatMap(({ attempt }) =>
    attempt.sent && fullAnswer(attempt)?.status === after ? [attempt.sent.t] : [],
  )
  const known = times.sort((a, b) => a - b)[seen - 1]
  if (known === undefined) {
    const because = `${counted(times.length, 'answer')} of ${after} came; the client is to know after ${seen}.`
    return finding('n/a', because)
  }
  const { surely, perhaps } = underWay(facts, known)
  const later = headsWithin(facts, known)
  const all = later.all.filter(({ attempt }) => !surely.has(attempt))
  const sure = later.sure.filter(({ attempt }) => !surely.has(attempt) && !perhaps.has(attempt))
  const because = `${counted(all.length, 'request')} came after answer ${seen} of ${after}; at most ${at_most} allowed.`
  return { ...judgeCount({ all, sure }, at_most, because), measured: { requestsAfter: all.length } }
})

/** First requests of connections, which the client sent before `t`, or may have. */
function underWay(facts: Facts, t: number): { surely: Set<Attempt>; perhaps: Set<Attempt> } {
  const first = new Map<number, Attempt>()
  for (const attempt of [...facts.attempts()].reverse()) first.set(attempt.request.conn, attempt)
  const closed = new Map(facts.all('close').map(({ conn, t: at }) => [conn, at]))
  const [surely, perhaps] = [new Set<Attempt>(), new Set<Attempt>()]
  let pendingUntil = 0
  for (const open of facts.all('open')) {
    const attempt = first.get(open.conn)
    if (attempt && open.t <= t) surely.add(attempt)
    else if (attempt && open.t < pendingUntil) perhaps.add(attempt)
    pendingUntil = Math.max(pendingUntil, attempt?.sent?.t ?? closed.get(open.conn) ?? Infinity)
  }
  return { surely, perhaps }
}

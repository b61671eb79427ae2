/**
 * Rules on how much a client sends while the server is down or asks for less: calm_in_outage, calm_after,
 * limited_gap, rate.
 *
 * Counts of requests are bounds from above. A head is never seen too early, so what came before a time surely did;
 * what came after an answer may have been on its way, as far as the harness's lateness reaches.
 */
import type { EntryOf } from '../../entry.ts'
import { failed, fullAnswer } from '../../history.ts'
import { retries } from '../../profile.ts'
import type { Finding } from '../../verdict.ts'
import { fromFacts } from '../checker.ts'
import type { RuleChecker } from '../checker.ts'
import type { Carrier, Facts } from '../facts.ts'
import { counted, finding, merge, shownMs } from '../finding.ts'
import { IdSet } from '../sets.ts'
import { headsWithin, judgeCount, oneShot } from './carriers.ts'
import { unseen } from './unseen.ts'
import { figures, heldGaps, judgeGaps } from './waits.ts'

/** Failed requests that came before the end of the outage, on the run's clock: <= workers * attempts.max. */
export const calmInOutage: RuleChecker<'calm_in_outage'> = fromFacts((facts, { until_s, workers, knob }) => {
  const carriers = facts.carriers()
  if (carriers.length === 0) return unseen
  if (knob !== undefined && !facts.run.knobs.includes(knob)) {
    return finding('n/a', `The client does not honour ${knob}: how many workers it has is not known.`)
  }
  const within = carriers.filter(({ attempt }) => failed(attempt) && attempt.request.t < until_s * 1e9)
  if (within.length === 0) return finding('unknown', `No request failed in the first ${until_s} s.`)
  const { max } = facts.run.profile.attempts
  const count = counted(within.length, 'request')
  const because = `${count} failed in the first ${until_s} s; ${workers} × ${max} allowed.`
  const measured = { requestsInOutage: within.length }
  return { ...judgeCount({ all: within, sure: within }, workers * max, because), measured }
})

/** An answer with Retry-After, whose request it was, and the time in which nothing may be sent. */
interface Quiet {
  readonly answer: EntryOf<'respond'>
  readonly limited: Carrier
  readonly from: number
  readonly until: number
}

/** No carrier's head between an answer with Retry-After, and the grace, and that share of the time. */
export const calmAfter: RuleChecker<'calm_after'> = fromFacts((facts, { share, grace_ms }) => {
  const carriers = facts.carriers()
  if (carriers.length === 0) return unseen
  const quiets = carriers.flatMap((limited): Quiet[] => {
    const answer = fullAnswer(limited.attempt)
    if (answer?.retryAfterMs === undefined || !limited.attempt.sent) return []
    const from = limited.attempt.sent.t + grace_ms * 1e6
    const until = answer.t + share * answer.retryAfterMs * 1e6
    return until > from ? [{ answer, limited, from, until }] : []
  })
  if (quiets.length === 0) return finding('unknown', 'No answer asked for a time without requests.')
  const found = merge(quiets.map((quiet) => judgeQuiet(facts, quiet)))
  if (found.verdict !== 'pass' || quiets.some((quiet) => hadMore(facts, quiet))) return found
  return facts.word.over
    ? finding('n/a', 'No request with other records followed an answer with Retry-After.')
    : finding('unknown', 'No request with other records has followed an answer with Retry-After yet.')
})

function judgeQuiet(facts: Facts, { answer, from, until }: Quiet): Finding {
  const seen = headsWithin(facts, from, until)
  const asked = `${answer.retryAfterMs} ms were asked for by the answer to request ${answer.req}`
  const [first] = seen.sure.length > 0 ? seen.sure : seen.all
  if (!first) return finding('pass', `No request came until ${shownMs(until)}; ${asked}.`)
  const { request } = first.attempt
  const came = `request ${request.req} came ${shownMs(request.t - answer.t)} after it`
  const because = `${counted(seen.all.length, 'request')} too early: ${asked}, ${came}.`
  return judgeCount(seen, 0, because)
}

/** Whether a request with other records than the limited one came after the answer. */
function hadMore(facts: Facts, { limited, from }: Quiet): boolean {
  const own = new IdSet(limited.ids)
  return headsWithin(facts, from).all.some(({ ids }) => own.without(ids).length > 0)
}

/** Every gap after a full 429 without Retry-After >= the profile's least gap, less the slack. */
export const limitedGap: RuleChecker<'limited_gap'> = fromFacts((facts, { slack_ms }) => {
  if (facts.carriers().length === 0) return unseen
  const { profile } = facts.run
  const boundMs = profile.on429.withoutRetryAfter.minGapMs - slack_ms
  const found = heldGaps(facts, ({ status, retryAfterMs }) =>
    status === 429 && retryAfterMs === undefined ? boundMs : undefined,
  )
  if (found.length > 0) return { ...judgeGaps(found, slack_ms), measured: figures(found) }
  if (!retries(profile, 429)) return finding('n/a', `Profile ${profile.name} does not retry 429.`)
  return finding('unknown', 'No attempt was seen after 429 without Retry-After.')
})

/** Carriers from the first 429 to the end of the limit, by the seconds between: <= per_s_max. */
export const rate: RuleChecker<'rate'> = fromFacts((facts, { per_s_max, until_s }) => {
  const carriers = facts.carriers()
  if (carriers.length === 0) return unseen
  const limited = carriers.flatMap(({ attempt }) =>
    attempt.sent && fullAnswer(attempt)?.status === 429 ? [attempt.sent.t] : [],
  )
  const from = limited.reduce((a, b) => Math.min(a, b), Infinity)
  const seconds = until_s - from / 1e9
  const alone = oneShot(facts, carriers)
  if (!Number.isFinite(from) && alone) {
    return finding('n/a', 'One request carried every record; there was no stream of them to slow.')
  }
  if (seconds <= 0) {
    const because = `No request was answered 429 in the first ${until_s} s.`
    return finding(alone ? 'n/a' : 'unknown', because)
  }
  const seen = headsWithin(facts, from, until_s * 1e9)
  const perS = seen.all.length / seconds
  const count = counted(seen.all.length, 'request')
  const because = `${count} in the ${seconds.toFixed(1)} s from the first 429 on; ${per_s_max}/s allowed.`
  const judged = { ...judgeCount(seen, per_s_max * seconds, because), measured: { requestsPerS: perS } }
  if (judged.verdict !== 'pass' || !alone) return judged
  return finding('n/a', 'One request carried every record; there was no stream of them to slow.')
})

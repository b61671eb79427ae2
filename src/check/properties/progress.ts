/**
 * I22 progress, I23 head-of-line isolation, I24 bounded staleness.
 *
 * An upper time bound convicts nobody, so I22 is an order of facts: after the last fault records land, or
 * the client ends; one that was still running when its budget was over, long after the last fault and the
 * last wait that the server had asked for, with records unsent and untold, has stopped. I23: 1. a poison is
 * a logical request that only failed, while no other failed: it was refused for what it holds, or others
 * were confirmed meanwhile, or it was tried more often than the profile has it; less could be an outage; 2.
 * the records outside of it are sent. A client that keeps the order has to wait, and one that is denied by
 * 401 or 403 is right to stop. I24: the greatest age of a record at its landing is measured; no bound is
 * declared anywhere.
 */
import { failed, fullAnswer } from '../../history.ts'
import { fromFacts } from '../checker.ts'
import type { Checker } from '../checker.ts'
import type { Carrier, Facts } from '../facts.ts'
import { counted, finding, merge, named, outcomes, reporter } from '../finding.ts'
import { confirmedAt, tested } from '../rules/answers.ts'
import { IdSet } from '../sets.ts'
import { absent, chains, hindrance, idsOf, inapplicable, offeredTo, refusedBy } from './attempts.ts'
import { firstLandings } from './order.ts'

/** So long after all was well a client that is at work has done something, in nanoseconds. */
const quietNs = 10e9

export const progress: Checker<unknown> = fromFacts((facts) => {
  const { word } = facts
  if (facts.offered.size === 0) return inapplicable('No record was offered.')
  if (!word.over) return finding('unknown', `The client's end was not seen: ${word.shown}.`)
  const missing = word.untold(facts.controls().without(facts.missing()))
  if (word.stuck && missing.length > 0) return standstill(facts, missing)
  const lastFault = facts.all('fault').at(-1)
  if (!lastFault) return inapplicable('No fault struck: there was nothing to recover from.')
  const after = firstLandings(facts).filter(({ land }) => land.t > lastFault.t)
  if (after.length === 0)
    return inapplicable('After the last fault nothing was left to land, or all was told.')
  return finding('pass', `After the last fault ${counted(after.length, 'landing')} came.`)
})

/** Faults that can hold up everything for longer than a client has. */
const mayLast: readonly string[] = [
  'connection_refused',
  'slow_accept',
  'backlog_full',
  'bandwidth',
  'chunked_dribble',
]

function standstill(facts: Facts, missing: ReturnType<Facts['missing']>): ReturnType<typeof finding> {
  const { word } = facts
  const until = word.stuck?.t ?? 0
  const lasting = facts.all('fault').some(({ planned }) => {
    const stalls = planned.type === 'stall' || planned.type === 'upload_stall'
    return mayLast.includes(planned.type) || (stalls && planned['for_ms'] === undefined)
  })
  const waits = facts.attempts().map((attempt) => {
    const answer = fullAnswer(attempt)
    return answer ? answer.t + (answer.retryAfterMs ?? 0) * 1e6 : 0
  })
  const wellSince = [...waits, ...facts.all('fault').map(({ t }) => t)].reduce((a, b) => Math.max(a, b), 0)
  const because = `Still due when the client's time was over: ${named(missing)}; ${word.shown}.`
  const witnesses = word.witnesses
  const records = outcomes(missing, 'lost-silent')
  if (!lasting && until - wellSince >= quietNs) return finding('fail', because, { witnesses, records })
  const doubt = lasting
    ? 'a fault lasted to the end'
    : 'faults, or waits they asked for, lasted almost to the end'
  return finding('unknown', `${because} But ${doubt}.`, { witnesses })
}

export const isolation: Checker<unknown> = fromFacts((facts) => {
  const { can } = facts.run
  if (can.includes('order') || can.includes('ordered')) {
    return inapplicable('The client keeps the order: what is behind a batch has to wait for it.')
  }
  const poison = poisonOf(facts)
  if (poison.length === 0) return inapplicable('Not one batch alone was seen to fail for good.')
  const own = idsOf(poison, () => true)
  const others = own.without(offeredTo(facts).ranges())
  if (others.length === 0) return inapplicable('One batch held every record: there were none behind it.')
  const hindered = hindrance(facts)
  if (hindered !== undefined && !facts.word.stuck) {
    return inapplicable(`What was behind the batch was not seen to the end: ${hindered}.`)
  }
  const sent = idsOf(tested(facts), () => true)
  const unsent = sent.without(others)
  const report = reporter(facts.attempts(), facts.word)
  return merge([
    finding(
      'pass',
      `One batch failed ${poison.length}×; sent all the same: ${named(new IdSet(unsent).without(others))}.`,
    ),
    ...report(absent(facts), `Never sent, behind a batch that failed ${poison.length}×`, unsent),
  ])
})

/** The attempts of the one logical request that failed to its end, where no other did. */
function poisonOf(facts: Facts): readonly Carrier[] {
  const { profile } = facts.run
  const failing = chains(facts).filter((chain) => chain.some(({ attempt }) => failed(attempt)))
  const [poison] = failing
  if (!poison || failing.length > 1 || poison.some(({ attempt }) => !failed(attempt))) return []
  if (poison.some(({ attempt }) => [401, 403].includes(fullAnswer(attempt)?.status ?? 0))) return []
  const refused = poison.some(({ attempt }) => refusedBy(attempt, profile) !== undefined)
  const since = poison[0]?.attempt.sent?.t ?? Infinity
  const beside = tested(facts).some(({ attempt }) => (confirmedAt(attempt, profile) ?? -1) > since)
  const often = poison.length >= profile.attempts.min && (beside || poison.length > profile.attempts.max)
  return refused || often ? poison : []
}

export const staleness: Checker<unknown> = fromFacts((facts) => {
  const offers = [...facts.offers].sort((a, b) => b.t - a.t).map(({ t, ids }) => ({ t, of: new IdSet(ids) }))
  let stalenessMsMax = 0
  for (const { land, ids } of firstLandings(facts)) {
    const offer = offers.find((one) => one.t <= land.t && one.of.within(ids).length > 0)
    if (offer) stalenessMsMax = Math.max(stalenessMsMax, (land.t - offer.t) / 1e6)
  }
  const measured = facts.landed.seen > 0 ? { stalenessMsMax } : {}
  return inapplicable('No bound is declared: the greatest age of a record at its landing is measured.', {
    measured,
  })
})

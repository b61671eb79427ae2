/**
 * Rules on how the waits between attempts develop: gaps_grow, gaps_spread, gaps_capped, backoff_resets, one_layer.
 *
 * A client's gaps are those of the record that it was offered first: from each error answer to a request that carries
 * it to the next that does. They can only be over-measured; where that could turn the verdict it is unknown.
 */
import { failed, fullAnswer } from '../../history.ts'
import { retries } from '../../profile.ts'
import { idsIn, includesId } from '../../record.ts'
import type { RecordId } from '../../record.ts'
import type { Finding } from '../../verdict.ts'
import { fromFacts } from '../checker.ts'
import type { RuleChecker } from '../checker.ts'
import type { Facts } from '../facts.ts'
import { counted, finding, merge } from '../finding.ts'
import { IdCounts, IdSet } from '../sets.ts'
import { nextCarriers, oneShot } from './carriers.ts'
import { layersOf } from './layers.ts'
import type { Span } from './layers.ts'
import { unseen } from './unseen.ts'
import { waitBetween, witnessesOf } from './waits.ts'
import type { Wait } from './waits.ts'

/** After each request that carries the record but the last: the wait, or undefined where no error answer came. */
function stepsOf(facts: Facts, id: RecordId): (Wait | undefined)[] {
  const own = facts.carriers().filter(({ ids }) => includesId(ids, id))
  return own.slice(1).map(({ attempt }, i) => {
    const answer = fullAnswer((own[i] as (typeof own)[number]).attempt)
    return answer && answer.status >= 400 ? waitBetween(facts, answer, attempt.request) : undefined
  })
}

function waitsOf(facts: Facts, id: RecordId): Wait[] {
  return stepsOf(facts, id).flatMap((wait) => wait ?? [])
}

/** Of each producer that is no measure of ours, the record that was offered first. */
function firstRecords({ offers }: Facts): RecordId[] {
  const first = new Map<number, RecordId>()
  for (const { control, ids } of offers) {
    for (const [producer, seq] of control ? [] : ids) {
      if (!first.has(producer)) first.set(producer, [producer, seq])
    }
  }
  return [...first.values()]
}

/** By rank, between the neighbours in proportion. */
function quantile(values: readonly number[], at: number): number {
  const ordered = [...values].sort((a, b) => a - b)
  const place = at * (ordered.length - 1)
  const [low, high] = [ordered[Math.floor(place)] ?? 0, ordered[Math.ceil(place)] ?? 0]
  return low === high ? low : low + (high - low) * (place - Math.floor(place))
}

/** Median over the clients with enough gaps of last gap by first gap >= factor. */
export const gapsGrow: RuleChecker<'gaps_grow'> = fromFacts((facts, { factor, gaps_min }) => {
  if (facts.carriers().length === 0) return unseen
  const clients = firstRecords(facts).map((id) => waitsOf(facts, id))
  const counting = clients.filter((waits) => waits.length >= gaps_min)
  if (counting.length === 0) {
    const most = clients.reduce((least, { length }) => Math.max(least, length), 0)
    return finding('unknown', `No client waited ${gaps_min} times after an error answer; ${most} at most.`)
  }
  const ends = counting.map((waits) => ({ first: waits[0] as Wait, last: waits.at(-1) as Wait }))
  const median = (figure: (end: { first: Wait; last: Wait }) => number): number =>
    quantile(ends.map(figure), 0.5)
  const ratio = median(({ first, last }) => ratioOf(last.ms, first.ms))
  const least = median(({ first, last }) => ratioOf(shortest(last), first.ms))
  const most = median(({ first, last }) => ratioOf(last.ms, shortest(first)))
  const so = `the last gap is ${ratio.toFixed(2)} × the first`
  const because = `In the median of ${counted(ends.length, 'client')} ${so}; ${factor} wanted.`
  const measured = {
    ...(Number.isFinite(ratio) ? { gapGrowth: ratio } : {}),
    gapMsFirst: median(({ first }) => first.ms),
    gapMsLast: median(({ last }) => last.ms),
  }
  const witnesses = witnessesOf(ends.flatMap(({ first, last }) => [first, last]))
  return judged(least >= factor, most < factor, because, { measured, witnesses })
})

function ratioOf(last: number, first: number): number {
  if (first > 0) return last / first
  return last > 0 ? Infinity : 1
}

function judged(holds: boolean, broken: boolean, because: string, more: Partial<Finding>): Finding {
  const { measured = {}, witnesses = [] } = more
  if (holds) return finding('pass', because, { measured })
  if (broken) return finding('fail', because, { measured, witnesses })
  return finding('unknown', `${because} The harness's own lateness leaves a doubt.`, { measured, witnesses })
}

/** (p90 - p10) of the clients' first gaps, less the same of the control's, >= share * median. */
export const gapsSpread: RuleChecker<'gaps_spread'> = fromFacts((facts, { share, clients_min }) => {
  if (facts.carriers().length === 0) return unseen
  const firstOf = (id: RecordId): Wait[] => waitsOf(facts, id).slice(0, 1)
  const clients = firstRecords(facts).flatMap(firstOf)
  const control = [...idsIn(facts.controls().ranges())].flatMap(firstOf)
  // The same number of both: the spread of a few is less than that of many.
  if (Math.min(clients.length, control.length) < clients_min) {
    const seen = `${counted(clients.length, 'client')} waited after an error answer, the control ${control.length}×`
    return finding('unknown', `${seen}; ${clients_min} needed of both.`)
  }
  const [spread, constant] = [spreadOf(clients), spreadOf(control)]
  const median = quantile(clients.map(longest), 0.5)
  const ms = (value: number): string => `${value.toFixed(1)} ms`
  const beside = `${ms(spread.ms)} from p10 to p90, ${ms(constant.ms)} with a constant delay`
  const because = `First gaps spread by ${beside}; ${share} × the median of ${ms(median)} wanted beyond that.`
  const measured = { gapMsP50: median, gapMsSpread: spread.ms, gapMsSpreadControl: constant.ms }
  const holds = spread.leastMs - constant.ms >= share * median
  const broken = spread.mostMs - constant.leastMs < share * quantile(clients.map(shortest), 0.5)
  return judged(holds, broken, because, { measured, witnesses: witnessesOf(clients) })
})

const longest = ({ ms }: Wait): number => ms
const shortest = ({ ms, latenessMs }: Wait): number => Math.max(0, ms - latenessMs)

/** p90 - p10 as measured; the least and the most that it can be, as the gaps may have been over-measured. */
function spreadOf(waits: readonly Wait[]): { ms: number; leastMs: number; mostMs: number } {
  const [most, least] = [waits.map(longest), waits.map(shortest)]
  return {
    ms: quantile(most, 0.9) - quantile(most, 0.1),
    leastMs: Math.max(0, quantile(least, 0.9) - quantile(most, 0.1)),
    mostMs: quantile(most, 0.9) - quantile(least, 0.1),
  }
}

/** Every gap <= factor * cap, where the client honours the knob. */
export const gapsCapped: RuleChecker<'gaps_capped'> = fromFacts((facts, { knob, cap_ms, factor }) => {
  if (facts.carriers().length === 0) return unseen
  const waits = firstRecords(facts).flatMap((id) => waitsOf(facts, id))
  if (waits.length === 0) return finding('unknown', 'No attempt was seen after an error answer.')
  const gapMsMax = waits.reduce((most, { ms }) => Math.max(most, ms), 0)
  const measured = { gapMsMax }
  const because = `The longest of ${counted(waits.length, 'gap')} lasted ${gapMsMax.toFixed(1)} ms`
  if (!facts.run.knobs.includes(knob)) {
    return finding('n/a', `The client does not honour ${knob}. ${because}.`, { measured })
  }
  const capMs = factor * cap_ms
  const beyond = waits.filter(({ ms }) => ms > capMs)
  const surely = beyond.some((wait) => shortest(wait) > capMs)
  const more = { measured, witnesses: witnessesOf(beyond) }
  return judged(beyond.length === 0, surely, `${because}; ${capMs} ms allowed.`, more)
})

/** After a success, an error answer is followed by another attempt with its records; the gap stands by the first. */
export const backoffResets: RuleChecker<'backoff_resets'> = fromFacts((facts) => {
  const { profile } = facts.run
  const carriers = facts.carriers()
  if (carriers.length === 0) return unseen
  if (oneShot(facts, carriers)) {
    return finding('n/a', 'One request carried every record; nothing was left to fail after its success.')
  }
  const success = carriers
    .flatMap(({ attempt }) => (failed(attempt) ? [] : (attempt.sent?.t ?? [])))
    .reduce((a, b) => Math.min(a, b), Infinity)
  const tried = new IdCounts(facts.offered)
  const missing = new IdSet(facts.missing())
  const nexts = nextCarriers(carriers)
  const steps = carriers.flatMap(({ attempt, ids }, i) => {
    tried.add(ids)
    const answer = fullAnswer(attempt)
    if (!answer || answer.status < 400 || !retries(profile, answer.status)) return []
    const next = carriers[nexts[i]?.[0] ?? -1]?.attempt.request
    // A batch that has been tried often enough may be given up; one that another request delivered is settled.
    const due = missing.within(tried.where(ids, (times) => times < profile.attempts.min)).length > 0
    return next || due ? [{ answer, wait: next && waitBetween(facts, answer, next) }] : []
  })
  const later = steps.filter(({ answer }) => answer.t > success)
  if (later.length === 0) return finding('unknown', 'No error answer came after a success.')
  const first = steps.find(({ wait }) => wait)?.wait
  const again = later.find(({ wait }) => wait)?.wait
  const measured = {
    ...(first ? { gapMsFirst: first.ms } : {}),
    ...(again ? { gapMsAfterSuccess: again.ms } : {}),
  }
  const dropped = later.filter(({ wait }) => !wait)
  if (dropped.length > 0) {
    const because = `${counted(dropped.length, 'error answer')} after a success, and no attempt followed.`
    const witnesses = dropped.map(({ answer }) => answer.n)
    return finding(facts.word.over ? 'fail' : 'unknown', because, { measured, witnesses })
  }
  const because = `${counted(later.length, 'error answer')} after a success, each followed by another attempt.`
  return finding('pass', because, { measured })
})

/** The gaps show one layer of retries (`layers.ts`). */
export const oneLayer: RuleChecker<'one_layer'> = fromFacts((facts) => {
  if (facts.carriers().length === 0) return unseen
  const clients = firstRecords(facts).map((id) => stepsOf(facts, id))
  const found = clients.flatMap((steps): Finding[] => {
    const waits = steps.flatMap((wait) => wait ?? [])
    if (steps.length === 0) return []
    if (waits.length < steps.length) return [finding('unknown', 'An attempt was not answered by an error.')]
    return [judgeLayers(waits)]
  })
  return found.length > 0 ? merge(found) : finding('unknown', 'No second attempt was seen.')
})

function judgeLayers(waits: readonly Wait[]): Finding {
  const layers = layersOf(waits.map(spanOf))
  const gapsShown = waits.map(({ ms }) => ms.toFixed(0)).slice(0, gapsNamed)
  const gaps = `${gapsShown.join(', ')}${waits.length > gapsNamed ? ', …' : ''} ms`
  if (layers.found === 'one') return finding('pass', `The gaps are one sequence: ${gaps}.`)
  const bursts = `bursts of ${layers.tries} tries, parted by a longer wait ${layers.separators}×: ${gaps}`
  const witnesses = witnessesOf(waits)
  if (layers.found === 'nested') return finding('fail', `Retries in two layers: ${bursts}.`, { witnesses })
  return finding('unknown', `It may be chance, or the harness's lateness: ${bursts}.`, { witnesses })
}

/** Gaps that are spelled out in a sentence. */
const gapsNamed = 12

/** A 429 asks for a wait by itself. */
function spanOf(wait: Wait): Span {
  const { retryAfterMs = 0, status } = wait.answer
  return { leastMs: shortest(wait), mostMs: longest(wait), asked: retryAfterMs > 0 || status === 429 }
}

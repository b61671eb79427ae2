/**
 * I10 Retry-After is obeyed, I11 backoff grows, I12 no retry storm.
 *
 * I10 is the analysis of the rule retry_after, by record. I11 looks at the gaps between the attempts of one
 * logical request: 1. after an error answer none is shorter than 25 ms, or half of the least that was wished
 * for; 2. in the median a gap is at least half of the one before it; 3. gaps that stay equal over four
 * attempts do not grow; 4. the first gaps of eight clients or more differ. While the server has asked for
 * calm, by Retry-After or a 429, a gap shows the server's mind: such gaps count for 1 alone. I12: 1.
 * inv.no-hot-loop; 2. retries of all logical requests together: no second holds more of them than the
 * profile's most attempts for each request that is retried in it.
 */
import { failed, fullAnswer } from '../../history.ts'
import type { Attempt } from '../../history.ts'
import { limits } from '../../limits.ts'
import type { IdRange } from '../../record.ts'
import type { Finding } from '../../verdict.ts'
import { fromFacts } from '../checker.ts'
import type { Checker } from '../checker.ts'
import type { Carrier, Facts } from '../facts.ts'
import { counted, finding, merge } from '../finding.ts'
import { noHotLoop } from '../no-hot-loop.ts'
import { tested } from '../rules/answers.ts'
import { retryAfter } from '../rules/waits.ts'
import { IdSet } from '../sets.ts'
import { chains, failedForNow, inapplicable, pairs, wished } from './attempts.ts'

/** How much earlier than Retry-After a request may come: clocks and timers differ by that. */
const retrySlackMs = 50
const floorMs = 25
/** Within this a timer repeats itself: milliseconds, or a share where that is more. */
const equalMs = 10
const equalShare = 0.05
/** What jitter commonly leaves of a wait (AWS, "Exponential Backoff and Jitter": equal jitter). */
const jitterLeast = 0.5
const gapsMin = 3
const stepsMin = 3
const clientsMin = 8
/** What tells a chosen spread from that of timers and of the network. */
const lockStepMs = 5

export const retryAfterObeyed: Checker<unknown> = fromFacts((facts) => {
  const asked = tested(facts).filter(({ attempt }) => {
    const answer = fullAnswer(attempt)
    return answer?.retryAfterMs !== undefined && answer.status >= 300
  })
  if (asked.length === 0) return inapplicable('No answer asked for a wait by Retry-After.')
  const found = retryAfter(facts, { use: 'retry_after', slack_ms: retrySlackMs }).finish()
  const unmet = found.verdict === 'unknown' && found.witnesses.length === 0
  return unmet ? inapplicable('After Retry-After its records were not sent again.') : found
})

interface Gap {
  readonly from: Attempt
  readonly to: Attempt
  readonly ms: number
  readonly latenessMs: number
  /** Whether the client chose it: no Retry-After or limit of rate fell into it. */
  readonly own: boolean
}

export const backoff: Checker<unknown> = fromFacts((facts) => {
  const calm = calmOf(facts)
  const all = chains(facts).map((chain) => gapsOf(facts, chain, calm))
  const gaps = all.flat()
  if (gaps.length === 0) return inapplicable('Nothing that failed was sent again, so no wait was seen.')
  const gapMs = gaps.map(({ ms }) => ms)
  const measured = { gapMsMin: least(gapMs), gapMsMax: greatest(gapMs) }
  const own = all.map((chain) => chain.filter((gap) => gap.own))
  return merge([
    finding('pass', `${counted(gaps.length, 'gap')} between attempts of one request.`, { measured }),
    ...tooShort(facts, gaps),
    ...shrinking(own),
    ...constant(own, wished(facts, 'retry.max_ms')),
    ...lockStep(facts, own),
  ])
})

/** Nanoseconds. */
interface Span {
  readonly from: number
  readonly to: number
}

/** While the server had asked for calm, whoever it had asked: a client may hold all its requests back. */
function calmOf(facts: Facts): Span[] {
  const { minGapMs } = facts.run.profile.on429.withoutRetryAfter
  const spans = facts.attempts().flatMap((attempt): Span[] => {
    const answer = fullAnswer(attempt)
    const ms = answer?.retryAfterMs ?? (answer?.status === 429 ? minGapMs : undefined)
    return answer && ms !== undefined ? [{ from: answer.t, to: answer.t + ms * 1e6 }] : []
  })
  const merged: Span[] = []
  for (const span of spans.sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1)
    if (last && span.from <= last.to)
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, span.to) }
    else merged.push(span)
  }
  return merged
}

/**
 * The gaps after each failure of a chain. A later attempt that did not await the answer has not waited; where there
 * was none and the client came again before the exchange ended, it had given up at a time that nobody saw. Attempts
 * whose body did not come whole are in no chain; a gap that one of them falls into is none.
 */
function gapsOf(facts: Facts, chain: readonly Carrier[], calm: readonly Span[]): Gap[] {
  const cut = facts.carriers().filter(({ attempt }) => !attempt.request.complete)
  return pairs(chain).flatMap(([{ attempt: from, ids }, { attempt: to }]): Gap[] => {
    if (!failedForNow(from, facts.run.profile)) return []
    if (cut.some((other) => isBetween(other, from, to) && touches(other, ids))) return []
    const answer = fullAnswer(from)
    const start = answer?.t ?? from.sent?.t
    if (start === undefined || (!answer && start > to.request.t)) return []
    const ms = Math.max(0, to.request.t - start) / 1e6
    const own = !calm.some((span) => span.from <= to.request.t && start <= span.to)
    return [{ from, to, ms, latenessMs: facts.latenessMsAt(to.request.t), own }]
  })
}

function isBetween({ attempt: { request } }: Carrier, from: Attempt, to: Attempt): boolean {
  return from.request.t <= request.t && request.t <= to.request.t
}

function touches(carrier: Carrier, ids: readonly IdRange[]): boolean {
  return new IdSet(carrier.ids).within(ids).length > 0
}

/** After a cut the harness may learn of the end later than the client: only answers convict. */
function tooShort(facts: Facts, gaps: readonly Gap[]): Finding[] {
  const wish = wished(facts, 'retry.base_ms') ?? Infinity
  const leastMs = Math.min(floorMs, wish / 2)
  const short = gaps.filter(({ from, ms }) => fullAnswer(from) && ms < leastMs)
  const [first] = [...short].sort((a, b) => a.ms - b.ms)
  if (!first) return []
  const because = `${counted(short.length, 'gap')} below ${leastMs} ms; the shortest: ${shownGap(first)}.`
  return [finding('fail', because, { witnesses: witnessesOf(short) })]
}

function shrinking(all: readonly (readonly Gap[])[]): Finding[] {
  const steps = all.flatMap((gaps) =>
    gaps.slice(1).map((gap, i) => ({ gap, before: gaps[i] as Gap, ratio: gap.ms / (gaps[i] as Gap).ms })),
  )
  if (steps.length < stepsMin) return []
  const median = middle(steps.map(({ ratio }) => ratio))
  if (median >= 0.5) return []
  // What the harness saw late may have stretched the gap before.
  const sure = middle(steps.map(({ gap, before }) => gap.ms / Math.max(1, before.ms - before.latenessMs)))
  const because = `In the median a gap is ${median.toFixed(2)} of the one before it; half of it is the least.`
  const witnesses = witnessesOf(steps.filter(({ ratio }) => ratio < 0.5).map(({ gap }) => gap))
  return [finding(sure < 0.5 ? 'fail' : 'unknown', because, { witnesses })]
}

/**
 * Jitter makes gaps differ, growth does, and so does lateness: only what is equal all along is constant. What
 * has reached the cap that was wished for, less its jitter, need not grow: the attempts before may have met a closed
 * port, where nobody saw them.
 */
function constant(all: readonly (readonly Gap[])[], capMs: number | undefined): Finding[] {
  const long = all.filter((gaps) => gaps.length >= gapsMin)
  const equal = long.filter((gaps) => {
    const ms = gaps.map((gap) => gap.ms)
    const slackMs = Math.max(equalMs, equalShare * least(ms))
    const capped = capMs !== undefined && least(ms) >= capMs * jitterLeast - slackMs
    return !capped && greatest(ms) - least(ms) <= slackMs
  })
  const [first] = equal
  if (!first || equal.length < long.length) return []
  const shown = first.map(({ ms }) => ms.toFixed(0)).join(', ')
  const doubt = equal.flat().some(({ latenessMs }) => latenessMs > equalMs)
  const because = `The gaps do not grow: ${shown} ms.`
  return [finding(doubt ? 'unknown' : 'fail', because, { witnesses: witnessesOf(equal.flat()) })]
}

/** The first gaps of many clients, each its own producer. */
function lockStep(facts: Facts, all: readonly (readonly Gap[])[]): Finding[] {
  const firsts = new Map<number, Gap>()
  for (const gap of all.flatMap((gaps) => gaps.slice(0, 1))) {
    const [producer] = facts.offered.within(gap.from.request.ids)[0] ?? []
    if (producer !== undefined && !firsts.has(producer)) firsts.set(producer, gap)
  }
  if (firsts.size < clientsMin) {
    return [inapplicable(`Jitter needs ${clientsMin} clients to be seen; ${firsts.size} waited.`)]
  }
  const gaps = [...firsts.values()]
  const ms = gaps.map((gap) => gap.ms)
  const spreadMs = greatest(ms) - least(ms)
  if (spreadMs > lockStepMs) return []
  const same = `${least(ms).toFixed(1)} ms, within ${spreadMs.toFixed(1)} ms`
  const because = `${firsts.size} clients waited for the same time: ${same}.`
  const doubt = gaps.some(({ latenessMs }) => latenessMs > lockStepMs)
  return [finding(doubt ? 'unknown' : 'fail', because, { witnesses: witnessesOf(gaps) })]
}

export const noStorm: Checker<unknown> = (facts) => {
  const loop = noHotLoop(facts, undefined)
  return {
    step: (entry) => loop.step(entry),
    finish: () => {
      const retries = retriesOf(facts)
      if (!tested(facts).some(({ attempt }) => failed(attempt))) {
        return inapplicable('No request that carried records failed, so nothing could follow a failure.')
      }
      const calm = finding('pass', `${counted(retries.length, 'retry').replace('retrys', 'retries')} in all.`)
      return merge([calm, loop.finish(), ...storms(facts, retries)])
    },
  }
}

/** Attempts that follow a failure of the same logical request. */
function retriesOf(facts: Facts): Attempt[] {
  const found = chains(facts).flatMap((chain) =>
    pairs(chain).flatMap(([from, to]) => (failed(from.attempt) ? [to.attempt] : [])),
  )
  return found.sort((a, b) => a.request.t - b.request.t)
}

/** The worst second; certain only if it stays so when it is narrower by the harness's lateness. */
function storms(facts: Facts, retries: readonly Attempt[]): Finding[] {
  const { max } = facts.run.profile.attempts
  const windowNs = limits.hotLoopWindowMs * 1e6
  const burst = burstOf(retries, windowNs, max)
  if (burst.length === 0) return []
  const narrow = burstOf(retries, windowNs - facts.latenessMs * 1e6, max)
  const because = `${burst.length} retries in one second, more than ${max} for each request retried in it.`
  const witnesses = burst.map(({ request }) => request.n)
  return [finding(narrow.length > 0 ? 'fail' : 'unknown', because, { witnesses })]
}

/** The retries of the first window that holds too many of them. */
function burstOf(retries: readonly Attempt[], windowNs: number, max: number): readonly Attempt[] {
  const within = new Map<string, number>()
  const count = ({ request }: Attempt, by: number): void => {
    const name = request.site.logical ?? ''
    const times = (within.get(name) ?? 0) + by
    if (times > 0) within.set(name, times)
    else within.delete(name)
  }
  let start = 0
  for (const [end, retry] of retries.entries()) {
    count(retry, 1)
    const since = retry.request.t - windowNs
    for (let first = retries[start]; first && first.request.t <= since; first = retries[start]) {
      count(first, -1)
      start += 1
    }
    const size = end - start + 1
    if (size > limits.hotLoopRepeatsMax && size > max * within.size) return retries.slice(start, end + 1)
  }
  return []
}

function shownGap({ from, to, ms }: Gap): string {
  return `request ${to.request.req} came ${ms.toFixed(1)} ms after request ${from.request.req} had failed`
}

function witnessesOf(gaps: readonly Gap[]): number[] {
  return gaps.flatMap(({ from, to }) => [(from.respond ?? from.sent ?? from.request).n, to.request.n])
}

function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity)
}

function greatest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), 0)
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0
}

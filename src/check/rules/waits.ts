/**
 * Rules on how long a client waits before the next attempt: gaps and retry_after; and how a wait is measured and
 * held against a bound, for the other rules that do.
 *
 * A gap runs from an answer's first byte to the head of the next attempt that carries any of its records. Both
 * times are read such that it can only be over-measured (design §4, "The judge's own clock"): a gap that is too
 * short is certain; one that is long enough is certain only if the harness's lateness cannot account for it.
 */
import type { EntryOf } from '../../entry.ts'
import { fullAnswer } from '../../history.ts'
import type { Finding } from '../../verdict.ts'
import { fromFacts } from '../checker.ts'
import type { RuleChecker } from '../checker.ts'
import type { Carrier, Facts } from '../facts.ts'
import { counted, finding } from '../finding.ts'
import { IdSet } from '../sets.ts'
import { nextCarriers } from './carriers.ts'
import { unseen } from './unseen.ts'

/** From an answer to the next attempt. */
export interface Wait {
  readonly answer: EntryOf<'respond'>
  readonly next: EntryOf<'request'>
  readonly ms: number
  /** By how much the harness may have over-measured it. */
  readonly latenessMs: number
}

interface Gap extends Wait {
  /** What it must reach. */
  readonly boundMs: number
}

/** An attempt that did not await the answer counts as no wait at all. */
export function waitBetween(facts: Facts, answer: EntryOf<'respond'>, next: EntryOf<'request'>): Wait {
  return { answer, next, ms: Math.max(0, next.t - answer.t) / 1e6, latenessMs: facts.latenessMsAt(next.t) }
}

/** Every gap after an error answer >= min_ms. */
export const gaps: RuleChecker<'gaps'> = fromFacts((facts, { min_ms, slack_ms, count_min }) => {
  const carriers = facts.carriers()
  if (carriers.length === 0) return unseen
  const nexts = nextCarriers(carriers)
  const found = carriers.flatMap(({ attempt }, i): Gap[] => {
    const next = carriers[nexts[i]?.[0] ?? -1]?.attempt.request
    const answer = fullAnswer(attempt)
    if (!next || !answer || answer.status < 400) return []
    return [{ ...waitBetween(facts, answer, next), boundMs: min_ms }]
  })
  const attemptsMax = carriers.reduce((most, { attempt }) => Math.max(most, attempt.request.site.attempt), 0)
  const measured = { attemptsMax, ...figures(found) }
  if (found.length < Math.max(1, count_min)) {
    const because = `${counted(found.length, 'gap')} seen after an error answer; ${Math.max(1, count_min)} needed.`
    return finding('unknown', because, { measured, witnesses: witnessesOf(found) })
  }
  return { ...judgeGaps(found, slack_ms), measured }
})

/** After an answer with Retry-After: no attempt with its records before that time, less the slack. */
export const retryAfter: RuleChecker<'retry_after'> = fromFacts((facts, { slack_ms }) => {
  if (facts.carriers().length === 0) return unseen
  const found = heldGaps(facts, ({ retryAfterMs }) =>
    retryAfterMs === undefined ? undefined : retryAfterMs - slack_ms,
  )
  if (found.length === 0) return finding('unknown', 'No attempt was seen after an answer with Retry-After.')
  return { ...judgeGaps(found, slack_ms), measured: figures(found) }
})

/** The gaps after the answers that set a bound, in milliseconds. */
export function heldGaps(
  facts: Facts,
  boundOf: (answer: EntryOf<'respond'>) => number | undefined,
): readonly Gap[] {
  const carriers = facts.carriers()
  const nexts = nextCarriers(carriers)
  return carriers.flatMap(({ attempt }, i): Gap[] => {
    const answer = fullAnswer(attempt)
    const boundMs = answer && boundOf(answer)
    if (!answer || boundMs === undefined) return []
    const next = firstAfter(answer.t, i, carriers, nexts)
    return next ? [{ ...waitBetween(facts, answer, next), boundMs }] : []
  })
}

/** The first request with records of carrier `i` from `t` on. What was on its way before could not know of it. */
function firstAfter(
  t: number,
  i: number,
  carriers: readonly Carrier[],
  nexts: readonly number[][],
): EntryOf<'request'> | undefined {
  const own = new IdSet(carriers[i]?.ids)
  const waiting = [...(nexts[i] ?? [])]
  for (let at = waiting.shift(); at !== undefined; at = waiting.sort((a, b) => a - b).shift()) {
    const carrier = carriers[at] as Carrier
    if (own.within(carrier.ids).length === 0) continue
    if (carrier.attempt.request.t >= t) return carrier.attempt.request
    for (const later of nexts[at] ?? []) if (!waiting.includes(later)) waiting.push(later)
  }
  return undefined
}

/** A gap too short is certain; a long one only if lateness cannot have made it so. */
export function judgeGaps(found: readonly Gap[], slackMs: number): Finding {
  const sure = ({ ms, boundMs, latenessMs }: Gap): boolean =>
    ms - latenessMs >= boundMs || latenessMs <= slackMs / 2
  const short = found.filter(({ ms, boundMs }) => ms < boundMs)
  const doubtful = found.filter((gap) => !sure(gap))
  if (short.length > 0) {
    const because = `${counted(short.length, 'attempt')} too early: ${closest(short)}.`
    return finding('fail', because, { witnesses: witnessesOf(short) })
  }
  if (doubtful.length > 0) {
    const latenessMs = Math.max(...doubtful.map((gap) => gap.latenessMs))
    const because = `Not certain, the harness itself was up to ${latenessMs} ms late: ${closest(doubtful)}.`
    return finding('unknown', because, { witnesses: witnessesOf(doubtful) })
  }
  const because = `${counted(found.length, 'gap')}, each long enough; the closest: ${closest(found)}.`
  return finding('pass', because, { witnesses: witnessesOf(found) })
}

/** The gap that exceeds its bound least, for people. */
function closest(found: readonly Gap[]): string {
  const least = found.reduce((a, b) => (b.ms - b.boundMs < a.ms - a.boundMs ? b : a))
  const { answer, next, ms, boundMs } = least
  const after = `${ms.toFixed(1)} ms after the answer to request ${answer.req}`
  return `request ${next.req} came ${after}, at least ${boundMs} ms wanted`
}

export function witnessesOf(found: readonly Wait[]): number[] {
  return found.flatMap(({ answer, next }) => [answer.n, next.n])
}

export function figures(found: readonly Wait[]): Record<string, number> {
  const ordered = found.map(({ ms }) => ms).sort((a, b) => a - b)
  const [least] = ordered
  const median = ordered[Math.floor((ordered.length - 1) / 2)]
  return least === undefined || median === undefined ? {} : { gapMsMin: least, gapMsP50: median }
}

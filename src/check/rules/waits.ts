/**
 * Rules on how long a client waits before the next attempt: gaps and retry_after.
 *
 * A gap runs from an answer's first byte to the head of the next attempt that carries any of its records. Both
 * times are read such that it can only be over-measured (design §4, "The judge's own clock"): a gap that is too
 * short is certain; one that is long enough is certain only if the harness's lateness cannot account for it.
 */
import type { EntryOf } from '../../entry.ts'
import { fullAnswer } from '../../history.ts'
import { idsIn } from '../../record.ts'
import type { Finding } from '../../verdict.ts'
import { fromFacts } from '../checker.ts'
import type { RuleChecker } from '../checker.ts'
import type { Carrier } from '../facts.ts'
import { counted, finding } from '../finding.ts'
import { IdSet, keyOf } from '../sets.ts'
import { unseen } from './unseen.ts'

interface Gap {
  readonly answer: EntryOf<'respond'>
  readonly next: EntryOf<'request'>
  readonly ms: number
  /** What it must reach. */
  readonly boundMs: number
  /** By how much the harness may have over-measured it. */
  readonly latenessMs: number
}

/** Every gap after an error answer >= min_ms. An attempt that did not await the answer counts as no wait at all. */
export const gaps: RuleChecker<'gaps'> = fromFacts((facts, { min_ms, slack_ms, count_min }) => {
  const carriers = facts.carriers()
  if (carriers.length === 0) return unseen
  const nexts = nextCarriers(carriers)
  const found = carriers.flatMap(({ attempt }, i): Gap[] => {
    const next = carriers[nexts[i]?.[0] ?? -1]?.attempt.request
    const answer = fullAnswer(attempt)
    if (!next || !answer || answer.status < 400) return []
    const latenessMs = facts.latenessMsAt(next.t)
    return [{ answer, next, ms: Math.max(0, next.t - answer.t) / 1e6, boundMs: min_ms, latenessMs }]
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
  const carriers = facts.carriers()
  if (carriers.length === 0) return unseen
  const nexts = nextCarriers(carriers)
  const found = carriers.flatMap(({ attempt }, i): Gap[] => {
    const answer = fullAnswer(attempt)
    if (answer?.retryAfterMs === undefined) return []
    const next = firstAfter(answer.t, i, carriers, nexts)
    if (!next) return []
    const boundMs = answer.retryAfterMs - slack_ms
    return [{ answer, next, ms: (next.t - answer.t) / 1e6, boundMs, latenessMs: facts.latenessMsAt(next.t) }]
  })
  if (found.length === 0) return finding('unknown', 'No attempt was seen after an answer with Retry-After.')
  return { ...judgeGaps(found, slack_ms), measured: figures(found) }
})

/**
 * For each carrier, of every record in it, the carrier that has it next: their indexes, ascending. By record, not by
 * logical: a batch that is cut up and sent on at once under other names has not waited either.
 */
function nextCarriers(carriers: readonly Carrier[]): number[][] {
  const next = new Map<number, number>()
  return carriers
    .map((_, i) => carriers.length - 1 - i)
    .map((i) => {
      const following = new Set<number>()
      for (const id of idsIn(carriers[i]?.ids ?? [])) {
        const later = next.get(keyOf(id))
        if (later !== undefined) following.add(later)
        next.set(keyOf(id), i)
      }
      return [...following].sort((a, b) => a - b)
    })
    .reverse()
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
function judgeGaps(found: readonly Gap[], slackMs: number): Finding {
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

function witnessesOf(found: readonly Gap[]): number[] {
  return found.flatMap(({ answer, next }) => [answer.n, next.n])
}

function figures(found: readonly Gap[]): Record<string, number> {
  const ordered = found.map(({ ms }) => ms).sort((a, b) => a - b)
  const [least] = ordered
  const median = ordered[Math.floor((ordered.length - 1) / 2)]
  return least === undefined || median === undefined ? {} : { gapMsMin: least, gapMsP50: median }
}

/**
 * Rules on how long a client waits before the next attempt: gaps and retry_after.
 *
 * A gap runs from an answer's first byte to the head of the next attempt of the same logical. Both times are
 * read such that it can only be over-measured (design §4, "The judge's own clock"): a gap that is too short is
 * certain; one that is long enough is certain only if the harness's lateness cannot account for it.
 */
import type { EntryOf } from '../../entry.ts'
import { fullAnswer } from '../../history.ts'
import type { Attempt } from '../../history.ts'
import type { Finding } from '../../verdict.ts'
import { fromFacts } from '../checker.ts'
import type { RuleChecker } from '../checker.ts'
import type { Carrier } from '../facts.ts'
import { counted, finding } from '../finding.ts'
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
  const lanes = logicals(carriers)
  const found = lanes.flatMap((lane) =>
    lane.flatMap((attempt, i): Gap[] => {
      const next = lane[i + 1]?.request
      const answer = fullAnswer(attempt)
      if (!next || !answer || answer.status < 400) return []
      const latenessMs = facts.latenessMsAt(next.t)
      return [{ answer, next, ms: Math.max(0, next.t - answer.t) / 1e6, boundMs: min_ms, latenessMs }]
    }),
  )
  const attemptsMax = lanes.reduce((most, lane) => Math.max(most, lane.length), 0)
  const measured = { attemptsMax, ...figures(found) }
  if (found.length < Math.max(1, count_min)) {
    const because = `${counted(found.length, 'gap')} seen after an error answer; ${Math.max(1, count_min)} needed.`
    return finding('unknown', because, { measured, witnesses: witnessesOf(found) })
  }
  return { ...judgeGaps(found, slack_ms), measured }
})

/** After an answer with Retry-After: no attempt of its logical before that time, less the slack. */
export const retryAfter: RuleChecker<'retry_after'> = fromFacts((facts, { slack_ms }) => {
  const carriers = facts.carriers()
  if (carriers.length === 0) return unseen
  const found = logicals(carriers).flatMap((lane) =>
    lane.flatMap((attempt, i): Gap[] => {
      const answer = fullAnswer(attempt)
      if (answer?.retryAfterMs === undefined) return []
      // What was on its way before the answer could not know of it.
      let later = i + 1
      while (lane[later] && (lane[later] as Attempt).request.t < answer.t) later += 1
      const next = lane[later]?.request
      if (!next) return []
      const boundMs = answer.retryAfterMs - slack_ms
      return [
        { answer, next, ms: (next.t - answer.t) / 1e6, boundMs, latenessMs: facts.latenessMsAt(next.t) },
      ]
    }),
  )
  if (found.length === 0) return finding('unknown', 'No attempt was seen after an answer with Retry-After.')
  return { ...judgeGaps(found, slack_ms), measured: figures(found) }
})

/** Attempts by logical request, each in the order of heads. */
function logicals(carriers: readonly Carrier[]): Attempt[][] {
  const lanes = new Map<string, Attempt[]>()
  for (const { attempt } of carriers) {
    const { lane, logical = '' } = attempt.request.site
    const name = `${lane}:${logical}`
    const known = lanes.get(name)
    if (known) known.push(attempt)
    else lanes.set(name, [attempt])
  }
  return [...lanes.values()]
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

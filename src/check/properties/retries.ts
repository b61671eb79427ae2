/**
 * I9 what may be retried is retried, often enough and not too often.
 *
 * Analyses: 1. records whose last attempt failed in a way that the profile has retried, carried by fewer
 * requests than its least attempts, though the client was free to go on; 2. a logical request tried more
 * often in a row than its most attempts, each try after such a failure. Attempts that cannot be told apart
 * by records (cut before all were read, or before the request was, or connections without one) may make up
 * for the missing ones: then 1 is unknown. A client need not wait for what asks for more than `patienceMs`,
 * nor send again what a window of de-duplication has passed over.
 */
import { fullAnswer } from '../../history.ts'
import type { Attempt } from '../../history.ts'
import type { IdRange } from '../../record.ts'
import type { Finding } from '../../verdict.ts'
import { fromFacts } from '../checker.ts'
import type { Checker } from '../checker.ts'
import type { Carrier, Facts } from '../facts.ts'
import { counted, finding, merge, reporter } from '../finding.ts'
import { confirmedAt, tested } from '../rules/answers.ts'
import { IdSet } from '../sets.ts'
import {
  absent,
  chains,
  failedForNow,
  hindrance,
  holdsAllOf,
  idsOf,
  inapplicable,
  wished,
  witnessesOf,
} from './attempts.ts'

/** A server that asks for a longer wait may be given up on at once. */
const patienceMs = 10_000

export const retryable: Checker<unknown> = fromFacts((facts) => {
  const { profile } = facts.run
  const carriers = tested(facts)
  const failures = carriers.filter(({ attempt }) => failedForNow(attempt, profile))
  if (failures.length === 0) return inapplicable('No request failed in a way that is to be retried.')
  // A case may wish for more or fewer attempts than the profile has: then either will do.
  const wish = wished(facts, 'retry.max_attempts') ?? profile.attempts.min
  const [min, max] = [Math.min(profile.attempts.min, wish), Math.max(profile.attempts.max, wish)]
  const measured = { retryableFailures: failures.length }
  return merge([
    finding('pass', `${counted(failures.length, 'request')} failed, and may be sent again.`, { measured }),
    ...tooFew(facts, carriers, min),
    ...tooMany(facts, max),
  ])
})

function tooFew(facts: Facts, carriers: readonly Carrier[], min: number): Finding[] {
  const waiting = givenUp(facts, carriers)
  const few = facts.carried(carriers).where(waiting, (times) => times < min)
  if (few.length === 0) return []
  const hindered = hindrance(facts) ?? (isShutOut(carriers) ? 'its credentials were refused' : undefined)
  if (hindered !== undefined) return [inapplicable(`Not every failure was followed to its end: ${hindered}.`)]
  const hidden = unseenAttempts(facts)
  const doubtful = facts.carried(carriers).where(few, (times) => times + hidden >= min)
  const report = reporter(facts.attempts(), facts.word)
  const what = `Given up before ${counted(min, 'attempt')}`
  return [
    ...report('unknown', `${what}, but for attempts that were cut before every record was read`, doubtful),
    ...report(absent(facts), what, new IdSet(doubtful).without(few)),
  ]
}

/** A client whose credentials are refused may stop sending altogether (ing.4xx.auth-storm). */
function isShutOut(carriers: readonly Carrier[]): boolean {
  return carriers.some(({ attempt }) => [401, 403].includes(fullAnswer(attempt)?.status ?? 0))
}

/** Records whose last attempt is one to be followed by another, and which nothing confirmed or excuses. */
function givenUp(facts: Facts, carriers: readonly Carrier[]): IdRange[] {
  const { profile, knobs } = facts.run
  const window = 'dedup.window_ms'
  const windowed = knobs.includes(window) || wished(facts, window) !== undefined
  // Whether a cut attempt was taken, nobody knows: once the window has passed, another one could double it.
  const known = idsOf(carriers, ({ attempt }) => {
    const unclear = windowed && fullAnswer(attempt) === undefined
    return unclear || confirmedAt(attempt, profile) !== undefined
  })
  const owed = (attempt: Attempt): boolean => {
    if (!failedForNow(attempt, profile)) return false
    return (fullAnswer(attempt)?.retryAfterMs ?? 0) <= patienceMs
  }
  const [seen, waiting] = [new IdSet(), new IdSet()]
  for (const { attempt, ids } of [...carriers].reverse()) {
    if (owed(attempt)) waiting.add(known.without(seen.without(ids)))
    seen.add(ids)
  }
  return waiting.ranges()
}

/** Attempts to send something of which the ledger cannot say what. */
function unseenAttempts(facts: Facts): number {
  const requests = facts.attempts().map(({ request }) => request)
  const cut = requests.filter(({ complete }) => !complete).length // records beyond the cut are not seen
  const used = new Set(requests.map(({ conn }) => conn))
  const entered = new Set(requests.map(({ req }) => req))
  const struck = facts.all('fault').filter(({ req }) => req !== undefined && !entered.has(req)).length
  return cut + struck + facts.all('open').filter(({ conn }) => !used.has(conn)).length
}

function tooMany(facts: Facts, max: number): Finding[] {
  if (facts.run.can.includes('spill')) {
    return [inapplicable('The client spills: what it sends again later is counted by I19.')]
  }
  const { profile } = facts.run
  const long = chains(facts).flatMap((chain) => {
    let run: Carrier[] = []
    let longest: Carrier[] = []
    for (const carrier of chain) {
      const last = run.at(-1)
      const retry = last && failedForNow(last.attempt, profile) && holdsAllOf(carrier, last)
      if (retry) run.push(carrier)
      else run = [carrier]
      if (run.length > longest.length) longest = run
    }
    return longest.length > max ? [longest] : []
  })
  const [first] = long
  if (!first) return []
  const because = `${counted(long.length, 'request')} tried more than ${max}×; the first: ${first.length}×.`
  return [finding('fail', because, { witnesses: long.flatMap((run) => witnessesOf(run.slice(max - 1))) })]
}

/**
 * Rules on how often a failed request is tried: outlasts, within_budget, kept_together.
 *
 * A record is judged by the failures that it met. One that met fewer than planned, or more because its batch was
 * cut up under new names, shows nothing; one that is given up too early is held against the client once it has ended.
 */
import { failed } from '../../history.ts'
import { retries } from '../../profile.ts'
import { idsIn, rangesOf } from '../../record.ts'
import type { IdRange } from '../../record.ts'
import type { Finding } from '../../verdict.ts'
import { fromFacts } from '../checker.ts'
import type { RuleChecker } from '../checker.ts'
import type { Carrier, Facts } from '../facts.ts'
import { counted, finding, merge, named, reporter } from '../finding.ts'
import { IdSet, keyOf } from '../sets.ts'
import { failureOf, failuresMet, livesOf, shownFailure } from './carriers.ts'
import type { Life } from './carriers.ts'
import { toldFinding } from './telling.ts'
import { unseen } from './unseen.ts'

/** After f failures in a row K = 1 and |R(i)| = f + 1, where f < attempts.max; else, or if one is final, told. */
export const outlasts: RuleChecker<'outlasts'> = fromFacts((facts, call) => {
  const { profile } = facts.run
  const { failures = profile.attempts.min - 1 } = call
  const carriers = facts.carriers()
  if (carriers.length === 0) return unseen
  const final = failuresMet(carriers).some((failure) => !retries(profile, failure))
  if (final || profile.attempts.max <= failures) return toldFinding(facts)
  const fates = sorted(livesOf(carriers).values(), (life) => fateOf(life, failures))
  const { offered, landed } = facts
  const report = reporter(facts.attempts(), facts.word)
  const absent = facts.word.over ? 'fail' : 'unknown'
  const so = `${counted(failures, 'failure')} in a row`
  const unsent = facts.carried(carriers).where(offered.ranges(), (times) => times === 0)
  const doubled = landed.where(offered.ranges(), (rows) => rows > 1)
  return merge([
    finding('pass', `Delivered by the attempt after ${so}: ${named(fates('delivered'))}.`),
    ...report('unknown', `Never met ${so}`, fates('spared')),
    ...report('unknown', `Met more than ${so}, and was not delivered`, fates('overstruck')),
    ...report(absent, 'Never sent', unsent),
    ...report(absent, `Given up before the attempt after ${so}`, fates('given up')),
    ...report(absent, 'Never landed', new IdSet(fates('delivered')).within(facts.missing())),
    ...report('fail', 'Carried again after its delivery', fates('again')),
    ...report('fail', 'Landed more than once', doubled),
  ])
})

function fateOf(
  { carriers }: Life,
  failures: number,
): 'delivered' | 'again' | 'spared' | 'overstruck' | 'given up' {
  const success = carriers.findIndex(({ attempt }) => !failed(attempt))
  if (success < 0) return carriers.length > failures ? 'overstruck' : 'given up'
  if (success < failures) return 'spared'
  return carriers.length > success + 1 ? 'again' : 'delivered'
}

/** Sorts records by a word each; gives those of a word. */
function sorted<Word>(lives: Iterable<Life>, wordFor: (life: Life) => Word): (word: Word) => IdRange[] {
  const found = new Map<Word, IdSet>()
  for (const life of lives) {
    const word = wordFor(life)
    const set = found.get(word) ?? new IdSet()
    found.set(word, set)
    set.add(rangesOf([life.id]))
  }
  return (word) => found.get(word)?.ranges() ?? []
}

/** attempts.min <= |R(i)|, and with `most` <= attempts.max, of every record; a delivery or a final failure excuses. */
export const withinBudget: RuleChecker<'within_budget'> = fromFacts((facts, { most = false }) => {
  const { profile } = facts.run
  const { min, max } = profile.attempts
  const carriers = facts.carriers()
  if (carriers.length === 0) return unseen
  const other = unretried(facts, carriers)
  if (other) return other
  const spent = sorted(livesOf(carriers).values(), ({ carriers: tries }) => {
    const met = tries.map(({ attempt }) => failureOf(attempt))
    if (!met.some((failure) => failure !== undefined && retries(profile, failure))) return 'unmet'
    if (tries.length >= min) return 'enough'
    return met.every((failure) => failure !== undefined && retries(profile, failure)) ? 'few' : 'ended'
  })
  const carried = facts.carried(carriers)
  const offered = facts.offered.ranges()
  const over = most ? carried.where(offered, (times) => times > max) : []
  const report = reporter(facts.attempts(), facts.word)
  const absent = facts.word.over ? 'fail' : 'unknown'
  const least = counted(min, 'request')
  return merge([
    finding('pass', `Carried by at least ${least}: ${named(spent('enough'))}.`),
    ...report('unknown', 'Never met a failure that is to be retried', spent('unmet')),
    ...report('unknown', `Delivered, or refused for good, in fewer than ${least}`, spent('ended')),
    ...report(
      absent,
      'Never sent',
      carried.where(offered, (times) => times === 0),
    ),
    ...report(absent, `Given up after fewer than ${least}`, spent('few')),
    ...report('fail', `Carried by more than ${counted(max, 'request')}`, over),
  ])
})

/** N/a where no failure that was met is one to be retried, unknown where none was met. */
function unretried({ run }: Facts, carriers: readonly Carrier[]): Finding | undefined {
  const met = failuresMet(carriers)
  if (met.length === 0) return finding('unknown', 'No request failed.')
  if (met.some((failure) => retries(run.profile, failure))) return undefined
  return finding('n/a', `Profile ${run.profile.name} does not retry ${met.map(shownFailure).join(', ')}.`)
}

/** For each failed R1 a later R2 with ids(R2) ⊇ ids(R1), unless R1 was delivered before, or its budget is spent. */
export const keptTogether: RuleChecker<'kept_together'> = fromFacts((facts) => {
  const { profile } = facts.run
  const carriers = facts.carriers()
  if (carriers.length === 0) return unseen
  const other = unretried(facts, carriers)
  if (other) return other
  const lives = livesOf(carriers)
  const fates = carriers.map((carrier) => {
    const failure = failureOf(carrier.attempt)
    if (failure === undefined || !retries(profile, failure)) return undefined
    return resentAs(carrier, lives, profile.attempts.min)
  })
  const those = (fate: string): Carrier[] => carriers.filter((_, i) => fates[i] === fate)
  if (fates.every((fate) => fate === undefined)) {
    return finding('unknown', 'No request failed that had to be sent again.')
  }
  const report = reporter(facts.attempts(), facts.word)
  const absent = facts.word.over ? 'fail' : 'unknown'
  const idsOf = (fate: string): IdRange[] => new IdSet(those(fate).flatMap(({ ids }) => ids)).ranges()
  return merge([
    finding('pass', `${counted(those('whole').length, 'failed request')} sent again as a whole.`),
    ...report(absent, 'Failed together and not sent again in one request', idsOf('torn')),
    ...report(absent, 'Failed and not sent again', idsOf('left')),
  ])
})

/** How a failed request came again; undefined where it need not: delivered before, or tried often enough. */
function resentAs(
  carrier: Carrier,
  lives: ReadonlyMap<number, Life>,
  min: number,
): 'whole' | 'torn' | 'left' | undefined {
  const pasts = [...idsIn(carrier.ids)].map((id) => {
    const tries = lives.get(keyOf(id))?.carriers ?? []
    const at = tries.indexOf(carrier)
    return { before: tries.slice(0, at), after: tries.slice(at + 1) }
  })
  if (pasts.every(({ before }) => before.some(({ attempt }) => !failed(attempt)))) return undefined
  // A request that holds all of them holds the first of them, too.
  const whole = pasts[0]?.after.some(({ ids }) => new IdSet(ids).without(carrier.ids).length === 0)
  if (whole) return 'whole'
  if (pasts.some(({ after }) => after.length > 0)) return 'torn'
  return pasts.every(({ before }) => before.length + 1 >= min) ? undefined : 'left'
}

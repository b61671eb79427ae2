/**
 * Rules on the client's word: told, resent_or_told, taken_before_exit.
 *
 * Where everything was delivered there is nothing to tell; where every answer arrived whole there is nothing to
 * send again: then the fault did not bite, and the rule cannot tell.
 */
import { failed, fullAnswer, isDoubtful } from '../../history.ts'
import type { Attempt } from '../../history.ts'
import { acknowledges } from '../../profile.ts'
import type { Profile } from '../../profile.ts'
import type { IdRange } from '../../record.ts'
import type { Finding } from '../../verdict.ts'
import { fromFacts } from '../checker.ts'
import type { RuleChecker } from '../checker.ts'
import type { Carrier, Facts } from '../facts.ts'
import { biographies, counted, finding, merge, named, reporter, sentence, shownMs } from '../finding.ts'
import { IdSet } from '../sets.ts'
import { unseen } from './unseen.ts'

/** A record that the server quarantined, and said so, has not been delivered either. */
export const told: RuleChecker<'told'> = (facts, { named: byName }) => {
  const quarantined = new IdSet()
  return {
    step: (entry) => {
      if (entry.kind === 'discard' && entry.why === 'quarantine') quarantined.add(entry.ids)
    },
    finish: () => {
      if (facts.carriers().length === 0) return unseen
      const refused = facts.offered.within(quarantined.ranges())
      const unlanded = facts.landed.where(refused, (rows) => rows === 0)
      const undelivered = new IdSet([...facts.missing(), ...unlanded]).ranges()
      const found = toldFinding(facts, undelivered)
      return byName && facts.run.rung !== 'pipe' ? merge([found, ...unnamed(facts, undelivered)]) : found
    },
  }
}

function unnamed(facts: Facts, undelivered: readonly IdRange[]): Finding[] {
  const report = reporter(facts.attempts(), facts.word)
  const silent = new IdSet(facts.word.names(undelivered)).without(undelivered)
  return report(facts.word.over ? 'fail' : 'unknown', 'Not delivered, and not named', silent)
}

export function toldFinding(facts: Facts, undelivered: readonly IdRange[] = facts.missing()): Finding {
  const { word } = facts
  const { witnesses } = word
  if (word.told) {
    return finding('pass', `The client said that something was not delivered: ${word.shown}.`, { witnesses })
  }
  if (undelivered.length === 0) {
    return finding('unknown', 'Everything was delivered, so there was nothing to tell.')
  }
  const because = `Not delivered, and the client did not say so: ${named(undelivered)}; ${word.shown}.`
  const more = { witnesses: [...witnesses, ...biographies(facts.attempts(), undelivered)] }
  return finding(word.over ? 'fail' : 'unknown', because, more)
}

export const resentOrTold: RuleChecker<'resent_or_told'> = fromFacts((facts) => {
  const carriers = facts.carriers()
  if (carriers.length === 0) return unseen
  const unanswered = carriers.filter(({ attempt }) => fullAnswer(attempt) === undefined)
  if (unanswered.length === 0) return finding('unknown', 'Every answer arrived whole.')
  const { silent, rekeyed } = abandoned(carriers, facts)
  const because = `${counted(unanswered.length, 'answer')} did not arrive whole.`
  const report = reporter(facts.attempts(), facts.word)
  const verdict = facts.word.over ? 'fail' : 'unknown'
  return merge([
    finding('pass', because, { measured: { unanswered: unanswered.length } }),
    ...report(verdict, 'After an answer that did not arrive whole, neither sent again nor told', silent),
    ...report(verdict, 'After an answer that did not arrive whole, sent again under another key', rekeyed),
  ])
})

/** Records whose answer did not arrive whole: those not sent again, and those sent again under another key. */
function abandoned(
  carriers: readonly Carrier[],
  { run, word }: Facts,
): { silent: IdRange[]; rekeyed: IdRange[] } {
  // A copy sent before may be acknowledged after: hedging clients then know that all is well.
  const known = new IdSet(carriers.filter(({ attempt }) => !failed(attempt)).flatMap(({ ids }) => ids))
  const later = new IdSet()
  const laterByKey = new Map<string, IdSet>()
  const silent = new IdSet()
  const rekeyed = new IdSet()
  for (const { attempt, ids } of [...carriers].reverse()) {
    const { key } = attempt.request
    const alike = key === undefined ? later : (laterByKey.get(key) ?? new IdSet())
    if (fullAnswer(attempt) === undefined && !acknowledged(attempt, run.profile)) {
      silent.add(known.without(later.without(ids)))
      rekeyed.add(alike.without(later.within(ids)))
    }
    later.add(ids)
    if (key === undefined) continue
    alike.add(ids)
    laterByKey.set(key, alike)
  }
  return { silent: word.untold(silent.ranges()), rekeyed: word.untold(rekeyed.ranges()) }
}

/** Whether an acknowledgement could be read: in the status alone under this profile, or in a doubtful answer. */
function acknowledged(attempt: Attempt, profile: Profile): boolean {
  const { respond, sent } = attempt
  const byStatus = profile.ack.needs === 'status' && sent?.written === 'partial'
  const byDoubt = sent?.written === 'full' && isDoubtful(attempt)
  return (byStatus || byDoubt) && respond !== undefined && acknowledges(profile, respond.status)
}

export const takenBeforeExit: RuleChecker<'taken_before_exit'> = fromFacts((facts) => {
  const { word } = facts
  const takes = facts
    .attempts()
    .flatMap((attempt) => attempt.takes)
    .filter((take) => facts.offered.within(take.ids).length > 0)
  if (takes.length === 0) return finding('fail', 'No record was taken.', { witnesses: word.witnesses })
  const end = word.ends[0] ?? word.farewell
  if (!end || end.what === 'signal' || word.endless) {
    return finding('unknown', sentence(`no exit to compare with: ${word.shown}`))
  }
  const late = takes.filter((take) => take.t > end.t)
  const how = end.what === 'done' ? 'done' : 'exit'
  if (late.length > 0) {
    const ids = late.flatMap((take) => take.ids)
    const because = `Taken after the client's ${how} at ${shownMs(end.t)}: ${named(ids)}.`
    return finding('fail', because, { witnesses: [end.n, ...late.map(({ n }) => n)] })
  }
  const last = takes.reduce((a, b) => Math.max(a, b.t), 0)
  const because = `The last record was taken at ${shownMs(last)}, the client's ${how} came at ${shownMs(end.t)}.`
  return finding('pass', because)
})

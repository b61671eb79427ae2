/**
 * Rules on bodies that are too large (413): splits, isolates, learns.
 *
 * A server that says 413 has not said how much it takes: a client cuts up what was refused, finds the record that is
 * too large by itself, and remembers. Where every body was small enough there was nothing to do.
 */
import { fullAnswer } from '../../history.ts'
import { countIds, idsIn, rangesOf } from '../../record.ts'
import type { IdRange, RecordId } from '../../record.ts'
import type { Finding } from '../../verdict.ts'
import { fromFacts } from '../checker.ts'
import type { RuleChecker } from '../checker.ts'
import type { Carrier, Facts } from '../facts.ts'
import { counted, finding, merge, named, reporter } from '../finding.ts'
import { IdSet, keyOf } from '../sets.ts'
import { starts } from './carriers.ts'
import { unseen } from './unseen.ts'

const tooLarge = ({ attempt }: Carrier): boolean => fullAnswer(attempt)?.status === 413

/** on413 split: K >= 1, and bodies that do not grow. drop: what was refused comes once, and is told. any: either. */
export const splits: RuleChecker<'splits'> = fromFacts((facts) => {
  const carriers = facts.carriers()
  if (carriers.length === 0) return unseen
  const offered = facts.offered.ranges()
  const carried = facts.carried(carriers)
  const report = reporter(facts.attempts(), facts.word)
  const absent = facts.word.over ? 'fail' : 'unknown'
  const bodyBytesMax = carriers.reduce((most, { attempt }) => Math.max(most, attempt.request.bytes), 0)
  const measured = { bodyBytesMax }
  const unsent = carried.where(offered, (times) => times === 0)
  const never = report(absent, 'Never sent', unsent)
  const refused = new IdSet(carriers.filter(tooLarge).flatMap(({ ids }) => ids))
  if (refused.size === 0) {
    const because = `No request was answered 413; the largest body had ${bodyBytesMax} bytes.`
    return merge([finding('n/a', because, { measured }), ...never])
  }
  const spared = refused.without(new IdSet(unsent).without(facts.missing()))
  return merge([
    finding('pass', `Answered 413: ${named(refused.ranges())}.`, { measured }),
    ...never,
    ...report(absent, 'Never answered 413, and never landed', spared),
    ...afterRefusal(facts, carriers, refused),
  ])
})

function afterRefusal(facts: Facts, carriers: readonly Carrier[], refused: IdSet): Finding[] {
  const { on413 } = facts.run.profile
  const report = reporter(facts.attempts(), facts.word)
  const absent = facts.word.over ? 'fail' : 'unknown'
  const lost = refused.within(facts.missing())
  const resent = resentAfter413(carriers)
  const untold = facts.word.untold(lost)
  if (on413 === 'drop') {
    return [
      ...report('fail', 'Sent again, though 413 is final', resent.ranges()),
      ...report(absent, 'Refused by 413, and not told', untold),
    ]
  }
  const growth = report('fail', 'Sent again in a larger body', grown(carriers))
  if (on413 === 'split') return [...growth, ...report(absent, 'Answered 413 and never landed', lost)]
  return [
    ...growth,
    ...report(absent, 'Answered 413, sent again, and never landed', resent.within(lost)),
    ...report(absent, 'Answered 413, left alone, and not told', resent.without(untold)),
  ]
}

function resentAfter413(carriers: readonly Carrier[]): IdSet {
  const [refused, resent] = [new IdSet(), new IdSet()]
  for (const carrier of carriers) {
    resent.add(refused.within(carrier.ids))
    if (tooLarge(carrier)) refused.add(carrier.ids)
  }
  return resent
}

/** Records in a body that is larger than the one before it that arrived whole; of one cut off the size is not known. */
function grown(carriers: readonly Carrier[]): IdRange[] {
  const sizes = new Map<number, number>()
  const found: RecordId[] = []
  for (const { attempt, ids } of carriers) {
    const { bytes, complete } = attempt.request
    for (const id of idsIn(ids)) {
      if (bytes > (sizes.get(keyOf(id)) ?? Infinity)) found.push(id)
      if (complete) sizes.set(keyOf(id), bytes)
    }
  }
  return new IdSet(rangesOf(found)).ranges()
}

/** The large record: refused, told. The others: K = 1. |R| <= 2 log2 n + 4, and one more for each further batch. */
export const isolates: RuleChecker<'isolates'> = fromFacts((facts, { seq }) => {
  const carriers = facts.carriers()
  if (carriers.length === 0) return unseen
  const offered = facts.offered.ranges()
  const large = new IdSet(
    offered.flatMap(([producer, from, to]): IdRange[] =>
      from <= seq && seq <= to ? [[producer, seq, seq]] : [],
    ),
  )
  const others = large.without(offered)
  const first = carriers.find((carrier) => tooLarge(carrier) && large.within(carrier.ids).length > 0)
  const report = reporter(facts.attempts(), facts.word)
  const absent = facts.word.over ? 'fail' : 'unknown'
  const landed = facts.landed.where(large.ranges(), (rows) => rows > 0)
  const unlanded = facts.landed.where(others, (rows) => rows === 0)
  const doubled = facts.landed.where(others, (rows) => rows > 1)
  const rest = [
    ...report(absent, 'Small enough, and never landed', unlanded),
    ...report('fail', 'Landed more than once', doubled),
  ]
  if (!first) return merge([finding('unknown', `No request with record ${seq} was answered 413.`), ...rest])
  return merge([
    ...rest,
    fewRequests(carriers, countIds(first.ids)),
    ...report('unknown', 'Too large, and landed', landed),
    ...report(absent, 'Too large, and not told', facts.word.untold(large.within(facts.missing()))),
  ])
})

/** Halving finds one of `n` in two requests a step. */
function fewRequests(carriers: readonly Carrier[], n: number): Finding {
  const batches = starts(carriers).length
  const most = Math.floor(2 * Math.log2(n) + 4 + batches - 1)
  const so = `the first that was refused had ${counted(n, 'record')}, ${counted(batches, 'request')} brought new ones`
  const because = `${counted(carriers.length, 'request')} carried records, ${most} allowed: ${so}.`
  const measured = { requests: carriers.length }
  const witnesses = carriers.slice(most).map(({ attempt }) => attempt.request.n)
  return finding(carriers.length <= most ? 'pass' : 'fail', because, { measured, witnesses })
}

/**
 * Of the batches, none in the second half is answered 413. A batch has none but new records; what is cut from one
 * is none. One that was under way at the first 413 could not know of it.
 */
export const learns: RuleChecker<'learns'> = fromFacts((facts) => {
  const carriers = facts.carriers()
  if (carriers.length === 0) return unseen
  const known = carriers.filter(tooLarge).flatMap(({ attempt }) => attempt.sent?.t ?? [])
  if (known.length === 0) return finding('n/a', 'No request was answered 413.')
  const from = known.reduce((a, b) => Math.min(a, b))
  const batches = starts(carriers).flatMap(({ carrier, fresh }) => (fresh ? [carrier] : []))
  const later = batches.slice(Math.ceil(batches.length / 2))
  const judged = later.filter(({ attempt }) => attempt.request.t > from)
  if (judged.length === 0) {
    return finding('n/a', `No later batch was begun after the first 413; there were ${batches.length}.`)
  }
  const refused = judged.filter(tooLarge)
  const because = `Later batches: ${judged.length}; of them answered 413: ${refused.length}.`
  const witnesses = refused.map(({ attempt }) => attempt.request.n)
  const measured = { batches: batches.length, batchesRefused: batches.filter(tooLarge).length }
  return finding(refused.length === 0 ? 'pass' : 'fail', because, { witnesses, measured })
})

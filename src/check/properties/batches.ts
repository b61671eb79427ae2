/**
 * I16 a part that was accepted is not sent again, and the rest is; I17 what was too large is split.
 *
 * I16, of each batch that a fault had taken in part and answered in full: 1. nothing that was taken, or is
 * in quarantine, is carried again; 2. what is to be sent again (not taken) is carried again, or told. I17,
 * of each full 413: 1. no later body with any of its records is as large, unless the 413 had asked for a
 * wait by Retry-After; 2. under `on413: split` each record of a batch of several comes again, under `any` it
 * comes again or is told, under `drop` it may be told alone; a record that is too large by itself is told.
 */
import { fullAnswer, takenIds } from '../../history.ts'
import type { IdRange } from '../../record.ts'
import { countIds } from '../../record.ts'
import { fromFacts } from '../checker.ts'
import type { Checker } from '../checker.ts'
import type { Carrier, Facts } from '../facts.ts'
import { counted, finding, merge, named, reporter } from '../finding.ts'
import { tested } from '../rules/answers.ts'
import { nextCarriers } from '../rules/carriers.ts'
import { absent, hindrance, inapplicable, knew, setOf, witnessesOf } from './attempts.ts'

/** An answer that asks something of the records of its request, and what came of it. */
interface Followed {
  readonly asked: Carrier
  /** Of every record the carrier that has it next. */
  readonly later: readonly Carrier[]
  /** Of those, the ones that came when the client must have known the answer. */
  readonly knowing: readonly Carrier[]
}

function followed(facts: Facts, test: (carrier: Carrier) => boolean): Followed[] {
  const carriers = tested(facts)
  if (!carriers.some(test)) return []
  const nexts = nextCarriers(carriers)
  return carriers.flatMap((asked, i) => {
    if (!test(asked)) return []
    const later = (nexts[i] ?? []).flatMap((at) => carriers[at] ?? [])
    const knowing = later.filter(({ attempt }) => knew(facts, asked.attempt, attempt))
    return [{ asked, later, knowing }]
  })
}

export const partialAccept: Checker<unknown> = fromFacts((facts) => {
  const partly = followed(facts, ({ attempt }) => {
    const struck = attempt.faults.some(({ emitted }) => emitted.type === 'partial_batch')
    return struck && fullAnswer(attempt) !== undefined
  })
  if (partly.length === 0) return inapplicable('No batch was accepted in part.')
  const resent: [Carrier, Carrier][] = []
  const again: IdRange[] = []
  const left: IdRange[] = []
  for (const { asked, later, knowing } of partly) {
    const taken = setOf(takenIds(asked.attempt))
    for (const next of knowing) {
      const twice = taken.within(next.ids)
      if (twice.length > 0) resent.push([asked, next])
      again.push(...twice)
    }
    const toRetry = taken.without(asked.ids)
    left.push(...setOf(later.flatMap(({ ids }) => ids)).without(toRetry))
  }
  const forgotten = facts.word.untold(facts.landed.where(setOf(left).ranges(), (rows) => rows === 0))
  const hindered = hindrance(facts)
  const report = reporter(facts.attempts(), facts.word)
  return merge([
    finding('pass', `${counted(partly.length, 'batch').replace('batchs', 'batches')} accepted in part.`),
    ...(resent.length === 0
      ? []
      : [
          finding('fail', `Accepted as part of a batch, and sent again: ${named(setOf(again).ranges())}.`, {
            witnesses: resent.flatMap(witnessesOf),
          }),
        ]),
    ...(hindered === undefined
      ? report(absent(facts), 'To be sent again by a partial answer, and neither sent nor told', forgotten)
      : []),
  ])
})

export const splitOnTooLarge: Checker<unknown> = fromFacts((facts) => {
  const refused = followed(facts, ({ attempt }) => fullAnswer(attempt)?.status === 413)
  if (refused.length === 0) return inapplicable('No request was refused as too large.')
  const { on413 } = facts.run.profile
  const large = refused.flatMap(({ asked, knowing }) => {
    if (fullAnswer(asked.attempt)?.retryAfterMs !== undefined) return []
    const { bytes } = asked.attempt.request
    return knowing
      .filter(({ attempt }) => attempt.request.bytes >= bytes)
      .map((next) => [asked, next] as const)
  })
  const [several, single] = [
    setOf(owed(refused, (size) => size > 1)),
    setOf(owed(refused, (size) => size === 1)),
  ]
  const report = reporter(facts.attempts(), facts.word)
  const hindered = hindrance(facts)
  const open = hindered === undefined ? absent(facts) : 'n/a'
  const dropped = on413 === 'split' ? several.ranges() : facts.word.untold(several.ranges())
  return merge([
    finding('pass', `${counted(refused.length, 'request')} refused as too large.`),
    ...(large.length === 0
      ? []
      : [
          finding(
            'fail',
            `${counted(large.length, 'request')} no smaller than the one refused as too large.`,
            {
              witnesses: large.flatMap(witnessesOf),
            },
          ),
        ]),
    ...report(open, `Refused as too large in a batch, and not sent in a smaller one`, dropped),
    ...report(open, 'Too large by itself, and not told', facts.word.untold(single.ranges())),
  ])
})

/** The records of refused requests, of the sizes wanted, that did not come again and were not delivered. */
function owed(refused: readonly Followed[], wanted: (size: number) => boolean): IdRange[] {
  return refused.flatMap(({ asked, later }) => {
    if (!wanted(countIds(asked.ids))) return []
    return setOf(later.flatMap(({ ids }) => ids)).without(asked.ids)
  })
}

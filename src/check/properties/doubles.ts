/**
 * I4 at-most-once effect, I7 no resend after a final answer.
 *
 * I4 is the analysis of inv.no-double. After a cut, a stall or a 5xx the client has the choice between a
 * loss and a double, and none that is right; so under `duplicates: counted` such doubles are counted and
 * pass, and under `effectively-once` every one fails. I7 holds requests, whether or not they land: 1.
 * records that are carried again after a full answer that acknowledges them; 2. a refused request that comes
 * again with all of its records (the exceptions are those of I8). What was on its way when the answer was
 * given is not held, nor what a partial answer left out, nor a 202 to a client that asks for the landing,
 * nor a 2xx whose body a fault had made say otherwise.
 */
import { fullAnswer, takenIds } from '../../history.ts'
import type { Attempt } from '../../history.ts'
import { limits } from '../../limits.ts'
import { acknowledges } from '../../profile.ts'
import type { Profile } from '../../profile.ts'
import type { IdRange } from '../../record.ts'
import { fromFacts } from '../checker.ts'
import type { Checker } from '../checker.ts'
import type { Carrier, Facts } from '../facts.ts'
import { counted, finding, merge, named } from '../finding.ts'
import { noDouble } from '../no-double.ts'
import { tested } from '../rules/answers.ts'
import { IdSet } from '../sets.ts'
import {
  asksForLanding,
  departures,
  inapplicable,
  knew,
  mayHaveLeft,
  shared,
  witnessesOf,
} from './attempts.ts'
import { refusedRepeats } from './final.ts'

export const atMostOnce: Checker<unknown> = shared(noDouble)

export const noResend: Checker<unknown> = fromFacts((facts) => {
  const carriers = tested(facts)
  const { acknowledged, again } = resentAcknowledged(facts, carriers)
  const refused = refusedRepeats(facts)
  if (acknowledged === 0 && refused.refusals === 0) {
    return inapplicable('No final answer came whole, so nothing could come again after one.')
  }
  const ids = new IdSet(again.flatMap((resend) => resend.ids)).ranges()
  return merge([
    finding('pass', `${counted(acknowledged + refused.refusals, 'final answer')} came whole.`),
    ...(again.length === 0
      ? []
      : [
          finding('fail', `Carried again after an answer that acknowledged it: ${named(ids)}.`, {
            witnesses: again.flatMap(({ answered, next }) =>
              witnessesOf([...(answered ? [answered] : []), next]),
            ),
          }),
        ]),
    ...(refused.repeats.length === 0
      ? []
      : [
          finding('fail', `${counted(refused.repeats.length, 'refused request')} came again as it was.`, {
            witnesses: refused.repeats.flatMap(witnessesOf),
          }),
        ]),
  ])
})

interface Resend {
  /** The attempt that was acknowledged; of the first few alone. */
  readonly answered: Carrier | undefined
  readonly next: Carrier
  readonly ids: readonly IdRange[]
}

/** Carriers of records that an earlier full answer had acknowledged. */
function resentAcknowledged(
  facts: Facts,
  carriers: readonly Carrier[],
): { acknowledged: number; again: Resend[] } {
  const left = departures(facts)
  const final = carriers.filter(({ attempt }) => {
    return endsTheMatter(attempt, facts.run.profile) && !mayHaveLeft(attempt, left)
  })
  const byEnd = [...final].sort((a, b) => (a.attempt.sent?.t ?? 0) - (b.attempt.sent?.t ?? 0))
  const settled = new IdSet()
  const again: Resend[] = []
  let next = 0
  for (const carrier of carriers) {
    for (let over = byEnd[next]; over && knew(facts, over.attempt, carrier.attempt); over = byEnd[next]) {
      settled.add(settledBy(over))
      next += 1
    }
    const ids = settled.within(carrier.ids)
    if (ids.length === 0) continue
    again.push({
      answered: again.length < limits.witnessesMax ? answerTo(ids, byEnd) : undefined,
      next: carrier,
      ids,
    })
  }
  return { acknowledged: final.length, again }
}

function answerTo(ids: readonly IdRange[], byEnd: readonly Carrier[]): Carrier | undefined {
  const set = new IdSet(ids)
  return byEnd.find((one) => set.within(one.ids).length > 0)
}

function endsTheMatter(attempt: Attempt, profile: Profile): boolean {
  const answer = fullAnswer(attempt)
  if (!answer || answer.status > 299 || !acknowledges(profile, answer.status)) return false
  if (answer.status === 202 && asksForLanding(attempt)) return false
  return !attempt.faults.some(({ emitted }) => emitted.type === 'http_error' && emitted['body'] !== undefined)
}

/** Its records; of a batch that was taken in part, those that were taken. */
function settledBy({ attempt, ids }: Carrier): readonly IdRange[] {
  const partly = attempt.faults.some(({ emitted }) => emitted.type === 'partial_batch')
  return partly ? new IdSet(takenIds(attempt)).within(ids) : ids
}

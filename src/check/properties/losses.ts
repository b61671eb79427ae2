/**
 * I1 no silent loss, I18 buffer bound, I20 close.
 *
 * I1 is the analysis of inv.no-loss. I18: memory cannot be seen over HTTP/1.1; what can be is that under
 * pressure, which a failure or a stdin that was not read shows, no record disappears before it was ever
 * sent. I20: the exit with 0 stands for a close that resolved, so nothing may be due then: not unsent, not
 * under way, not waiting for a retry. A flush is answered by no entry, so of it nothing can be told.
 */
import { failed } from '../../history.ts'
import { countIds } from '../../record.ts'
import type { IdRange } from '../../record.ts'
import { fromFacts } from '../checker.ts'
import type { Checker } from '../checker.ts'
import type { Carrier, Facts } from '../facts.ts'
import { counted, finding, merge, reporter } from '../finding.ts'
import { noLoss } from '../no-loss.ts'
import { confirmedAt, tested } from '../rules/answers.ts'
import { IdSet } from '../sets.ts'
import { absent, failedForNow, hindrance, idsOf, inapplicable, offeredTo, shared } from './attempts.ts'

export const noSilentLoss: Checker<unknown> = shared(noLoss)

export const bufferBound: Checker<unknown> = fromFacts((facts) => {
  const carriers = tested(facts)
  const failures = carriers.filter(({ attempt }) => failed(attempt)).length
  const stdinStalls = facts.all('stall').filter(({ who }) => who === 'stdin').length
  const measured = { stdinStalls }
  if (failures === 0 && stdinStalls === 0) {
    return inapplicable('Nothing failed and the input was read as it came: no buffer was under pressure.', {
      measured,
    })
  }
  const hindered = hindrance(facts)
  if (hindered !== undefined)
    return inapplicable(`Buffers were not seen to the end: ${hindered}.`, { measured })
  const sent = idsOf(carriers, () => true)
  const dropped = facts.word.untold(sent.without(offeredTo(facts).ranges()))
  const report = reporter(facts.attempts(), facts.word)
  const pressure = `${counted(failures, 'request')} failed and the input stood still ${stdinStalls}×`
  return merge([
    finding('pass', `Under pressure (${pressure}) every record was sent, or told.`, { measured }),
    ...report(absent(facts), `Under pressure (${pressure}) dropped before it was ever sent, untold`, dropped),
  ])
})

export const closeContract: Checker<unknown> = fromFacts((facts) => {
  const { word } = facts
  const closed = facts.controls().without(word.claimedDelivered().ranges())
  if (countIds(closed) === 0) return inapplicable(`No close claimed success: ${word.shown}.`)
  const carriers = tested(facts)
  const sent = idsOf(carriers, () => true)
  const { underWay, waiting } = due(facts, carriers)
  const of = (ids: readonly IdRange[]): IdRange[] => word.untold(new IdSet(closed).within(ids))
  const report = reporter(facts.attempts(), word)
  return merge([
    finding(carriers.length > 0 ? 'pass' : 'n/a', 'Nothing was due when the client exited with 0.'),
    ...report('fail', 'Exited with 0 before it was sent', of(sent.without(closed))),
    ...report('fail', 'Exited with 0 while its answer was still to come', of(underWay.ranges())),
    ...report('fail', 'Exited with 0 while it was still to be sent again', of(waiting.ranges())),
  ])
})

/** What was open at the end: records whose last attempt had no answer, and those that were to be sent again. */
function due(facts: Facts, carriers: readonly Carrier[]): { underWay: IdSet; waiting: IdSet } {
  const { profile } = facts.run
  const known = idsOf(carriers, ({ attempt }) => confirmedAt(attempt, profile) !== undefined)
  const [seen, underWay, waiting] = [new IdSet(), new IdSet(), new IdSet()]
  for (const { attempt, ids } of [...carriers].reverse()) {
    const last = known.without(seen.without(ids))
    if (!attempt.sent) underWay.add(last)
    else if (failedForNow(attempt, profile)) waiting.add(last)
    seen.add(ids)
  }
  return { underWay, waiting }
}

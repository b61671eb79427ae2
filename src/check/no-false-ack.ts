/**
 * inv.no-false-ack: what the client acknowledged to its application has landed, or was discarded by the server.
 *
 * Analysis: acks minus landed minus discarded. On the pipe rung there are no claims; exit 0 stands for an ack
 * of everything, and inv.no-false-success judges it.
 */
import { countIds } from '../record.ts'
import { fromFacts } from './checker.ts'
import type { CheckerOf } from './checker.ts'
import { biographies, finding, named, outcomes } from './finding.ts'
import { IdSet } from './sets.ts'

export const noFalseAck: CheckerOf<'inv.no-false-ack'> = fromFacts((facts) => {
  const { discarded, landed, run, word } = facts
  if (run.rung === 'pipe') return finding('n/a', 'The pipe carries no acks.')
  if (word.acked.size === 0) return finding('n/a', 'The client acknowledged nothing.')
  const unheld = landed.where(word.acked.ranges(), (rows) => rows === 0)
  const hollow = discarded.without(unheld)
  const measured = { acked: word.acked.size, falseAcks: countIds(hollow) }
  if (hollow.length === 0) {
    return finding('pass', `All ${word.acked.size} records that the client acknowledged have landed.`, {
      measured,
    })
  }
  const set = new IdSet(hollow)
  const claims = word.acks.filter(({ ids }) => set.within(ids ?? []).length > 0)
  const witnesses = [...claims.map(({ n }) => n), ...biographies(facts.attempts(), hollow)]
  const records = outcomes(hollow, 'false-ack')
  return finding('fail', `Acknowledged by the client and never landed: ${named(hollow)}.`, {
    measured,
    witnesses,
    records,
  })
})

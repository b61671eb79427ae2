/**
 * inv.no-false-success: a client that exits with 0 has delivered everything, or said what it dropped.
 *
 * Analysis: on exit 0, what is missing and untold of what that client was offered. Any other end makes no such
 * promise, and none does on the lines rung, where acks are claims of their own.
 */
import { fromFacts } from './checker.ts'
import type { CheckerOf } from './checker.ts'
import { biographies, finding, named, outcomes } from './finding.ts'

export const noFalseSuccess: CheckerOf<'inv.no-false-success'> = fromFacts((facts) => {
  const { offered, run, word } = facts
  if (run.rung === 'lines')
    return finding('n/a', 'Where a client claims record by record, its exit claims nothing.')
  if (offered.size === 0) return finding('n/a', 'No record was offered.')
  const claimed = word.claimedDelivered()
  if (claimed.size === 0) return finding('n/a', `No success was claimed: ${word.shown}.`)
  const lost = claimed.within(word.untold(facts.missing()))
  if (lost.length === 0) return finding('pass', 'The client exited with 0, and nothing is missing untold.')
  return finding(
    'fail',
    `The client exited with 0, as if all were delivered, but these are lost: ${named(lost)}.`,
    {
      witnesses: [...word.witnesses, ...biographies(facts.attempts(), lost)],
      records: outcomes(lost, 'lost-silent'),
    },
  )
})

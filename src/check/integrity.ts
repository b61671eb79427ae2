/**
 * inv.integrity: what was taken is what was offered, member by member.
 *
 * Analysis: the damage that the server found in the requests it took, by record and pointer (design §4
 * "Records": members may be added, none may change).
 */
import { shownRange } from '../record.ts'
import type { RecordId } from '../record.ts'
import { fromFacts } from './checker.ts'
import type { CheckerOf } from './checker.ts'
import { counted, finding } from './finding.ts'

/** Damaged records that are spelled out in a sentence. */
const damagesShown = 6

export const integrity: CheckerOf<'inv.integrity'> = fromFacts((facts) => {
  const taken = facts.attempts().filter((attempt) => attempt.takes.length > 0)
  if (taken.length === 0) return finding('n/a', 'Nothing was taken.')
  const marred = taken.filter(({ request }) => (request.damaged ?? []).length > 0)
  const damages = marred.flatMap(({ request }) => request.damaged ?? [])
  const measured = { damaged: damages.length }
  if (damages.length === 0) return finding('pass', 'Every record taken equals the one offered.', { measured })
  const shown = damages.slice(0, damagesShown).map(({ id, at }) => `${shownId(id)} at ${at}`)
  if (damages.length > damagesShown) shown.push('…')
  const because = `${counted(damages.length, 'record')} not as offered: ${shown.join(', ')}.`
  return finding('fail', because, {
    measured,
    witnesses: marred.map(({ request }) => request.n),
    records: damages.map(({ id }) => ({ id, outcome: 'corrupt' })),
  })
})

function shownId([producer, seq]: RecordId): string {
  return shownRange([producer, seq, seq])
}

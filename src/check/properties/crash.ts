/**
 * I13 GOAWAY, I19 what was spilled, I21 crash: promises that need more than a client on HTTP/1.1 that runs
 * once.
 *
 * I19, of a client that says it spills (`can`: spill): records that met the profile's most attempts have
 * landed at the end, or were told, and none of them landed twice under two keys. I21, where the plan killed
 * a client and another was started after it: of a client that survives it (`can`: spill or resume)
 * everything has landed or was told; of any other, what it had acknowledged.
 */
import type { IdRange } from '../../record.ts'
import { fromFacts } from '../checker.ts'
import type { Checker } from '../checker.ts'
import type { Facts } from '../facts.ts'
import { finding, merge, named, outcomes, reporter } from '../finding.ts'
import { grouped } from '../rules/answers.ts'
import { IdSet } from '../sets.ts'
import { absent, chains, failedForNow, idsOf, inapplicable, sameRecords } from './attempts.ts'

export const goaway: Checker<unknown> = fromFacts((facts) => {
  const seen = facts.all('close').some(({ how }) => how === 'goaway')
  if (seen) return finding('unknown', 'A GOAWAY was sent, and is not judged.')
  return inapplicable('GOAWAY is a frame of HTTP/2 (RFC 9113 §6.8): HTTP/1.1 has none.')
})

export const spill: Checker<unknown> = fromFacts((facts) => {
  if (!facts.run.can.includes('spill')) return inapplicable('The client does not say that it spills.')
  const { profile } = facts.run
  const exhausted = chains(facts).filter((chain) => {
    return chain.filter(({ attempt }) => failedForNow(attempt, profile)).length >= profile.attempts.max
  })
  if (exhausted.length === 0)
    return inapplicable('No batch met the most attempts, so nothing had to be spilled.')
  const ids = idsOf(exhausted.flat(), () => true).ranges()
  const gone = facts.word.untold(facts.landed.where(ids, (rows) => rows === 0))
  const doubled = facts.landed.where(ids, (rows) => rows > 1)
  const rekeyed = new IdSet(
    exhausted.flatMap((chain) => {
      const [first] = chain
      const same = chain.filter((one) => first && sameRecords(first, one))
      return grouped(same, ({ attempt }) => attempt.request.key ?? '').size > 1 ? (first?.ids ?? []) : []
    }),
  )
  const report = reporter(facts.attempts(), facts.word)
  return merge([
    finding('pass', `Met ${profile.attempts.max} failures: ${named(ids)}.`),
    ...report(absent(facts), 'Spilled, and neither landed nor told', gone, outcomes(gone, 'lost-silent')),
    ...report('fail', 'Spilled, and landed twice under two keys', rekeyed.within(doubled)),
  ])
})

export const crash: Checker<unknown> = fromFacts((facts) => {
  const killed = killedIn(facts)
  if (killed.length === 0) return inapplicable('No client was killed.')
  const last = killed.reduce((a, b) => Math.max(a, b.t), 0)
  const restarted = facts.offers.some(({ t, control }) => t > last && !control)
  if (!restarted)
    return inapplicable('A client was killed and none was started after it: it could make up for nothing.')
  const { can } = facts.run
  const durable = can.includes('spill') || can.includes('resume')
  const had = new IdSet(killed.flatMap(({ offered }) => offered.ranges()))
  const missing = had.within(facts.missing())
  const promised = durable ? facts.word.untold(missing) : facts.word.acked.within(missing)
  const report = reporter(facts.attempts(), facts.word)
  if (!durable && facts.word.acked.size === 0) {
    return inapplicable(
      'The killed client had acknowledged nothing, and does not say that it survives a kill.',
    )
  }
  const what = durable ? 'Lost by a kill, and not made up for' : 'Acknowledged, and lost by a kill'
  return merge([
    finding('pass', `Offered to a client that was killed: ${named(had.ranges())}.`),
    ...report(absent(facts), what, promised, outcomes(promised, durable ? 'lost-silent' : 'false-ack')),
  ])
})

/** The clients that were killed, with when, and what they had been offered. */
function killedIn(facts: Facts): { t: number; offered: { ranges(): IdRange[] } }[] {
  const planned = facts.all('fault').some(({ emitted }) => {
    return emitted.type === 'client_stop' && emitted['how'] === 'sigkill'
  })
  if (!planned) return []
  return [...facts.word.voices.values()].flatMap(({ ends, offered, stuck }) => {
    const end = ends.find(({ by, what }) => what === 'signal' && by === 'harness')
    return end && !stuck ? [{ t: end.t, offered }] : []
  })
}

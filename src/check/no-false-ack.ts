/**
 * inv.no-false-ack: what the client acknowledged to its application has landed, or was discarded by the server.
 *
 * Analyses: 1. acks minus landed minus discarded; 2. acks of records that had not been offered by then, which the
 * client cannot have had, as an offer is entered before it is made; 3. acks of what is no record of this run, which
 * have no ids and say so in `raw`. On the pipe rung there are no claims; exit 0 stands for an ack of everything, and
 * inv.no-false-success judges it.
 */
import type { EntryOf } from '../entry.ts'
import { countIds } from '../record.ts'
import type { IdRange } from '../record.ts'
import type { Finding } from '../verdict.ts'
import { fromFacts } from './checker.ts'
import type { CheckerOf } from './checker.ts'
import type { Facts } from './facts.ts'
import { biographies, counted, finding, merge, named, outcomes } from './finding.ts'
import { IdSet } from './sets.ts'

type Claim = EntryOf<'claim'>

export const noFalseAck: CheckerOf<'inv.no-false-ack'> = fromFacts((facts) => {
  const { run, word } = facts
  if (run.rung === 'pipe') return finding('n/a', 'The pipe carries no acks.')
  const findings = [...landed(facts), ...tooEarly(facts), ...ofNothing(word.acks)]
  return findings.length === 0 ? finding('n/a', 'The client acknowledged nothing.') : merge(findings)
})

function landed(facts: Facts): Finding[] {
  const { discarded, offered, word } = facts
  const acked = new IdSet(offered.within(word.acked.ranges()))
  if (acked.size === 0) return []
  const unheld = facts.landed.where(acked.ranges(), (rows) => rows === 0)
  const hollow = discarded.without(unheld)
  const measured = { acked: acked.size, falseAcks: countIds(hollow) }
  if (hollow.length === 0) {
    const because = `All ${acked.size} records that the client acknowledged have landed.`
    return [finding('pass', because, { measured })]
  }
  const witnesses = [...claimsOf(word.acks, new IdSet(hollow)), ...biographies(facts.attempts(), hollow)]
  const records = outcomes(hollow, 'false-ack')
  const because = `Acknowledged by the client and never landed: ${named(hollow)}.`
  return [finding('fail', because, { measured, witnesses, records })]
}

function tooEarly(facts: Facts): Finding[] {
  const { offered, word } = facts
  const early = unoffered(facts)
  const report = (ids: IdRange[], when: string): Finding[] =>
    ids.length === 0
      ? []
      : [
          finding('fail', `Acknowledged by the client, ${when}: ${named(ids)}.`, {
            witnesses: claimsOf(word.acks, new IdSet(ids)),
            records: outcomes(ids, 'false-ack'),
          }),
        ]
  return [
    ...report(offered.without(early.ranges()), 'though never offered'),
    ...report(offered.within(early.ranges()), 'before it was offered'),
  ]
}

/** What was acknowledged before the first offer of it. */
function unoffered({ offers, word }: Facts): IdSet {
  const inTime = [...offers].sort((a, b) => a.t - b.t)
  const [byThen, early] = [new IdSet(), new IdSet()]
  for (const { t, ids = [] } of [...word.acks].sort((a, b) => a.t - b.t)) {
    for (let next = inTime[0]; next && next.t <= t; next = inTime[0]) {
      byThen.add(next.ids)
      inTime.shift()
    }
    early.add(byThen.without(ids))
  }
  return early
}

function ofNothing(acks: readonly Claim[]): Finding[] {
  const strange = acks.filter(({ raw }) => raw !== undefined)
  const [first] = strange
  if (!first) return []
  const because = `${counted(strange.length, 'ack')} of what was never offered: ${first.raw}.`
  return [finding('fail', because, { witnesses: strange.map(({ n }) => n) })]
}

function claimsOf(acks: readonly Claim[], set: IdSet): number[] {
  return acks.filter(({ ids }) => set.within(ids ?? []).length > 0).map(({ n }) => n)
}

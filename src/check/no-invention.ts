/**
 * inv.no-invention: only what was offered is taken and lands.
 *
 * Analyses: 1. ids landed or taken that were never offered; 2. objects without a token of this run in a request
 * that was taken: a fail where the profile refuses foreign rows, counted where envelopes may bring their own;
 * 3. what landed without a take: a ledger that misses facts, so nothing can be told.
 */
import { entriesOf, takenIds } from '../history.ts'
import type { IdRange } from '../record.ts'
import type { Checker } from './checker.ts'
import { finding, merge, named, outcomes } from './finding.ts'
import { IdSet } from './sets.ts'

export const noInvention: Checker<unknown> = (facts) => {
  const lands: { n: number; ids: readonly IdRange[] }[] = []
  return {
    step: (entry) => {
      if (entry.kind !== 'land' || entry.error !== undefined) return
      lands.push(entry)
    },
    finish: () => {
      const taken = facts.attempts().filter((attempt) => attempt.takes.length > 0)
      if (taken.length === 0 && lands.length === 0)
        return finding('n/a', 'Nothing was taken and nothing landed.')
      const [landed, took] = [setOf(lands.flatMap(({ ids }) => ids)), setOf(taken.flatMap(takenIds))]
      const there = setOf([...landed.ranges(), ...took.ranges()])
      const phantoms = facts.offered.without(there.ranges())
      const findings = [finding('pass', `${there.size} records were taken or landed.`)]
      const untaken = took.without(landed.ranges())
      if (untaken.length > 0) {
        const witnesses = lands.map(({ n }) => n)
        findings.push(
          finding('unknown', `Landed, though no request took it: ${named(untaken)}.`, { witnesses }),
        )
      }
      if (phantoms.length > 0) {
        const set = new IdSet(phantoms)
        const touches = (ids: Iterable<IdRange>): boolean => set.within(ids).length > 0
        const witnesses = [
          ...lands.filter(({ ids }) => touches(ids)).map(({ n }) => n),
          ...taken.filter((attempt) => touches(takenIds(attempt))).flatMap(entriesOf),
        ]
        const records = outcomes(phantoms, 'phantom')
        findings.push(
          finding('fail', `Never offered, yet taken or landed: ${named(phantoms)}.`, { witnesses, records }),
        )
      }
      const strange = taken.filter(({ request }) => (request.foreign ?? 0) > 0)
      const foreignRows = strange.reduce((sum, { request }) => sum + (request.foreign ?? 0), 0)
      findings.push(
        finding('pass', `Objects that are no record of this run: ${foreignRows}.`, {
          measured: { foreignRows },
        }),
      )
      const [first] = strange
      if (first && facts.run.profile.foreignRows === 'refused') {
        const because = `Request ${first.request.req} brought objects that are no record of this run.`
        findings.push(finding('fail', because, { witnesses: strange.map(({ request }) => request.n) }))
      }
      return merge(findings)
    },
  }
}

/** Sorted first: a set grows at its end in no time, and at its front by moving all the rest. */
function setOf(ranges: readonly IdRange[]): IdSet {
  return new IdSet([...ranges].sort((a, b) => a[0] - b[0] || a[1] - b[1]))
}

/**
 * Faults that let a request pass although their rule fires: a rate limit within its window, and a partial batch
 * that finds no record to strike. They then take no slot, and what they count is what came of the request in the end.
 */
import type { FaultOf } from '../fault.ts'
import { idsIn, rangesOf } from '../record.ts'
import type { IdRange, RecordId } from '../record.ts'
import type { Counters } from './counters.ts'
import type { Decision, Subject } from './decide.ts'

/** The decision as it strikes this request; undefined where it lets it pass. */
export function withheld(drawn: Decision, subject: Subject, counters: Counters): Decision | undefined {
  const { fault } = drawn
  if (fault.type === 'rate_limit') {
    const window = windowAt(fault, subject.atS)
    if (counters.of(drawn.rule).served(drawn.key, window) < fault.limit) return undefined
    return { ...drawn, orderDependent: true, opensAtS: opensAtS(fault, subject.atS) }
  }
  if (fault.type !== 'partial_batch') return drawn
  const ids = struckIn(drawn.rule, fault, subject, counters)
  return ids.length > 0 ? { ...drawn, ids } : undefined
}

/** Counts what was decided: a window the requests that are served, whoever struck them; a batch its struck records. */
export function spend(
  drawn: readonly Decision[],
  decided: Decision | undefined,
  subject: Subject,
  counters: Counters,
): void {
  if (!decided || decided.taken) {
    for (const { rule, key, fault } of drawn) {
      if (fault.type === 'rate_limit') counters.of(rule).serve(key, windowAt(fault, subject.atS))
    }
  }
  if (decided?.fault.type !== 'partial_batch' || decided.fault.times === undefined) return
  for (const id of idsIn(decided.ids ?? [])) counters.of(decided.rule).advance(recordKey(id))
}

/** When the window of a rate limit ends in which this moment lies, in seconds of the run's clock. */
export function opensAtS(fault: FaultOf<'rate_limit'>, atS: number): number {
  return (windowAt(fault, atS) + 1) * fault.per_s
}

/** Windows are fixed on the run's clock, the first from 0. */
function windowAt({ per_s }: FaultOf<'rate_limit'>, atS: number): number {
  return Math.floor(atS / per_s)
}

function struckIn(
  rule: string,
  { from, of, times = Infinity }: FaultOf<'partial_batch'>,
  subject: Subject,
  counters: Counters,
): IdRange[] {
  const struck = new Map<string, RecordId>()
  for (const id of idsIn(subject.ids ?? [])) {
    if (id[1] % of < from) continue
    const key = recordKey(id)
    if (times === Infinity || counters.of(rule).count(key) < times) struck.set(key, id)
  }
  return rangesOf(struck.values())
}

function recordKey([producer, seq]: RecordId): string {
  return `record:${producer}.${seq}`
}

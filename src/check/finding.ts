/** Findings: how they are made, merged and put into words. */
import { entriesOf } from '../history.ts'
import type { Attempt } from '../history.ts'
import { limits } from '../limits.ts'
import { countIds, idsIn, shownRange } from '../record.ts'
import type { IdRange } from '../record.ts'
import { worst } from '../verdict.ts'
import type { CheckVerdict, Finding, Outcome } from '../verdict.ts'
import { IdSet } from './sets.ts'
import type { Word } from './word.ts'

type More = Partial<Omit<Finding, 'verdict' | 'because'>>

export function finding(verdict: CheckVerdict, because: string, more: More = {}): Finding {
  return bounded({ verdict, because: [because], witnesses: [], ...more })
}

/** One finding of several: the worst verdict, and its reasons first. */
export function merge(findings: readonly Finding[]): Finding {
  const verdict = worst(findings.map((found) => found.verdict))
  const order: readonly CheckVerdict[] = ['fail', 'unknown', 'pass', 'n/a']
  const ordered = [...findings].sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict))
  return bounded({
    verdict,
    because: ordered.flatMap((found) => found.because),
    witnesses: ordered.flatMap((found) => found.witnesses),
    measured: Object.assign({}, ...findings.map((found) => found.measured)) as Record<string, number>,
    records: ordered.flatMap((found) => found.records ?? []),
  })
}

function bounded(whole: Finding): Finding {
  const witnesses = [...new Set(whole.witnesses)].slice(0, limits.witnessesMax).sort((a, b) => a - b)
  const records = whole.records?.slice(0, limits.witnessesMax)
  return { ...whole, witnesses, ...(records ? { records } : {}) }
}

export type Report = (
  verdict: CheckVerdict,
  what: string,
  ids: readonly IdRange[],
  records?: Finding['records'],
) => Finding[]

/** Makes findings about records, none where there are no records, each with the entries that show it. */
export function reporter(attempts: readonly Attempt[], word: Word): Report {
  return (verdict, what, ids, records = []) => {
    if (ids.length === 0) return []
    const witnesses = [...word.witnesses, ...biographies(attempts, ids)]
    return [finding(verdict, `${what}: ${named(ids)}; ${word.shown}.`, { witnesses, records })]
  }
}

/** As much of what is known of some records as a finding can hold. */
export function biographies(attempts: readonly Attempt[], ranges: Iterable<IdRange>): number[] {
  const set = new IdSet(ranges)
  const found: number[] = []
  for (const attempt of attempts) {
    if (found.length >= limits.witnessesMax) break
    if (set.within(attempt.request.ids).length > 0) found.push(...entriesOf(attempt))
  }
  return found
}

export function outcomes(ranges: Iterable<IdRange>, outcome: Outcome): NonNullable<Finding['records']> {
  const found: { id: readonly [number, number]; outcome: Outcome }[] = []
  for (const id of idsIn(ranges)) {
    if (found.length >= limits.witnessesMax) break
    found.push({ id, outcome })
  }
  return found
}

/** Ranges of records that are spelled out in a sentence. */
const rangesShown = 6

/** `3 records (0.1, 0.4–0.5)`. */
export function named(ranges: readonly IdRange[]): string {
  const count = countIds(ranges)
  if (count === 0) return 'none'
  const shown = ranges.slice(0, rangesShown).map(shownRange).join(', ')
  return `${counted(count, 'record')} (${shown}${ranges.length > rangesShown ? ', …' : ''})`
}

/** `1 request`, `2 requests`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** With a capital letter and a full stop. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/** Nanoseconds as milliseconds, for people. */
export function shownMs(ns: number): string {
  return `${(ns / 1e6).toFixed(1)} ms`
}

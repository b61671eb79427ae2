/**
 * A baseline: what is known not to pass and wanted mended, each with its reason and its issue. It does not fail the
 * run; an entry that passes again does, so that the list stays true.
 */
import { shown, TailraceError } from './errors.ts'
import type { Problem } from './errors.ts'
import type { Schema } from './parameters.ts'
import type { CaseResult, CheckResult } from './report.ts'
import { problemsOf } from './schema.ts'

export interface Known {
  readonly case: string
  /** One check of the case; all of them when absent. */
  readonly check?: string
  readonly reason: string
  readonly issue: string
}

export interface Baseline {
  readonly version: 1
  readonly expected: readonly Known[]
}

const text: Schema = { type: 'string', minLength: 1 }

export const baselineSchema: Schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'tailrace baseline',
  type: 'object',
  properties: {
    version: { const: 1 },
    expected: {
      type: 'array',
      items: {
        type: 'object',
        properties: { case: text, check: text, reason: text, issue: text },
        required: ['case', 'reason', 'issue'],
        additionalProperties: false,
      },
    },
  },
  required: ['version', 'expected'],
  additionalProperties: false,
}

/** Throws with every problem: wrong keys, and cases that are not in `ids`. */
export function checkBaseline(value: unknown, name: string, ids: readonly string[]): Baseline {
  const problems: Problem[] = problemsOf(baselineSchema, value)
  if (problems.length === 0) {
    ;(value as Baseline).expected.forEach((known, index) => {
      if (ids.includes(known.case)) return
      problems.push({ at: `/expected/${index}/case`, expected: 'the id of a case', got: shown(known.case) })
    })
  }
  if (problems.length > 0) throw new TailraceError('baseline', `${name} is not a baseline`, problems)
  return value as Baseline
}

/** Marks what `baseline` names, and lists the entries that no longer hold. */
export function applyBaseline(
  results: readonly CaseResult[],
  baseline: Baseline,
): { results: CaseResult[]; stale: string[] } {
  const marked = results.map((result) =>
    isKnown(result, baseline.expected) ? { ...result, expected: true } : result,
  )
  const stale = baseline.expected.filter((known) => passes(known, results))
  return { results: marked, stale: stale.map((known) => [known.case, known.check].filter(Boolean).join(':')) }
}

/** What does not pass and is listed as coming and going is flaky: of no weight, and shown as what it is. */
export function applyFlaky(results: readonly CaseResult[], flaky: Baseline): CaseResult[] {
  return results.map((result): CaseResult => {
    if (!isKnown(result, flaky.expected)) return result
    const known = flaky.expected.find(({ case: id }) => id === result.id)
    return { ...result, verdict: 'flaky', reason: `known to be flaky: ${known?.reason ?? ''}` }
  })
}

/** Whether everything that did not pass is named: a failure, and what is inconclusive at the same place. */
function isKnown(result: CaseResult, expected: readonly Known[]): boolean {
  if (result.verdict !== 'fail' && result.verdict !== 'inconclusive') return false
  const named = expected.filter((known) => known.case === result.id)
  if (named.some((known) => known.check === undefined)) return true
  const open = openChecks(result)
  return open.length > 0 && open.every(({ id }) => named.some((known) => known.check === id))
}

function openChecks(result: CaseResult): readonly CheckResult[] {
  return result.checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'unknown')
}

/** Whether what was known not to pass does, in every run of it. */
function passes(known: Known, results: readonly CaseResult[]): boolean {
  const runs = results.filter(({ id }) => id === known.case)
  return runs.length > 0 && runs.every((run) => passesIn(known, run))
}

function passesIn({ check }: Known, { verdict, checks }: CaseResult): boolean {
  if (check === undefined) return verdict === 'pass'
  if (verdict !== 'pass' && verdict !== 'fail') return false // not judged as a whole
  return checks.find(({ id }) => id === check)?.verdict === 'pass'
}

/** A baseline that expects what does not pass now; reasons and issues are for a person to better. */
export function baselineOf(results: readonly CaseResult[]): Baseline {
  const issue = 'none yet'
  const expected = results.flatMap((result): Known[] => {
    if (result.verdict !== 'fail' && result.verdict !== 'inconclusive') return []
    const open = openChecks(result)
    if (open.length === 0) return [{ case: result.id, reason: result.reason ?? result.verdict, issue }]
    return open.map(({ id, because }) => ({
      case: result.id,
      check: id,
      reason: because[0] ?? 'open',
      issue,
    }))
  })
  // A case that was run several times is listed once.
  const seen = new Map(expected.map((known) => [`${known.case}:${known.check ?? ''}`, known]))
  return { version: 1, expected: [...seen.values()] }
}

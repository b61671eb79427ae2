/**
 * A baseline: failures that are known and wanted fixed, each with its reason and its issue. A known failure does
 * not fail the run; one that no longer fails does, so that the list stays true.
 */
import { shown, TailraceError } from './errors.ts'
import type { Problem } from './errors.ts'
import type { Schema } from './parameters.ts'
import type { CaseResult } from './report.ts'
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

/** Marks the failures that `baseline` names, and lists the entries that no longer fail. */
export function applyBaseline(
  results: readonly CaseResult[],
  baseline: Baseline,
): { results: CaseResult[]; stale: string[] } {
  const expects = (result: CaseResult, check: string): boolean =>
    baseline.expected.some((known) => known.case === result.id && (known.check ?? check) === check)
  const marked = results.map((result) => {
    const failing = result.checks.filter((check) => check.verdict === 'fail')
    const known = result.verdict === 'fail' && failing.every((check) => expects(result, check.id))
    return known ? { ...result, expected: true } : result
  })
  const stale = baseline.expected.filter((known) => holds(known, results))
  return { results: marked, stale: stale.map((known) => [known.case, known.check].filter(Boolean).join(':')) }
}

/** Whether what was known to fail passed, in a case that was judged: elsewhere a pass says nothing. */
function holds(known: Known, results: readonly CaseResult[]): boolean {
  const result = results.find(({ id }) => id === known.case)
  if (result?.verdict !== 'pass' && result?.verdict !== 'fail') return false
  if (known.check === undefined) return result.verdict === 'pass'
  return result.checks.some(({ id, verdict }) => id === known.check && verdict === 'pass')
}

/** A baseline that expects what fails now; reasons and issues are left for a person to fill in. */
export function baselineOf(results: readonly CaseResult[]): Baseline {
  const failing = results.filter(({ verdict }) => verdict === 'fail')
  return {
    version: 1,
    expected: failing.flatMap((result) =>
      result.checks
        .filter(({ verdict }) => verdict === 'fail')
        .map(({ id, because }) => ({
          case: result.id,
          check: id,
          reason: because[0] ?? 'fails',
          issue: 'none yet',
        })),
    ),
  }
}

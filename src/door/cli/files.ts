/** Documents that users write: cases, plans, baselines. YAML or JSON, every problem at once. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, extname } from 'node:path'
import { stringify } from 'yaml'
import { checkBaseline } from '../../baseline.ts'
import type { Baseline } from '../../baseline.ts'
import { messageOf, shown, TailraceError } from '../../errors.ts'
import type { ErrorCode } from '../../errors.ts'
import { limits } from '../../limits.ts'
import { readDocument } from '../../plan/document.ts'
import { checkPlan, ruleProblems } from '../../plan/parse.ts'
import { caseSchema } from '../../scenario.ts'
import type { Case } from '../../scenario.ts'
import { problemsOf } from '../../schema.ts'
import { caseOfPlan, ofItsOwn } from '../plan-case.ts'
import type { Mode } from '../../verdict.ts'

/** Reads a file whole; says so when it is not there, too large, or no text. */
export function readText(path: string, code: ErrorCode): string {
  try {
    const { size } = statSync(path)
    if (size > limits.documentBytesMax) {
      const expected = `at most ${limits.documentBytesMax} bytes`
      throw new TailraceError(code, `${path} is too large`, [{ at: path, expected, got: `${size} bytes` }])
    }
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof TailraceError) throw error
    const problem = { at: path, expected: 'a readable file', got: messageOf(error) }
    throw new TailraceError(code, `cannot read ${path}`, [problem], { cause: error })
  }
}

export function readBaseline(path: string, ids: readonly string[]): Baseline {
  return checkBaseline(readDocument(readText(path, 'baseline'), path, 'baseline'), path, ids)
}

export function writeBaseline(path: string, baseline: Baseline): void {
  writeFileSync(path, stringify(baseline))
}

/** Cases of the user's own. Each has an id of its own, for its ledger, and the mode of the run. */
export function readCases(
  paths: readonly string[],
  mode: Mode,
  suite: readonly Case[],
): { case: Case; seed?: string }[] {
  const read = paths.map(readCase)
  const ids = read.map((one) => one.case.id)
  const taken = suite.map(({ id }) => id)
  const problems = read.flatMap(({ case: c }, index) => [
    ...(ids.indexOf(c.id) < index || taken.includes(c.id)
      ? [{ at: `${paths[index]} /id`, expected: 'an id of its own', got: shown(c.id) }]
      : []),
    ...(c.mode === mode ? [] : [{ at: `${paths[index]} /mode`, expected: mode, got: shown(c.mode) }]),
  ])
  if (problems.length > 0) throw new TailraceError('case', 'these files do not go together', problems)
  return read
}

/** A user's own file: a plan, which becomes a case that has only the invariants to keep, or a case. */
function readCase(path: string): { case: Case; seed?: string } {
  const value = readDocument(readText(path, 'case'), path, 'case')
  if (typeof value !== 'object' || value === null) {
    const expected = 'a case (id, title, records, …) or a plan (version, seed, rules)'
    throw new TailraceError('case', `${path} is no case`, [{ at: '/', expected, got: shown(value) }])
  }
  if ('rules' in value || 'version' in value) {
    const plan = checkPlan(value, path)
    return { case: caseOfPlan(plan, basename(path, extname(path)), path), seed: plan.seed }
  }
  return { case: checkCase(value, path) }
}

export function checkCase(value: object, name: string): Case {
  const faults = 'faults' in value ? ruleProblems(value.faults, '/faults') : []
  const problems = [...problemsOf(caseSchema, value), ...faults]
  if (problems.length > 0) throw new TailraceError('case', `${name} is not a case`, problems)
  return { ...ofItsOwn, ...(value as typeof ofItsOwn & Omit<Case, keyof typeof ofItsOwn>) }
}

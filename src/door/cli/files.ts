/** Documents that users write: cases, plans, baselines. YAML or JSON, every problem at once. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, extname } from 'node:path'
import { stringify } from 'yaml'
import { checkBaseline } from '../../baseline.ts'
import type { Baseline } from '../../baseline.ts'
import { messageOf, shown, TailraceError } from '../../errors.ts'
import type { ErrorCode, Problem } from '../../errors.ts'
import { limits } from '../../limits.ts'
import { readDocument } from '../../plan/document.ts'
import { checkPlan, ruleProblems } from '../../plan/parse.ts'
import { caseSchema } from '../../scenario.ts'
import type { Case } from '../../scenario.ts'
import { problemsOf } from '../../schema.ts'
import { caseOfPlan, ofItsOwn } from '../plan-case.ts'
import type { Mode } from '../../verdict.ts'
import { isModule, readModule } from './modules.ts'

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

interface Own {
  readonly case: Case
  readonly seed?: string
  /** Where it stands. */
  readonly at: string
}

/** Cases of the user's own. Each has an id of its own, for its ledger, and the mode of the run. */
export async function readCases(
  paths: readonly string[],
  mode: Mode,
  suite: readonly Case[],
): Promise<readonly Own[]> {
  const read = (await Promise.all(paths.map(readOwn))).flat()
  const ids = read.map((one) => one.case.id)
  const taken = suite.map(({ id }) => id)
  const problems = read.flatMap(({ case: c, at }, index) => [
    ...(ids.indexOf(c.id) < index || taken.includes(c.id)
      ? [{ at: `${at} /id`, expected: 'an id of its own', got: shown(c.id) }]
      : []),
    ...(c.mode === mode ? [] : [{ at: `${at} /mode`, expected: mode, got: shown(c.mode) }]),
  ])
  if (problems.length > 0) throw new TailraceError('case', 'these files do not go together', problems)
  return read
}

/** A user's own file: YAML or JSON that holds one, or a module that exports some. */
async function readOwn(path: string): Promise<Own[]> {
  if (!isModule(path)) return [ownOf(readDocument(readText(path, 'case'), path, 'case'), path)]
  readText(path, 'case') // says what is wrong with the file before what is wrong with the module
  const values = await readModule(path)
  return values.map((value, index) => ownOf(value, values.length > 1 ? `${path}[${index}]` : path))
}

/** A plan, which becomes a case that has only the invariants and properties to keep, or a case. */
function ownOf(value: unknown, at: string): Own {
  if (typeof value !== 'object' || value === null) {
    const expected = 'a case (id, title, records, …) or a plan (version, seed, rules)'
    throw new TailraceError('case', `${at} is no case`, [{ at: '/', expected, got: shown(value) }])
  }
  if ('rules' in value || 'version' in value) {
    const plan = checkPlan(value, at)
    return { case: caseOfPlan(plan, basename(at, extname(at)), at), seed: plan.seed, at }
  }
  return { case: checkCase(value, at), at }
}

export function checkCase(value: object, name: string): Case {
  const faults = 'faults' in value ? ruleProblems(resolved(value.faults), '/faults') : []
  const form = [...problemsOf(caseSchema, value), ...faults]
  const problems = form.length > 0 ? form : senseProblems(value as Case)
  if (problems.length > 0) throw new TailraceError('case', `${name} is not a case`, problems)
  return { ...ofItsOwn, ...(value as typeof ofItsOwn & Omit<Case, keyof typeof ofItsOwn>) }
}

/** What a case leaves to the profile, by the least that it can be. */
function resolved(faults: unknown): unknown {
  if (!Array.isArray(faults)) return faults
  return faults.map((rule: unknown) => {
    const { when } = (rule ?? {}) as { when?: { attempt?: unknown } }
    return when?.attempt === 'below attempts.min'
      ? { ...(rule as object), when: { ...when, attempt: [1] } }
      : rule
  })
}

/** Whether the members of a case that is well formed fit together. */
function senseProblems({ clients, records, steps = [], promises }: Case): Problem[] {
  const given = clients ? Math.max(...clients.records) : records
  const offered = steps.reduce((sum, step) => sum + (step.do === 'offer' ? step.records : 0), 0)
  const named = promises.flatMap((call, i) => (call.use === 'silent' ? [{ i, client: call.client }] : []))
  const count = clients?.records.length ?? 1
  return [
    ...(given === 0 && !clients
      ? [{ at: '/records', expected: 'at least 1, or several clients', got: String(records) }]
      : []),
    ...(offered > given
      ? [{ at: '/steps', expected: `no more than ${given} records offered`, got: String(offered) }]
      : []),
    ...named
      .filter(({ client }) => client >= count)
      .map(({ i, client }) => ({
        at: `/promises/${i}/client`,
        expected: `one of ${count} clients, from 0`,
        got: String(client),
      })),
  ]
}

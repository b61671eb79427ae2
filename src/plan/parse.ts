/** Reads plans: YAML, JSON or a plain object. Everything that is wrong comes at once, each with its pointer. */
import { TailraceError } from '../errors.ts'
import type { Problem } from '../errors.ts'
import { faultNames } from '../fault.ts'
import type { Schema } from '../parameters.ts'
import type { Json } from '../record.ts'
import { problemsOf } from '../schema.ts'
import { readDocument } from './document.ts'
import { nearest } from './nearest.ts'
import type { Plan } from './plan.ts'
import { valueAt } from './pointer.ts'
import { planSchema, rulesSchema } from './schema.ts'
import { senseProblems } from './sense.ts'

/** `name` says in errors which plan it is. */
export function parsePlan(text: string, name: string): Plan {
  return checkPlan(readDocument(text, name, 'plan'), name)
}

export function checkPlan(value: unknown, name: string): Plan {
  const rules = typeof value === 'object' && value !== null && 'rules' in value ? value.rules : undefined
  const problems = [...formProblems(planSchema, value), ...senseProblems(rules, '/rules')]
  if (problems.length > 0) throw new TailraceError('plan', `${name} is not a plan`, problems)
  return value as Plan
}

/** What is wrong with the rules that stand at `pointer` of some document. */
export function ruleProblems(rules: unknown, pointer: string): Problem[] {
  const form = formProblems(rulesSchema, rules).map((problem) => ({
    ...problem,
    at: problem.at === '/' ? pointer : pointer + problem.at,
  }))
  return [...form, ...senseProblems(rules, pointer)]
}

/** Problems by the schema; where a fault has an unknown name, the one that was probably meant comes first. */
function formProblems(schema: Schema, value: unknown): Problem[] {
  return problemsOf(schema, value).map((problem) => {
    const got = problem.at.endsWith('/type') ? valueAt(value as Json, problem.at) : undefined
    const meant = typeof got === 'string' ? nearest(got, faultNames) : undefined
    return meant === undefined ? problem : { ...problem, expected: `${meant}, or ${problem.expected}` }
  })
}

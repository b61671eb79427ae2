/** The options of a server for tests, read all at once: every wrong one is named before anything starts. */
import { protocols } from '../../fakes/server.ts'
import { shown, TailraceError } from '../errors.ts'
import type { Problem } from '../errors.ts'
import { checkPlan, parsePlan } from '../plan/parse.ts'
import type { Plan } from '../plan/plan.ts'
import { profiles } from '../profile.ts'
import type { Profile } from '../profile.ts'
import { fieldsOf, senseProblems, wholeProfileSchema } from '../profiles/document.ts'
import type { Payload } from '../record.ts'
import { caseSchema } from '../scenario.ts'
import type { Schema } from '../parameters.ts'
import { problemsOf } from '../schema.ts'

/** What a server for tests and a plan for nock have in common. */
export interface RunOptions {
  /** Faults: a plan, or its text in YAML or JSON; none when absent. */
  readonly plan?: Plan | string
  /** What the server speaks; `generic` when absent. */
  readonly protocol?: string
  /** The name of a shipped profile, or a profile; the protocol's own when absent. */
  readonly profile?: string | Profile
  /** What chance, records and the token come from; the plan's, or `1`, when absent. */
  readonly seed?: string
  /** What the records hold beyond the ordinary. */
  readonly records?: Payload
}

export interface RunSettings {
  readonly plan: Plan
  readonly protocol: string
  readonly profile: Profile
  readonly payload?: Payload
}

/** Options that each kind has beside the common ones, with what is wrong with them. */
export type OwnOptions = Readonly<Record<string, (value: unknown) => string | undefined>>

const commonNames = ['plan', 'protocol', 'profile', 'seed', 'records']

/** Throws `usage` with all that is wrong; `own`: the names beside the common ones, with what each expects. */
export function readRunOptions(given: unknown, own: OwnOptions, more: readonly Problem[] = []): RunSettings {
  if (typeof given !== 'object' || given === null) {
    throw new TailraceError('usage', 'these options do not fit', [
      { at: 'options', expected: 'an object', got: shown(given) },
    ])
  }
  const options: Readonly<Record<string, unknown>> = { ...given }
  const problems: Problem[] = [...strangers(options, own), ...ownProblems(options, own)]
  const plan = planOf(options, problems)
  const protocol = protocolOf(options['protocol'], problems)
  const profile = profileOf(options['profile'], protocol, problems)
  const payload = payloadOf(options['records'], problems)
  problems.push(...more)
  if (problems.length > 0) throw new TailraceError('usage', 'these options do not fit', problems)
  return { plan, protocol, profile, ...(payload ? { payload } : {}) }
}

function strangers(options: Readonly<Record<string, unknown>>, own: OwnOptions): Problem[] {
  const known = [...commonNames, ...Object.keys(own)]
  return Object.keys(options)
    .filter((name) => !known.includes(name))
    .map((name) => ({ at: name, expected: `one of ${known.join(', ')}`, got: 'an unknown option' }))
}

function ownProblems(options: Readonly<Record<string, unknown>>, own: OwnOptions): Problem[] {
  return Object.entries(own).flatMap(([name, wants]) => {
    const value = options[name]
    const expected = value === undefined ? undefined : wants(value)
    return expected === undefined ? [] : [{ at: name, expected, got: shown(value) }]
  })
}

/** A seed among the options wins over the plan's. */
function planOf({ plan: given, seed }: Readonly<Record<string, unknown>>, problems: Problem[]): Plan {
  const isSeed = seed === undefined || (typeof seed === 'string' && seed !== '')
  if (!isSeed) problems.push({ at: 'seed', expected: 'a text that is not empty', got: shown(seed) })
  const read = (): Plan => {
    if (given === undefined) return { version: 1, seed: '1', rules: [] }
    return typeof given === 'string' ? parsePlan(given, 'plan') : checkPlan(given, 'plan')
  }
  try {
    const plan = read()
    problems.push(...processProblems(plan))
    return typeof seed === 'string' ? { ...plan, seed } : plan
  } catch (error) {
    if (!(error instanceof TailraceError)) throw error
    problems.push(...error.problems.map((problem) => ({ ...problem, at: `plan ${problem.at}` })))
    return { version: 1, seed: '1', rules: [] }
  }
}

/** Nothing here starts the client, so a rule that is to stop it could never strike. */
function processProblems({ rules }: Plan): Problem[] {
  return rules.flatMap(({ fault }, index) => {
    if (fault?.type !== 'client_stop') return []
    const expected = 'a fault of the server: the client is no process of ours'
    return [{ at: `plan /rules/${index}/fault`, expected, got: fault.type }]
  })
}

function protocolOf(given: unknown, problems: Problem[]): string {
  const names = protocols.filter(({ paths }) => paths.ingest !== undefined).map(({ name }) => name)
  if (given === undefined) return 'generic'
  const found = names.find((name) => name === given)
  if (found === undefined) {
    problems.push({ at: 'protocol', expected: `one of ${names.join(', ')}`, got: shown(given) })
  }
  return found ?? 'generic'
}

function profileOf(given: unknown, protocol: string, problems: Problem[]): Profile {
  const own: Profile = profiles[protocol] ?? (profiles['generic'] as Profile)
  if (given === undefined) return own
  if (typeof given === 'string') {
    const named = Object.hasOwn(profiles, given) ? profiles[given] : undefined
    const expected = `one of ${Object.keys(profiles).join(', ')}, or a profile`
    if (!named) problems.push({ at: 'profile', expected, got: shown(given) })
    return named ?? own
  }
  const wrong = profileProblems(given)
  problems.push(...wrong.map((problem) => ({ ...problem, at: `profile ${problem.at}` })))
  return wrong.length > 0 ? own : (given as Profile)
}

/** A profile has the fields of a profile file under the names of the code; their forms are the file's. */
function profileProblems(given: unknown): Problem[] {
  try {
    const { name } = given as Profile
    const form = problemsOf(wholeProfileSchema, { name, ...fieldsOf(given as Profile) })
    return form.length > 0 ? form : senseProblems(given as Profile)
  } catch {
    return [{ at: '/', expected: 'a profile', got: shown(given) }]
  }
}

const payloadSchema = (caseSchema['properties'] as Readonly<Record<string, Schema>>)['payload'] as Schema

function payloadOf(given: unknown, problems: Problem[]): Payload | undefined {
  if (given === undefined) return undefined
  const wrong = problemsOf(payloadSchema, given)
  problems.push(...wrong.map((problem) => ({ ...problem, at: `records ${problem.at}` })))
  return wrong.length > 0 ? undefined : (given as Payload)
}

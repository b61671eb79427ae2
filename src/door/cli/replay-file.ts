/** A replay file: everything that runs one case again, and what came of it the first time. */
import { TailraceError } from '../../errors.ts'
import { profiles } from '../../profile.ts'
import type { Profile } from '../../profile.ts'
import { fieldsOf, profileOn, senseProblems, wholeProfileSchema } from '../../profiles/document.ts'
import type { Fields } from '../../profiles/document.ts'
import type { Schema } from '../../parameters.ts'
import { readDocument } from '../../plan/document.ts'
import type { CaseRun } from '../../run.ts'
import type { Case } from '../../scenario.ts'
import { problemsOf } from '../../schema.ts'
import { checkCase, readText } from './files.ts'
import { rungs } from './options.ts'
import type { Rung } from './options.ts'
import { version } from './version.ts'

/** What a run is made of, as its flags say. */
export interface Parts {
  client: string
  protocol: string
  profile: Profile
  seed: string
  host: string
  /** Knobs that the client honours. */
  knobs: readonly string[]
  rung: Rung
  /** One process serves many cases. */
  reuse: boolean
}

export interface ReplayFile extends Omit<Parts, 'profile'> {
  readonly schema: 1
  readonly tool: string
  /** Whole, as a profile file would have it: the file that it came from may have changed since. */
  readonly profile: Fields & { readonly name: string }
  readonly case: Case
  readonly verdict: string
  /** Verdict of each check, by id. */
  readonly checks: Readonly<Record<string, string>>
}

export function replayOf(c: Case, run: CaseRun, parts: Parts): string {
  const { client, protocol, seed, host, knobs, rung, reuse } = parts
  const file: ReplayFile = {
    schema: 1,
    tool: `tailrace ${version}`,
    client,
    protocol,
    profile: { name: parts.profile.name, ...fieldsOf(parts.profile) },
    seed,
    host,
    knobs,
    rung,
    reuse,
    verdict: run.failures.length > 0 ? 'harness-error' : (run.judgement?.verdict ?? 'harness-error'),
    checks: checksOf(run),
    case: c,
  }
  return `${JSON.stringify(file, null, 2)}\n`
}

export function checksOf(run: CaseRun): Record<string, string> {
  return Object.fromEntries((run.judgement?.checks ?? []).map(({ id, verdict }) => [id, verdict]))
}

const text: Schema = { type: 'string' }
const replaySchema: Schema = {
  type: 'object',
  properties: {
    schema: { const: 1 },
    tool: text,
    client: { type: 'string', minLength: 1 },
    protocol: text,
    profile: wholeProfileSchema,
    seed: text,
    host: text,
    knobs: { type: 'array', items: text },
    rung: { enum: rungs },
    reuse: { type: 'boolean' },
    verdict: text,
    checks: { type: 'object', additionalProperties: text },
    case: { type: 'object' },
  },
  required: ['schema', 'client', 'protocol', 'profile', 'seed', 'host', 'knobs', 'verdict', 'checks', 'case'],
  additionalProperties: false,
}

export function readReplay(path: string): ReplayFile & { readonly parts: Parts } {
  const value = withWholeProfile(readDocument(readText(path, 'replay'), path, 'replay'))
  const form = problemsOf(replaySchema, value)
  if (form.length > 0) throw new TailraceError('replay', `${path} is no replay file`, form)
  const file = value as ReplayFile
  const profile = profileOn(profiles['generic'] as Profile, file.profile)
  const sense = senseProblems(profile).map((problem) => ({ ...problem, at: `/profile${problem.at}` }))
  if (sense.length > 0) throw new TailraceError('replay', `${path} is no replay file`, sense)
  return {
    ...file,
    case: checkCase(file.case, `${path} /case`),
    parts: { ...pipeUnlessSaid, ...file, profile },
  }
}

/** The first replay files knew no other rung. */
const pipeUnlessSaid = { rung: 'pipe', reuse: false } as const

/** The first replay files had no more of a profile than its name. */
function withWholeProfile(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('profile' in value)) return value
  const { profile: name } = value
  if (typeof name !== 'string' || !Object.hasOwn(profiles, name)) return value
  return { ...value, profile: { name, ...fieldsOf(profiles[name] as Profile) } }
}

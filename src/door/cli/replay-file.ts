/** A replay file: everything that runs one case again, and what came of it the first time. */
import { TailraceError } from '../../errors.ts'
import { profiles } from '../../profile.ts'
import type { Profile } from '../../profile.ts'
import type { Schema } from '../../parameters.ts'
import { readDocument } from '../../plan/document.ts'
import type { CaseRun } from '../../run.ts'
import type { Case } from '../../scenario.ts'
import { problemsOf } from '../../schema.ts'
import { checkCase, readText } from './files.ts'
import { version } from './version.ts'

/** What a run is made of, as its flags say. */
export interface Parts {
  client: string
  protocol: string
  profile: Profile
  seed: string
  host: string
  knobs: readonly string[]
}

export interface ReplayFile extends Omit<Parts, 'profile'> {
  readonly schema: 1
  readonly tool: string
  readonly profile: string
  readonly case: Case
  readonly verdict: string
  /** Verdict of each check, by id. */
  readonly checks: Readonly<Record<string, string>>
}

export function replayOf(c: Case, run: CaseRun, parts: Parts): string {
  const { client, protocol, seed, host, knobs } = parts
  const file: ReplayFile = {
    schema: 1,
    tool: `tailrace ${version}`,
    client,
    protocol,
    profile: parts.profile.name,
    seed,
    host,
    knobs,
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
    profile: { enum: Object.keys(profiles) },
    seed: text,
    host: text,
    knobs: { type: 'array', items: text },
    verdict: text,
    checks: { type: 'object', additionalProperties: text },
    case: { type: 'object' },
  },
  required: ['schema', 'client', 'protocol', 'profile', 'seed', 'host', 'knobs', 'verdict', 'checks', 'case'],
  additionalProperties: false,
}

export function readReplay(path: string): ReplayFile & { readonly parts: Parts } {
  const value = readDocument(readText(path, 'replay'), path, 'replay')
  const problems = problemsOf(replaySchema, value)
  if (problems.length > 0) throw new TailraceError('replay', `${path} is no replay file`, problems)
  const file = value as ReplayFile
  const profile = profiles[file.profile]
  if (!profile) throw new TailraceError('replay', `unknown profile ${file.profile}`) // the schema names them
  return { ...file, case: checkCase(file.case, `${path} /case`), parts: { ...file, profile } }
}

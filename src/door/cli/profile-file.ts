/** Profiles by name or by file. A file stands on another profile, which may be a file in its turn. */
import { existsSync, realpathSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { shown, TailraceError } from '../../errors.ts'
import type { Problem } from '../../errors.ts'
import { readDocument } from '../../plan/document.ts'
import type { Profile } from '../../profile.ts'
import { fieldNames, formProblems, profileOn, senseProblems } from '../../profiles/document.ts'
import type { ProfileDocument, Sources } from '../../profiles/document.ts'
import { shipped } from '../../profiles/shipped.ts'
import { readText } from './files.ts'

/** A profile, and where each of its fields comes from. */
export interface Sourced {
  readonly profile: Profile
  readonly sources: Sources
}

/** `at` names, for errors, where the reference stands: a flag or an argument. */
export function profileAt(reference: string, at: string): Sourced {
  const known = shippedAs(reference)
  if (known) return known
  const path = resolve(reference)
  if (!looksLikePath(reference) && !existsSync(path)) {
    throw new TailraceError('profile', 'unknown profile', [unknown(at, reference)])
  }
  const problems: Problem[] = []
  const read = fromFile(path, [], problems)
  if (read && problems.length === 0) return read
  throw new TailraceError('profile', `${reference} is not a profile`, problems)
}

function shippedAs(name: string): Sourced | undefined {
  return Object.hasOwn(shipped, name) ? shipped[name] : undefined
}

function looksLikePath(reference: string): boolean {
  return /[/.]/.test(reference)
}

function unknown(at: string, reference: string): Problem {
  const expected = `one of ${Object.keys(shipped).join(', ')}, or the path of a profile file`
  return { at, expected, got: shown(reference) }
}

/** Undefined where it cannot be put together; `problems` then say why. `before` are the files that led here. */
function fromFile(path: string, before: readonly string[], problems: Problem[]): Sourced | undefined {
  const name = relative(process.cwd(), path) || path
  const value = valueOf(path, name, problems)
  if (value === undefined) return undefined
  const chain = [...before, realpathSync(path)]
  const here = (problem: Problem): Problem => ({ ...problem, at: `${name} ${problem.at}` })
  const elsewhere = problems.length
  const form = formProblems(value).map(here)
  problems.push(...form)
  const reference = extendsOf(value)
  const base = reference === undefined ? undefined : baseOf(reference, path, chain, problems, here)
  if (!base || problems.length > elsewhere) return undefined // what stands on a mistake only repeats it
  const document = value as ProfileDocument
  if (Object.hasOwn(shipped, document.name)) {
    const expected = 'a name of its own, not that of a shipped profile'
    problems.push(here({ at: '/name', expected, got: shown(document.name) }))
  }
  const profile = profileOn(base.profile, document)
  problems.push(...senseProblems(profile).map(here))
  const own = fieldNames.filter((field) => field in document).map((field) => [field, name] as const)
  return { profile, sources: { ...base.sources, ...Object.fromEntries(own), ...document.sources } }
}

/** Undefined where it cannot be read. */
function valueOf(path: string, name: string, problems: Problem[]): unknown {
  try {
    return readDocument(readText(path, 'profile'), name, 'profile') ?? null
  } catch (error) {
    if (!(error instanceof TailraceError)) throw error
    problems.push(...error.problems)
    return undefined
  }
}

/** What a document stands on, as far as it can be read: its other mistakes are looked for all the same. */
function extendsOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (!('extends' in value)) return 'generic'
  return typeof value.extends === 'string' && value.extends !== '' ? value.extends : undefined
}

function baseOf(
  reference: string,
  from: string,
  chain: readonly string[],
  problems: Problem[],
  here: (problem: Problem) => Problem,
): Sourced | undefined {
  const known = shippedAs(reference)
  if (known) return known
  const path = resolve(dirname(from), reference)
  if (!existsSync(path)) {
    problems.push(here(unknown('/extends', reference)))
    return undefined
  }
  const start = chain.indexOf(realpathSync(path))
  if (start < 0) return fromFile(path, chain, problems)
  const circle = [...chain.slice(start), chain[start] as string].map((one) => relative(process.cwd(), one))
  const expected = 'a profile that does not stand on this one'
  problems.push(here({ at: '/extends', expected, got: circle.join(' → ') }))
  return undefined
}

/**
 * What a test holds its client to, judged by the checkers of a run over the ledger as it stands. A test tells by
 * asking that its client is done: from then on silence about what is missing is silence.
 *
 * Nothing is judged here: checks are named, and `judge` folds them.
 */
import { judge } from '../check/judge.ts'
import type { Entry, EntryOf } from '../entry.ts'
import { shown, TailraceError } from '../errors.ts'
import type { Problem } from '../errors.ts'
import { limits } from '../limits.ts'
import { argumentsSchema } from '../parameters.ts'
import type { Profile } from '../profile.ts'
import { ingestInvariants, ingestProperties, rules } from '../promises.ts'
import type { RuleCall } from '../promises.ts'
import type { IdRange } from '../record.ts'
import type { CheckCall } from '../scenario.ts'
import { problemsOf } from '../schema.ts'
import type { Finding, Guarantee } from '../verdict.ts'

/** An invariant or a property by its id, or a rule of a case with its arguments. */
export type CheckName = Exclude<CheckCall['id'], 'rule' | 'fired'> | RuleCall

/** A finding with the entries that bear witness, at most `limits.entriesShown`, by time. */
export interface Found extends Finding {
  /** The id of the check, or the name of the rule. */
  readonly name: string
  readonly entries: readonly Entry[]
}

/** What is judged. */
export interface Seen {
  readonly entries: readonly Entry[]
  /** Numbers of `sent` entries whose client may have been gone: what they tell is judged both ways. */
  readonly unsure?: ReadonlySet<number>
}

export interface Judging {
  /** In place of the offers that stand in the ledger. */
  readonly offered?: readonly IdRange[]
  /** Further things that the client is taken to be able to do, as `order`. */
  readonly can?: readonly string[]
  readonly duplicates?: Profile['duplicates']
}

export interface Judged {
  readonly found: readonly Found[]
  readonly guarantee?: Guarantee
}

const ids: readonly string[] = [...ingestInvariants, ...ingestProperties]

/** Throws `usage` with every name that is none. */
export function checkCalls(names: readonly CheckName[]): readonly CheckCall[] {
  const problems = names.flatMap((name, index) => nameProblems(name, `names/${index}`))
  if (problems.length > 0) throw new TailraceError('usage', 'these are no checks', problems)
  return names.map((name): CheckCall =>
    typeof name === 'object' ? ruleCall(name) : ({ id: name, level: 'MUST' } as CheckCall),
  )
}

export function ruleCall(call: RuleCall): CheckCall {
  return { id: 'rule', level: 'MUST', rules: [call] }
}

function nameProblems(name: unknown, at: string): Problem[] {
  if (typeof name === 'string') {
    return ids.includes(name)
      ? []
      : [{ at, expected: `one of ${ids.join(', ')}, or a rule`, got: shown(name) }]
  }
  const use = typeof name === 'object' && name !== null && 'use' in name ? name.use : undefined
  if (typeof use !== 'string' || !Object.hasOwn(rules, use)) {
    const expected = `{ use: RULE }, RULE one of ${Object.keys(rules).join(', ')}`
    return [{ at, expected, got: shown(name) }]
  }
  const { parameters } = rules[use as RuleCall['use']]
  return problemsOf(argumentsSchema('use', use, parameters), name).map((problem) => ({
    ...problem,
    at: at + problem.at.replace(/^\/$/, ''),
  }))
}

/**
 * Judges the ledger of a run, whose first entry names no checks of its own, by `calls`. What depends on whether a
 * client was still there for an answer, where that was not seen, is unknown.
 */
export function judged({ entries, unsure }: Seen, calls: readonly CheckCall[], how: Judging = {}): Judged {
  const read = judgedAs(entries, calls, how)
  if (!unsure?.size) return read
  const unread = judgedAs(
    entries.map((entry) =>
      entry.kind === 'sent' && unsure.has(entry.n) ? { ...entry, written: 'none' } : entry,
    ),
    calls,
    how,
  )
  return { ...read, found: read.found.map((found, i) => agreed(found, unread.found[i] ?? found)) }
}

function agreed(read: Found, unread: Found): Found {
  if (read.verdict === unread.verdict) return read
  const doubt = 'It matters whether the client gave up while an answer was held back, and that was not seen.'
  return { ...read, verdict: 'unknown', because: [doubt, ...read.because, ...unread.because] }
}

function judgedAs(
  ledger: readonly Entry[],
  calls: readonly CheckCall[],
  { offered, can = [], duplicates }: Judging,
): Judged {
  const entries = told(ledger, calls, offered)
  const [run, ...rest] = entries
  if (run?.kind !== 'run') return { found: judge(entries).checks.map(named(entries, calls)) } // it says what is wrong
  const profile = duplicates ? { ...run.profile, duplicates } : run.profile
  const all = [{ ...run, profile, can: [...run.can, ...can] }, ...rest]
  const { checks, guarantee } = judge(all)
  return { found: checks.map(named(all, calls)), ...(guarantee ? { guarantee } : {}) }
}

/** The ledger with the checks that are asked for, what the test says it offered, and its word that all is done. */
function told(ledger: readonly Entry[], calls: readonly CheckCall[], offered: Judging['offered']): Entry[] {
  const [run, ...rest] = ledger
  if (run?.kind !== 'run') return [...ledger]
  const own = offered ? rest.filter(({ kind }) => kind !== 'offer') : rest
  const next = ledger.length
  const last = rest.reduce((latest, { t }) => Math.max(latest, t), run.t)
  const offer: EntryOf<'offer'>[] = offered ? [{ kind: 'offer', ids: offered, n: next, t: run.t }] : []
  const done = { kind: 'claim', what: 'done', raw: 'as the test says', n: next + 1, t: last } as const
  return [{ ...run, checks: calls }, ...offer, ...own, done]
}

function named(entries: readonly Entry[], calls: readonly CheckCall[]) {
  return (check: Finding & { readonly id: string }, index: number): Found => {
    const call = calls[index]
    const wanted = new Set(check.witnesses)
    const seen = entries.filter(({ n }) => wanted.has(n)).sort((a, b) => a.t - b.t || a.n - b.n)
    const { verdict, because, witnesses, measured, records } = check
    return {
      name: call?.id === 'rule' ? (call.rules[0]?.use ?? call.id) : check.id,
      ...{ verdict, because, witnesses },
      ...(measured ? { measured } : {}),
      ...(records ? { records } : {}),
      entries: seen.slice(0, limits.entriesShown),
    }
  }
}

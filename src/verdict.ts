/**
 * Verdicts and their lattice: pass < unknown < fail, merged by worst. Unknown is neither failure nor success;
 * what does not apply drops out.
 */
import type { ExitCode } from './errors.ts'
import { exitCodes } from './errors.ts'
import type { RecordId } from './record.ts'

export const modes = ['ingest', 'stream', 'export'] as const
export type Mode = (typeof modes)[number]

/** RFC 2119, strongest first. */
export const levels = ['MUST', 'SHOULD', 'MAY'] as const
export type Level = (typeof levels)[number]

export const tiers = ['quick', 'full', 'soak'] as const
export type Tier = (typeof tiers)[number]

export type CheckVerdict = 'pass' | 'fail' | 'unknown' | 'n/a'

export const caseVerdicts = ['pass', 'fail', 'inconclusive', 'n/a', 'flaky', 'harness-error'] as const
export type CaseVerdict = (typeof caseVerdicts)[number]

/** How one record fared (Jepsen's set and queue checkers); `docs/properties.md` defines each. */
export const outcomeNames = [
  'delivered',
  'duplicated',
  'lost-silent',
  'lost-reported',
  'false-ack',
  'false-fail',
  'recovered',
  'discarded-by-server',
  'phantom',
  'corrupt',
  'pending',
] as const
export type Outcome = (typeof outcomeNames)[number]

/** What a client was seen to guarantee; `at-most-once` and `at-least-once` stand side by side. */
export const guaranteeTiers = [
  'fire-and-forget',
  'at-most-once',
  'at-least-once',
  'effectively-once',
] as const
export type GuaranteeTier = (typeof guaranteeTiers)[number]

/** The strongest tier that the facts leave standing, and the cheapest proof that the next one does not. */
export interface Guarantee {
  /** Up to which level nothing was lost in silence: everything landed, or all that the server did not drop. */
  readonly atLeast: 'landed' | 'accepted' | 'none'
  readonly atMost: 'once' | 'none'
  readonly tier: GuaranteeTier
  readonly against?: Counterproof
}

/** Why `tier` does not hold. */
export interface Counterproof {
  readonly tier: GuaranteeTier
  readonly because: string
  /** The record that shows it with the fewest entries. */
  readonly records: readonly RecordId[]
  /** Numbers (`n`) of those entries, at most `limits.witnessesMax`. */
  readonly entries: readonly number[]
  /** The case that shows it, where several were merged. */
  readonly case?: string
}

/** What a checker found: the verdict, one sentence each of why, and the entries that show it. */
export interface Finding {
  readonly verdict: CheckVerdict
  readonly because: readonly string[]
  /** Numbers (`n`) of the entries that bear witness, at most `limits.witnessesMax`. */
  readonly witnesses: readonly number[]
  /** Figures worth printing, by name with unit. */
  readonly measured?: Readonly<Record<string, number>>
  /** Records the finding is about, at most `limits.witnessesMax`. */
  readonly records?: readonly { readonly id: RecordId; readonly outcome: Outcome }[]
}

const severity: Record<CheckVerdict, number> = { 'n/a': 0, pass: 1, unknown: 2, fail: 3 }

/** The worst of `verdicts`; `n/a` drops out, and is the answer only when nothing else is there. */
export function worst(verdicts: Iterable<CheckVerdict>): CheckVerdict {
  let found: CheckVerdict = 'n/a'
  for (const verdict of verdicts) if (severity[verdict] > severity[found]) found = verdict
  return found
}

export function caseVerdict(verdicts: Iterable<CheckVerdict>): CaseVerdict {
  const found = worst(verdicts)
  return found === 'unknown' ? 'inconclusive' : found
}

/** The weaker of two levels. */
export function weaker(a: Level, b: Level): Level {
  return levels.indexOf(a) > levels.indexOf(b) ? a : b
}

export type LevelChoice = 'must' | 'should' | 'may'

/** What `--level` runs and what of it gates (design §7). */
export const levelChoices: Readonly<
  Record<LevelChoice, { runs: readonly Level[]; gates: readonly Level[] }>
> = {
  must: { runs: ['MUST'], gates: ['MUST'] },
  should: { runs: ['MUST', 'SHOULD'], gates: ['MUST'] },
  may: { runs: ['MUST', 'SHOULD', 'MAY'], gates: ['MUST', 'SHOULD'] },
}

/** The exit code that one case asks for when `gates` are the gating levels. */
export function caseExit(
  verdict: CaseVerdict,
  checks: readonly { readonly verdict: CheckVerdict; readonly level: Level }[],
  gates: readonly Level[],
): ExitCode {
  const gating = (wanted: CheckVerdict): boolean =>
    checks.some((check) => check.verdict === wanted && gates.includes(check.level))
  if (verdict === 'harness-error') return exitCodes.harness
  if (verdict === 'fail' && gating('fail')) return exitCodes.failed
  // A failure that does not gate must not hide that a promise that does was not judged.
  if ((verdict === 'fail' || verdict === 'inconclusive') && gating('unknown')) return exitCodes.nothingJudged
  // A case may be inconclusive as a whole, for a reason that stands in none of its checks.
  const wholly = verdict === 'inconclusive' && !checks.some((check) => check.verdict === 'unknown')
  const broadly = checks.length === 0 || checks.some((check) => gates.includes(check.level))
  if (wholly && broadly) return exitCodes.nothingJudged
  return exitCodes.pass
}

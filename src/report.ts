/** The report of a run: its shape is a contract, additive only (`schema/report.v1.json`). */
import type { Percentiles } from './clock.ts'
import type { ExitCode } from './errors.ts'
import type { Entry, PhaseName } from './entry.ts'
import { guaranteeTiers } from './verdict.ts'
import type { CaseVerdict, CheckVerdict, Guarantee, Level, Mode, Tier } from './verdict.ts'
import type { Schema } from './parameters.ts'

/** One check of one case, as it stands in a report. */
export interface CheckResult {
  readonly id: string
  readonly level: Level
  readonly verdict: CheckVerdict
  readonly because: readonly string[]
  /** Entries around the witnesses, in order of time; empty unless the check failed or is unknown. */
  readonly entries: readonly Entry[]
}

export interface CaseResult {
  readonly id: string
  readonly title: string
  readonly mode: Mode
  readonly level: Level
  readonly tier: Tier
  readonly source: string
  readonly seed: string
  readonly repeat: number
  readonly verdict: CaseVerdict
  /** The baseline expects this case, or some of its checks, to fail. */
  readonly expected?: boolean
  readonly reason?: string
  readonly durationMs: number
  readonly measured: Readonly<Record<string, number>>
  readonly checks: readonly CheckResult[]
  /** What the client was seen to guarantee in this case; absent where that cannot be told. */
  readonly guarantee?: Guarantee
  /** Path of the ledger, relative to the report. */
  readonly ledger: string
  /** The command that runs this case again. */
  readonly replay: string
}

export interface Fitness {
  readonly control: CheckVerdict | 'inconclusive' | 'harness-error'
  readonly null: CheckVerdict | 'inconclusive' | 'harness-error'
  readonly latenessMs: Percentiles
  readonly eventLoopDelayMs: Percentiles
}

export interface Report {
  readonly schema: 1
  readonly tool: string
  readonly version: string
  readonly suite: number
  readonly run: string
  readonly exitCode: ExitCode
  readonly seed: string
  readonly mode: Mode
  readonly rung: string
  readonly profile: string
  readonly protocol: string
  readonly client: {
    readonly command: string
    readonly name?: string
    readonly version?: string
    /** First lines of its stderr, where it never connected. */
    readonly stderr?: readonly string[]
  }
  readonly startedAt: string
  readonly durationMs: number
  /** Milliseconds spent in each phase, all cases together. */
  readonly phases: Readonly<Partial<Record<PhaseName, number>>>
  readonly fitness: Fitness
  readonly totals: Readonly<Record<CaseVerdict, number>>
  /** What the client was seen to guarantee in all cases together. */
  readonly guarantee?: Guarantee
  /** The levels that gate. */
  readonly gates: readonly Level[]
  /** Baseline entries that no longer fail. */
  readonly stale?: readonly string[]
  /** How often cases passed that were run more than once. */
  readonly repeats?: readonly Repeated[]
  readonly cases: readonly CaseResult[]
}

/** How often a case passed that was run more than once. */
export interface Repeated {
  readonly id: string
  /** Runs that were judged, and how many of them passed. */
  readonly runs: number
  readonly passed: number
  /** Wilson score interval of the share that passes, at 95 %. */
  readonly interval: readonly [low: number, high: number]
}

/** What a reporter makes: a file for the run's folder, or lines for the terminal. */
export interface Reporter {
  readonly name: string
  /** File name in the run's folder; none where the text goes to the terminal. */
  readonly file?: string
  readonly render: (report: Report) => string
}

const text: Schema = { type: 'string' }
const ms: Schema = { type: 'number', minimum: 0 }
const percentiles: Schema = {
  type: 'object',
  properties: { p50: ms, p99: ms, p999: ms },
  required: ['p50', 'p99', 'p999'],
}
const verdicts: Schema = { enum: ['pass', 'fail', 'inconclusive', 'n/a', 'flaky', 'harness-error'] }
const level: Schema = { enum: ['MUST', 'SHOULD', 'MAY'] }
const figures: Schema = { type: 'object', additionalProperties: { type: 'number' } }

const guarantee: Schema = {
  type: 'object',
  properties: {
    atLeast: { enum: ['landed', 'accepted', 'none'] },
    atMost: { enum: ['once', 'none'] },
    tier: { enum: guaranteeTiers },
    against: {
      type: 'object',
      properties: {
        tier: { enum: guaranteeTiers },
        because: text,
        records: { type: 'array', items: { type: 'array', items: { type: 'integer' } } },
        entries: { type: 'array', items: { type: 'integer' } },
        case: text,
      },
      required: ['tier', 'because', 'records', 'entries'],
    },
  },
  required: ['atLeast', 'atMost', 'tier'],
}

const caseResult: Schema = {
  type: 'object',
  properties: {
    id: text,
    title: text,
    mode: text,
    level,
    tier: text,
    source: text,
    seed: text,
    repeat: { type: 'integer', minimum: 1 },
    verdict: verdicts,
    expected: { type: 'boolean' },
    reason: text,
    durationMs: ms,
    measured: figures,
    checks: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          id: text,
          level,
          verdict: { enum: ['pass', 'fail', 'unknown', 'n/a'] },
          because: { type: 'array', items: text },
          entries: { type: 'array', items: { type: 'object' } },
        },
        required: ['id', 'level', 'verdict', 'because', 'entries'],
      },
    },
    guarantee,
    ledger: text,
    replay: text,
  },
  required: [
    ...['id', 'title', 'mode', 'level', 'tier', 'source', 'seed', 'repeat', 'verdict', 'durationMs'],
    ...['measured', 'checks', 'ledger', 'replay'],
  ],
}

/** JSON Schema of `report.json`. */
export const reportSchema: Schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'tailrace report',
  type: 'object',
  properties: {
    schema: { const: 1 },
    tool: text,
    version: text,
    suite: { type: 'integer' },
    run: text,
    exitCode: { type: 'integer', minimum: 0, maximum: 6 },
    seed: text,
    mode: text,
    rung: text,
    profile: text,
    protocol: text,
    client: {
      type: 'object',
      properties: { command: text, name: text, version: text },
      required: ['command'],
    },
    startedAt: text,
    durationMs: ms,
    phases: figures,
    fitness: {
      type: 'object',
      properties: { control: text, null: text, latenessMs: percentiles, eventLoopDelayMs: percentiles },
      required: ['control', 'null', 'latenessMs', 'eventLoopDelayMs'],
    },
    totals: figures,
    guarantee,
    gates: { type: 'array', items: level },
    stale: { type: 'array', items: text },
    repeats: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          id: text,
          runs: { type: 'integer', minimum: 1 },
          passed: { type: 'integer', minimum: 0 },
          interval: {
            type: 'array',
            items: { type: 'number', minimum: 0, maximum: 1 },
            minItems: 2,
            maxItems: 2,
          },
        },
        required: ['id', 'runs', 'passed', 'interval'],
      },
    },
    cases: { type: 'array', items: caseResult },
  },
  required: [
    ...[
      'schema',
      'tool',
      'version',
      'suite',
      'run',
      'exitCode',
      'seed',
      'mode',
      'rung',
      'profile',
      'protocol',
    ],
    ...['client', 'startedAt', 'durationMs', 'phases', 'fitness', 'totals', 'gates', 'cases'],
  ],
}

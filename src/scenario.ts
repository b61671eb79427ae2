/**
 * A case: one conformance scenario as data. What is offered, what goes wrong, what is promised.
 *
 * The promises come from one vocabulary, the table `rules`; `src/check/` judges each name of it.
 */
import { argumentsSchema } from './parameters.ts'
import type { Arguments, Parameters, Schema } from './parameters.ts'
import type { Plan, Rule } from './plan/plan.ts'
import type { Json } from './record.ts'
import { levels, modes, tiers } from './verdict.ts'
import type { Level, Mode, Tier } from './verdict.ts'

/** Signs: K landed rows of a record, R(i) requests that carry record i. */
export const rules = {
  landed: {
    parameters: { times: { type: 'integer', min: 0, max: 10_000_000, says: 'rows of each record' } },
    says: 'every record offered lands exactly this often',
  },
  attempts: {
    parameters: {
      min: { type: 'integer', min: 0, max: 10_000_000, optional: true, says: 'at least' },
      max: { type: 'integer', min: 0, max: 10_000_000, optional: true, says: 'at most' },
    },
    says: 'each record offered is carried by this many requests',
  },
  requests: {
    parameters: {
      max: { type: 'integer', min: 0, max: 10_000_000, says: 'at most' },
      knob: { type: 'text', optional: true, says: 'the limit holds where this knob is honoured' },
      max_otherwise: {
        type: 'integer',
        min: 0,
        max: 10_000_000,
        optional: true,
        says: 'the limit where it is not',
      },
    },
    says: 'no more requests than this carry records',
  },
  retried: {
    parameters: { after: { type: 'status', says: 'status of the answer, or network' } },
    says: 'sent again after this failure and landed once; under a profile that does not retry it: sent once, and told',
  },
  not_retried: {
    parameters: { after: { type: 'status', says: 'status of the answer' } },
    says: 'sent once; where the records went out in several requests, the later ones still come',
  },
  gaps: {
    parameters: {
      min_ms: {
        type: 'number',
        min: 0,
        max: 3_600_000,
        says: 'least time from an answer to the next attempt',
      },
      slack_ms: { type: 'number', min: 0, max: 3_600_000, says: 'by how much a careful client exceeds it' },
      count_min: { type: 'integer', min: 0, max: 10_000_000, says: 'gaps that must be seen' },
    },
    says: 'the client waits between an error answer and the next attempt',
  },
  retry_after: {
    parameters: { slack_ms: { type: 'number', min: 0, max: 60_000, says: 'how much earlier is forgiven' } },
    says: 'no attempt comes before Retry-After has passed',
  },
  shrinks: {
    parameters: {},
    says: 'sent once, or a second time in a smaller body',
  },
  told: {
    parameters: {},
    says: 'the client says that something was not delivered',
  },
  resent_or_told: {
    parameters: {},
    says: 'records whose answer did not arrive whole are sent again, under the same ids and key, or told',
  },
  taken_before_exit: {
    parameters: {},
    says: 'the last record is taken before the client exits',
  },
} as const

type Conforming<T extends Readonly<Record<string, { parameters: Parameters; says: string }>>> = T
type RuleTable = Conforming<typeof rules>

export type RuleName = keyof RuleTable

/** A rule with its arguments, as it stands in a case. */
export type RuleCall = {
  [N in RuleName]: { readonly use: N } & Arguments<RuleTable[N]['parameters']>
}[RuleName]

export const ruleNames: readonly RuleName[] = Object.keys(rules) as RuleName[]

/** Invariants that hold in every ingest case. */
export const ingestInvariants = [
  'inv.no-loss',
  'inv.no-double',
  'inv.no-false-ack',
  'inv.no-false-success',
  'inv.no-false-fail',
  'inv.no-invention',
  'inv.integrity',
  'inv.no-hot-loop',
  'inv.clean-exit',
] as const

/** One check of a run with its parameters, as it stands in the ledger's first entry. */
export type CheckCall =
  | { readonly id: 'rule'; readonly level: Level; readonly rules: readonly RuleCall[] }
  | { readonly id: 'fired'; readonly level: Level; readonly rules: readonly FiredCall[] }
  | { readonly id: (typeof ingestInvariants)[number]; readonly level: Level }

/** How often a rule of the plan must have fired. */
export interface FiredCall {
  readonly rule: string
  readonly min: number
  readonly max?: number
}

export interface Case {
  readonly id: string
  /** One sentence: the promise. */
  readonly title: string
  readonly mode: Mode
  readonly group: string
  readonly level: Level
  readonly suite: number
  readonly tier: Tier
  readonly protocols: readonly string[]
  /** Where the promise comes from. */
  readonly source: string
  /** What the client must be able to do for the case to be judged; an empty object asks nothing. */
  readonly needs: {
    readonly rung?: string
    readonly can?: readonly string[]
    readonly knobs?: readonly string[]
  }
  /** How many records are offered. */
  readonly records: number
  /** Wishes in TAILRACE_CONFIG beyond those of every case. */
  readonly config?: Readonly<Record<string, Json>>
  /** What goes wrong. */
  readonly faults: readonly Rule[]
  /** No fault strikes after this many seconds. */
  readonly quiet?: Plan['quiet']
  /** What is promised, beside the invariants. */
  readonly promises: readonly RuleCall[]
}

const text: Schema = { type: 'string', minLength: 1 }

/** JSON Schema of a case; `faults` are checked as a plan's rules. Shipped as `schema/case.v1.json`. */
export const caseSchema: Schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'tailrace case',
  type: 'object',
  properties: {
    id: { type: 'string', pattern: '^[a-z0-9]+([.-][a-z0-9]+)*$' },
    title: text,
    mode: { enum: modes },
    group: text,
    level: { enum: levels },
    suite: { type: 'integer', minimum: 1 },
    tier: { enum: tiers },
    protocols: { type: 'array', items: text, minItems: 1 },
    source: text,
    needs: {
      type: 'object',
      properties: {
        rung: text,
        can: { type: 'array', items: text },
        knobs: { type: 'array', items: text },
      },
      additionalProperties: false,
    },
    records: { type: 'integer', minimum: 1, maximum: 1_000_000 },
    config: { type: 'object' },
    faults: { type: 'array', items: { type: 'object' } },
    quiet: {
      type: 'object',
      properties: { after_s: { type: 'number', minimum: 0 } },
      required: ['after_s'],
      additionalProperties: false,
    },
    promises: {
      type: 'array',
      items: {
        type: 'object',
        required: ['use'],
        discriminator: { propertyName: 'use' },
        oneOf: ruleNames.map((name) => argumentsSchema('use', name, rules[name].parameters)),
      },
    },
  },
  required: ['id', 'title', 'mode', 'level', 'source', 'records', 'faults', 'promises'],
  additionalProperties: false,
}

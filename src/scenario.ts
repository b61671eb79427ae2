/**
 * A case: one conformance scenario as data. What is offered, what goes wrong, what is promised.
 *
 * The promises come from one vocabulary, the table in `promises.ts`.
 */
import { argumentsSchema } from './parameters.ts'
import type { Schema } from './parameters.ts'
import { facts } from './driver.ts'
import type { Step } from './driver.ts'
import type { ConnectionsCap } from './endpoint.ts'
import type { Plan, Rule, When } from './plan/plan.ts'
import { ruleNames, rules } from './promises.ts'
import type { ingestInvariants, PropertyName, RuleCall } from './promises.ts'
import type { Json, Payload } from './record.ts'
import { levels, modes, tiers } from './verdict.ts'
import type { Level, Mode, Tier } from './verdict.ts'

/** One check of a run with its parameters, as it stands in the ledger's first entry. */
export type CheckCall =
  | { readonly id: 'rule'; readonly level: Level; readonly rules: readonly RuleCall[] }
  | { readonly id: 'fired'; readonly level: Level; readonly rules: readonly FiredCall[] }
  | { readonly id: (typeof ingestInvariants)[number]; readonly level: Level }
  | { readonly id: PropertyName; readonly level: Level }

/** How often a rule of the plan must have fired. */
export interface FiredCall {
  readonly rule: string
  readonly min: number
  readonly max?: number
}

/** A rule of a case may leave a number to the profile. */
export type CaseRule = Omit<Rule, 'when'> & {
  readonly when?: Omit<When, 'attempt'> & { readonly attempt?: number[] | 'below attempts.min' }
}

/** The clients that a case starts, each a producer of its own; their numbers are their places. */
export interface Clients {
  /** Records offered to each. */
  readonly records: readonly number[]
  readonly how: 'together' | 'in turn'
  /** Records offered to a client of ours that waits for the same time before each attempt, beside the others. */
  readonly control?: number
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
  /** How many records are offered, where there is one client. */
  readonly records: number
  readonly clients?: Clients
  /** What records look like. */
  readonly payload?: Payload
  /** What is done to each client; everything is offered, then the end at once, when absent. */
  readonly steps?: readonly Step[]
  /** Wishes in TAILRACE_CONFIG beyond those of every case. */
  readonly config?: Readonly<Record<string, Json>>
  /** The server is behind TLS and speaks HTTP/2 to whom chooses it; the case is judged where that was spoken. */
  readonly http2?: true
  /** How many connections the server takes at a time. */
  readonly connections_cap?: ConnectionsCap
  /** What goes wrong. */
  readonly faults: readonly CaseRule[]
  /** No fault strikes after this many seconds. */
  readonly quiet?: Plan['quiet']
  /** What is promised, beside the invariants. */
  readonly promises: readonly RuleCall[]
  /** The properties of delivery are judged, too. */
  readonly properties?: true
  /** Seconds that the reference client needs with every knob honoured; 3 when absent. */
  readonly reference_s?: number
  /** The case runs another one again, one that has passed, under a name that says nothing. */
  readonly again?: true
}

const text: Schema = { type: 'string', minLength: 1 }
const count: Schema = { type: 'integer', minimum: 0, maximum: 1_000_000 }

function step(name: string, properties: Readonly<Record<string, Schema>>): Schema {
  return {
    type: 'object',
    properties: { do: { const: name }, ...properties },
    required: ['do', ...Object.keys(properties)],
    additionalProperties: false,
  }
}

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
    records: count,
    clients: {
      type: 'object',
      properties: {
        records: { type: 'array', items: count, minItems: 1, maxItems: 100 },
        how: { enum: ['together', 'in turn'] },
        control: count,
      },
      required: ['records', 'how'],
      additionalProperties: false,
    },
    payload: {
      type: 'object',
      properties: {
        text: { enum: ['newlines', 'unicode'] },
        pad_bytes: count,
        pad_at: {
          type: 'object',
          properties: { seq: count, bytes: count },
          required: ['seq', 'bytes'],
          additionalProperties: false,
        },
        drift_from: count,
      },
      additionalProperties: false,
    },
    steps: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['do'],
        discriminator: { propertyName: 'do' },
        oneOf: [
          step('offer', { records: count }),
          step('wait', {
            for: { enum: facts },
            at_most_ms: { type: 'integer', minimum: 1, maximum: 600_000 },
          }),
          step('flush', {}),
          step('stop', {}),
        ],
      },
    },
    config: { type: 'object' },
    http2: { const: true },
    connections_cap: {
      type: 'object',
      properties: {
        live: { type: 'integer', minimum: 1, maximum: 1_000 },
        answer: { enum: ['goaway', '429', 'refuse'] },
      },
      required: ['live', 'answer'],
      additionalProperties: false,
    },
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
    properties: { const: true },
    reference_s: { type: 'number', minimum: 0, maximum: 3600 },
    again: { const: true },
  },
  required: ['id', 'title', 'mode', 'level', 'source', 'records', 'faults', 'promises'],
  additionalProperties: false,
}

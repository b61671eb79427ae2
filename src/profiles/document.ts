/**
 * A profile as people write it: its members in snake_case (design §8), checked by a schema and for sense. A
 * document changes another profile field by field; a field that it has replaces the other's as a whole.
 */
import type { Problem } from '../errors.ts'
import { shown } from '../errors.ts'
import type { Schema } from '../parameters.ts'
import type { Profile } from '../profile.ts'
import { retries } from '../profile.ts'
import { problemsOf } from '../schema.ts'
import { levels } from '../verdict.ts'
import type { Level } from '../verdict.ts'

/** The fields of a profile as they are written. */
export interface Fields {
  reply: Profile['reply']
  retryable: Profile['retryable']
  never_retry: Profile['neverRetry']
  attempts: Profile['attempts']
  on_413: Profile['on413']
  on_429: { without_retry_after: { min_gap_ms: number } }
  ack: Profile['ack']
  duplicates: Profile['duplicates']
  foreign_rows: Profile['foreignRows']
  body: Profile['body']
  /** Null: the server removes nothing. */
  dedup: { window_ms: number } | null
  levels: Readonly<Record<string, Level>>
}

/** Where each field comes from: a page, or "ours". */
export type Sources = Readonly<Record<keyof Fields, string>>

export interface ProfileDocument extends Partial<Fields> {
  readonly name: string
  /** The name of a shipped profile or the path of a file; `generic` when absent. */
  readonly extends?: string
  readonly sources?: Partial<Sources>
}

function exactly(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false }
}

const text: Schema = { type: 'string', minLength: 1 }
const status: Schema = { type: 'integer', minimum: 100, maximum: 599 }
const dayMs = 86_400_000
const duration: Schema = { type: 'integer', minimum: 0, maximum: dayMs }
const attempts: Schema = { type: 'integer', minimum: 1, maximum: 100 }
/** One schema for both forms, so that a mistake gives one message. */
const failure: Schema = {
  type: ['integer', 'string'],
  minimum: 100,
  maximum: 599,
  pattern: '^([1-5]xx|network|goaway|refused_stream)$',
}

const fields: Readonly<Record<keyof Fields, Schema>> = {
  reply: exactly({
    status,
    headers: { type: 'object', additionalProperties: { type: 'string' } },
    body: {},
  }),
  retryable: { type: 'array', items: failure, uniqueItems: true },
  never_retry: { type: 'array', items: failure, uniqueItems: true },
  attempts: exactly({ min: attempts, max: attempts }),
  on_413: { enum: ['any', 'split', 'drop'] },
  on_429: exactly({ without_retry_after: exactly({ min_gap_ms: duration }) }),
  ack: exactly({
    statuses: { type: 'array', items: status, minItems: 1, uniqueItems: true },
    needs: { enum: ['full', 'status'] },
  }),
  duplicates: { enum: ['counted', 'effectively-once'] },
  foreign_rows: { enum: ['refused', 'counted'] },
  body: { enum: ['any', 'ndjson'] },
  dedup: { ...exactly({ window_ms: { ...duration, minimum: 1 } }), type: ['object', 'null'] },
  levels: { type: 'object', propertyNames: text, additionalProperties: { enum: levels } },
}

export const fieldNames: readonly (keyof Fields)[] = Object.keys(fields) as (keyof Fields)[]

const name: Schema = { type: 'string', pattern: '^[a-z0-9]+([._-][a-z0-9]+)*$', maxLength: 100 }

/** A profile that stands on none: name and every field. */
export const wholeProfileSchema: Schema = exactly({ name, ...fields })

/** Shipped as `schema/profile.v1.json`. */
export const profileSchema: Schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'tailrace profile',
  type: 'object',
  properties: {
    name,
    extends: text,
    ...fields,
    sources: {
      type: 'object',
      properties: Object.fromEntries(fieldNames.map((field) => [field, text])),
      additionalProperties: false,
    },
  },
  required: ['name'],
  additionalProperties: false,
}

/** What is wrong with the form of `value`; empty where it is a ProfileDocument. */
export function formProblems(value: unknown): Problem[] {
  return problemsOf(profileSchema, value)
}

/** Every field of the profile, in the order of the schema. */
export function fieldsOf(profile: Profile): Fields {
  return {
    reply: profile.reply,
    retryable: profile.retryable,
    never_retry: profile.neverRetry,
    attempts: profile.attempts,
    on_413: profile.on413,
    on_429: { without_retry_after: { min_gap_ms: profile.on429.withoutRetryAfter.minGapMs } },
    ack: profile.ack,
    duplicates: profile.duplicates,
    foreign_rows: profile.foreignRows,
    body: profile.body,
    dedup: profile.dedup ? { window_ms: profile.dedup.windowMs } : null,
    levels: profile.levels ?? {},
  }
}

/** The profile that a document of the right form describes, on top of another one. */
export function profileOn(base: Profile, document: ProfileDocument): Profile {
  const all: Fields = { ...fieldsOf(base), ...document }
  return {
    name: document.name,
    reply: all.reply,
    retryable: all.retryable,
    neverRetry: all.never_retry,
    attempts: all.attempts,
    on413: all.on_413,
    on429: { withoutRetryAfter: { minGapMs: all.on_429.without_retry_after.min_gap_ms } },
    ack: all.ack,
    duplicates: all.duplicates,
    foreignRows: all.foreign_rows,
    body: all.body,
    ...(all.dedup ? { dedup: { windowMs: all.dedup.window_ms } } : {}),
    ...(Object.keys(all.levels).length > 0 ? { levels: all.levels } : {}),
  }
}

/** What contradicts itself in a profile. */
export function senseProblems(profile: Profile): Problem[] {
  const { ack, attempts: budget, neverRetry, reply, retryable } = profile
  const problems: Problem[] = []
  if (budget.max < budget.min) {
    problems.push({ at: '/attempts/max', expected: `${budget.min} or more`, got: shown(budget.max) })
  }
  if (!ack.statuses.includes(reply.status)) {
    const expected = `one of /ack/statuses (${ack.statuses.join(', ')})`
    problems.push({ at: '/reply/status', expected, got: shown(reply.status) })
  }
  ack.statuses.forEach((one, index) => {
    if (!retries(profile, one)) return
    problems.push({ at: `/ack/statuses/${index}`, expected: 'a status that is not retried', got: shown(one) })
  })
  neverRetry.forEach((one, index) => {
    if (!retryable.includes(one)) return
    problems.push({ at: `/never_retry/${index}`, expected: 'nothing that is in /retryable', got: shown(one) })
  })
  return problems
}

/** JSON Schemas of a plan and of its rules, derived from the fault table. Unknown keys are errors everywhere. */
import { faultNames, faultSchema } from '../fault.ts'
import { limits } from '../limits.ts'
import type { Schema } from '../parameters.ts'

const text: Schema = { type: 'string', minLength: 1 }
const seconds: Schema = { type: 'number', minimum: 0 }
const count: Schema = { type: 'integer', minimum: 0 }
const counts: Schema = { type: 'array', items: { type: 'integer', minimum: 1 }, minItems: 1 }
const pointer: Schema = { type: 'string', pattern: '^(/.*)?$' }

/** A free word. */
export const stateName: Schema = { type: 'string', minLength: 1, maxLength: limits.keyCharsMax }

function exactly(properties: Readonly<Record<string, Schema>>, ...required: string[]): Schema {
  return { type: 'object', properties, required, additionalProperties: false }
}

/** A text, or an object that says how to compare. One schema for both, so that a mistake gives one message. */
const pattern: Schema = {
  type: ['string', 'object'],
  properties: { prefix: { type: 'string' }, regex: { type: 'string' }, present: { type: 'boolean' } },
  additionalProperties: false,
  minProperties: 1,
  maxProperties: 1,
}

function oneOrList(schema: Schema): Schema {
  return { ...schema, type: [schema['type'], 'array'].flat(), items: schema, minItems: 1 }
}

const match: Schema = exactly({
  method: oneOrList(text),
  path: oneOrList(pattern),
  headers: { type: 'object', additionalProperties: pattern },
  json: { type: 'object', propertyNames: pointer },
  bytes_above: count,
})

const when: Schema = exactly({
  attempt: counts,
  nth: counts,
  every: { type: 'integer', minimum: 1 },
  probability: { type: 'number', minimum: 0, maximum: 1 },
  from_s: seconds,
  until_s: seconds,
  fire: { const: 'manual' },
  state: stateName,
})

/** Any fault of the table; the members of `extra` may stand beside its parameters. */
function faultOf(extra: Readonly<Record<string, Schema>> = {}): Schema {
  const branches = faultNames.map((name) => {
    const schema = faultSchema(name)
    return { ...schema, properties: { ...(schema['properties'] as object), ...extra } }
  })
  return { type: 'object', required: ['type'], discriminator: { propertyName: 'type' }, oneOf: branches }
}

/** A fault by itself. */
export const anyFaultSchema: Schema = faultOf()

const weight: Schema = { type: 'number', exclusiveMinimum: 0 }

const rule: Schema = exactly(
  {
    id: text,
    match,
    key: { type: 'string', pattern: '^(content|connection|global|header:.+|json:(/.*)?)$' },
    on: { type: 'string' },
    at: { type: 'string' },
    when,
    taken: { type: 'boolean' },
    fault: faultOf(),
    outcomes: { type: 'array', items: faultOf(), minItems: 1 },
    oneOf: { type: 'array', items: faultOf({ weight }), minItems: 1 },
    shape: { type: 'array', items: faultOf(), minItems: 1 },
    expect: exactly({ fired: exactly({ min: count, max: count }) }, 'fired'),
  },
  'id',
)

/** Orders to fire (`order.ts`). */
export const tellSchema: Schema = exactly(
  { rule: text, times: { type: 'integer', minimum: 1, maximum: 1_000_000 } },
  'rule',
)
export const shotSchema: Schema = exactly(
  { fault: faultOf(), on: text, taken: { type: 'boolean' }, connection: count },
  'fault',
  'on',
)

export const rulesSchema: Schema = { type: 'array', items: rule }

/** Shipped as `schema/plan.v1.json`. */
export const planSchema: Schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'tailrace plan',
  ...exactly(
    {
      version: { const: 1 },
      seed: text,
      rules: rulesSchema,
      quiet: exactly({ after_s: seconds }, 'after_s'),
    },
    'version',
    'seed',
    'rules',
  ),
}

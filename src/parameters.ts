/**
 * Parameters as data. Faults and rules declare theirs in tables of this form; types, JSON Schemas, listings and
 * documentation all derive from the tables.
 */
import { errorCodes } from './faults/error-codes.ts'
import type { ErrorCode } from './faults/error-codes.ts'

interface Common {
  /** One line for people; the unit stands in the parameter's name. */
  readonly says: string
  readonly optional?: true
}

export type Parameter = Common &
  (
    | { readonly type: 'integer' | 'number'; readonly min: number; readonly max: number }
    | { readonly type: 'text' }
    | { readonly type: 'flag' }
    | { readonly type: 'choice'; readonly of: readonly string[] }
    | { readonly type: 'status' } // 100–599, or 'network'
    | { readonly type: 'headers' }
    | { readonly type: 'code' } // an error code of HTTP/2, by name or number
  )

export type Parameters = Readonly<Record<string, Parameter>>

type Value<P> = P extends { type: 'integer' | 'number' }
  ? number
  : P extends { type: 'text' }
    ? string
    : P extends { type: 'flag' }
      ? boolean
      : P extends { type: 'choice'; of: readonly (infer C)[] }
        ? C
        : P extends { type: 'status' }
          ? number | 'network'
          : P extends { type: 'headers' }
            ? Readonly<Record<string, string>>
            : P extends { type: 'code' }
              ? ErrorCode | number
              : never

type Optional<T extends Parameters> = { [K in keyof T]: T[K] extends { optional: true } ? K : never }[keyof T]

/** The arguments that a table of parameters asks for. */
export type Arguments<T extends Parameters> = {
  readonly [K in Exclude<keyof T, Optional<T>>]: Value<T[K]>
} & { readonly [K in Optional<T>]?: Value<T[K]> }

export type Schema = Readonly<Record<string, unknown>>

function schemaOf(parameter: Parameter): Schema {
  switch (parameter.type) {
    case 'integer':
    case 'number':
      return { type: parameter.type, minimum: parameter.min, maximum: parameter.max }
    case 'text':
      return { type: 'string' }
    case 'flag':
      return { type: 'boolean' }
    case 'choice':
      return { enum: parameter.of }
    case 'status':
      return { anyOf: [{ type: 'integer', minimum: 100, maximum: 599 }, { const: 'network' }] }
    case 'headers':
      return { type: 'object', additionalProperties: { type: 'string' } }
    case 'code':
      return {
        anyOf: [{ enum: Object.keys(errorCodes) }, { type: 'integer', minimum: 0, maximum: 0xffffffff }],
      }
  }
}

/** The JSON Schema of an object `{ [tag]: name, …arguments }`; unknown members are errors. */
export function argumentsSchema(tag: string, name: string, parameters: Parameters): Schema {
  const entries = Object.entries(parameters)
  return {
    type: 'object',
    properties: {
      [tag]: { const: name },
      ...Object.fromEntries(entries.map(([key, p]) => [key, { ...schemaOf(p), description: p.says }])),
    },
    required: [tag, ...entries.filter(([, p]) => !p.optional).map(([key]) => key)],
    additionalProperties: false,
  }
}

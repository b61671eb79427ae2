/** Validation of documents from outside against a JSON Schema: every problem at once, each with its pointer. */
import { Ajv } from 'ajv'
import type { ErrorObject, ValidateFunction } from 'ajv'
import type { Problem } from './errors.ts'
import { shown } from './errors.ts'
import type { Schema } from './parameters.ts'

const ajv = new Ajv({ allErrors: true, discriminator: true, strict: false, verbose: true })
const compiled = new WeakMap<Schema, ValidateFunction>()

function validator(schema: Schema): ValidateFunction {
  const known = compiled.get(schema)
  if (known) return known
  const made = ajv.compile(schema)
  compiled.set(schema, made)
  return made
}

/** What is wrong with `value`; empty when it fits. */
export function problemsOf(schema: Schema, value: unknown): Problem[] {
  const validate = validator(schema)
  return validate(value) ? [] : (validate.errors ?? []).map(problemOf)
}

function problemOf(error: ErrorObject): Problem {
  const params = error.params as Record<string, unknown>
  const at = error.instancePath || '/'
  switch (error.keyword) {
    case 'additionalProperties': {
      const name = String(params['additionalProperty'])
      const known = Object.keys((error.parentSchema?.['properties'] ?? {}) as object)
      return {
        at: `${error.instancePath}/${name}`,
        expected: `one of ${known.join(', ')}`,
        got: 'an unknown key',
      }
    }
    case 'required':
      return { at, expected: `the key ${String(params['missingProperty'])}`, got: 'none' }
    case 'enum':
      return {
        at,
        expected: `one of ${(params['allowedValues'] as unknown[]).join(', ')}`,
        got: shown(error.data),
      }
    case 'const':
      return { at, expected: shown(params['allowedValue']), got: shown(error.data) }
    case 'discriminator': {
      const tag = String(params['tag'])
      const values = tagValues(error.parentSchema, tag)
      const expected = values.length > 0 ? `one of ${values.join(', ')}` : 'a known value'
      return { at: `${error.instancePath}/${tag}`, expected, got: shown(params['tagValue']) }
    }
    default:
      return {
        at,
        expected: (error.message ?? 'something else').replace(/^must (be |have )?/, ''),
        got: shown(error.data),
      }
  }
}

function tagValues(schema: ErrorObject['parentSchema'], tag: string): string[] {
  const branches = (schema?.['oneOf'] ?? []) as { properties?: Record<string, { const?: unknown }> }[]
  return branches.map((branch) => String(branch.properties?.[tag]?.const))
}

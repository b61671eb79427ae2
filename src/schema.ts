/** Validation of documents from outside against a JSON Schema: every problem at once, each with its pointer. */
import { Ajv } from 'ajv'
import type { ErrorObject, ValidateFunction } from 'ajv'
import type { DataValidateFunction } from 'ajv/dist/types/index.js'
import type { Problem } from './errors.ts'
import { shown } from './errors.ts'
import type { Schema } from './parameters.ts'

/**
 * Compiling takes far longer than checking, and most of a large schema is never asked for: the branches of a tagged
 * union are compiled one by one, each when a value first names it. This keyword stands in for theirs.
 */
const tagged = 'tailraceTagged'

interface Tagged {
  readonly tag: string
  readonly branches: readonly Branch[]
}

type Branch = Schema & { readonly properties?: Readonly<Record<string, { readonly const?: unknown }>> }

const ajv = new Ajv({ allErrors: true, strict: false, verbose: true })
ajv.addKeyword({ keyword: tagged, type: 'object', errors: true, compile: checkTagged })
const compiled = new WeakMap<Schema, ValidateFunction>()

function validator(schema: Schema): ValidateFunction {
  const known = compiled.get(schema)
  if (known) return known
  const made = ajv.compile(lazily(schema) as object)
  compiled.set(schema, made)
  return made
}

/** The same schema, in which the branches of tagged unions wait. */
function lazily(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(lazily)
  if (typeof part !== 'object' || part === null) return part
  const { discriminator, oneOf, ...rest } = part as Readonly<Record<string, unknown>>
  const tag = (discriminator as { propertyName?: unknown } | undefined)?.propertyName
  const isTagged = typeof tag === 'string' && Array.isArray(oneOf)
  const others = isTagged ? rest : part
  const all = Object.entries(others).map(([name, value]): [string, unknown] => [name, lazily(value)])
  return Object.fromEntries(isTagged ? [...all, [tagged, { tag, branches: oneOf }]] : all)
}

function checkTagged({ tag, branches }: Tagged): DataValidateFunction {
  const check: DataValidateFunction = (value: Readonly<Record<string, unknown>>, at) => {
    const got = value[tag]
    const named = (one: Branch): boolean => one.properties?.[tag]?.const === got
    const branch = typeof got === 'string' ? branches.find(named) : undefined
    const validate = branch && validator(branch)
    if (validate?.(value)) return true
    const found = validate?.errors?.map(problemOf) ?? [unknownTag(tag, branches, got)]
    check.errors = found.map((problem) => {
      const { at: within } = problem
      const params = { problem: { ...problem, at: within === '/' ? '' : within } }
      return { keyword: tagged, instancePath: at?.instancePath ?? '', params }
    })
    return false
  }
  return check
}

function unknownTag(tag: string, branches: readonly Branch[], got: unknown): Problem {
  const values = branches.map((branch) => String(branch.properties?.[tag]?.const))
  return { at: `/${tag}`, expected: `one of ${values.join(', ')}`, got: shown(got) }
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
    case tagged: {
      const { problem } = params as { problem: Problem }
      return { ...problem, at: error.instancePath + problem.at || '/' }
    }
    default:
      return {
        at,
        expected: (error.message ?? 'something else').replace(/^must (be |have )?/, ''),
        got: shown(error.data),
      }
  }
}

/** Calls about promises: records to send, and whether what came of them keeps what is promised. */
import type { Problem } from '../../src/errors.ts'
import { shown } from '../../src/errors.ts'
import { limits } from '../../src/limits.ts'
import type { Schema } from '../../src/parameters.ts'
import type { IdRange } from '../../src/record.ts'
import { countIds } from '../../src/record.ts'
import { problemsOf } from '../../src/schema.ts'
import type { Call, VerifyAsked } from './call.ts'

const offerSchema: Schema = {
  type: 'object',
  properties: { records: { type: 'integer', minimum: 1, maximum: limits.recordsMax } },
  required: ['records'],
  additionalProperties: false,
}

const offer: Call = {
  method: 'POST',
  path: '/offer',
  says: '{records}: gives so many records, as NDJSON, and expects them from then on',
  body: 'json',
  problems: (body) => problemsOf(offerSchema, body),
  act: ({ body }, { court }) => {
    const { records, broken } = court.offer((body as { records: number }).records)
    return { lines: { read: () => linesOf(records), broken } }
  },
}

function* linesOf(records: Iterable<object>): Generator<string> {
  for (const record of records) yield JSON.stringify(record)
}

const id = (maximum: number): Schema => ({ type: 'integer', minimum: 0, maximum })
const range: Schema = {
  type: 'array',
  items: [id(0xffff), id(0xffff_ffff), id(0xffff_ffff)],
  minItems: 3,
  maxItems: 3,
}

const verifySchema: Schema = {
  type: 'object',
  properties: {
    offered: { type: 'array', items: range, minItems: 1, maxItems: 10_000 },
    checks: { type: 'array', minItems: 1, maxItems: 100 },
  },
  additionalProperties: false,
}

const verify: Call = {
  method: 'POST',
  path: '/verify',
  says: '{offered?, checks?}: verdicts with their witnesses; of every invariant where no check is named',
  body: 'json',
  problems: verifyProblems,
  act: async ({ body }, { court }) => ({ json: await court.verify(body as VerifyAsked) }),
}

export const judgeCalls: readonly Call[] = [offer, verify]

function verifyProblems(body: unknown): Problem[] {
  const form = problemsOf(verifySchema, body)
  if (form.length > 0) return form
  const { offered = [] } = body as { offered?: IdRange[] }
  const turned = offered.flatMap((one, i) => {
    const expected = '[producer, from, to], from at most to'
    return one[1] <= one[2] ? [] : [{ at: `/offered/${i}`, expected, got: shown(one) }]
  })
  if (turned.length > 0 || countIds(offered) <= limits.recordsMax) return turned
  return [
    { at: '/offered', expected: `at most ${limits.recordsMax} records`, got: String(countIds(offered)) },
  ]
}

/** Rules for property tests: faults at every point that a request comes to. */
import fc from 'fast-check'
import { named, strikes } from '../../src/door/fast-check-parts.ts'
import type { Fault } from '../../src/fault.ts'
import type { Rule } from '../../src/plan/plan.ts'

/** How often a rule strikes, and by what it counts. */
export type Counted = Pick<Rule, 'key' | 'when'>

/** Statuses that every profile retries, and what is asked of the client by them. */
const refusal = fc
  .record(
    {
      status: fc.constantFrom(408, 429, 500, 502, 503, 504),
      retry_after_s: fc.integer({ min: 0, max: 50 }),
    },
    { requiredKeys: ['status'] },
  )
  .map((given): Fault => ({ type: 'http_error', ...given }))
const cut = fc.constantFrom<Fault>(
  { type: 'reset_peer', linger_ms: 20 },
  { type: 'empty_response' },
  { type: 'stall' },
)
/** The answer comes, late or in part; it promises the take. */
const promising = fc.constantFrom<Fault>(
  { type: 'none' },
  { type: 'header_delay', delay_ms: 2000 },
  { type: 'stall', for_ms: 3000 },
  { type: 'limit_data', bytes: 4, end: 'fin' },
  { type: 'limit_data', bytes: 2, of_bytes: 90, framing: 'length', end: 'rst' },
  { type: 'limit_data', bytes: 5, framing: 'chunked', end: 'fin' },
  { type: 'connection_close' },
  { type: 'early_hints' },
)

/** Three attempts of a content at most, so that a client that tries again comes through. */
export const bounded: fc.Arbitrary<Counted> = fc
  .record(
    {
      attempt: fc.subarray([1, 2, 3], { minLength: 1 }),
      probability: fc.double({ min: 0.2, max: 1, noNaN: true }),
    },
    { requiredKeys: ['attempt'] },
  )
  .map((when) => ({ key: 'content', when }))

/** By what comes first, and by chance: another order of arrival decides otherwise. */
export const byOrder: fc.Arbitrary<Counted> = fc.record({
  key: fc.constantFrom('content', 'connection', 'global'),
  when: fc.oneof(
    fc.record({ nth: fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 2 }) }),
    fc.record({ every: fc.integer({ min: 1, max: 3 }), probability: fc.constantFrom(0.5, 0.8) }),
    fc.record({ probability: fc.constantFrom(0.3, 0.6) }),
  ),
})

type Where = Pick<Rule, 'on' | 'taken'>
type What = Pick<Rule, 'fault' | 'outcomes' | 'oneOf'>

function placed(where: readonly Where[], faults: fc.Arbitrary<Fault>): fc.Arbitrary<Where & What> {
  return fc.tuple(fc.constantFrom(...where), strikes(faults)).map(([where, what]) => ({ ...where, ...what }))
}

const before = { on: 'response-head', taken: false }
const after = { on: 'response-head', taken: true }
/** Where no answer stands yet a 2xx can be cut, not replaced. */
const inAnswer = [{ on: 'response-body(3)', taken: true }]
/** Beyond the end of the first token, so that there is content to count by. */
const inBody = [{ on: 'request-body(60)' }, { on: 'request-body(200)' }]

const struck = fc.oneof(
  placed([before, after], fc.oneof(refusal, cut)),
  placed([after], promising),
  placed(
    inAnswer,
    cut.filter(({ type }) => type !== 'empty_response'),
  ),
  placed(
    inBody,
    fc.constantFrom<Fault>({ type: 'reset_peer' }, { type: 'upload_reset' }, { type: 'stall', for_ms: 500 }),
  ),
)

/** Rules at every point that a request comes to, counted in one of these ways. */
export function rulesOf(counted: fc.Arbitrary<Counted>): fc.Arbitrary<Rule[]> {
  return fc
    .array(fc.tuple(counted, struck), { minLength: 1, maxLength: 4 })
    .map((all) => named(all.map(([counted, what]) => ({ ...counted, ...what }))))
}

export const seeds: fc.Arbitrary<string> = fc.string({ minLength: 1, maxLength: 6 })

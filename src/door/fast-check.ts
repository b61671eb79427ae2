/**
 * Plans for property tests, as `tailrace/fast-check`: an arbitrary over every fault that can strike a client in this
 * process, and the YAML of the one that was found. fast-check is a peer: bring your own.
 */
import fc from 'fast-check'
import { stringify } from 'yaml'
import type { Fault, FaultName, FaultOf } from '../fault.ts'
import type { answers } from '../faults/answers.ts'
import type { batches } from '../faults/batches.ts'
import type { cuts } from '../faults/cuts.ts'
import type { Plan } from '../plan/plan.ts'
import { plansOf } from './fast-check-parts.ts'
import type { Unnamed } from './fast-check-parts.ts'

export { anyPlans } from './fast-check-catalogue.ts'
export { rulesMax } from './fast-check-parts.ts'
export { caseOfPlan } from './plan-case.ts'
export { simulate } from './simulate.ts'
export type { SimulatedClient, Simulation } from './simulate.ts'

/** Where a fault may stand: what it needs said of the take, and how it may be counted. */
interface Place {
  readonly on: string
  readonly taken?: boolean
  /** Content where it is known; the connection before that. */
  readonly key: 'content' | 'connection' | 'global'
}

const answer = { on: 'response-head', key: 'content' } as const
const untaken: Place = { ...answer, taken: false }
const taken: Place = { ...answer, taken: true }
/** Beyond the end of the first token, so that there is content to count by. */
const inBody: readonly Place[] = [
  { on: 'request-body(60)', key: 'content' },
  { on: 'request-body(300)', key: 'content' },
]
const inAnswer: Place = { on: 'response-body(3)', key: 'content', taken: true }
const atRequest: Place = { on: 'request', key: 'connection' }

type Form = readonly [fault: fc.Arbitrary<Fault>, places: readonly Place[]]
type Kinds = {
  readonly [N in FaultName]?: readonly (readonly [fc.Arbitrary<FaultOf<N>>, readonly Place[]])[]
}

const ms = fc.integer({ min: 1, max: 3000 })
const how = fc.constantFrom('fin' as const, 'rst' as const)

/** Families of which every fault is drawn; the others break the protocol, need TLS or HTTP/2, or are shapes. */
type Drawn = keyof typeof answers | keyof typeof cuts | keyof typeof batches

const kinds: Kinds & Readonly<Record<Drawn, unknown>> = {
  none: [[fc.constant({ type: 'none' }), [taken]]],
  http_error: [
    [
      fc.record(
        {
          type: fc.constant('http_error' as const),
          status: fc.constantFrom(408, 429, 500, 502, 503, 504, 599),
          retry_after_s: fc.integer({ min: 0, max: 20 }),
          retry_after_form: fc.constantFrom('seconds' as const, 'date' as const),
        },
        { requiredKeys: ['type', 'status'] },
      ),
      [untaken, taken],
    ],
    [
      fc.record({
        type: fc.constant('http_error' as const),
        // 409 says that the server has the records: untaken it would be a lie, and no client could know.
        status: fc.constantFrom(400, 401, 403, 404, 405, 413, 415, 422, 499),
      }),
      [untaken],
    ],
    [
      fc.record(
        {
          type: fc.constant('http_error' as const),
          status: fc.constantFrom(302, 307, 308),
          location: fc.constant('same' as const),
        },
        { requiredKeys: ['type', 'status'] },
      ),
      [untaken],
    ],
    [
      fc.record({
        type: fc.constant('http_error' as const),
        status: fc.constantFrom(200, 202, 204, 409),
        body: fc.constantFrom('', '{', '{"error":"no"}'),
      }),
      [taken],
    ],
  ],
  header_delay: [[fc.record({ type: fc.constant('header_delay' as const), delay_ms: ms }), [taken]]],
  stall: [
    [fc.constant({ type: 'stall' }), [untaken, taken, atRequest]],
    [fc.record({ type: fc.constant('stall' as const), for_ms: ms }), [taken, ...inBody]],
  ],
  limit_data: [
    [
      fc.record(
        {
          type: fc.constant('limit_data' as const),
          bytes: fc.integer({ min: 0, max: 10 }),
          of_bytes: fc.integer({ min: 20, max: 100 }),
          framing: fc.constantFrom('length' as const, 'chunked' as const),
          end: how,
        },
        { requiredKeys: ['type', 'bytes', 'end'] },
      ),
      [taken],
    ],
  ],
  empty_response: [[fc.constant({ type: 'empty_response' }), [untaken, taken]]],
  reset_peer: [[fc.constant({ type: 'reset_peer' }), [untaken, taken, inAnswer, atRequest, ...inBody]]],
  rate_limit: [
    [
      fc.record(
        {
          type: fc.constant('rate_limit' as const),
          limit: fc.integer({ min: 1, max: 3 }),
          per_s: fc.integer({ min: 1, max: 3 }),
          retry_after: fc.constantFrom('none' as const, 'seconds' as const, 'date' as const),
        },
        { requiredKeys: ['type', 'limit', 'per_s'] },
      ),
      [{ on: 'response-head', key: 'global', taken: false }],
    ],
  ],
  connection_close: [[fc.constant({ type: 'connection_close' }), [taken]]],
  keepalive_race: [[fc.record({ type: fc.constant('keepalive_race' as const), how }), [atRequest]]],
  idle_close: [
    [
      fc.record(
        { type: fc.constant('idle_close' as const), after_ms: fc.integer({ min: 0, max: 2000 }), how },
        { requiredKeys: ['type', 'after_ms'] },
      ),
      [{ on: 'idle', key: 'connection' }],
    ],
  ],
  early_response: [
    [
      fc.record(
        {
          type: fc.constant('early_response' as const),
          status: fc.constantFrom(429, 500, 503),
          close: fc.boolean(),
        },
        { requiredKeys: ['type', 'status'] },
      ),
      [atRequest],
    ],
  ],
  upload_reset: [[fc.constant({ type: 'upload_reset' }), inBody]],
  connection_refused: [
    [
      fc.record({
        type: fc.constant('connection_refused' as const),
        for_ms: fc.integer({ min: 1, max: 1500 }),
      }),
      [{ on: 'accept', key: 'connection' }],
    ],
  ],
  early_hints: [[fc.constant({ type: 'early_hints' }), [taken]]],
  partial_batch: [
    [
      fc.record(
        {
          type: fc.constant('partial_batch' as const),
          from: fc.integer({ min: 0, max: 4 }),
          of: fc.constant(5),
          as: fc.constant('quarantine' as const),
          names: fc.boolean(),
        },
        { requiredKeys: ['type', 'from', 'of', 'as'] },
      ),
      [taken],
    ],
  ],
  discard_after_take: [[fc.constant({ type: 'discard_after_take' }), [taken]]],
}

/** How often a rule strikes: bounded, so that a run ends. */
const when = fc.oneof(
  fc.integer({ min: 1, max: 4 }).map((n) => ({ attempt: Array.from({ length: n }, (_, i) => i + 1) })),
  fc.subarray([1, 2, 3, 4], { minLength: 1 }).map((attempt) => ({ attempt })),
  fc.constantFrom(0.25, 0.5, 0.75).map((probability) => ({ attempt: [1, 2, 3], probability })),
)

const allKinds = Object.values(kinds) as unknown as readonly Form[][]

/** Each fault is as likely as any other, in each of its places. */
const rule: fc.Arbitrary<Unnamed> = fc
  .oneof(...allKinds.map((forms) => fc.oneof(...forms.map(([fault, places]) => placed(fault, places)))))
  .chain((given): fc.Arbitrary<Unnamed> =>
    bounds(given) ? fc.constant(given) : when.map((when): Unnamed => ({ ...given, when })),
  )

function placed(fault: fc.Arbitrary<Fault>, places: readonly Place[]): fc.Arbitrary<Unnamed> {
  return fc.tuple(fault, fc.constantFrom(...places)).map(([fault, place]) => ({ ...place, fault }))
}

/** Faults that have an end of their own and count by no attempt. */
function bounds({ fault }: Unnamed): boolean {
  return fault?.type === 'connection_refused' || fault?.type === 'rate_limit' || fault?.type === 'idle_close'
}

/** Plans of a few rules, over every fault of the catalogue that can strike in this process. Shrinks rule by rule. */
export function plans(): fc.Arbitrary<Plan> {
  return plansOf(rule)
}

/** As a file that `tailrace run FILE` accepts. */
export function planText(plan: Plan): string {
  return stringify(plan)
}

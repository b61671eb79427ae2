/**
 * Plans over the whole catalogue, drawn from the tables of `src/faults`: every fault at every point it names, in every
 * form that a rule may have. Parameters stay small, so that a plan strikes soon and is soon over. What single faults
 * ask of their rule (`src/plan/sense*.ts`) is given to them, so every plan that is drawn is one that loads.
 */
import fc from 'fast-check'
import { faultNames, faultSpec, numberedPoints, pointsAfterTake } from '../fault.ts'
import type { Fault, FaultName, PointName } from '../fault.ts'
import type { Parameter } from '../parameters.ts'
import type { Plan, Rule, When } from '../plan/plan.ts'
import { errorCodes } from '../wire/h2-frames.ts'
import { plansOf, strikes } from './fast-check-parts.ts'
import type { Unnamed } from './fast-check-parts.ts'

/** Where a fault may stand, and what is said there of the take. */
interface Place {
  readonly point: PointName
  readonly taken?: boolean
}

type Given = Readonly<Record<string, unknown>> & { readonly type: FaultName }

/** Bounds of what is drawn: milliseconds, bytes, and how much more than the least of anything else. */
const most = { ms: 50, bytes: 5_000, more: 4 } as const

/** So that the most bytes pass in the longest time. */
const bytesPerS = { min: 100_000, max: 1_000_000 } as const

/** Numbers that are names: all of them are drawn. */
const codes: readonly string[] = ['status', 'description']

/** They strike once, when they say, and nothing is counted: the keys of `when` that they take. */
const once: Readonly<Partial<Record<FaultName, readonly (keyof When)[]>>> = {
  client_stop: [],
  connection_refused: ['from_s'],
  slow_accept: ['from_s'],
  backlog_full: ['from_s'],
}

/** Points at which no request has come. */
const requestless: readonly PointName[] = ['accept', 'tls', 'session', 'idle', 'client']

/** Plans over every fault there is. Valid by construction; most of what is drawn strikes within milliseconds. */
export function anyPlans(): fc.Arbitrary<Plan> {
  const quiet = fc.oneof(
    { arbitrary: fc.constant(undefined), weight: 20 },
    fc.record({ after_s: fc.constantFrom(0, 0.02, 0.05) }),
  )
  return fc
    .tuple(plansOf(fc.oneof(...faultNames.map(rulesWith))), quiet)
    .map(([plan, quiet]) => (quiet ? { ...plan, quiet } : plan))
}

function rulesWith(name: FaultName): fc.Arbitrary<Unnamed> {
  if (faultSpec(name).shaper) return shapes(name)
  return fc.oneof(...placesOf(name).map((place) => rulesAt(name, place)))
}

/** The places at which a fault may stand in a rule of its own. */
function placesOf(name: FaultName): Place[] {
  return faultSpec(name).points.flatMap((point) =>
    pointsAfterTake.includes(point) ? takes(name, point).map((taken) => ({ point, taken })) : [{ point }],
  )
}

/** What an answer promises is taken; one that goes on, or is cut behind its head, promises (`src/plan/sense.ts`). */
function takes(name: FaultName, point: PointName): boolean[] {
  if (name === 'rate_limit') return [false]
  const isSilent = faultSpec(name).answer !== 'protocol' || name === 'goaway'
  return point === 'response-head' && isSilent ? [true, false] : [true]
}

function rulesAt(name: FaultName, place: Place): fc.Arbitrary<Unnamed> {
  const fault = faultAt(name, place)
  const only = once[name]
  const what = only ? fault.map((fault) => ({ fault })) : strikes(fault, besides(place))
  const when = only ? timed(only) : counts
  return fc
    .tuple(where(place), what, when, counting(place), expectations)
    .map(([where, what, when, counting, expect]) => ({
      ...where,
      ...(place.taken === undefined ? {} : { taken: place.taken }),
      // A site names one attempt: there is nothing to count by, nor how often.
      ...(where.at === undefined ? counting : keyless(counting)),
      ...(when ? { when: where.at === undefined ? when : countless(when) } : {}),
      ...what,
      ...expect,
    }))
}

function keyless({ match }: Pick<Rule, 'key' | 'match'>): Pick<Rule, 'match'> {
  return match ? { match } : {}
}

function countless({ attempt: _attempt, nth: _nth, every: _every, ...rest }: When): When {
  return rest
}

/** What may stand in one queue with a fault at this place. */
function besides(place: Place): fc.Arbitrary<Fault> {
  const names = faultNames.filter(
    (name) =>
      !once[name] &&
      !faultSpec(name).shaper &&
      placesOf(name).some(({ point, taken }) => point === place.point && taken === place.taken),
  )
  // Normal service takes, whatever the rule says.
  const normal = faultSpec('none').points.includes(place.point) ? [fc.constant<Fault>({ type: 'none' })] : []
  return fc.oneof(...normal, ...names.map((name) => faultAt(name, place)))
}

/** Shapers stand where a connection is accepted; it has no attempts, and there is no moment at which one fires. */
function shapes(name: FaultName): fc.Arbitrary<Unnamed> {
  const all = faultNames.filter((each) => faultSpec(each).shaper)
  const accept: Place = { point: 'accept' }
  const others = fc.array(fc.oneof(...all.map((each) => faultAt(each, accept))), { maxLength: 2 })
  return fc
    .tuple(faultAt(name, accept), others, shaping, counting(accept), expectations)
    .map(([first, others, when, counting, expect]) => ({
      on: 'accept',
      ...counting,
      ...(when ? { when } : {}),
      shape: [first, ...others],
      ...expect,
    }))
}

function faultAt(name: FaultName, place: Place): fc.Arbitrary<Fault> {
  const parameters = Object.entries(faultSpec(name).parameters)
  const model = {
    type: fc.constant(name),
    ...Object.fromEntries(parameters.map(([key, parameter]) => [key, argument(key, parameter)])),
  }
  const requiredKeys = ['type', ...parameters.filter(([, { optional }]) => !optional).map(([key]) => key)]
  return fc
    .record(model, { requiredKeys: requiredKeys as (keyof typeof model)[] })
    .map((given) => fitted(given as Given, place) as unknown as Fault)
}

function argument(name: string, parameter: Parameter): fc.Arbitrary<unknown> {
  switch (parameter.type) {
    case 'integer':
    case 'number':
      return fc.integer(bounds(name, parameter))
    case 'text':
      return fc.constantFrom('', 'no', '{"error":"no"}', 'ä\u{1f600}')
    case 'flag':
      return fc.boolean()
    case 'choice':
      return fc.constantFrom(...parameter.of)
    case 'status':
      return fc.constantFrom<number | 'network'>(429, 503, 'network')
    case 'headers':
      return fc.dictionary(fc.constantFrom('x-a', 'x-b', 'retry-after'), fc.constantFrom('', '1', 'a, b'))
    case 'code':
      return fc.constantFrom<string | number>(...Object.keys(errorCodes), 0, 11, 0xffffffff)
  }
}

/** By the unit in its name. */
function bounds(name: string, { min, max }: { min: number; max: number }): { min: number; max: number } {
  if (codes.includes(name)) return { min, max }
  if (name.endsWith('bytes_per_s')) return bytesPerS
  if (name.endsWith('_ms')) return { min, max: Math.min(max, most.ms) }
  if (name.endsWith('bytes')) return { min, max: Math.min(max, most.bytes) }
  const least = Math.max(min, -most.more)
  return { min: least, max: Math.min(max, Math.max(0, least) + most.more) }
}

/** With what single faults ask beyond their own parameters and points. */
function fitted(given: Given, place: Place): Given {
  const { point, taken } = place
  switch (given.type) {
    case 'goaway':
      return fittedGoaway(given, place)
    case 'client_stop':
      return 'after_requests' in given || 'after_ms' in given ? given : { ...given, after_ms: most.ms }
    case 'flow_control_stall':
      return 'step_bytes' in given && 'every_ms' in given ? given : without(given, 'step_bytes', 'every_ms')
    case 'http_error': {
      const status = Number(given['status'])
      const told = taken === false && status < 300 ? { ...given, status: status + 300 } : given
      return 'retry_after_s' in told ? told : without(told, 'retry_after_form')
    }
    case 'missing_terminator':
      return given['end'] === 'fin' ? without(given, 'linger_ms') : given
    case 'partial_batch':
      return { ...given, from: Number(given['from']) % Number(given['of']) }
    case 'slicer':
      return 'variation_bytes' in given
        ? { ...given, variation_bytes: Number(given['variation_bytes']) % Number(given['bytes']) }
        : given
    default:
      // What goes on after a time gives the protocol's answer, which promises the take.
      return point === 'response-head' && taken === false ? without(given, 'for_ms') : given
  }
}

/** As `src/plan/sense-goaway.ts` has it. */
function fittedGoaway(given: Given, { point, taken }: Place): Given {
  const { type, code, debug, streams, within_ms, two_step_ms, after_ms } = given
  const common = { type, code, ...defined({ debug }) }
  if (typeof streams === 'number' && (point === 'request' || point === 'response-head')) {
    const keep = point === 'response-head' ? streams : Math.min(Number(given['keep'] ?? 0), streams)
    const then = taken === false && given['then'] === 'finish' ? 'fin' : given['then']
    return { ...common, streams, keep, ...defined({ within_ms }), then }
  }
  const isPast = point === 'session' || point === 'idle' || taken === true
  const wished = given['last'] ?? 'this'
  const isStep = two_step_ms !== undefined
  const last = isStep || (isPast && wished !== 'max') ? 'this' : wished
  const isServed = last === 'this' || last === 'max'
  const then = taken === false && isServed && given['then'] === 'finish' ? 'rst' : given['then']
  const late = point === 'idle' ? { after_ms } : {}
  return { ...common, last, ...defined({ two_step_ms, ...late }), then }
}

function defined(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

function without(given: Given, ...names: string[]): Given {
  return Object.fromEntries(Object.entries(given).filter(([name]) => !names.includes(name))) as Given
}

function where({ point, taken }: Place): fc.Arbitrary<Pick<Rule, 'on' | 'at'>> {
  const counted = fc.integer({ min: 0, max: point === 'request-body' ? 300 : 30 })
  const text = numberedPoints.includes(point) ? counted.map((n) => `${point}(${n})`) : fc.constant(point)
  const on = text.map((on): Pick<Rule, 'on'> => ({ on }))
  if (taken === undefined) return on
  const site = fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 2 }), text)
  const at = site.map(([seq, attempt, point]) => ({ at: `ingest:0.${seq}#${attempt}@${point}` }))
  return fc.oneof({ arbitrary: on, weight: 9 }, at)
}

/** By what a rule counts, and whom it is about, as far as that is known at this place. */
function counting({ point }: Place): fc.Arbitrary<Pick<Rule, 'key' | 'match'>> {
  const keys = ['connection', 'global'] as const
  if (requestless.includes(point)) return fc.record({ key: fc.constantFrom(...keys) }, { requiredKeys: [] })
  const isWhole = pointsAfterTake.includes(point)
  const content = isWhole || point === 'request-body' ? (['content'] as const) : []
  const json = isWhole ? (['json:/seq'] as const) : []
  const key = fc.constantFrom<NonNullable<Rule['key']>>(...keys, 'header:x-lane', ...content, ...json)
  const match = fc.record(
    {
      method: fc.constantFrom<string | string[]>('POST', ['POST', 'GET']),
      path: fc.constantFrom('/', { prefix: '/' }, { regex: '^/' }, ['/', { present: true }]),
      headers: fc.constantFrom({ 'x-lane': { present: true } }, { host: { prefix: '127' } }),
      ...(isWhole ? { json: fc.constant({ '/seq': 1 }), bytes_above: fc.nat(most.bytes) } : {}),
    },
    { requiredKeys: [] },
  )
  const some = fc.record({ key, match: fc.oneof(fc.constant({}), match) }, { requiredKeys: [] })
  return fc.oneof(fc.constant({}), fc.record({ key }), some)
}

const oftenEnough = fc.integer({ min: 1, max: 3 })
const times = fc.subarray([1, 2, 3, 4, 5, 6], { minLength: 1 })
const window = fc.constantFrom<When>(
  { from_s: 0.02 },
  { until_s: 0.05 },
  { until_s: 30 },
  { from_s: 0.001, until_s: 0.1 },
)
const common = [
  window,
  times.map((nth): When => ({ nth })),
  oftenEnough.map((every): When => ({ every })),
  fc.constantFrom(0, 0.3, 0.7, 1).map((probability): When => ({ probability })),
  fc.constant<When>({ state: 'on' }),
]
const always = { arbitrary: fc.constant(undefined), weight: 4 }

function joined(forms: readonly fc.Arbitrary<When>[]): fc.Arbitrary<When | undefined> {
  const one = fc.oneof(...forms)
  return fc.oneof(
    always,
    { arbitrary: one, weight: 4 },
    fc.tuple(one, one).map(([a, b]) => ({ ...a, ...b })),
  )
}

const shaping = joined(common)
const counts = joined([
  ...common,
  times.map((attempt): When => ({ attempt })),
  fc.constant<When>({ fire: 'manual' }),
])

function timed(keys: readonly (keyof When)[]): fc.Arbitrary<When | undefined> {
  const fromS = fc.constantFrom(0, 0.001, 0.02, 0.05).map((from_s): When => ({ from_s }))
  return keys.length === 0 ? always.arbitrary : fc.oneof(always.arbitrary, fromS)
}

const expectations: fc.Arbitrary<Pick<Rule, 'expect'>> = fc.oneof(
  { arbitrary: fc.constant({}), weight: 4 },
  fc.record({ min: fc.nat(2), max: fc.integer({ min: 2, max: 9 }) }, { requiredKeys: [] }).map((fired) => ({
    expect: { fired },
  })),
)

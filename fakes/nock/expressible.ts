/**
 * What of a plan nock can do. It hands over a whole request and takes a whole answer, or an error in its place: there
 * are no connections, no bytes on their way, and no frames. What needs them is refused by name.
 */
import type { Problem } from '../../src/errors.ts'
import type { Fault, FaultName, PointName } from '../../src/fault.ts'
import type { Plan, Rule } from '../../src/plan/plan.ts'
import { parsePoint, parseSite } from '../../src/plan/point.ts'

/** By fault, the points at which it can strike; the others cannot. */
const expressible: Readonly<Partial<Record<FaultName, readonly PointName[]>>> = {
  none: ['request', 'response-head'],
  http_error: ['response-head'],
  header_delay: ['response-head'],
  rate_limit: ['response-head'],
  partial_batch: ['response-head'],
  discard_after_take: ['response-head'],
  empty_response: ['response-head'],
  reset_peer: ['request', 'response-head'],
  latency: ['accept'],
}

const ruleKeys: readonly string[] = [
  ...['id', 'match', 'key', 'on', 'at', 'when', 'taken', 'fault', 'outcomes', 'oneOf', 'shape', 'expect'],
]
const planKeys: readonly string[] = ['version', 'seed', 'rules', 'quiet']
const whenKeys: readonly string[] = ['attempt', 'nth', 'every', 'probability', 'from_s', 'until_s']

/** Everything in a plan, which is otherwise a good one, that cannot be done through nock. */
export function nockProblems(plan: Plan): Problem[] {
  return [
    ...unknown(plan, planKeys, ''),
    ...plan.rules.flatMap((rule, i) => ruleProblems(rule, `/rules/${i}`)),
  ]
}

function ruleProblems(rule: Rule, at: string): Problem[] {
  return [
    ...unknown(rule, ruleKeys, at),
    ...unknown(rule.when ?? {}, whenKeys, `${at}/when`),
    ...placeProblems(rule, at),
    ...connectionProblems(rule, at),
    ...faultsOf(rule, at).flatMap(([fault, where]) => faultProblems(fault, where)),
  ]
}

/** A plan may learn more than this file knows of. */
function unknown(part: object, known: readonly string[], at: string): Problem[] {
  const expected = `one of ${known.join(', ')}, through nock`
  return Object.keys(part)
    .filter((name) => !known.includes(name))
    .map((name) => ({ at: `${at}/${name}`, expected, got: name }))
}

function placeProblems({ on, at: site, shape }: Rule, at: string): Problem[] {
  const point = on === undefined ? parseSite(site ?? '')?.point : parsePoint(on)
  if (!point || shape || point.name === 'request' || point.name === 'response-head') return []
  const expected = 'request or response-head: through nock there are whole requests and whole answers'
  return [{ at: `${at}/${on === undefined ? 'at' : 'on'}`, expected, got: on ?? site ?? '' }]
}

/** Nothing tells through nock which requests share a connection. */
function connectionProblems({ key, shape, when }: Rule, at: string): Problem[] {
  const counts = ['nth', 'every', 'probability'].filter((name) => shape && when && name in when)
  return [
    ...(key === 'connection'
      ? [{ at: `${at}/key`, expected: 'another key: through nock there are no connections', got: key }]
      : []),
    ...counts.map((name) => ({
      at: `${at}/when/${name}`,
      expected: 'no such key: it counts connections, and through nock there are none',
      got: name,
    })),
  ]
}

function faultsOf({ fault, outcomes, oneOf, shape }: Rule, at: string): [Fault, string][] {
  const lists = { outcomes, oneOf, shape }
  return [
    ...(fault ? [[fault, `${at}/fault`] as [Fault, string]] : []),
    ...Object.entries(lists).flatMap(([name, list = []]) =>
      list.map((each, i): [Fault, string] => [each, `${at}/${name}/${i}`]),
    ),
  ]
}

function faultProblems(fault: Fault, at: string): Problem[] {
  const names = Object.keys(expressible)
  if (!names.includes(fault.type)) {
    return [{ at, expected: `one of ${names.join(', ')}, through nock`, got: fault.type }]
  }
  const moves = fault.type === 'http_error' && fault.location !== undefined
  const expected = 'no such key: a redirect would lead to a server that is not there'
  return moves ? [{ at: `${at}/location`, expected, got: fault.location ?? '' }] : []
}

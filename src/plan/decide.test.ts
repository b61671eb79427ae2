import { describe, expect, it } from 'vitest'
import { counters } from './counters.ts'
import { decide, shapers } from './decide.ts'
import type { Decision, Levers, Subject } from './decide.ts'
import { checkPlan } from './parse.ts'
import type { Plan, Rule } from './plan.ts'
import { thresholds } from './ready.ts'

const planOf = (...rules: Rule[]): Plan => checkPlan({ version: 1, seed: '1', rules }, 'test')
const refuse: Pick<Rule, 'on' | 'taken' | 'fault'> = {
  on: 'response-head',
  taken: false,
  fault: { type: 'http_error', status: 503 },
}
const answer: Subject = {
  points: ['response-head', 'response-body', 'response-end'],
  method: 'POST',
  path: '/v0/events?name=a',
  headers: [['X-Tenant', 'a']],
  content: '0.0',
  connection: 0,
  atS: 0,
}

/** Decides about requests that differ from `answer` in these members, one after another. */
function run(plan: Plan, ...requests: Partial<Subject>[]): (Decision | undefined)[] {
  const counts = counters()
  return requests.map((request) => decide(plan, { ...answer, ...request }, counts))
}

const struck = (plan: Plan, ...requests: Partial<Subject>[]): boolean[] =>
  run(plan, ...requests).map((decision) => decision !== undefined)
const thrice = [{}, {}, {}]

describe('counts', () => {
  it('of attempts are kept for each key', () => {
    const plan = planOf({ id: 'a', ...refuse, key: 'content', when: { attempt: [2] } })
    const requests = [{}, { content: '0.5' }, {}, {}, { content: '0.5' }]
    expect(struck(plan, ...requests)).toEqual([false, false, true, false, true])
    expect(run(plan, {}, {})[1]).toEqual({
      rule: 'a',
      point: { name: 'response-head' },
      fault: { type: 'http_error', status: 503 },
      taken: false,
      key: '0.0',
      n: 2,
      orderDependent: false,
    })
  })

  it.each<[NonNullable<Rule['when']>, boolean[]]>([
    [{ nth: [2, 3] }, [false, true, true, false]],
    [{ every: 2 }, [false, true, false, true]],
    [{ every: 2, nth: [4] }, [false, false, false, true]],
  ])('of matches go over all keys: %j', (when, expected) => {
    const requests = [{}, { content: '0.1' }, { content: '0.2' }, {}]
    expect(struck(planOf({ id: 'a', ...refuse, when }), ...requests)).toEqual(expected)
    expect(struck(planOf({ id: 'a', ...refuse, key: 'global', when }), ...requests)).toEqual(expected)
  })

  it('advance when the rule matches, also where it does not fire or an earlier rule does', () => {
    const first: Rule = { id: 'first', ...refuse, when: { attempt: [1] } }
    const second: Rule = { id: 'second', ...refuse, when: { attempt: [2] } }
    const third: Rule = { id: 'third', ...refuse, when: { attempt: [1, 3], from_s: 1 } }
    const requests = [{}, {}, { atS: 1 }]
    expect(run(planOf(first, second, third), ...requests).map((d) => d?.rule)).toEqual([
      'first',
      'second',
      'third',
    ])
  })

  it('stand still where the rule does not match', () => {
    const plan = planOf({ id: 'a', ...refuse, match: { method: 'POST' }, when: { attempt: [1] } })
    expect(struck(plan, { method: 'GET' }, {})).toEqual([false, true])
  })

  it('do not grow without end', () => {
    const full = counters().of('a')
    const fill = (): void => {
      for (let n = 0; n <= 1_000_000; n += 1) full.advance(String(n))
    }
    expect(fill).toThrow(expect.objectContaining({ code: 'harness' }))
  })
})

describe('the slot', () => {
  it('goes to the first rule that fires, in file order', () => {
    const plan = planOf({ id: 'a', ...refuse, when: { attempt: [2] } }, { id: 'b', ...refuse })
    expect(run(plan, ...thrice).map((d) => d?.rule)).toEqual(['b', 'a', 'b'])
  })

  it('is drawn for all points of an answer at once', () => {
    const plan = planOf(
      {
        id: 'end',
        ...refuse,
        on: 'response-end',
        taken: true,
        fault: { type: 'stall' },
        when: { attempt: [1] },
      },
      { id: 'body', ...refuse, on: 'response-body(7)', taken: true, fault: { type: 'stall' } },
    )
    expect(run(plan, {}, {}).map((d) => d?.point)).toEqual([
      { name: 'response-end' },
      { name: 'response-body', n: 7 },
    ])
  })

  it('is at the numbered point that is asked for', () => {
    const plan = planOf({ id: 'a', on: 'request-body(10)', fault: { type: 'reset_peer' } })
    const body = { points: ['request-body'] } as const
    expect(struck(plan, { ...body, n: 9 }, { ...body, n: 10 }, { points: ['request'] })).toEqual([
      false,
      true,
      false,
    ])
    expect(run(plan, { ...body, n: 10 })[0]).not.toHaveProperty('taken')
  })
})

describe('what strikes', () => {
  it('is the n-th of a queue for each key, and the last for ever', () => {
    const outcomes: Rule['outcomes'] = [
      { type: 'http_error', status: 500 },
      { type: 'empty_response' },
      { type: 'none' },
    ]
    const plan = planOf({ id: 'a', on: 'response-head', taken: false, outcomes })
    const types = run(plan, {}, {}, { content: '0.9' }, {}, {}).map((d) => d?.fault.type)
    expect(types).toEqual(['http_error', 'empty_response', 'http_error', 'none', 'none'])
  })

  it('takes where it is normal service, whatever the rule says', () => {
    const outcomes: Rule['outcomes'] = [{ type: 'empty_response' }, { type: 'none' }]
    const plan = planOf({ id: 'a', on: 'response-head', taken: false, outcomes })
    expect(run(plan, {}, {}).map((d) => d?.taken)).toEqual([false, true])
  })

  it('is one of several by weight, without the weight', () => {
    const oneOf: Rule['oneOf'] = [
      { type: 'http_error', status: 500, weight: 3 },
      { type: 'http_error', status: 501 },
    ]
    const plan = planOf({ id: 'a', on: 'response-head', taken: false, oneOf })
    const drawn = run(plan, ...Array.from({ length: 1000 }, () => ({}))).map((d) => d?.fault)
    const first = drawn.filter((fault) => fault?.type === 'http_error' && fault.status === 500)
    expect(first.length / 1000).toBeCloseTo(0.75, 1)
    expect(new Set(drawn.map((fault) => JSON.stringify(fault)))).toEqual(
      new Set(['{"type":"http_error","status":500}', '{"type":"http_error","status":501}']),
    )
  })

  it('is nothing outside the window, and nothing once the plan is quiet', () => {
    const plan = planOf({ id: 'a', ...refuse, when: { from_s: 1, until_s: 2 } })
    expect(struck(plan, { atS: 0.9 }, { atS: 1 }, { atS: 2 })).toEqual([false, true, false])
    const quiet = { ...planOf({ id: 'a', ...refuse }), quiet: { after_s: 5 } }
    expect(struck(quiet, { atS: 4.9 }, { atS: 5 })).toEqual([true, false])
  })
})

/** Levers with these states set and these rules told, once each. */
function levers(states: readonly string[], told: readonly string[] = []): Levers & { told_: string[] } {
  const told_ = [...told]
  return {
    told_,
    isSet: (state) => states.includes(state),
    told: (rule) => told_.filter((each) => each === rule).length,
    spend: (rule) => void told_.splice(told_.indexOf(rule), 1),
    concerns: () => true,
  }
}

describe('a state', () => {
  it('is off at the start, and lets its rule fire only while it is set; the rule counts all the same', () => {
    const plan = planOf({ id: 'a', ...refuse, when: { state: 'down', attempt: [1, 3] } })
    const counts = counters()
    const states = [[], ['up'], ['down'], ['down']]
    const fired = states.map((set) => decide(plan, answer, counts, levers(set)) !== undefined)
    expect(fired).toEqual([false, false, true, false])
    expect(decide(plan, answer, counters())).toBeUndefined()
  })

  it('makes what it decides depend on when requests come', () => {
    const plan = planOf({ id: 'a', ...refuse, when: { state: 'down' } })
    expect(decide(plan, answer, counters(), levers(['down']))?.orderDependent).toBe(true)
  })
})

describe('a rule that waits to be told', () => {
  const told: Rule = { id: 'told', ...refuse, when: { fire: 'manual' } }

  it('fires as often as it is told, and no more', () => {
    const both = levers([], ['told', 'told', 'other'])
    const counts = counters()
    const fired = [1, 2, 3].map(() => decide(planOf(told), answer, counts, both)?.orderDependent)
    expect(fired).toEqual([true, true, undefined])
    expect(both.told_).toEqual(['other'])
    expect(decide(planOf(told), answer, counters())).toBeUndefined()
  })

  it('stays told where another rule takes the slot, and where its other conditions do not hold', () => {
    const first: Rule = { id: 'first', ...refuse, when: { attempt: [1] } }
    const third: Rule = { ...told, when: { fire: 'manual', attempt: [1, 3] } }
    const once = levers([], ['told'])
    const counts = counters()
    const rules = [1, 2, 3, 4].map(() => decide(planOf(first, third), answer, counts, once)?.rule)
    expect(rules).toEqual(['first', undefined, 'told', undefined])
  })
})

describe('a site', () => {
  const fault = { type: 'http_error', status: 503 } as const
  const plan = planOf({ id: 'a', at: 'ingest:0.0#2@response-head', taken: false, fault })

  it('is one attempt of one logical request in one lane', () => {
    const site = { lane: 'ingest', logical: '0.0', attempt: 2 } as const
    expect(struck(plan, { site })).toEqual([true])
    expect(struck(plan, { site: { ...site, attempt: 1 } })).toEqual([false])
    expect(struck(plan, { site: { ...site, logical: '0.1' } })).toEqual([false])
    expect(struck(plan, { site: { ...site, lane: 'control' } }, {})).toEqual([false, false])
    expect(run(plan, { site })[0]).toMatchObject({ key: '0.0', n: 2, orderDependent: false })
  })
})

describe('keys', () => {
  const once = (key?: Rule['key']): Plan =>
    planOf({ id: 'a', ...refuse, ...(key ? { key } : {}), when: { attempt: [1] } })

  it.each<[Rule['key'], Partial<Subject>, Partial<Subject>]>([
    ['content', { connection: 1 }, { content: '0.1' }],
    ['connection', { content: '0.1' }, { connection: 1 }],
    ['header:x-tenant', { connection: 1 }, { headers: [['x-tenant', 'b']] }],
    ['json:/a/1', { content: '0.1', json: null }, { json: { a: [0, 'b'] } }],
  ])('by %s tell requests apart by nothing else', (key, same, other) => {
    expect(struck(once(key), {}, same, other)).toEqual([true, false, true])
  })

  it('by global tell none apart', () => {
    expect(struck(once('global'), {}, { content: '0.1', connection: 1 })).toEqual([true, false])
  })

  it.each<[Rule['key'], boolean]>([
    [undefined, false],
    ['content', false],
    ['connection', true],
    ['global', true],
    ['header:x-tenant', true],
    ['json:/a', true],
  ])('by %s depend on the order of arrival: %s', (key, expected) => {
    expect(run(once(key), {})[0]?.orderDependent).toBe(expected)
  })

  it('depend on it also where matches are counted over all', () => {
    const of = (when: NonNullable<Rule['when']>): boolean | undefined =>
      run(planOf({ id: 'a', ...refuse, when }), {})[0]?.orderDependent
    expect([of({ nth: [1] }), of({ every: 1 }), of({ attempt: [1] })]).toEqual([true, true, false])
  })

  it('by content leave requests without records alone, unless the rule leaves the key open', () => {
    const { content: _, ...without } = answer
    expect(decide(once('content'), without, counters())).toBeUndefined()
    expect(decide(once(), without, counters())).toMatchObject({ key: 'connection:0', orderDependent: true })
  })

  it('by content mean the connection where a body has shown no token yet', () => {
    const plan = planOf({ id: 'a', on: 'request-body(1)', key: 'content', fault: { type: 'reset_peer' } })
    const { content: _, ...without } = { ...answer, points: ['request-body'] as const, n: 1 }
    expect(decide(plan, without, counters())).toMatchObject({ key: 'connection:0', orderDependent: true })
  })

  it('hold no credentials, and still tell them apart', () => {
    const of = (value: string): Partial<Subject> => ({ headers: [['authorization', value]] })
    const decisions = run(once('header:Authorization'), of('Bearer a'), of('Bearer b'), of('Bearer a'))
    expect(decisions.map((d) => d !== undefined)).toEqual([true, true, false])
    expect(decisions[0]?.key).toMatch(/^header:Authorization=[0-9a-f]{16}$/)
  })

  it('are bounded, and still tell long values apart', () => {
    const long = (end: string): Partial<Subject> => ({ headers: [['x-tenant', 'x'.repeat(5000) + end]] })
    const decisions = run(once('header:x-tenant'), long('a'), long('b'), long('a'))
    expect(decisions.map((d) => d !== undefined)).toEqual([true, true, false])
    expect(decisions[0]?.key.length).toBeLessThanOrEqual(128)
  })
})

describe('matching', () => {
  it.each<[Rule['match'], Partial<Subject>, boolean]>([
    [{ method: 'POST', path: '/v0/events' }, {}, true],
    [{ method: ['PUT', 'POST'] }, {}, true],
    [{ method: 'PUT' }, {}, false],
    [{ path: '/v0/events?name=a' }, {}, false],
    [{ path: { prefix: '/v0/' } }, {}, true],
    [{ path: { regex: '^/v\\d+/e' } }, {}, true],
    [{ path: { regex: 'name' } }, {}, false],
    [{ path: ['/x', { prefix: '/v0' }] }, {}, true],
    [{ path: '/v0/events', method: 'PUT' }, {}, false],
    [{ headers: { 'x-tenant': 'a' } }, {}, true],
    [
      { headers: { 'x-tenant': 'b' } },
      {
        headers: [
          ['x-tenant', 'a'],
          ['X-TENANT', 'b'],
        ],
      },
      true,
    ],
    [{ headers: { 'x-tenant': { present: false } } }, {}, false],
    [{ headers: { 'x-other': { present: false } } }, {}, true],
    [{ json: { '/a/0': { b: [1] } } }, { json: { a: [{ b: [1] }] } }, true],
    [{ json: { '/a/0': 1, '/x~1y': 2 } }, { json: { a: [1], 'x/y': 2 } }, true],
    [{ json: { '/a': null } }, { json: {} }, false],
    [{ json: { '/constructor': null } }, { json: {} }, false],
    [{ bytes_above: 100 }, { bytes: 101 }, true],
    [{ bytes_above: 100 }, { bytes: 100 }, false],
    [{ bytes_above: 0 }, {}, false],
    [{ bytes_above: 100, method: 'PUT' }, { bytes: 101 }, false],
  ])('%j of %j: %s', (match, request, expected) => {
    expect(struck(planOf({ id: 'a', ...refuse, ...(match ? { match } : {}) }), request)).toEqual([expected])
  })
})

describe('shapers', () => {
  const latency = { type: 'latency', delay_ms: 1 } as const

  it('compose, take no slot, and are chosen by connection', () => {
    const plan = planOf(
      { id: 'all', on: 'accept', shape: [latency, { ...latency, jitter_ms: 1 }] },
      { id: 'second', on: 'accept', shape: [latency], when: { nth: [2] } },
      { id: 'early', on: 'accept', shape: [latency], when: { until_s: 1 } },
      { id: 'fault', ...refuse },
    )
    const of = (ordinal: number, atS: number): string[] => shapers(plan, ordinal, atS).map(({ rule }) => rule)
    expect(of(0, 0)).toEqual(['all', 'all', 'early'])
    expect(of(1, 1)).toEqual(['all', 'all', 'second'])
    expect(run(plan, {})[0]?.rule).toBe('fault')
    expect(shapers({ ...plan, quiet: { after_s: 1 } }, 0, 1)).toEqual([])
  })

  it('hold while their state is set', () => {
    const plan = planOf({ id: 'slow', on: 'accept', shape: [latency], when: { state: 'slow' } })
    expect(shapers(plan, 0, 0)).toEqual([])
    expect(shapers(plan, 0, 0, levers(['slow']))).toEqual([{ rule: 'slow', fault: latency }])
  })

  it('draw once for each connection, not for each write', () => {
    const plan = planOf({ id: 'some', on: 'accept', shape: [latency], when: { probability: 0.5 } })
    const chosen = Array.from({ length: 400 }, (_, ordinal) => shapers(plan, ordinal, 0).length)
    expect(chosen).toEqual(Array.from({ length: 400 }, (_, ordinal) => shapers(plan, ordinal, 9).length))
    expect(chosen.filter((n) => n > 0).length / 400).toBeCloseTo(0.5, 1)
  })
})

describe('thresholds', () => {
  it('are the numbers that rules name, each once, ascending', () => {
    const reset = { fault: { type: 'reset_peer' } } as const
    const plan = planOf(
      { id: 'a', on: 'request-body(4096)', ...reset },
      { id: 'b', on: 'request-body(10)', ...reset },
      { id: 'c', on: 'request-body(4096)', ...reset },
      { id: 'd', on: 'response-body(5)', taken: true, ...reset },
      { id: 'e', at: 'ingest:0.0#1@response-body(3)', taken: true, ...reset },
    )
    expect(thresholds(plan, 'request-body')).toEqual([10, 4096])
    expect(thresholds(plan, 'response-body')).toEqual([3, 5])
    expect(thresholds(plan, 'message')).toEqual([])
  })
})

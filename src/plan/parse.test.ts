import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { TailraceError } from '../errors.ts'
import type { Problem } from '../errors.ts'
import { checkPlan, parsePlan, ruleProblems } from './parse.ts'
import { parsePoint, parseSite } from './point.ts'

const example = readFileSync(new URL('testing/example.yaml', import.meta.url), 'utf8')

function errorOf(run: () => unknown): TailraceError {
  try {
    run()
  } catch (error) {
    if (error instanceof TailraceError) return error
  }
  return expect.fail('threw no TailraceError')
}

/** Problems of one rule that would else be good, as `pointer: expected, got`. */
function told(rule: object): string[] {
  return ruleProblems([{ id: 'a', ...rule }], '').map(
    ({ at, expected, got }) => `${at}: ${expected}, got ${got}`,
  )
}

const at = { on: 'response-head', taken: true }
const reset = { type: 'reset_peer' }
const error = { type: 'http_error', status: 503 }

describe('a plan', () => {
  it('is read from YAML', () => {
    const plan = parsePlan(example, 'example')
    expect(plan.rules.map(({ id }) => id)).toEqual(['lost-ack', 'script', 'link', 'found-1'])
    expect(plan).toMatchObject({ version: 1, seed: '42', quiet: { after_s: 30 } })
  })

  it('is read from JSON, also where it is indented by tabs', () => {
    const plan = parsePlan(example, 'example')
    expect(parsePlan(JSON.stringify(plan), 'json')).toEqual(plan)
    expect(parsePlan(JSON.stringify(plan, null, '\t'), 'json')).toEqual(plan)
  })

  it('is refused with all that is wrong at once', () => {
    const plan = {
      version: 2,
      seed: 7,
      surprise: true,
      rules: [
        { id: 'x', on: 'response-head', fault: { type: 'http_eror', status: 503 } },
        { id: 'x', on: 'request', taken: true, fault: { type: 'stall', for_s: 3 } },
        5,
      ],
      quiet: {},
    }
    const { code, problems } = errorOf(() => checkPlan(plan, 'mine'))
    expect(code).toBe('plan')
    expect(problems.map((problem) => problem.at).sort()).toEqual([
      '/quiet',
      '/rules/0',
      '/rules/0/fault/type',
      '/rules/1/fault/for_s',
      '/rules/1/id',
      '/rules/1/taken',
      '/rules/2',
      '/seed',
      '/surprise',
      '/version',
    ])
  })

  it.each([[null], [undefined], [5], ['text'], [[]], [{}]])('is not %j', (value) => {
    expect(errorOf(() => checkPlan(value, 'mine')).problems.length).toBeGreaterThan(0)
  })

  it.each([
    ['a: [1\nb: 2', 'mine:'],
    ['version: 1\nseed: "1"\nseed: "2"\nrules: []', 'mine:3:1'],
    ['a: &a 1\nb: *c', 'mine'],
    ['a: !!odd 1', 'mine:1:4'],
    ['--- 1\n--- 2', 'mine:2:1'],
    ['['.repeat(100_000), 'mine'],
  ])('is not read from a text that is no plain document: %#', (text, where) => {
    const { code, problems } = errorOf(() => parsePlan(text, 'mine'))
    expect(code).toBe('plan')
    expect(problems[0]?.at.startsWith(where)).toBe(true)
  })

  it('is not read from a text larger than a document may be', () => {
    const [first] = errorOf(() => parsePlan(`# ${'x'.repeat(4_194_304)}`, 'mine')).problems
    expect(first).toEqual({
      at: 'mine',
      expected: 'at most 4194304 bytes',
      got: '4194306 bytes',
    } satisfies Problem)
  })

  it('does not let aliases grow without end', () => {
    const lines = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(10)}]`)
    expect(errorOf(() => parsePlan(['a0: &a0 x', ...lines].join('\n'), 'mine')).problems).toHaveLength(1)
  })
})

describe('a rule', () => {
  it.each([
    { on: 'request', fault: reset },
    { on: 'request-body(10)', key: 'content', fault: reset },
    { ...at, fault: { type: 'none' } },
    { on: 'response-head', taken: false, outcomes: [error, { type: 'none' }] },
    { on: 'response-head', taken: false, fault: { type: 'stall' } },
    { on: 'response-head', taken: false, oneOf: [{ ...error, weight: 2 }, { type: 'none' }] },
    { on: 'accept', shape: [{ type: 'latency', delay_ms: 1 }], when: { nth: [2] } },
    {
      ...at,
      match: { path: ['/a', { prefix: '/b' }], headers: { a: { present: true } }, json: { '/a': null } },
      fault: reset,
    },
    { ...at, expect: { fired: { min: 2 } }, key: 'json:/a', fault: reset },
    { ...at, when: { fire: 'manual', state: 'degraded', attempt: [1] }, fault: reset },
    { on: 'idle', when: { fire: 'manual' }, fault: { type: 'idle_close', after_ms: 1 } },
    { on: 'accept', shape: [{ type: 'latency', delay_ms: 1 }], when: { state: 'slow' } },
  ])('may be %j', (rule) => expect(told(rule)).toEqual([]))

  it.each<[string, object, RegExp]>([
    ['an unknown key', { ...at, fault: reset, fualt: 1 }, /^\/0\/fualt: one of id, match, /],
    ['no id', { id: undefined, ...at, fault: reset }, /^\/0: the key id, got none|^\/0\/id: string/],
    [
      'an unknown fault',
      { ...at, fault: { type: 'reset_pere' } },
      /^\/0\/fault\/type: reset_peer, or one of none, /,
    ],
    ['a fault like none known', { ...at, fault: { type: 'zzzzzzz' } }, /^\/0\/fault\/type: one of none, /],
    ['a fault without a name', { ...at, fault: {} }, /^\/0\/fault: /],
    [
      'an unknown argument',
      { ...at, fault: { ...error, retry: 1 } },
      /^\/0\/fault\/retry: one of type, status, /,
    ],
    [
      'a missing argument',
      { ...at, fault: { type: 'http_error' } },
      /^\/0\/fault: the key status, got none$/,
    ],
    [
      'an argument out of bounds',
      { ...at, outcomes: [{ ...error, status: 600 }] },
      /^\/0\/outcomes\/0\/status: <= 599, got 600$/,
    ],
    [
      'an unknown point',
      { on: 'somewhere', fault: reset },
      /^\/0\/on: one of accept, .*request-body\(n\).*, got "somewhere"$/,
    ],
    ['a point without its number', { on: 'request-body', fault: reset }, /^\/0\/on: one of /],
    ['a number too much', { on: 'request(3)', fault: reset }, /^\/0\/on: one of /],
    [
      'a bad site',
      { at: 'ingest:0.0@response-head', taken: true, fault: reset },
      /^\/0\/at: lane:producer.seq#attempt@point/,
    ],
    [
      'two places',
      { ...at, at: 'ingest:0.0#1@response-head', fault: reset },
      /^\/0: exactly one of on, at, got on and at$/,
    ],
    [
      'a site with a key',
      { at: 'ingest:0.0#1@response-head', key: 'content', taken: true, fault: reset },
      /^\/0\/key: no such key beside at/,
    ],
    [
      'a site that is counted',
      { at: 'ingest:0.0#1@response-head', when: { attempt: [1] }, taken: true, fault: reset },
      /^\/0\/when\/attempt: no such key beside at/,
    ],
    ['no place', { fault: reset }, /^\/0: exactly one of on, at, got none$/],
    [
      'two faults',
      { ...at, fault: reset, outcomes: [reset] },
      /^\/0: exactly one of fault, outcomes, .*, got fault and outcomes$/,
    ],
    ['no fault', { ...at }, /^\/0: exactly one of fault, outcomes, oneOf, shape, got none$/],
    [
      'a fault at a foreign point',
      { on: 'request', fault: error },
      /^\/0\/fault: a fault that can strike at request, got http_error, for response-head$/,
    ],
    ['no word on taking', { on: 'response-head', fault: reset }, /^\/0: the key taken: /],
    [
      'a word on taking too early',
      { on: 'request', taken: false, fault: reset },
      /^\/0\/taken: no such key at request/,
    ],
    [
      'content before it is known',
      { on: 'request', key: 'content', fault: reset },
      /^\/0\/key: request-body or later/,
    ],
    [
      'a JSON key before it is known',
      { on: 'request-body(1)', key: 'json:/a', fault: reset },
      /^\/0\/key: response-head or later/,
    ],
    [
      'JSON before it is known',
      { on: 'request', match: { json: { '/a': 1 } }, fault: reset },
      /^\/0\/match\/json: response-head or later/,
    ],
    [
      'a site before it is known',
      { at: 'ingest:0.0#1@request', fault: reset },
      /^\/0\/at: response-head or later/,
    ],
    [
      'a request on a connection',
      { on: 'accept', match: { path: '/' }, shape: [{ type: 'latency', delay_ms: 1 }] },
      /^\/0\/match: no such key: at accept there is no request/,
    ],
    ['a bad key', { ...at, key: 'colour', fault: reset }, /^\/0\/key: match pattern/],
    [
      'a shaper that is no shape',
      { on: 'accept', fault: { type: 'latency', delay_ms: 1 } },
      /^\/0\/fault: shape to hold it/,
    ],
    [
      'a shape that is no shaper',
      { on: 'accept', shape: [reset] },
      /^\/0\/shape\/0: one of latency, .*got reset_peer$/,
    ],
    [
      'a shape elsewhere',
      { on: 'request', shape: [{ type: 'latency', delay_ms: 1 }] },
      /^\/0\/on: accept, where shapers stand, got request$/,
    ],
    [
      'attempts of a connection',
      { on: 'accept', when: { attempt: [2] }, shape: [{ type: 'latency', delay_ms: 1 }] },
      /^\/0\/when\/attempt: nth/,
    ],
    [
      'a shape that is told',
      { on: 'accept', when: { fire: 'manual' }, shape: [{ type: 'latency', delay_ms: 1 }] },
      /^\/0\/when\/fire: state, which turns a shape on and off, got "manual"$/,
    ],
    [
      'another way to fire',
      { ...at, when: { fire: 'often' }, fault: reset },
      /^\/0\/when\/fire: "manual", got "often"$/,
    ],
    [
      'a state without a name',
      { ...at, when: { state: '' }, fault: reset },
      /^\/0\/when\/state: NOT have fewer than 1 characters/,
    ],
    ['a state that is none', { ...at, when: { state: true }, fault: reset }, /^\/0\/when\/state: string/],
    [
      'a state beyond all bounds',
      { ...at, when: { state: 'x'.repeat(129) }, fault: reset },
      /^\/0\/when\/state: NOT have more than 128 characters/,
    ],
    [
      'a bad regex',
      { ...at, match: { path: { regex: '(' } }, fault: reset },
      /^\/0\/match\/path\/regex: a regular expression, got "\("$/,
    ],
    [
      'a bad regex of a header',
      { ...at, match: { headers: { 'a/b': { regex: '(' } } }, fault: reset },
      /^\/0\/match\/headers\/a~1b\/regex: /,
    ],
    [
      'two ways to compare',
      { ...at, match: { path: { regex: 'a', prefix: 'a' } }, fault: reset },
      /^\/0\/match\/path: /,
    ],
    [
      'a window that never opens',
      { ...at, when: { from_s: 2, until_s: 2 }, fault: reset },
      /^\/0\/when\/until_s: more than from_s, 2, got 2$/,
    ],
    [
      'a zero attempt',
      { ...at, when: { attempt: [0] }, fault: reset },
      /^\/0\/when\/attempt\/0: >= 1, got 0$/,
    ],
  ])('is refused that has %s', (_, rule, message) => {
    expect(told(rule)).toContainEqual(expect.stringMatching(message))
  })

  it('is refused whose id another one has', () => {
    const rule = { id: 'a', ...at, fault: reset }
    expect(ruleProblems([rule, rule], '/faults')).toEqual([
      { at: '/faults/1/id', expected: 'an id of its own', got: '"a"' },
    ])
  })

  it('points into the document that holds it', () => {
    expect(ruleProblems('no', '/faults')).toMatchObject([{ at: '/faults' }])
    expect(ruleProblems([{ id: '' }], '/faults').map((problem) => problem.at)).toContain('/faults/0/id')
  })
})

describe('a point without a request', () => {
  it.each(['accept', 'tls', 'session'])('knows the connection and no more: %s', (on) => {
    const wrong = { on, fault: reset, match: { method: 'POST' }, key: 'content' }
    expect(told(wrong)).toEqual([
      expect.stringMatching(`^/0/fault: a fault that can strike at ${on}`),
      `/0/key: connection or global: at ${on} there is no request, got "content"`,
      `/0/match: no such key: at ${on} there is no request, got match`,
    ])
    for (const key of ['header:a', 'json:/a']) {
      expect(told({ ...wrong, key })).toContain(
        `/0/key: connection or global: at ${on} there is no request, got "${key}"`,
      )
    }
    const fine = { on, key: 'global', when: { nth: [2], fire: 'manual', state: 'a' }, fault: reset }
    expect(told(fine)).toEqual([expect.stringMatching('^/0/fault: a fault that can strike')])
    const site = { at: `ingest:0.0#1@${on}`, fault: reset }
    expect(told(site)).toContain(`/0/at: no such key: at ${on} there is no request, got at`)
  })
})

describe('a rule that takes nothing', () => {
  const head = { on: 'response-head', taken: false }

  it.each([
    ['/0/fault', { ...head, fault: { type: 'http_error', status: 299 } }],
    ['/0/fault', { ...head, fault: { type: 'header_delay', delay_ms: 1 } }],
    ['/0/fault', { ...head, fault: { type: 'limit_data', bytes: 1, end: 'fin' } }],
    ['/0/fault', { ...head, fault: { type: 'stall', for_ms: 10 } }],
    ['/0/fault', { ...head, fault: { type: 'none' } }],
    ['/0/fault', { on: 'response-body(1)', taken: false, fault: { type: 'stall' } }],
    ['/0/fault', { on: 'response-end', taken: false, fault: reset }],
    ['/0/outcomes/1', { ...head, outcomes: [error, { type: 'http_error', status: 202 }] }],
    ['/0/oneOf/0', { ...head, oneOf: [{ type: 'header_delay', delay_ms: 1, weight: 2 }, error] }],
  ])('is refused where the client may read a success all the same: %s %j', (pointer, rule) => {
    expect(told(rule)).toEqual([expect.stringMatching(`^${pointer}: an answer that makes no promise`)])
  })

  it.each([{ type: 'http_error', status: 300 }, error, reset, { type: 'empty_response' }])(
    'is good where it cannot: %j',
    (fault) => expect(told({ ...head, fault })).toEqual([]),
  )
})

describe('points and sites', () => {
  it('are read', () => {
    expect(parsePoint('request-body(4096)')).toEqual({ name: 'request-body', n: 4096 })
    expect(parsePoint('response-end')).toEqual({ name: 'response-end' })
    expect(parseSite('ingest:0.42#2@response-body(7)')).toEqual({
      site: { lane: 'ingest', logical: '0.42', attempt: 2 },
      point: { name: 'response-body', n: 7 },
    })
    expect(parseSite('stream:3#1@message(1)')?.site).toEqual({ lane: 'stream', logical: '3', attempt: 1 })
  })

  it.each(['', 'request-body(-1)', 'request-body()', 'request-body(1.5)', 'Request', 'request '])(
    'are no points: %j',
    (text) => expect(parsePoint(text)).toBeUndefined(),
  )

  it.each([
    '',
    'ingest:0.0#0@response-head',
    'road:0.0#1@response-head',
    'ingest:0.0#1@nowhere',
    'ingest:0.0#1',
  ])('are no sites: %j', (text) => expect(parseSite(text)).toBeUndefined())
})

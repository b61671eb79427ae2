/** What each answer means to the reference client. */
import { describe, expect, it } from 'vitest'
import { outcomeOf } from './reference-answers.ts'
import type { Answer, Outcome, Question } from './reference-answers.ts'

const lines = ['{"id":"a"}', '{"id":"b"}', '{"id":"c"}']
const wall = Date.UTC(2026, 0, 1)

function meaning(answer: Partial<Answer>, asked: Partial<Question> = {}): Outcome {
  const question = { lines, bulk: false, durable: false, coded: false, wall, ...asked }
  return outcomeOf({ status: 200, headers: {}, body: '', ...answer }, question)
}

const all = ['delivered', 'delivered', 'delivered']

describe('a status', () => {
  it.each([
    [200, 'answered'],
    [202, 'answered'],
    [204, 'answered'],
    [409, 'answered'],
    [301, 'final'],
    [302, 'final'],
    [307, 'final'],
    [400, 'final'],
    [404, 'final'],
    [415, 'final'],
    [499, 'final'],
    [401, 'denied'],
    [403, 'denied'],
    [413, 'too large'],
    [408, 'retryable'],
    [429, 'retryable'],
    [500, 'retryable'],
    [503, 'retryable'],
    [599, 'retryable'],
  ] as const)('%i means %s', (status, kind) => {
    expect(meaning({ status })).toMatchObject({ kind, why: `HTTP ${status}` })
  })

  it('of success whose answer broke off is none: the records may have been taken', () => {
    expect(meaning({ status: 202, cut: 'other side closed' })).toEqual({
      kind: 'retryable',
      why: 'HTTP 202, then other side closed',
      unsure: true,
    })
  })

  it('415 may be for the coding, where there was one', () => {
    expect(meaning({ status: 415 }, { coded: true }).kind).toBe('coding refused')
  })

  it.each([
    [200, 'answered'],
    [202, 'final'],
    [204, 'final'],
  ] as const)('%i to a request that waits for the landing means %s', (status, kind) => {
    expect(meaning({ status }, { durable: true }).kind).toBe(kind)
  })
})

describe('a wait', () => {
  it.each([
    [429, '2', 2_000],
    [503, '2', 2_000],
    [408, '2', 2_000],
    [413, '2', 2_000],
    [429, '0', 0],
    [429, 'soon', 1_000],
    [503, 'soon', undefined],
    [503, 'Thu, 01 Jan 2026 00:00:03 GMT', 3_000],
    [503, 'Wed, 31 Dec 2025 23:59:00 GMT', 0],
    [400, '2', undefined],
  ])('of %i with %j is %s ms', (status, value, waitMs) => {
    expect(meaning({ status, headers: { 'retry-after': value } }).waitMs).toBe(waitMs)
  })

  it('is the longest of several, measured by the time of the server', () => {
    const headers = {
      date: 'Thu, 01 Jan 2026 01:00:00 GMT',
      'retry-after': ['1', 'Thu, 01 Jan 2026 01:00:04 GMT'],
    }
    expect(meaning({ status: 503, headers }).waitMs).toBe(4_000)
  })
})

describe('the body of a success', () => {
  it.each([
    ['nothing', ''],
    ['no JSON', '{"error'],
    ['a number', '7'],
    ['null', 'null'],
    ['an error', '{"error":"no"}'],
    ['counts without a loss', '{"successful_rows":3,"quarantined_rows":0}'],
    ['an odd count', '{"quarantined_rows":"many"}'],
    ['items that nobody asked for', '{"items":[]}'],
  ])('that is %s changes nothing', (_, body) => {
    expect(meaning({ body })).toMatchObject({ kind: 'answered', fates: all, lost: 0 })
  })

  it('says how many were quarantined, and not which', () => {
    const body = '{"successful_rows":1,"quarantined_rows":2}'
    expect(meaning({ body })).toMatchObject({ fates: ['unnamed', 'unnamed', 'unnamed'], lost: 2 })
  })

  it('says which were quarantined', () => {
    const body = '{"successful_rows":2,"quarantined_rows":1,"quarantined":["b"]}'
    expect(meaning({ body })).toMatchObject({ fates: ['delivered', 'refused', 'delivered'], lost: 0 })
  })

  it('names some of them, and some of those to be sent again', () => {
    const body = '{"quarantined_rows":2,"quarantined":["a"],"retry":["c","x"]}'
    expect(meaning({ body })).toMatchObject({ fates: ['refused', 'unnamed', 'again'], lost: 1 })
  })

  it('never says that more were lost than were sent', () => {
    expect(meaning({ body: '{"quarantined_rows":99}' })).toMatchObject({ lost: 3 })
    expect(meaning({ body: '{"quarantined_rows":9,"retry":["a","b","c"]}' })).toMatchObject({
      fates: ['again', 'again', 'again'],
      lost: 0,
    })
  })
})

describe('the result of one record', () => {
  it.each([
    ['201 created', { status: 201, result: 'created' }, 'delivered'],
    ['200 updated', { status: 200, result: 'updated' }, 'delivered'],
    ['201 alone', { status: 201 }, 'delivered'],
    ['429', { status: 429, error: { type: 'es_rejected_execution_exception' } }, 'again'],
    ['503', { status: 503 }, 'again'],
    ['400', { status: 400, error: { type: 'mapper_parsing_exception' } }, 'refused'],
    ['a word that nobody knows', { status: 200, result: 'wat' }, 'refused'],
    ['a status that nobody knows', { status: 299, result: 'created' }, 'refused'],
    ['an error under 200', { status: 200, error: 'no' }, 'refused'],
    ['no status', {}, 'refused'],
    ['nothing', undefined, 'refused'],
  ])('%s', (_, result, fate) => {
    const created = { create: { status: 201, result: 'created' } }
    const body = JSON.stringify({ errors: true, items: [created, { create: result }] })
    expect(meaning({ body }, { bulk: true }).fates).toEqual(['delivered', fate, 'refused'])
  })

  it('is that of the request where there are none', () => {
    expect(meaning({ body: '{"took":1}' }, { bulk: true }).fates).toEqual(all)
  })
})

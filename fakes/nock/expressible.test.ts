/** What nock cannot do is refused by name, all of it at once; what it can do is not. */
import { describe, expect, it } from 'vitest'
import { faultNames } from '../../src/fault.ts'
import { checkPlan } from '../../src/plan/parse.ts'
import type { Rule } from '../../src/plan/plan.ts'
import { nockProblems } from './expressible.ts'

const problems = (...rules: Rule[]): string[] => {
  const plan = checkPlan({ version: 1, seed: '1', rules }, 'test plan')
  return nockProblems(plan).map(({ at, got }) => `${at} ${got}`)
}

const head = { key: 'content', on: 'response-head', taken: false } as const

describe('a plan for nock', () => {
  it('may answer wrongly or late, and break off before the answer', () => {
    const rules: Rule[] = [
      { id: 'a', ...head, fault: { type: 'http_error', status: 503, retry_after_s: 1, body: 'x' } },
      { id: 'b', ...head, outcomes: [{ type: 'reset_peer' }, { type: 'empty_response' }, { type: 'none' }] },
      { id: 'c', ...head, taken: true, fault: { type: 'header_delay', delay_ms: 5 } },
      { id: 'd', key: 'header:x-batch', on: 'request', when: { nth: [1] }, fault: { type: 'reset_peer' } },
      { id: 'e', on: 'accept', shape: [{ type: 'latency', delay_ms: 5 }], when: { until_s: 5 } },
      { id: 'f', at: 'ingest:0.0#1@response-head', taken: false, fault: { type: 'empty_response' } },
      { id: 'g', key: 'global', on: 'response-head', taken: false, oneOf: [{ type: 'none' }] },
    ]
    expect(problems(...rules)).toEqual([])
  })

  it('is told all that does not fit', () => {
    const rules: Rule[] = [
      { id: 'a', key: 'content', on: 'request-body(10)', fault: { type: 'reset_peer' } },
      { id: 'b', ...head, fault: { type: 'stall' } },
      { id: 'c', ...head, key: 'connection', fault: { type: 'http_error', status: 307, location: 'same' } },
      { id: 'd', on: 'idle', fault: { type: 'idle_close', after_ms: 1 } },
      { id: 'e', on: 'accept', shape: [{ type: 'latency', delay_ms: 5 }], when: { every: 2 } },
      { id: 'f', ...head, taken: true, outcomes: [{ type: 'none' }, { type: 'connection_close' }] },
      { id: 'g', at: 'ingest:0.0#1@response-end', taken: true, fault: { type: 'reset_peer' } },
    ]
    expect(problems(...rules)).toEqual([
      '/rules/0/on request-body(10)',
      '/rules/1/fault stall',
      '/rules/2/key connection',
      '/rules/2/fault/location same',
      '/rules/3/on idle',
      '/rules/3/fault idle_close',
      '/rules/4/when/every every',
      '/rules/5/outcomes/1 connection_close',
      '/rules/6/at ingest:0.0#1@response-end',
    ])
  })

  it('holds no key that is not known here', () => {
    const rule = { id: 'a', ...head, fault: { type: 'empty_response' }, when: { mood: 1 }, more: 1 }
    const plan = { version: 1, seed: '1', rules: [rule], extra: 1 } as unknown as Parameters<
      typeof nockProblems
    >[0]
    expect(nockProblems(plan).map(({ at }) => at)).toEqual(['/extra', '/rules/0/more', '/rules/0/when/mood'])
  })

  it('refuses every other fault of the table', () => {
    const known = ['none', 'http_error', 'header_delay', 'rate_limit', 'partial_batch', 'discard_after_take']
    const rest = faultNames.filter(
      (name) => ![...known, 'empty_response', 'reset_peer', 'latency'].includes(name),
    )
    for (const type of rest) {
      const rule = { id: 'a', on: 'response-head', fault: { type } }
      const plan = { version: 1, seed: '1', rules: [rule] } as unknown as Parameters<typeof nockProblems>[0]
      expect(nockProblems(plan).map(({ at, got }) => `${at} ${got}`)).toEqual([`/rules/0/fault ${type}`])
    }
  })
})

/** The suite against its contract: ids, levels and protocols are promises to those who wrote them into a baseline. */
import { describe, expect, it } from 'vitest'
import { checkPlan } from '../src/plan/parse.ts'
import { problemsOf } from '../src/schema.ts'
import { caseSchema } from '../src/scenario.ts'
import { cases } from './index.ts'

/** Suite 1, as frozen: id and level. */
const suite1: Record<string, string> = {
  'ing.base.one': 'MUST',
  'ing.base.many': 'MUST',
  'ing.base.batches': 'SHOULD',
  'ing.retry.503': 'MUST',
  'ing.retry.reset-before-response': 'SHOULD',
  'ing.4xx.400': 'MUST',
  'ing.backoff.exists': 'MUST',
  'ing.ra.429-seconds': 'MUST',
  'ing.413.terminates': 'MUST',
  'ing.idem.ack-lost': 'MUST',
  'ing.ack.truncated-200': 'SHOULD',
  'ing.stop.flushes': 'MUST',
}

describe('the suite', () => {
  it('has every case of the contract, at its level, once', () => {
    expect(cases.length).toBe(new Set(cases.map(({ id }) => id)).size)
    expect(Object.fromEntries(cases.map(({ id, level }) => [id, level]))).toEqual(suite1)
  })

  it.each(cases.map((c) => [c.id, c] as const))(
    '%s is a case by its schema, and its faults are a plan',
    (_, c) => {
      expect(problemsOf(caseSchema, JSON.parse(JSON.stringify(c)))).toEqual([])
      expect(checkPlan({ version: 1, seed: '1', rules: [...c.faults] }, c.id).rules).toHaveLength(
        c.faults.length,
      )
      expect(c.title).toMatch(/^[A-Z].*\.$/)
      expect(c.promises.length).toBeGreaterThan(0)
    },
  )
})

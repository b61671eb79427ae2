import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { budgetMs } from './budget.ts'
import { limits } from './limits.ts'
import { profiles } from './profile.ts'
import type { Profile } from './profile.ts'
import type { Case, CaseRule } from './scenario.ts'
import { caseOf } from './testing/cases.ts'

const generic = profiles['generic'] as Profile

function rule(more: Partial<CaseRule> = {}): CaseRule {
  return {
    id: 'r',
    key: 'content',
    on: 'response-head',
    taken: false,
    fault: { type: 'http_error', status: 503 },
    ...more,
  }
}

const budget = (c: Partial<Case>, knobs: string[] = []): number => budgetMs(caseOf('x', c), generic, knobs)

describe('the budget of a case', () => {
  it('is the least there is where nothing goes wrong', () => {
    expect(budget({ faults: [] })).toBe(limits.caseBudgetMs)
  })

  it('is ten times what the reference needs, where that is more', () => {
    expect(budget({ faults: [], reference_s: 14 })).toBe(140_000)
  })

  it('leaves a client with a base of its own time to wait 1, 2, 4 s, ten times over', () => {
    const faults = [rule({ when: { attempt: [1, 2, 3] } })]
    expect(budget({ faults })).toBe(100_000) // (3 + 7) s
    expect(budget({ faults }, ['retry.base_ms'])).toBe(limits.caseBudgetMs)
  })

  it('counts no more failures than the profile has attempts, and as many as it leaves open', () => {
    expect(budget({ faults: [rule()] })).toBe(10_000 * (3 + 1 + 2 + 4 + 8 + 16))
    expect(budget({ faults: [rule({ when: { attempt: 'below attempts.min' } })] })).toBe(10_000 * (3 + 7))
    expect(budget({ faults: [rule({ at: 'ingest:0.0#2@response-head' })] })).toBe(60_000)
  })

  it('leaves a client its timeouts where the server says nothing for ever', () => {
    const faults = [rule({ when: { attempt: [1] }, fault: { type: 'stall' } })]
    const knobs = ['retry.base_ms', 'timeout.request_ms']
    expect(budget({ faults }, knobs)).toBe(130_000)
    expect(budget({ faults, config: { 'timeout.request_ms': 500 } }, knobs)).toBe(35_000)
    // What ends by itself is waited for, attempt by attempt.
    expect(budget({ faults: [rule({ fault: { type: 'stall', for_ms: 100 } })] }, knobs)).toBe(35_000)
  })

  it('leaves time for what answers ask for, unless the case has counted it, or nobody would wait', () => {
    const asking = (retry_after_s: number): Partial<Case> => ({
      faults: [
        rule({ when: { attempt: [1, 2] }, fault: { type: 'http_error', status: 503, retry_after_s } }),
      ],
    })
    expect(budget(asking(6), ['retry.base_ms'])).toBe(150_000) // (3 + 2 × 6) s
    expect(budget({ ...asking(6), reference_s: 4 }, ['retry.base_ms'])).toBe(40_000)
    expect(budget(asking(86_400), ['retry.base_ms'])).toBe(limits.caseBudgetMs)
    expect(budget(asking(86_400))).toBe(10_000 * (3 + 1))
  })

  it('never shrinks with more failures, and never below the least', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.nat({ max: 60 }), (n, reference_s) => {
        const failing = (count: number): Partial<Case> => ({
          reference_s,
          faults: [rule({ when: { attempt: Array.from({ length: count }, (_, i) => i + 1) } })],
        })
        expect(budget(failing(n + 1))).toBeGreaterThanOrEqual(budget(failing(n)))
        expect(budget(failing(n))).toBeGreaterThanOrEqual(limits.caseBudgetMs)
      }),
    )
  })
})

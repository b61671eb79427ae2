import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { repeatsOf, wilson } from './repeats.ts'
import type { CaseResult } from './report.ts'

describe('wilson', () => {
  it.each([
    [0, 10, 0, 0.2775],
    [10, 10, 0.7225, 1],
    [5, 10, 0.2366, 0.7634],
    [1, 1, 0.2065, 1],
  ])('%i of %i: %f to %f', (passed, n, low, high) => {
    const [gotLow, gotHigh] = wilson(passed, n)
    expect(gotLow).toBeCloseTo(low, 4)
    expect(gotHigh).toBeCloseTo(high, 4)
  })

  it('holds the share, lies in [0, 1], mirrors, and narrows with more runs', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.nat({ max: 500 }), (n, k) => {
        const passed = Math.min(k, n)
        const [low, high] = wilson(passed, n)
        const [mirroredLow, mirroredHigh] = wilson(n - passed, n)
        expect(low).toBeGreaterThanOrEqual(0)
        expect(high).toBeLessThanOrEqual(1)
        expect(low).toBeLessThanOrEqual(passed / n + 1e-12)
        expect(high).toBeGreaterThanOrEqual(passed / n - 1e-12)
        expect(mirroredLow).toBeCloseTo(1 - high, 10)
        expect(mirroredHigh).toBeCloseTo(1 - low, 10)
        const [lowOfMore, highOfMore] = wilson(4 * passed, 4 * n)
        expect(highOfMore - lowOfMore).toBeLessThan(high - low)
      }),
    )
  })
})

describe('repeatsOf', () => {
  const run = (id: string, verdict: string): CaseResult => ({ id, verdict }) as CaseResult

  it('counts the runs that were judged, of cases that ran more than once', () => {
    const results = [run('a', 'pass'), run('a', 'fail'), run('a', 'harness-error'), run('b', 'pass')]
    expect(repeatsOf(results)).toEqual([{ id: 'a', runs: 2, passed: 1, interval: wilson(1, 2) }])
  })

  it('says nothing of a case of which no run was judged', () => {
    expect(repeatsOf([run('a', 'n/a'), run('a', 'n/a')])).toEqual([])
  })
})

/** Cases that were run more than once: how often they passed, and what that says. Pure. */
import type { CaseResult, Repeated } from './report.ts'

/** Of each case with more than one run; runs that do not apply, or broke in the harness, say nothing. */
export function repeatsOf(results: readonly CaseResult[]): Repeated[] {
  const byId = new Map<string, CaseResult[]>()
  for (const result of results) byId.set(result.id, [...(byId.get(result.id) ?? []), result])
  return [...byId].flatMap(([id, all]): Repeated[] => {
    const judged = all.filter(({ verdict }) => verdict !== 'n/a' && verdict !== 'harness-error')
    if (all.length < 2 || judged.length === 0) return []
    const passed = judged.filter(({ verdict }) => verdict === 'pass').length
    return [{ id, runs: judged.length, passed, interval: wilson(passed, judged.length) }]
  })
}

/** 97.5th percentile of the normal distribution. */
const z = 1.959963984540054

/** E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927. `n` is at least 1. */
export function wilson(passed: number, n: number): [low: number, high: number] {
  const p = passed / n
  const middle = p + z ** 2 / (2 * n)
  const half = z * Math.sqrt((p * (1 - p)) / n + z ** 2 / (4 * n ** 2))
  const scale = 1 + z ** 2 / n
  return [Math.max(0, (middle - half) / scale), Math.min(1, (middle + half) / scale)]
}

/** Counts of a plan's rules: how often each has matched by each key, and what a window of time has served. */
import { TailraceError } from '../errors.ts'
import { limits } from '../limits.ts'

/** Counts of one rule, by its keys. */
export interface RuleCounts {
  /** Advances and returns the count, from 1. */
  advance(key: string): number
  /** What `advance` returned last; 0 before. */
  count(key: string): number
  /** Requests served in the window of this number; the windows before it are forgotten. */
  served(key: string, window: number): number
  serve(key: string, window: number): void
  clear(): void
  /** They count no more toward the budget: their rule has been edited, and only what began before still counts. */
  retire(): void
}

/** Counts, per rule and key. */
export interface Counters {
  of(rule: string): RuleCounts
}

/** How many counts rules keep together. */
export interface Budget {
  used: number
}

export function ruleCounts(shared: Budget): RuleCounts {
  let budget = shared
  /** In boxes: a count that is known advances without being looked up twice. */
  const counts = new Map<string, { n: number }>()
  const windows = new Map<string, { readonly window: number; readonly count: number }>()
  const keep = (): void => {
    budget.used += 1
    if (budget.used <= limits.planCountsMax) return
    const many = `the rules of the plan count by more than ${limits.planCountsMax} keys`
    throw new TailraceError('harness', many)
  }
  const served: RuleCounts['served'] = (key, window) => {
    const known = windows.get(key)
    return known?.window === window ? known.count : 0
  }
  return {
    advance(key) {
      const known = counts.get(key)
      if (known) return (known.n += 1)
      keep()
      counts.set(key, { n: 1 })
      return 1
    },
    count: (key) => counts.get(key)?.n ?? 0,
    served,
    serve(key, window) {
      if (!windows.has(key)) keep()
      windows.set(key, { window, count: served(key, window) + 1 })
    },
    clear() {
      budget.used -= counts.size + windows.size
      counts.clear()
      windows.clear()
    },
    retire() {
      budget.used -= counts.size + windows.size
      budget = { used: counts.size + windows.size }
    },
  }
}

/** The counts of a plan that stays as it is. */
export function counters(): Counters {
  const budget: Budget = { used: 0 }
  const rules = new Map<string, RuleCounts>()
  return {
    of(rule) {
      let counts = rules.get(rule)
      if (!counts) rules.set(rule, (counts = ruleCounts(budget)))
      return counts
    },
  }
}

/** Figures of a benchmark: medians with their 90 % interval, and whether a goal is met, missed or not resolved. */

/** The value below which this share of `samples` lies. */
export function at(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.round(share * (sorted.length - 1))] ?? NaN
}

/** `0.86 (90 %: 0.81–0.90)`. */
export function interval(samples: readonly number[], digits = 2): string {
  const [low, middle, high] = [0.05, 0.5, 0.95].map((share) => at(samples, share).toFixed(digits))
  return `${middle} (90 %: ${low}–${high})`
}

export type Resolved = 'met' | 'missed' | 'not resolved'

/** A ratio that is to be this large: by the lower end of the interval; missed where the upper end is below. */
export function atLeast(goal: number, ratios: readonly number[]): Resolved {
  if (at(ratios, 0.05) >= goal) return 'met'
  return at(ratios, 0.95) < goal ? 'missed' : 'not resolved'
}

/** A cost that is to be no larger than this: by the upper end of the interval; missed where the lower end is above. */
export function atMost(goal: number, costs: readonly number[]): Resolved {
  if (at(costs, 0.95) <= goal) return 'met'
  return at(costs, 0.05) > goal ? 'missed' : 'not resolved'
}

/** Whether a thing measured against itself came out as equal: else the machine was too noisy for any figure. */
export function isCalm(same: readonly number[]): boolean {
  return at(same, 0.05) <= 1 && at(same, 0.95) >= 1
}

/** CPU of this process, user and system, in µs. */
export function cpuUs(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return user + system
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Where and how busy: what a figure cannot be read without. */
export function sayWhere(load: readonly number[], cpus: readonly { model: string }[]): void {
  const loads = load.map((each) => each.toFixed(1)).join(' ')
  say(`node ${process.version}, ${cpus.length} × ${cpus[0]?.model ?? 'unknown'}, load average ${loads}`)
}

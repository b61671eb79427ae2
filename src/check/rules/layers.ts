/**
 * Whether the gaps between attempts show two layers of retries, one inside the other: bursts of k >= 2 tries, parted
 * by waits that are longer (conformance case ing.retry.no-nested).
 *
 * Every k-th gap parts two bursts when it is more than twice as long as any gap within one. Backoff that grows, is
 * capped, and loses up to half by jitter never shows that: each of its gaps is at least half of the one before.
 * Waits drawn from nothing to a cap ("full jitter") may, by chance; how likely that is decides.
 */

/** A gap between two attempts, in milliseconds: how long it lasted at least and at most. */
export interface Span {
  readonly leastMs: number
  readonly mostMs: number
  /** The answer asked for a wait: its length is not of the client's choosing. */
  readonly asked?: boolean
}

/** `perhaps`: it takes two separators to tell, and more if chance or the harness's lateness may have made them. */
export type Layers =
  | { readonly found: 'one' }
  | { readonly found: 'nested' | 'perhaps'; readonly tries: number; readonly separators: number }

/** Timers fire on whole milliseconds: a gap may be this much longer than was meant. */
const grainMs = 1
/** Chance waits that show a pattern less often than this are not what made it. */
const oddsMax = 1 / 500

interface Pattern {
  /** Requests in a burst. */
  readonly tries: number
  /** Separators with a gap after them. */
  readonly separators: number
  /** How often as many waits, each drawn evenly from nothing to a cap, would show it. */
  readonly odds: number
}

export function layersOf(gaps: readonly Span[]): Layers {
  const surely = patternOf(
    gaps,
    ({ leastMs }) => leastMs,
    ({ mostMs }) => mostMs,
  )
  if (surely && surely.separators >= 2 && surely.odds < oddsMax) return { found: 'nested', ...shown(surely) }
  const perhaps = patternOf(
    gaps,
    ({ mostMs }) => mostMs,
    ({ leastMs }) => leastMs,
  )
  const doubtful = [surely, perhaps].find((it) => it && (it.separators >= 2 || it.odds < oddsMax))
  return doubtful ? { found: 'perhaps', ...shown(doubtful) } : { found: 'one' }
}

function shown({ tries, separators }: Pattern): { tries: number; separators: number } {
  return { tries, separators }
}

type Measure = (gap: Span) => number

/** The pattern with the fewest tries in a burst that has two separators; else one that has one. */
function patternOf(gaps: readonly Span[], separatorMs: Measure, burstMs: Measure): Pattern | undefined {
  let found: Pattern | undefined
  let longestMs = 0
  for (let tries = 2; tries < gaps.length; tries += 1) {
    longestMs = Math.max(longestMs, burstMs(gaps[tries - 2] as Span))
    // The first separator is longer than all before it, which few gaps are: only those are worth a look at the rest.
    const first = gaps[tries - 1] as Span
    if (!parts(separatorMs(first), longestMs)) continue
    const pattern = patternWith(tries, gaps, separatorMs, burstMs)
    if (pattern && pattern.separators >= 2) return pattern
    found ??= pattern
  }
  return found
}

function parts(separatorMs: number, burstMs: number): boolean {
  return separatorMs - grainMs > 2 * burstMs
}

function patternWith(
  tries: number,
  gaps: readonly Span[],
  separatorMs: Measure,
  burstMs: Measure,
): Pattern | undefined {
  const isSeparator = (_: Span, i: number): boolean => i % tries === tries - 1
  const between = gaps.filter(isSeparator)
  const within = gaps.filter((gap, i) => !isSeparator(gap, i))
  const shortestMs = between.reduce((least, gap) => Math.min(least, separatorMs(gap)), Infinity)
  const longestMs = within.reduce((most, gap) => Math.max(most, burstMs(gap)), 0)
  if (between.some(({ asked }) => asked) || !parts(shortestMs, longestMs)) return undefined
  const separators = Math.floor((gaps.length - 1) / tries)
  return { tries, separators, odds: oddsOf(between.length, within.length, shortestMs / longestMs) }
}

/**
 * P(min of m > r × max of b), all drawn evenly from the same range: b ∫ x^(b-1) (1 - r x)^m dx from 0 to 1/r, which
 * is r^-b / C(b + m, m).
 */
function oddsOf(m: number, b: number, r: number): number {
  let odds = r ** -b
  for (let i = 1; i <= m; i += 1) odds *= i / (b + i)
  return odds
}

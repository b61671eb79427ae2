/**
 * Decisions: which rule of a plan strikes, and how. Pure but for the counts.
 *
 * Every rule that matches counts, whether or not an earlier one fires; the first that fires takes the slot, but for
 * rules that let this request pass (`allowance.ts`). A draw is a function of the seed, the rule, the key, the count
 * and the name of the draw, so neither the order of arrival nor a change to another rule shifts it (design §5,
 * "Determinism").
 */
import type { Site } from '../entry.ts'
import { TailraceError } from '../errors.ts'
import type { Header } from '../exchange.ts'
import { pointsAfterTake } from '../fault.ts'
import type { Fault, Point, PointName } from '../fault.ts'
import { limits } from '../limits.ts'
import { unit } from '../random.ts'
import type { IdRange, Json } from '../record.ts'
import { spend, withheld } from './allowance.ts'
import { everyKey, keyOf } from './key.ts'
import { matches } from './match.ts'
import type { Plan, Rule, When } from './plan.ts'
import { parsePoint, parseSite } from './point.ts'

/** What is known where a rule may strike. */
export interface Subject {
  readonly points: readonly PointName[]
  /** The number of the point; any when absent. */
  readonly n?: number
  readonly method: string
  readonly path: string
  readonly headers: readonly Header[]
  /** Lowest record id of the body, `0.42`; at request-body the first token so far. */
  readonly content?: string
  /** Ordinal of the connection. */
  readonly connection: number
  readonly site?: Site
  readonly json?: Json
  /** Of the body, as received. */
  readonly bytes?: number
  /** Records of the body. */
  readonly ids?: readonly IdRange[]
  /** No request has come on this connection before. */
  readonly first?: boolean
  /** Seconds on the clock of the run. */
  readonly atS: number
}

/** Counts, per rule and key. */
export interface Counters {
  /** Advances and returns the count, from 1. */
  advance(rule: string, key: string): number
  /** What `advance` returned last; 0 before. */
  count(rule: string, key: string): number
  /** Requests served in the window of this number; the windows before it are forgotten. */
  served(rule: string, key: string, window: number): number
  serve(rule: string, key: string, window: number): void
}

export interface Decision {
  readonly rule: string
  readonly point: Point
  readonly fault: Fault
  /** Whether the records are taken; absent where that is not yet the question. */
  readonly taken?: boolean
  readonly key: string
  readonly n: number
  /** Whether another order of arrival could have decided otherwise. */
  readonly orderDependent: boolean
  /** Of a rate limit: when its window ends, in seconds of the run's clock. */
  readonly opensAtS?: number
  /** Of a partial batch: the records that are struck, each once. */
  readonly ids?: readonly IdRange[]
}

export function counters(): Counters {
  const counts = new Map<string, number>()
  const windows = new Map<string, { readonly window: number; readonly count: number }>()
  const name = (rule: string, key: string): string => JSON.stringify([rule, key])
  const bound = (): void => {
    if (counts.size + windows.size <= limits.planCountsMax) return
    const many = `the rules of the plan count by more than ${limits.planCountsMax} keys`
    throw new TailraceError('harness', many)
  }
  const served: Counters['served'] = (rule, key, window) => {
    const known = windows.get(name(rule, key))
    return known?.window === window ? known.count : 0
  }
  return {
    advance(rule, key) {
      const count = (counts.get(name(rule, key)) ?? 0) + 1
      counts.set(name(rule, key), count)
      bound()
      return count
    },
    count: (rule, key) => counts.get(name(rule, key)) ?? 0,
    served,
    serve(rule, key, window) {
      windows.set(name(rule, key), { window, count: served(rule, key, window) + 1 })
      bound()
    },
  }
}

/** How often a rule has matched: by its key, and whatever the key. */
interface Count {
  readonly key: string
  readonly n: number
  readonly nth: number
}

export function decide(plan: Plan, subject: Subject, counters: Counters): Decision | undefined {
  if (isQuiet(plan, subject.atS)) return undefined
  const drawn = plan.rules.flatMap(
    (rule) =>
      (rule.at === undefined
        ? decideByCount(plan, rule, subject, counters)
        : decideBySite(plan, rule, subject)) ?? [],
  )
  let first: Decision | undefined
  for (const each of drawn) first ??= withheld(each, subject, counters)
  spend(drawn, first, subject, counters)
  return first
}

function decideByCount(plan: Plan, rule: Rule, subject: Subject, counters: Counters): Decision | undefined {
  const point = parsePoint(rule.on ?? '')
  if (!point || rule.shape || !isAt(point, subject) || !matches(rule.match, subject)) return undefined
  if (subject.first && sparesFirst(rule)) return undefined
  const found = keyOf(rule, point, subject)
  if (!found) return undefined
  const { key, orderDependent } = found
  const n = counters.advance(rule.id, key)
  const { nth: onNth, every } = rule.when ?? {}
  const byTotal = onNth !== undefined || every !== undefined
  const nth = byTotal && key !== everyKey ? counters.advance(rule.id, everyKey) : n
  if (!fires(plan.seed, rule, { key, n, nth }, subject.atS)) return undefined
  return decision(plan, rule, point, key, n, orderDependent || byTotal)
}

/** A rule about kept connections: the first request of a connection is none that it counts. */
function sparesFirst({ fault, outcomes, oneOf }: Rule): boolean {
  return [fault ?? [], outcomes ?? [], oneOf ?? []].flat().some(({ type }) => type === 'keepalive_race')
}

function decideBySite(plan: Plan, rule: Rule, subject: Subject): Decision | undefined {
  const planned = parseSite(rule.at ?? '')
  if (!planned || !subject.site || !isAt(planned.point, subject)) return undefined
  const { lane, logical = '', attempt } = planned.site
  const { site } = subject
  if (site.lane !== lane || site.logical !== logical || site.attempt !== attempt) return undefined
  if (!matches(rule.match, subject)) return undefined
  if (!fires(plan.seed, rule, { key: logical, n: attempt, nth: attempt }, subject.atS)) return undefined
  return decision(plan, rule, planned.point, logical, attempt, false)
}

function isQuiet({ quiet }: Plan, atS: number): boolean {
  return quiet !== undefined && atS >= quiet.after_s
}

function isAt({ name, n }: Point, subject: Subject): boolean {
  return subject.points.includes(name) && (subject.n === undefined || subject.n === n)
}

/** Counts and windows come before chance. */
function fires(seed: string, { id, when = {} }: Rule, count: Count, atS: number): boolean {
  if (!fits(when, count) || !isWithin(when, atS)) return false
  return (
    when.probability === undefined || unit(seed, id, count.key, count.n, 'probability') < when.probability
  )
}

function fits({ attempt, nth, every }: When, count: Count): boolean {
  return (
    (attempt?.includes(count.n) ?? true) &&
    (nth?.includes(count.nth) ?? true) &&
    (every === undefined || count.nth % every === 0)
  )
}

function isWithin({ from_s = 0, until_s = Infinity }: When, atS: number): boolean {
  return from_s <= atS && atS < until_s
}

function decision(
  plan: Plan,
  rule: Rule,
  point: Point,
  key: string,
  n: number,
  orderDependent: boolean,
): Decision | undefined {
  const fault = faultOf(plan.seed, rule, key, n)
  if (!fault) return undefined
  const common = { rule: rule.id, point, fault, key, n, orderDependent }
  if (!pointsAfterTake.includes(point.name)) return common
  const normal = fault.type === 'none' // normal service takes, whatever the rule says
  return { ...common, taken: normal || rule.taken === true }
}

function faultOf(seed: string, rule: Rule, key: string, n: number): Fault | undefined {
  const { outcomes, oneOf } = rule
  if (outcomes) return outcomes[Math.min(n, outcomes.length) - 1]
  return oneOf ? drawn(oneOf, unit(seed, rule.id, key, n, 'oneOf')) : rule.fault
}

/** The choice under which `at`, in [0, 1), falls when each is as wide as its weight. */
function drawn(choices: NonNullable<Rule['oneOf']>, at: number): Fault | undefined {
  const total = choices.reduce((sum, { weight = 1 }) => sum + weight, 0)
  let left = at * total
  const chosen = choices.find(({ weight = 1 }) => (left -= weight) < 0) ?? choices.at(-1)
  if (!chosen) return undefined
  const { weight: _, ...fault } = chosen
  return fault
}

/** The shapers of a connection. They take no slot; those of every rule that applies compose. */
export function shapers(
  plan: Plan,
  connectionOrdinal: number,
  atS: number,
): readonly { rule: string; fault: Fault }[] {
  if (isQuiet(plan, atS)) return []
  const count = { key: `connection:${connectionOrdinal}`, n: 1, nth: connectionOrdinal + 1 }
  return plan.rules
    .filter((rule) => fires(plan.seed, rule, count, atS))
    .flatMap(({ id, shape = [] }) => shape.map((fault) => ({ rule: id, fault })))
}

/** The numbers at which rules strike, ascending. */
export function thresholds(plan: Plan, point: 'request-body' | 'response-body' | 'message'): number[] {
  const planned = plan.rules.map(({ on, at }) =>
    on === undefined ? parseSite(at ?? '')?.point : parsePoint(on),
  )
  const numbers = planned.flatMap((each) => (each?.name === point && each.n !== undefined ? [each.n] : []))
  return [...new Set(numbers)].sort((a, b) => a - b)
}

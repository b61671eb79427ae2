/**
 * Decisions: which rule of a plan strikes, and how. Pure but for the counts.
 *
 * Every rule that matches counts, whether or not an earlier one fires; the first that fires takes the slot, but for
 * rules that let this request pass (`allowance.ts`). A draw is a function of the seed, the rule, the key, the count
 * and the name of the draw, so neither the order of arrival nor a change to another rule shifts it (design §5,
 * "Determinism").
 */
import type { Site } from '../entry.ts'
import type { Header } from '../exchange.ts'
import { pointsAfterTake } from '../fault.ts'
import type { Fault, Point, PointName } from '../fault.ts'
import { unit } from '../random.ts'
import type { IdRange, Json } from '../record.ts'
import { spend, withheld } from './allowance.ts'
import type { Counters } from './counters.ts'
import { everyKey, keyOf } from './key.ts'
import { matches } from './match.ts'
import type { Plan, Rule, When } from './plan.ts'
import type { PlannedSite } from './point.ts'
import { ready } from './ready.ts'
import type { ReadyRule } from './ready.ts'

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
  /** The name of this place, if it has one besides its connection: the same in another run, whatever came before. */
  readonly spot?: string
}

/** What steers a plan while it runs: the states that are set, and the rules that are told to fire. */
export interface Levers {
  isSet(state: string): boolean
  /** How often the rule has been told to fire and has not. */
  told(rule: string): number
  /** The rule has fired as it was told. */
  spend(rule: string): void
  /** Whether the rule is about this connection, by its ordinal. */
  concerns(rule: string, connection: number): boolean
}

/** Of a plan that nobody steers: no state is set, and nothing is told. */
const untouched: Levers = { isSet: () => false, told: () => 0, spend: () => {}, concerns: () => true }

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
  readonly spot?: string
  /** Of the plan that decided; absent for the first. */
  readonly generation?: number
  /** The rule had been told to fire. */
  readonly told?: true
  /** Of a rate limit: when its window ends, in seconds of the run's clock. */
  readonly opensAtS?: number
  /** Of a partial batch: the records that are struck, each once. */
  readonly ids?: readonly IdRange[]
}

/** What a plan is decided with besides the plan. */
interface Deciding {
  readonly seed: string
  readonly subject: Subject
  readonly counters: Counters
  readonly levers: Levers
}

export function decide(
  plan: Plan,
  subject: Subject,
  counters: Counters,
  levers: Levers = untouched,
): Decision | undefined {
  if (isQuiet(plan, subject.atS)) return undefined
  const deciding = { seed: plan.seed, subject, counters, levers }
  const drawn: Decision[] = []
  for (const each of ready(plan).struck) {
    const decision = each.planned ? decideBySite(each, each.planned, deciding) : decideByCount(each, deciding)
    if (decision) drawn.push(decision)
  }
  if (drawn.length === 0) return undefined
  let first: Decision | undefined
  for (const each of drawn) first ??= withheld(each, subject, counters)
  spend(drawn, first, subject, counters)
  if (first?.told) levers.spend(first.rule)
  return first
}

function decideByCount(
  { rule, point, sparesFirst, byTotal, waits }: ReadyRule,
  { seed, subject, counters, levers }: Deciding,
): Decision | undefined {
  if (!isAt(point, subject) || !matches(rule.match, subject)) return undefined
  if (sparesFirst && subject.first) return undefined
  if (waits && !levers.concerns(rule.id, subject.connection)) return undefined
  const found = keyOf(rule, point, subject)
  if (!found) return undefined
  const { key, orderDependent } = found
  const counts = counters.of(rule.id)
  const n = counts.advance(key)
  const nth = byTotal && key !== everyKey ? counts.advance(everyKey) : n
  if (!fires(seed, rule, key, n, nth, subject.atS, levers)) return undefined
  return decision(seed, rule, point, key, n, orderDependent || byTotal)
}

function decideBySite(
  { rule, point }: ReadyRule,
  { site: { lane, logical = '', attempt } }: PlannedSite,
  { seed, subject, levers }: Deciding,
): Decision | undefined {
  const { site } = subject
  if (!site || !isAt(point, subject)) return undefined
  if (site.lane !== lane || site.logical !== logical || site.attempt !== attempt) return undefined
  if (!matches(rule.match, subject)) return undefined
  if (!fires(seed, rule, logical, attempt, attempt, subject.atS, levers)) return undefined
  return decision(seed, rule, point, logical, attempt, false)
}

function isQuiet({ quiet }: Plan, atS: number): boolean {
  return quiet !== undefined && atS >= quiet.after_s
}

function isAt({ name, n }: Point, subject: Subject): boolean {
  return subject.points.includes(name) && (subject.n === undefined || subject.n === n)
}

/**
 * `n`: how often the rule has matched by this key; `nth`: whatever the key. Counts, windows, states and what is told
 * come before chance.
 */
function fires(
  seed: string,
  { id, when }: Rule,
  key: string,
  n: number,
  nth: number,
  atS: number,
  levers: Levers,
): boolean {
  if (!when) return true
  if (!fits(when, n, nth) || !isWithin(when, atS)) return false
  if (when.state !== undefined && !levers.isSet(when.state)) return false
  if (when.fire && levers.told(id) === 0) return false
  return when.probability === undefined || unit(seed, id, key, n, 'probability') < when.probability
}

function fits(when: When, n: number, nth: number): boolean {
  return (
    (when.attempt?.includes(n) ?? true) &&
    (when.nth?.includes(nth) ?? true) &&
    (when.every === undefined || nth % when.every === 0)
  )
}

function isWithin({ from_s = 0, until_s = Infinity }: When, atS: number): boolean {
  return from_s <= atS && atS < until_s
}

function decision(
  seed: string,
  rule: Rule,
  point: Point,
  key: string,
  n: number,
  orderDependent: boolean,
): Decision | undefined {
  const fault = faultOf(seed, rule, key, n)
  if (!fault) return undefined
  const { fire, state } = rule.when ?? {}
  const common = {
    ...{ rule: rule.id, point, fault, key, n },
    // Which requests find a state set, or a rule told, hangs on when they come.
    orderDependent: orderDependent || fire !== undefined || state !== undefined,
    ...(fire === undefined ? {} : { told: true as const }),
  }
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
  levers: Levers = untouched,
): readonly { rule: string; fault: Fault }[] {
  if (isQuiet(plan, atS)) return []
  const key = `connection:${connectionOrdinal}`
  const nth = connectionOrdinal + 1
  return ready(plan)
    .shaping.filter((rule) => fires(plan.seed, rule, key, 1, nth, atS, levers))
    .flatMap(({ id, shape = [] }) => shape.map((fault) => ({ rule: id, fault })))
}

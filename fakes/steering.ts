/**
 * The plan as it stands now. The gate asks it, and whoever steers edits it: the whole plan or a rule, a state of the
 * scenario, a fault of the moment, a time of quiet. An edit holds for what begins after it; an exchange that has begun
 * keeps the generation it began under. With `ttl_s` an edit takes itself back.
 *
 * Nothing here sets a timer: what has ended is found to have ended when it is next asked for.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../src/clock.ts'
import { shown, TailraceError } from '../src/errors.ts'
import { limits } from '../src/limits.ts'
import { ruleCounts } from '../src/plan/counters.ts'
import type { Budget } from '../src/plan/counters.ts'
import { edited, isSamePlan, standingOf } from '../src/plan/edits.ts'
import type { Edit, Standing } from '../src/plan/edits.ts'
import { Generation } from '../src/plan/generation.ts'
import type { LiveRule } from '../src/plan/generation.ts'
import { checkFireOnce, checkTell } from '../src/plan/order.ts'
import type { FireOnce, Tell } from '../src/plan/order.ts'
import { checkPlan, ruleProblems } from '../src/plan/parse.ts'
import type { Plan, Rule } from '../src/plan/plan.ts'
import { isByTheClock } from '../src/plan/ready.ts'
import { stateName } from '../src/plan/schema.ts'
import { problemsOf } from '../src/schema.ts'

/** How long an edit holds, in seconds of the run's clock; without end when absent. */
export interface Hold {
  readonly ttl_s?: number
}

interface Held {
  readonly edit: Edit
  /** Nanoseconds of the clock; Infinity without end. */
  readonly until: number
}

export class Steering {
  private readonly clock: Clock
  private readonly budget: Budget = { used: 0 }
  /** Below the edits that may end. */
  private base: Standing
  private edits: readonly Held[] = []
  /** When the first of them ends. */
  private nextEnd = Infinity
  private standing: Standing
  private live: ReadonlyMap<string, LiveRule> = new Map()
  private latest: Generation
  private shots = 0

  /** `plan` has been checked. */
  constructor(plan: Plan, clock: Clock) {
    this.clock = clock
    this.base = this.standing = standingOf(plan)
    this.latest = this.begin(1)
  }

  /** What decides for exchanges and connections that begin now. */
  get current(): Generation {
    this.settle()
    return this.latest
  }

  /** Number of the current generation, from 1. */
  get generation(): number {
    return this.current.number
  }

  /** With its disabled rules; without faults of the moment. */
  get plan(): Plan {
    this.settle()
    return this.standing.plan
  }

  get disabled(): readonly string[] {
    this.settle()
    return [...this.standing.disabled]
  }

  /** Those that are set. */
  get states(): readonly string[] {
    this.settle()
    return [...this.standing.states]
  }

  isSet(state: string): boolean {
    this.settle()
    return this.standing.states.has(state)
  }

  get isQuiet(): boolean {
    this.settle()
    return this.standing.quiet
  }

  /** Puts a whole plan in place of this one; an equal one changes nothing. Returns the generation, as all edits do. */
  replace(plan: unknown, hold?: Hold): number {
    return this.edit({ do: 'replace', plan: checkPlan(plan, 'the plan') }, hold)
  }

  /** Adds a rule behind the others. */
  add(rule: unknown, hold?: Hold): number {
    const checked = checkRule(rule)
    const { rules } = this.plan
    if (!rules.some(({ id }) => id === checked.id)) return this.edit({ do: 'put', rule: checked }, hold)
    throw refused('/id', 'an id of its own', checked.id)
  }

  /** Puts a rule in place of the one that has its id. */
  change(rule: unknown, hold?: Hold): number {
    const checked = checkRule(rule)
    return this.edit({ do: 'put', rule: { ...checked, id: this.known(checked.id) } }, hold)
  }

  enable(rule: string, hold?: Hold): number {
    return this.edit({ do: 'enable', rule: this.known(rule), enabled: true }, hold)
  }

  /** A disabled rule neither strikes nor counts; what it has counted it keeps. */
  disable(rule: string, hold?: Hold): number {
    return this.edit({ do: 'enable', rule: this.known(rule), enabled: false }, hold)
  }

  delete(rule: string, hold?: Hold): number {
    return this.edit({ do: 'delete', rule: this.known(rule) }, hold)
  }

  set(state: string, hold?: Hold): number {
    return this.edit({ do: 'state', state: checkState(state), set: true }, hold)
  }

  unset(state: string, hold?: Hold): number {
    return this.edit({ do: 'state', state: checkState(state), set: false }, hold)
  }

  /** No rule fires, and none counts, until `resume` or for so many seconds. */
  quiet(forS?: number): number {
    return this.edit({ do: 'quiet', quiet: true }, forS === undefined ? {} : { ttl_s: forS })
  }

  resume(hold?: Hold): number {
    return this.edit({ do: 'quiet', quiet: false }, hold)
  }

  /**
   * Tells a rule to fire at its next matches, or has a fault strike once where its point is reached next. Returns the
   * id by which the ledger will name it. What is told and does not come about stays told, until the rule is edited; a
   * fault that does not, until its time is over.
   */
  fire(order: Tell | FireOnce, hold?: Hold): string {
    if (typeof order === 'object' && order !== null && 'rule' in order) {
      const { rule, times } = checkTell(order, this.plan)
      ;(this.live.get(rule) as LiveRule).told += times
      return rule
    }
    const shot = checkFireOnce(order, this.shotId())
    this.edit({ do: 'fire', shot }, hold)
    return shot.rule.id
  }

  /** Every rule counts from the beginning. */
  reset(): void {
    this.settle()
    for (const { counts } of this.live.values()) counts.clear()
  }

  private edit(edit: Edit, { ttl_s: ttlS }: Hold = {}): number {
    if (ttlS !== undefined && !isTtl(ttlS)) {
      throw refused('/ttl_s', `a number of seconds above 0, at most ${limits.steeringTtlMaxS}`, ttlS)
    }
    this.settle()
    if (this.edits.length >= limits.steeringEditsMax) {
      throw refused('/ttl_s', `at most ${limits.steeringEditsMax} edits that are to end`, this.edits.length)
    }
    sameByTheClock(this.standing, edited(this.standing, edit))
    const until = ttlS === undefined ? Infinity : this.clock.now() + ttlS * 1e9
    this.fold([...this.edits, { edit, until }])
    return this.latest.number
  }

  /** Takes back the edits that have ended. */
  private settle(): void {
    if (this.nextEnd === Infinity) return
    const now = this.clock.now()
    if (now >= this.nextEnd) this.fold(this.edits.filter(({ until }) => now < until))
  }

  private fold(edits: readonly Held[]): void {
    const first = edits.findIndex(({ until }) => until !== Infinity)
    const lasting = first < 0 ? edits : edits.slice(0, first)
    this.base = lasting.reduce((standing, { edit }) => edited(standing, edit), this.base)
    this.edits = first < 0 ? [] : edits.slice(first)
    this.nextEnd = Math.min(...this.edits.map(({ until }) => until))
    const before = this.standing
    this.standing = this.edits.reduce((standing, { edit }) => edited(standing, edit), this.base)
    if (!isSamePlan(before, this.standing)) this.latest = this.begin(this.latest.number + 1)
  }

  private begin(number: number): Generation {
    const { plan, shots, disabled } = this.standing
    const before = this.live
    const live = new Map<string, LiveRule>()
    for (const rule of plan.rules) live.set(rule.id, this.lived(rule) ?? this.born(rule, 0))
    for (const { rule, connection } of shots)
      live.set(rule.id, this.lived(rule) ?? this.born(rule, 1, connection))
    for (const [id, rule] of before) if (live.get(id) !== rule) rule.counts.retire()
    this.live = live
    const enabled = plan.rules.filter(({ id }) => !disabled.has(id))
    const rules = [...shots.map(({ rule }) => rule), ...enabled]
    return new Generation(number, { ...plan, rules }, live, {
      isSet: (state) => this.isSet(state),
      isQuiet: () => this.isQuiet,
      spent: (rule) => this.spent(rule),
    })
  }

  /** The rule as it has lived so far, if it is the same. */
  private lived(rule: Rule): LiveRule | undefined {
    const before = this.live.get(rule.id)
    return before && isDeepStrictEqual(before.rule, rule) ? before : undefined
  }

  private born(rule: Rule, told: number, connection?: number): LiveRule {
    const counts = ruleCounts(this.budget)
    return { rule, counts, told, ...(connection === undefined ? {} : { connection }) }
  }

  private spent(rule: string): void {
    if (this.standing.shots.some((shot) => shot.rule.id === rule)) this.fold([...this.edits, spentOf(rule)])
  }

  private known(rule: string): string {
    const ids = this.plan.rules.map(({ id }) => id)
    if (ids.includes(rule)) return rule
    throw refused('/rule', ids.length > 0 ? `one of ${ids.join(', ')}` : 'a rule of the plan', rule)
  }

  private shotId(): string {
    const isTaken = (id: string): boolean => this.plan.rules.some((rule) => rule.id === id)
    do this.shots += 1
    while (isTaken(`fire-${this.shots}`))
    return `fire-${this.shots}`
  }
}

function isTtl(ttlS: unknown): boolean {
  return typeof ttlS === 'number' && ttlS > 0 && ttlS <= limits.steeringTtlMaxS
}

function spentOf(rule: string): Held {
  return { edit: { do: 'spent', rule }, until: Infinity }
}

function checkRule(rule: unknown): Rule {
  const problems = ruleProblems([rule], '').map((each) => ({
    ...each,
    at: each.at.slice('/0'.length) || '/',
  }))
  if (problems.length === 0) return rule as Rule
  throw new TailraceError('plan', 'it is no rule', problems)
}

function checkState(state: string): string {
  const [problem] = problemsOf(stateName, state)
  if (problem) throw new TailraceError('plan', 'it is no name of a state', [{ ...problem, at: '/state' }])
  return state
}

/** The listener and the client have their faults from the plan at the start, and would not hear of another. */
function sameByTheClock(before: Standing, after: Standing): void {
  const of = ({ plan, disabled }: Standing): Rule[] =>
    plan.rules.filter((rule) => isByTheClock(rule) && !disabled.has(rule.id))
  if (isDeepStrictEqual(of(before), of(after))) return
  const ids = [...of(before), ...of(after)].map(({ id }) => id).join(', ')
  const expected = 'the faults of listener and client as they were at the start'
  throw new TailraceError('plan', 'the plan cannot be edited so', [{ at: '/rules', expected, got: ids }])
}

function refused(at: string, expected: string, got: unknown): TailraceError {
  return new TailraceError('plan', 'the plan cannot be edited so', [{ at, expected, got: shown(got) }])
}

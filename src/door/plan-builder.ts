/**
 * Plans in TypeScript. The builder makes the same plain object that YAML and JSON hold, checked in the same way: all
 * that is wrong comes at once, when it is built. Every step returns a builder of its own, so a rule can be begun once
 * and ended in several ways.
 *
 *   faultPlan({ seed: '42' })
 *     .rule('lost-ack', (r) =>
 *       r.post('/v0/events').attempts(1, 2).taken().at('response-head').fault({ type: 'reset_peer', linger_ms: 20 }),
 *     )
 *     .build()
 */
import type { Fault } from '../fault.ts'
import { checkPlan } from '../plan/parse.ts'
import type { Key, Match, Pattern, Plan, Rule, When } from '../plan/plan.ts'
import type { Json } from '../record.ts'

export interface PlanStart {
  readonly seed: string | number
}

type Draft = Omit<Rule, 'id'>

/** Begins a plan. */
export function faultPlan({ seed }: PlanStart): PlanBuilder {
  return new PlanBuilder({ version: 1, seed: String(seed), rules: [] })
}

class PlanBuilder {
  private readonly plan: Plan

  constructor(plan: Plan) {
    this.plan = plan
  }

  /** Adds a rule behind the others. */
  rule(id: string, make: (rule: RuleBuilder) => RuleBuilder): PlanBuilder {
    const rule = { id, ...make(new RuleBuilder({})).draft }
    return new PlanBuilder({ ...this.plan, rules: [...this.plan.rules, rule] })
  }

  /** No rule fires after this many seconds of the run's clock. */
  quietAfter(seconds: number): PlanBuilder {
    return new PlanBuilder({ ...this.plan, quiet: { after_s: seconds } })
  }

  /** Throws a TailraceError with everything that is wrong. */
  build(): Plan {
    return checkPlan(structuredClone(this.plan), 'the plan')
  }
}

class RuleBuilder {
  /** The rule so far. */
  readonly draft: Draft

  constructor(draft: Draft) {
    this.draft = draft
  }

  /** Requests that the rule is about. */
  match(match: Match): RuleBuilder {
    return this.with({ match: { ...this.draft.match, ...match } })
  }

  method(...methods: [string, ...string[]]): RuleBuilder {
    return this.match({ method: oneOrList(methods) })
  }

  path(...paths: [Pattern, ...Pattern[]]): RuleBuilder {
    return this.match({ path: oneOrList(paths) })
  }

  get(...paths: [Pattern, ...Pattern[]]): RuleBuilder {
    return this.method('GET').path(...paths)
  }

  post(...paths: [Pattern, ...Pattern[]]): RuleBuilder {
    return this.method('POST').path(...paths)
  }

  header(name: string, pattern: Pattern): RuleBuilder {
    return this.match({ headers: { ...this.draft.match?.headers, [name]: pattern } })
  }

  json(pointer: string, value: Json): RuleBuilder {
    return this.match({ json: { ...this.draft.match?.json, [pointer]: value } })
  }

  bytesAbove(bytes: number): RuleBuilder {
    return this.match({ bytes_above: bytes })
  }

  /** What it counts by. */
  key(key: Key): RuleBuilder {
    return this.with({ key })
  }

  /** A point: `response-head`, `request-body(4096)`. */
  at(point: string): RuleBuilder {
    return this.with({ on: point })
  }

  /** One attempt of one logical request, and a point: `ingest:0.42#1@response-head`. */
  site(site: string): RuleBuilder {
    return this.with({ at: site })
  }

  when(when: When): RuleBuilder {
    return this.with({ when: { ...this.draft.when, ...when } })
  }

  attempts(...attempt: [number, ...number[]]): RuleBuilder {
    return this.when({ attempt })
  }

  nth(...nth: [number, ...number[]]): RuleBuilder {
    return this.when({ nth })
  }

  every(matches: number): RuleBuilder {
    return this.when({ every: matches })
  }

  probability(probability: number): RuleBuilder {
    return this.when({ probability })
  }

  /** Seconds of the run's clock. */
  from(seconds: number): RuleBuilder {
    return this.when({ from_s: seconds })
  }

  until(seconds: number): RuleBuilder {
    return this.when({ until_s: seconds })
  }

  /** Only when it is told to. */
  manual(): RuleBuilder {
    return this.when({ fire: 'manual' })
  }

  whileState(state: string): RuleBuilder {
    return this.when({ state })
  }

  /** At `response-head` and later: the records are taken before the fault. */
  taken(): RuleBuilder {
    return this.with({ taken: true })
  }

  untaken(): RuleBuilder {
    return this.with({ taken: false })
  }

  fault(fault: Fault): RuleBuilder {
    return this.with({ fault })
  }

  /** A queue per key; the last repeats. */
  outcomes(...outcomes: [Fault, ...Fault[]]): RuleBuilder {
    return this.with({ outcomes })
  }

  /** One of these, drawn by weight. */
  oneOf(...oneOf: NonNullable<Rule['oneOf']>): RuleBuilder {
    return this.with({ oneOf })
  }

  /** Shapers of connections. */
  shape(...shape: [Fault, ...Fault[]]): RuleBuilder {
    return this.with({ shape })
  }

  /** How often it must fire for a case to be conclusive. */
  fired(expected: { min?: number; max?: number }): RuleBuilder {
    return this.with({ expect: { fired: expected } })
  }

  private with(draft: Draft): RuleBuilder {
    return new RuleBuilder({ ...this.draft, ...draft })
  }
}

function oneOrList<T>(all: readonly [T, ...T[]]): T | T[] {
  return all.length === 1 ? all[0] : [...all]
}

export type { PlanBuilder, RuleBuilder }

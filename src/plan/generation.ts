/**
 * A generation: the rules of a plan between two edits of it. An exchange is decided by the one that it began under.
 * What a rule has counted, and how often it is told to fire, lives on through the edits of other rules.
 */
import type { Fault } from '../fault.ts'
import type { Counters, RuleCounts } from './counters.ts'
import { decide, shapers } from './decide.ts'
import type { Decision, Levers, Subject } from './decide.ts'
import type { Plan, Rule } from './plan.ts'
import { thresholds } from './ready.ts'
import { isReplay, Replaying } from './replay.ts'

export interface LiveRule {
  readonly rule: Rule
  readonly counts: RuleCounts
  /** How often it is still to fire. */
  told: number
  /** The only connection that it is about. */
  readonly connection?: number
}

/** What steers every generation alike. */
export interface Board {
  isSet(state: string): boolean
  /** Whether no rule fires for now. */
  isQuiet(): boolean
  /** The rule has fired as often as it was told. */
  spent(rule: string): void
}

export class Generation {
  /** From 1. */
  readonly number: number
  /** With the rules that hold, in order. */
  readonly plan: Plan
  /** Nothing is planned. */
  readonly isIdle: boolean
  /** Whether a rule shapes connections. */
  readonly shapes: boolean
  /** Whether a rule looks into bodies by JSON pointer. */
  readonly readsJson: boolean
  /** Bytes of a request's body at which rules strike, ascending. */
  readonly bodyThresholds: readonly number[]
  private readonly live: ReadonlyMap<string, LiveRule>
  private readonly board: Board
  private readonly replaying: Replaying | undefined
  private readonly counters: Counters
  private readonly levers: Levers

  constructor(number: number, plan: Plan, live: ReadonlyMap<string, LiveRule>, board: Board) {
    this.number = number
    this.plan = plan
    this.live = live
    this.board = board
    this.replaying = isReplay(plan) ? new Replaying(plan) : undefined
    this.isIdle = plan.rules.length === 0 && !this.replaying
    this.shapes = this.replaying?.shapes || plan.rules.some(({ shape }) => shape !== undefined)
    this.readsJson = plan.rules.some(({ match, key }) => match?.json ?? key?.startsWith('json:'))
    const bodies = [...(this.replaying?.bodyThresholds ?? []), ...thresholds(plan, 'request-body')]
    this.bodyThresholds = [...new Set(bodies)].sort((a, b) => a - b)
    this.counters = { of: (rule) => this.rule(rule).counts }
    this.levers = {
      isSet: (state) => board.isSet(state),
      told: (rule) => this.rule(rule).told,
      spend: (rule) => this.spend(rule),
      concerns: (rule, connection) => (this.rule(rule).connection ?? connection) === connection,
    }
  }

  draw(subject: Subject): Decision | undefined {
    if (this.isIdle || this.board.isQuiet()) return undefined
    const spot = subject.spot ?? `connection:${subject.connection}`
    const decision =
      this.replaying?.draw(spot, subject) ?? decide(this.plan, subject, this.counters, this.levers)
    if (!decision) return undefined
    return { ...decision, spot, ...(this.number === 1 ? {} : { generation: this.number }) }
  }

  /** The shapers that hold now for a connection, by its ordinal. */
  shapers(ordinal: number, atS: number): readonly { rule: string; fault: Fault }[] {
    if (!this.shapes || this.board.isQuiet()) return []
    const replayed = this.replaying?.shapers(ordinal) ?? []
    return [...replayed, ...shapers(this.plan, ordinal, atS, this.levers)]
  }

  private rule(id: string): LiveRule {
    return this.live.get(id) as LiveRule // every rule of the plan lives
  }

  private spend(id: string): void {
    const rule = this.rule(id)
    rule.told -= 1
    if (rule.told === 0) this.board.spent(id)
  }
}

/** Rules made ready to be decided by: what would else be read anew from their text for each request. */
import type { Fault, Point } from '../fault.ts'
import type { Plan, Rule } from './plan.ts'
import { parsePoint, parseSite } from './point.ts'
import type { PlannedSite } from './point.ts'

export interface ReadyRule {
  readonly rule: Rule
  readonly point: Point
  /** Of a rule that says `at`. */
  readonly planned?: PlannedSite
  /** About kept connections: the first request of a connection is none that it counts. */
  readonly sparesFirst: boolean
  /** It counts its matches over all keys besides. */
  readonly byTotal: boolean
  /** It fires when it is told to. */
  readonly waits: boolean
}

export interface ReadyPlan {
  /** Those that are decided where an exchange or a connection comes to their point. */
  readonly struck: readonly ReadyRule[]
  readonly shaping: readonly Rule[]
}

const known = new WeakMap<Plan, ReadyPlan>()

/** Plans do not change, so each is made ready once. */
export function ready(plan: Plan): ReadyPlan {
  const before = known.get(plan)
  if (before) return before
  const made = {
    struck: plan.rules.flatMap((rule) => readyRule(rule) ?? []),
    shaping: plan.rules.filter(({ shape }) => shape !== undefined),
  }
  known.set(plan, made)
  return made
}

function readyRule(rule: Rule): ReadyRule | undefined {
  if (rule.shape || isByTheClock(rule)) return undefined
  const planned = rule.at === undefined ? undefined : parseSite(rule.at)
  const point = planned?.point ?? parsePoint(rule.on ?? '')
  if (!point) return undefined
  const sparesFirst = typesOf(rule).includes('keepalive_race')
  const { nth, every, fire } = rule.when ?? {}
  return {
    ...{ rule, point, sparesFirst, ...(planned ? { planned } : {}) },
    byTotal: nth !== undefined || every !== undefined,
    waits: fire !== undefined,
  }
}

/** Faults of the listener and of the client come at a time, not to an exchange or a connection. */
export function isByTheClock(rule: Rule): boolean {
  return typesOf(rule).some((type) => byTheClock.includes(type))
}

const byTheClock: readonly string[] = ['connection_refused', 'slow_accept', 'backlog_full', 'client_stop']

function typesOf({ fault, outcomes, oneOf }: Rule): string[] {
  const all: (Fault | undefined)[] = [fault, outcomes, oneOf].flat()
  return all.flatMap((each) => each?.type ?? [])
}

/** The numbers at which rules strike, ascending. */
export function thresholds(plan: Plan, point: 'request-body' | 'response-body' | 'message'): number[] {
  const numbers = ready(plan).struck.flatMap((each) =>
    each.point.name === point && each.point.n !== undefined ? [each.point.n] : [],
  )
  return [...new Set(numbers)].sort((a, b) => a - b)
}

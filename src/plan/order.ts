/** Orders to fire: a rule that waits to be told, or a fault of the moment. Everything wrong with one comes at once. */
import { shown, TailraceError } from '../errors.ts'
import type { Problem } from '../errors.ts'
import type { Fault } from '../fault.ts'
import { problemsOf } from '../schema.ts'
import type { Shot } from './edits.ts'
import type { Plan, Rule } from './plan.ts'
import { isByTheClock } from './ready.ts'
import { shotSchema, tellSchema } from './schema.ts'
import { senseProblems } from './sense.ts'

/** Tells a rule that says `fire: manual` to fire at its next matches, once or `times`. */
export interface Tell {
  readonly rule: string
  readonly times?: number
}

/** A fault that strikes once, where `on` is reached next: anywhere, or on the connection of this ordinal. */
export interface FireOnce {
  readonly fault: Fault
  /** A point. */
  readonly on: string
  readonly taken?: boolean
  readonly connection?: number
}

/** Throws where the plan has no such rule, or one that is not told when to fire. */
export function checkTell(order: unknown, { rules }: Plan): Required<Tell> {
  const form = problemsOf(tellSchema, order)
  if (form.length > 0) throw refused(form)
  const { rule, times = 1 } = order as Tell
  const waiting = rules.filter(({ when }) => when?.fire === 'manual').map(({ id }) => id)
  if (waiting.includes(rule)) return { rule, times }
  const expected = waiting.length > 0 ? `one of ${waiting.join(', ')}` : 'a rule that says fire: manual'
  throw refused([{ at: '/rule', expected, got: shown(rule) }])
}

/** The rule that an order for a fault of the moment becomes. */
export function checkFireOnce(order: unknown, id: string): Shot {
  const { connection, ...given } = (typeof order === 'object' ? { ...order } : {}) as FireOnce
  const rule: Rule = { id, key: 'connection', when: { fire: 'manual' }, ...given }
  const problems = [...problemsOf(shotSchema, order), ...momentProblems(rule)]
  if (problems.length > 0) throw refused(problems)
  return { rule, ...(connection === undefined ? {} : { connection }) }
}

function momentProblems(rule: Rule): Problem[] {
  if (isByTheClock(rule)) {
    return [{ at: '/fault', expected: 'a fault of an exchange or of a connection', got: shown(rule.fault) }]
  }
  return senseProblems([rule], '').map((problem) => ({
    ...problem,
    at: problem.at.slice('/0'.length) || '/',
  }))
}

function refused(problems: readonly Problem[]): TailraceError {
  return new TailraceError('plan', 'it cannot be fired', problems)
}

/** Calls about the moment: faults that strike now, quiet, states, the clock, and a fresh start. */
import { realClock, within } from '../../src/clock.ts'
import type { Problem } from '../../src/errors.ts'
import { limits } from '../../src/limits.ts'
import type { Schema } from '../../src/parameters.ts'
import { stateName } from '../../src/plan/schema.ts'
import { problemsOf } from '../../src/schema.ts'
import type { Steering } from '../steering.ts'
import { Refusal } from './call.ts'
import type { Asked, Call, Reply } from './call.ts'
import { holdOf, ttlQuery } from './hold.ts'

function members(properties: Readonly<Record<string, Schema>>, ...required: string[]): Schema {
  return { type: 'object', properties, required, additionalProperties: false }
}

const fire: Call = {
  method: 'POST',
  path: '/fire',
  says: '{rule, times?} tells a rule that says fire: manual; {fault, on, taken?, connection?} strikes once',
  query: ttlQuery,
  body: 'json',
  act: (asked, { steering }) => {
    const tells = typeof asked.body === 'object' && asked.body !== null && 'rule' in asked.body
    if (tells && asked.query['ttl_s'] !== undefined) {
      const expected = 'none with a rule: what is told stays told until the rule is edited'
      throw new Refusal(422, 'it cannot be fired', [{ at: '?ttl_s', expected, got: asked.query['ttl_s'] }])
    }
    const rule = steering.fire(asked.body as Parameters<Steering['fire']>[0], holdOf(asked))
    return { json: { rule, generation: steering.generation } }
  },
}

const resetSchema = members({
  counters: { type: 'boolean' },
  ledger: { type: 'boolean' },
  connections: { type: 'boolean' },
})

const reset: Call = {
  method: 'POST',
  path: '/reset',
  says: '{counters?, ledger?, connections?}: rules count anew, entries are forgotten, connections reset',
  body: 'json',
  problems: resetProblems,
  act: async ({ body }, { steering, kept, disconnect }) => {
    const {
      counters = false,
      ledger = false,
      connections = false,
    } = body as Readonly<Record<string, boolean>>
    if (counters) steering.reset()
    const closed = connections ? await within(realClock(), limits.adminLingerMs, disconnect(), -1) : 0
    if (closed < 0) throw new Refusal(503, 'a connection could not be reset: its client does not read')
    if (ledger) kept.reset()
    return { json: { counters, ledger, connections: closed } }
  },
}

function resetProblems(body: unknown): Problem[] {
  const found = problemsOf(resetSchema, body)
  if (found.length > 0 || Object.values(body as object).includes(true)) return found
  return [{ at: '/', expected: 'counters, ledger or connections that is true', got: 'none' }]
}

const quietSchema = members({
  for_s: { type: 'number', exclusiveMinimum: 0, maximum: limits.steeringTtlMaxS },
})

const quiet: Call = {
  method: 'POST',
  path: '/quiet',
  says: '{for_s?}: no rule fires or counts, for so long or until /resume',
  body: 'json',
  problems: (body) => problemsOf(quietSchema, body),
  act: ({ body }, { steering }) => {
    const generation = steering.quiet((body as { for_s?: number }).for_s)
    return { json: { quiet: true, generation } }
  },
}

const resume: Call = {
  method: 'POST',
  path: '/resume',
  says: 'ends the quiet',
  query: ttlQuery,
  act: (asked, { steering }) => {
    const generation = steering.resume(holdOf(asked))
    return { json: { quiet: false, generation } }
  },
}

function stateCall(method: 'PUT' | 'DELETE', says: string): Call {
  return {
    method,
    path: '/state/{name}',
    says,
    query: ttlQuery,
    act: (asked, { steering }) => {
      checkState(asked)
      const set = method === 'PUT'
      const generation = set
        ? steering.set(asked.name, holdOf(asked))
        : steering.unset(asked.name, holdOf(asked))
      return { json: { states: steering.states, generation } }
    },
  }
}

function checkState({ name }: Asked): void {
  const problems = problemsOf(stateName, name).map((each) => ({ ...each, at: '/state/{name}' }))
  if (problems.length > 0) throw new Refusal(422, 'it is no name of a state', problems)
}

const advanceSchema = members(
  { by_ms: { type: 'number', minimum: 0, maximum: limits.clockAdvanceMaxMs } },
  'by_ms',
)

const advance: Call = {
  method: 'POST',
  path: '/clock/advance',
  says: '{by_ms}: turns the clock of a server that was started with --clock virtual',
  body: 'json',
  problems: (body) => problemsOf(advanceSchema, body),
  act: async ({ body }, { wind, clock }): Promise<Reply> => {
    if (!wind) {
      const problem = { at: '--clock', expected: 'virtual', got: 'real' }
      throw new Refusal(409, 'this clock goes by itself', [problem])
    }
    await wind((body as { by_ms: number }).by_ms)
    return { json: { now_ms: clock.now() / 1e6 } }
  },
}

export const momentCalls: readonly Call[] = [
  fire,
  reset,
  quiet,
  resume,
  stateCall('PUT', 'sets a state, for rules that say when: {state}'),
  stateCall('DELETE', 'unsets a state'),
  advance,
]

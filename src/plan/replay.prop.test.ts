/** A trace that is replayed: the same faults in the same places, whatever the plan's chances and the order were. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entry } from '../entry.ts'
import { shownPoint } from '../fault.ts'
import { ruleCounts } from './counters.ts'
import type { Decision, Subject } from './decide.ts'
import { Generation } from './generation.ts'
import { checkPlan } from './parse.ts'
import type { Plan, Rule } from './plan.ts'
import { replayOf } from './replay.ts'
import { readTrace, traceOf, traceText } from './trace.ts'

function generationOf(plan: Plan): Generation {
  const budget = { used: 0 }
  const live = plan.rules.map((rule) => [rule.id, { rule, counts: ruleCounts(budget), told: 0 }] as const)
  const board = { isSet: () => false, isQuiet: () => false, spent: () => {} }
  return new Generation(1, plan, new Map(live), board)
}

/** A place that requests come to: at the head on a connection, in a body, at the answer, or idle. */
const places = fc.uniqueArray(fc.tuple(fc.constantFrom('request', 'body', 'answer', 'idle'), fc.nat(9)), {
  minLength: 4,
  maxLength: 24,
  selector: String,
})

function subjectOf([kind, number]: readonly [string, number], atS: number): Subject {
  const connection = number % 3
  const turn = Math.floor(number / 3) + 1
  const common = { method: 'POST', path: '/', headers: [], connection, atS }
  const onConnection = { ...common, spot: `connection:${connection}#${turn}` }
  const content = `0.${number % 4}`
  const attempt = Math.floor(number / 4) + 1
  if (kind === 'request') return { ...onConnection, points: ['request'], first: turn === 1 }
  if (kind === 'idle') return { ...onConnection, points: ['idle'] }
  if (kind === 'body')
    return { ...common, content, points: ['request-body'], n: 60, spot: `${content}#${attempt}` }
  const site = { lane: 'ingest', logical: content, attempt } as const
  const points = ['response-head', 'response-body', 'response-end'] as const
  const ids = [[0, number, number + 3]] as const
  return { ...common, content, site, ids, points, spot: `ingest:${content}#${attempt}` }
}

const when = fc.record(
  {
    attempt: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { minLength: 1 }),
    nth: fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { minLength: 1 }),
    probability: fc.double({ min: 0.3, max: 1, noNaN: true }),
  },
  { requiredKeys: [] },
)
const what = fc.constantFrom<Omit<Rule, 'id' | 'when'>>(
  { on: 'request', fault: { type: 'reset_peer', linger_ms: 5 } },
  { on: 'request', key: 'global', fault: { type: 'stall' } },
  { on: 'request', fault: { type: 'keepalive_race', how: 'fin' } },
  { on: 'request-body(60)', key: 'content', fault: { type: 'upload_reset' } },
  { on: 'response-head', key: 'global', taken: false, fault: { type: 'http_error', status: 503 } },
  { on: 'response-body(3)', taken: true, fault: { type: 'reset_peer' } },
  { on: 'response-head', taken: false, fault: { type: 'rate_limit', limit: 1, per_s: 7 } },
  { on: 'response-head', taken: true, fault: { type: 'partial_batch', from: 1, of: 3, as: 'retry' } },
  { on: 'response-head', taken: false, outcomes: [{ type: 'empty_response' }, { type: 'none' }] },
  { on: 'idle', key: 'global', fault: { type: 'idle_close', after_ms: 5 } },
)
const plans = fc
  .tuple(
    fc.string({ minLength: 1, maxLength: 4 }),
    fc.array(fc.tuple(when, what), { minLength: 1, maxLength: 5 }),
  )
  .map(([seed, all]) => {
    const rules = all.map(([when, what], i) => ({ id: `r${i}`, when, ...what }))
    return checkPlan({ version: 1, seed, rules }, 'test')
  })

/** What is decided at each place, and the fault entries that say so. */
function run(
  plan: Plan,
  order: readonly (readonly [string, number])[],
): { decided: Map<string, unknown>; entries: Entry[] } {
  const generation = generationOf(plan)
  const decided = new Map<string, unknown>()
  const entries: Entry[] = []
  order.forEach((place, i) => {
    const decision = generation.draw(subjectOf(place, i))
    if (!decision) return
    decided.set(String(place), plannedOf(decision))
    const { rule, key, n: count, spot } = decision
    const planned = plannedOf(decision) as Extract<Entry, { kind: 'fault' }>['planned']
    entries.push({
      n: i,
      t: i,
      kind: 'fault',
      rule,
      req: i,
      key,
      count,
      spot: String(spot),
      planned,
      emitted: planned,
    })
  })
  return { decided, entries }
}

function plannedOf({ point, taken, ids, fault }: Decision): unknown {
  return {
    point: shownPoint(point),
    ...(taken === undefined ? {} : { taken }),
    ...(ids ? { ids } : {}),
    ...fault,
  }
}

describe('a replay', () => {
  it('strikes as the trace says, in whatever order the requests come', () => {
    let struck = 0
    const arrivals = places.chain((order) =>
      fc.tuple(fc.constant(order), fc.shuffledSubarray(order, { minLength: order.length })),
    )
    fc.assert(
      fc.property(plans, arrivals, (plan, [one, other]) => {
        const { decided, entries } = run(plan, one)
        const trace = readTrace(traceText(traceOf(entries)), 'trace')
        const replay = replayOf(trace, 'any other seed')
        expect(run(replay, other).decided).toEqual(decided)
        expect(run(replay, one).decided).toEqual(decided)
        struck += decided.size
      }),
    )
    expect(struck).toBeGreaterThan(20)
  })

  it('has the count and the key of what it replays, so that faults draw the same again', () => {
    fc.assert(
      fc.property(plans, places, (plan, order) => {
        const generation = generationOf(plan)
        const { entries } = run(plan, order)
        const again = generationOf(replayOf(traceOf(entries), plan.seed))
        order.forEach((place, i) => {
          const [one, other] = [generation, again].map((each) => each.draw(subjectOf(place, i)))
          expect([other?.rule, other?.key, other?.n]).toEqual([one?.rule, one?.key, one?.n])
          expect(other?.opensAtS).toBe(one?.opensAtS)
        })
      }),
    )
  })
})

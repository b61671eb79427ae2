/** A run, its trace, and the run again from the trace alone: end to end, in memory. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { replayOf } from '../src/plan/replay.ts'
import type { Plan, Rule } from '../src/plan/plan.ts'
import { readTrace, traceOf, traceText } from '../src/plan/trace.ts'
import type { TraceLine } from '../src/plan/trace.ts'
import { shuffled } from '../src/random.ts'
import { inMemory } from './testing/in-memory.ts'
import { byOrder, rulesOf, seeds } from './testing/planned-rules.ts'

/** The trace of these requests, sent in turn or as many at once as there are names. */
async function traced(
  plan: readonly Rule[] | Plan,
  seed: string,
  order: readonly number[],
  at: 'turns' | 'once' = 'turns',
): Promise<TraceLine[]> {
  const server = inMemory(plan, seed)
  const inTurn = async (each: readonly number[]): Promise<void> => {
    for (const logical of each) await server.post(logical * 10, logical * 10 + 3)
  }
  const apart = [...new Set(order)].map((name) => order.filter((logical) => logical === name))
  const sent: Promise<unknown> = at === 'turns' ? inTurn(order) : Promise.all(apart.map(inTurn))
  await server.clock.until(sent)
  expect(server.failures).toEqual([])
  const trace = traceOf(server.ledger.entries)
  await server.stop()
  return trace
}

/** What was done where, whatever came first. */
function done(trace: readonly TraceLine[]): string[] {
  return trace.map(({ rule, spot, emitted }) => JSON.stringify({ spot, rule, emitted })).sort()
}

describe('a trace', () => {
  it('replays to the same faults in the same places, whatever the chances and the order of arrival', async () => {
    const orders = fc.array(fc.nat(3), { minLength: 3, maxLength: 12 })
    let struck = 0
    await fc.assert(
      fc.asyncProperty(rulesOf(byOrder), seeds, orders, async (rules, seed, order) => {
        const trace = await traced(rules, seed, order)
        const replay = replayOf(readTrace(traceText(trace), 'trace'), 'another seed')
        const wanted = done(trace)
        expect(done(await traced(replay, '', shuffled(order, seed, 'arrival')))).toEqual(wanted)
        expect(done(await traced(replay, '', order, 'once'))).toEqual(wanted)
        struck += wanted.length
      }),
      { numRuns: 40 },
    )
    expect(struck).toBeGreaterThan(20)
  })

  it('holds what was drawn by the order: the plan itself would strike elsewhere', async () => {
    const fault = { type: 'http_error', status: 503 } as const
    const third: Rule = {
      id: 'r',
      key: 'global',
      on: 'response-head',
      taken: false,
      when: { nth: [3] },
      fault,
    }
    const trace = await traced([third], '1', [0, 1, 2, 3])
    expect(trace.map(({ spot }) => spot)).toEqual(['ingest:0.20#1'])
    expect((await traced([third], '1', [3, 2, 1, 0])).map(({ spot }) => spot)).toEqual(['ingest:0.10#1'])
    expect(await traced(replayOf(trace, '1'), '1', [3, 2, 1, 0])).toEqual(trace)
  })

  it('replays what strikes at the head of a request, an idle connection and a whole one', async () => {
    const rules: Rule[] = [
      { id: 'head', on: 'request', when: { probability: 0.5 }, fault: { type: 'stall', for_ms: 5 } },
      { id: 'idle', on: 'idle', when: { attempt: [2] }, fault: { type: 'idle_close', after_ms: 0 } },
      { id: 'link', on: 'accept', shape: [{ type: 'latency', delay_ms: 10, jitter_ms: 5 }] },
    ]
    const order = Array.from({ length: 8 }, (_, i) => i)
    const trace = await traced(rules, '1', order)
    expect(new Set(trace.map(({ rule }) => rule))).toEqual(new Set(['head', 'idle', 'link']))
    expect(await traced(replayOf(trace, '1'), '1', order)).toEqual(trace)
  })

  it('replays a closed door from its very start', async () => {
    const door: Rule = { id: 'door', on: 'accept', fault: { type: 'connection_refused', for_ms: 5 } }
    const trace = await traced([door], '1', [0, 1])
    expect(trace).toMatchObject([{ rule: 'door', at_s: 0 }])
    expect(await traced(replayOf(trace, '1'), '1', [0, 1])).toEqual(trace)
  })
})

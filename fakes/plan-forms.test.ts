/** Every form of a rule at every point of a request, through the gate: queues, draws, quiet, sites, what is told. */
import { describe, expect, it } from 'vitest'
import { sleep } from '../src/clock.ts'
import type { Fault } from '../src/fault.ts'
import type { Rule } from '../src/plan/plan.ts'
import { inMemory } from './testing/in-memory.ts'
import type { InMemory } from './testing/in-memory.ts'

type Place = Pick<Rule, 'on' | 'taken' | 'key'>

/** A stall fits each of them, lasts as long as it says, and the request then goes on. */
const points: readonly [string, Place][] = [
  ['request', { on: 'request', key: 'global' }],
  ['request-body', { on: 'request-body(60)', key: 'content' }],
  ['response-head', { on: 'response-head', key: 'content', taken: true }],
  ['response-body', { on: 'response-body(3)', key: 'content', taken: true }],
  ['response-end', { on: 'response-end', key: 'content', taken: true }],
]
const stall = (ms: number): Fault => ({ type: 'stall', for_ms: ms })
const none: Fault = { type: 'none' }

/** Sends the same record so many times, and says for each what struck it and how long it took. */
async function struck(server: InMemory, times: number): Promise<{ struck: string[]; ms: number[] }> {
  const ms: number[] = []
  for (let i = 0; i < times; i += 1) {
    const before = server.clock.now()
    expect(await server.clock.until(server.post(0))).toMatchObject({ status: 202 })
    await server.clock.until(server.quiet()) // an answer may be whole before the stall at its end is over
    ms.push((server.clock.now() - before) / 1e6)
  }
  const faults = server.entries('fault')
  for (const { planned, emitted } of faults) expect(emitted).toEqual(planned)
  return { struck: faults.map(({ planned }) => planned.type), ms }
}

describe.each(points)('at %s', (_, place) => {
  it('a queue is gone through by each key, and its last repeats', async () => {
    const server = inMemory([{ id: 'r', ...place, outcomes: [stall(10), none, stall(30)] }])
    const seen = await struck(server, 4)
    expect(seen).toEqual({ struck: ['stall', 'none', 'stall', 'stall'], ms: [10, 0, 30, 30] })
    await server.stop()
  })

  it('one of several is drawn', async () => {
    const server = inMemory([{ id: 'r', ...place, oneOf: [{ ...stall(10), weight: 2 }, stall(20)] }])
    const { struck: types, ms } = await struck(server, 24)
    expect(types).toHaveLength(24)
    const short = ms.filter((each) => each === 10).length
    expect(ms.filter((each) => each === 20)).toHaveLength(24 - short)
    expect(short).toBeGreaterThan(8)
    expect(short).toBeLessThan(24)
    await server.stop()
  })

  it('nothing strikes once the plan is quiet', async () => {
    const plan = { version: 1, seed: '1', rules: [{ id: 'r', ...place, fault: stall(10) }] } as const
    const server = inMemory({ ...plan, rules: [...plan.rules], quiet: { after_s: 5 } })
    await struck(server, 2)
    await server.clock.until(sleep(server.clock, 5000))
    expect((await struck(server, 2)).ms).toEqual([0, 0])
    expect(server.entries('fault')).toHaveLength(2)
    await server.stop()
  })

  it('a rule strikes when it is told, and a fault of the moment once', async () => {
    const server = inMemory([{ id: 'r', ...place, when: { fire: 'manual' }, fault: stall(10) }])
    expect((await struck(server, 1)).ms).toEqual([0])
    server.steering.fire({ rule: 'r', times: 2 })
    expect((await struck(server, 3)).ms).toEqual([10, 10, 0])
    const { on = '', taken } = place
    server.steering.fire({ fault: stall(20), on, ...(taken === undefined ? {} : { taken }) })
    expect((await struck(server, 2)).ms).toEqual([20, 0])
    expect(server.entries('fault').map(({ rule }) => rule)).toEqual(['r', 'r', 'fire-1'])
    await server.stop()
  })

  it('a rule strikes while its state is set', async () => {
    const server = inMemory([{ id: 'r', ...place, when: { state: 'slow' }, fault: stall(10) }])
    expect((await struck(server, 1)).ms).toEqual([0])
    server.steering.set('slow')
    expect((await struck(server, 2)).ms).toEqual([10, 10])
    server.steering.unset('slow')
    expect((await struck(server, 1)).ms).toEqual([0])
    await server.stop()
  })
})

describe('a site', () => {
  it.each(['response-head', 'response-body(3)', 'response-end'])(
    'strikes one attempt at %s',
    async (point) => {
      const server = inMemory([{ id: 'r', at: `ingest:0.0#2@${point}`, taken: true, fault: stall(10) }])
      expect((await server.clock.until(server.post(1))).status).toBe(202)
      expect(await struck(server, 3)).toEqual({ struck: ['stall'], ms: [0, 10, 0] })
      expect(server.entries('fault')).toMatchObject([{ key: '0.0', count: 2, spot: 'ingest:0.0#2' }])
      await server.stop()
    },
  )

  it('may have a queue, of which it takes the place of its attempt, and conditions besides', async () => {
    const site = 'ingest:0.0#2@response-head'
    const server = inMemory([
      { id: 'a', at: site, taken: true, when: { until_s: 0 }, fault: stall(5) },
      { id: 'b', at: site, taken: true, outcomes: [stall(10), stall(20)] },
    ])
    expect(await struck(server, 3)).toEqual({ struck: ['stall'], ms: [0, 20, 0] })
    await server.stop()
  })
})

describe('at idle', () => {
  const close = (ms: number): Fault => ({ type: 'idle_close', after_ms: ms })

  it('queues, states and what is told hold as elsewhere', async () => {
    const server = inMemory([
      { id: 'told', on: 'idle', key: 'global', when: { fire: 'manual' }, fault: close(1) },
      { id: 'queue', on: 'idle', key: 'global', when: { state: 'on' }, outcomes: [close(2), close(3)] },
    ])
    const after = async (): Promise<string[]> => {
      await server.clock.until(server.post(0))
      await server.clock.advance(10)
      return server.entries('fault').map(({ rule, planned }) => `${rule} ${String(planned['after_ms'])}`)
    }
    expect(await after()).toEqual([])
    server.steering.set('on')
    expect(await after()).toEqual(['queue 3'])
    server.steering.fire({ rule: 'told' })
    expect(await after()).toEqual(['queue 3', 'told 1'])
    expect(server.entries('close')).toHaveLength(2)
    await server.stop()
  })
})

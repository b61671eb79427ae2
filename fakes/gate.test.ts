/** The gate in virtual time: what it delays, when it strikes, and what it counts by. */
import { request } from 'undici'
import { describe, expect, it } from 'vitest'
import { sleep } from '../src/clock.ts'
import type { Fault } from '../src/fault.ts'
import type { Rule } from '../src/plan/plan.ts'
import { inMemory } from './testing/in-memory.ts'
import type { InMemory } from './testing/in-memory.ts'
import { ndjson } from './testing/serving.ts'

const ok = { status: 202, text: '{"ok":true}' }

/** A rule that strikes the first attempt of each content, where nothing else is said. */
function rule(on: string, fault: Fault, over: Partial<Rule> = {}): Rule {
  const taken = on.startsWith('response') ? { taken: true } : {}
  return { id: 'r', on, when: { attempt: [1] }, fault, ...taken, ...over }
}

function link(...shape: NonNullable<Rule['shape']>): Rule {
  return { id: 'link', on: 'accept', shape }
}

/** One record sent on a server of its own. */
async function sent(rules: readonly Rule[], seed?: string): ReturnType<InMemory['post']> {
  const server = inMemory(rules, seed)
  const seen = await server.clock.until(server.post(0))
  await server.stop()
  return seen
}

describe('latency', () => {
  it('delays each write by the clock: the head, then the body', async () => {
    expect(await sent([])).toEqual({ ...ok, atMs: 0 })
    expect(await sent([link({ type: 'latency', delay_ms: 40 })])).toEqual({ ...ok, atMs: 80 })
  })

  it('adds up over the shapers of every rule', async () => {
    const two = [
      link({ type: 'latency', delay_ms: 40 }, { type: 'latency', delay_ms: 1 }),
      { ...link({ type: 'latency', delay_ms: 100 }), id: 'slow' },
    ]
    expect(await sent(two)).toEqual({ ...ok, atMs: 282 })
  })

  it('delays what a fault writes as well', async () => {
    const rules = [
      link({ type: 'latency', delay_ms: 40 }),
      rule('response-head', { type: 'http_error', status: 503 }),
    ]
    expect(await sent(rules)).toMatchObject({ status: 503, atMs: 80 })
  })

  it('swings by its jitter and no more, the same way for the same seed', async () => {
    const rules = [link({ type: 'latency', delay_ms: 100, jitter_ms: 50 })]
    const times = new Set<number>()
    for (let seed = 0; seed < 8; seed += 1) {
      const { atMs } = await sent(rules, String(seed))
      expect(atMs).toBeGreaterThanOrEqual(100)
      expect(atMs).toBeLessThanOrEqual(300)
      expect(await sent(rules, String(seed))).toMatchObject({ atMs })
      times.add(atMs)
    }
    expect(times.size).toBeGreaterThan(4)
  })

  it('holds for the connections that its rule names', async () => {
    const server = inMemory([{ ...link({ type: 'latency', delay_ms: 40 }), when: { nth: [2] } }])
    const both = await server.clock.until(Promise.all([server.post(0), server.post(1)]))
    expect(both.map(({ atMs }) => atMs)).toEqual([0, 80])
    await server.stop()
  })

  it('keeps order: later answers of a connection come later', async () => {
    const server = inMemory([link({ type: 'latency', delay_ms: 50, jitter_ms: 50 })])
    const ends: number[] = []
    const work = async (): Promise<void> => {
      for (let seq = 0; seq < 6; seq += 1) ends.push((await server.post(seq)).atMs)
    }
    await server.clock.until(work())
    expect(ends).toEqual([...ends].sort((a, b) => a - b))
    await server.stop()
  })
})

describe('faults that wait', () => {
  it.each<[string, Rule, number]>([
    ['header_delay', rule('response-head', { type: 'header_delay', delay_ms: 60_000 }), 60_000],
    ['a stall before anything is read', rule('request', { type: 'stall', for_ms: 70_000 }), 70_000],
    ['a stall in the request', rule('request-body(50)', { type: 'stall', for_ms: 80_000 }), 80_000],
    ['a stall before the head', rule('response-head', { type: 'stall', for_ms: 90_000 }), 90_000],
    ['a stall in the answer', rule('response-body(3)', { type: 'stall', for_ms: 100_000 }), 100_000],
  ])('%s takes its time from the clock, and then the answer goes on', async (_, each, ms) => {
    expect(await sent([each])).toEqual({ ...ok, atMs: ms })
  })

  it('a stall outlasts a client that gives up, and ends with the faults', async () => {
    const server = inMemory([rule('response-head', { type: 'stall' })])
    const { status, atMs } = await server.clock.until(server.post(0))
    expect([status, atMs]).toEqual(['cut', 300_000]) // what undici waits for a head
    expect(server.entries('sent')).toEqual([])
    server.heal() // only a write tells the server that nobody reads (RFC 9112 §9.6)
    await server.clock.until(server.deserted())
    expect(server.entries('sent')).toMatchObject([{ written: 'none' }])
    await server.stop()
  })
})

describe('healing', () => {
  it('lets go what a rule holds, and ends every rule', async () => {
    const rules = [
      link({ type: 'latency', delay_ms: 1000 }),
      rule('response-head', { type: 'stall' }, { when: {} }),
    ]
    const server = inMemory(rules)
    const held = server.post(0)
    await server.clock.advance(5000)
    expect(server.entries('respond')).toEqual([])
    server.heal()
    expect(await server.clock.until(held)).toEqual({ ...ok, atMs: 5000 })
    expect(await server.clock.until(server.post(1))).toEqual({ ...ok, atMs: 5000 })
    expect(server.entries('fault').filter(({ rule }) => rule === 'r')).toHaveLength(1)
    await server.stop()
  })

  it('lets go of many at once, and Node warns of nothing', async () => {
    const warnings: Error[] = []
    const note = (warning: Error): void => void warnings.push(warning)
    process.on('warning', note)
    const server = inMemory([rule('response-head', { type: 'stall' })])
    const held = Promise.all(Array.from({ length: 30 }, (_, seq) => server.post(seq)))
    await server.clock.advance(1)
    expect(server.entries('fault')).toHaveLength(30)
    server.heal()
    expect(new Set((await server.clock.until(held)).map(({ status }) => status))).toEqual(new Set([202]))
    await server.stop()
    process.off('warning', note)
    expect(warnings).toEqual([])
  })
})

describe('request-body(n)', () => {
  const struck = (server: InMemory): (string | undefined)[] =>
    server.entries('fault').map(({ req }) => {
      const found = server.entries('request').find((entry) => entry.req === req)
      return `${found?.site.logical}#${found?.site.attempt}`
    })

  async function postAll(server: InMemory, ...all: number[]): Promise<void> {
    for (const seq of all) await server.clock.until(server.post(seq, seq + 3))
  }

  it('counts by the first token of the body', async () => {
    const server = inMemory([rule('request-body(100)', { type: 'stall', for_ms: 5 }, { key: 'content' })])
    await postAll(server, 0, 10, 0, 10, 20)
    expect(struck(server)).toEqual(['0.0#1', '0.10#1', '0.20#1'])
    await server.stop()
  })

  it('counts by the connection where no token can have been read', async () => {
    const server = inMemory([rule('request-body(20)', { type: 'stall', for_ms: 5 }, { key: 'content' })])
    await postAll(server, 0, 10, 0)
    expect(server.entries('open')).toHaveLength(1)
    expect(struck(server)).toEqual(['0.0#1'])
    await server.stop()
  })

  it('reads n bytes and no more before it cuts, and enters what they held', async () => {
    const server = inMemory([rule('request-body(100)', { type: 'reset_peer' }, { key: 'content' })])
    const work = server.post(0, 3)
    expect(await server.clock.until(work)).toMatchObject({ status: 'cut' })
    expect(await server.clock.until(server.post(0, 3))).toMatchObject({ status: 202 })
    expect(server.entries('request')).toMatchObject([
      { site: { logical: '0.0', attempt: 1 }, ids: [[0, 0, 0]], bytes: 100, complete: false },
      {
        site: { logical: '0.0', attempt: 2 },
        ids: [[0, 0, 3]],
        bytes: Buffer.byteLength(ndjson(0, 3)),
        complete: true,
      },
    ])
    expect(server.entries('take')).toMatchObject([{ ids: [[0, 0, 3]] }])
    await server.stop()
  })

  it('does not strike a body that is shorter', async () => {
    const server = inMemory([rule('request-body(100000)', { type: 'reset_peer' })])
    expect(await server.clock.until(server.post(0))).toMatchObject(ok)
    expect(server.entries('fault')).toEqual([])
    await server.stop()
  })
})

describe('windows of time', () => {
  it('are of the clock of the run', async () => {
    const fault: Fault = { type: 'http_error', status: 503 }
    const server = inMemory([rule('response-head', fault, { when: { from_s: 10, until_s: 20 } })])
    const statuses: (number | string)[] = []
    const work = async (): Promise<void> => {
      for (let i = 0; i < 5; i += 1) {
        statuses.push((await server.post(i)).status)
        await sleep(server.clock, 5000)
      }
    }
    await server.clock.until(work())
    expect(statuses).toEqual([202, 202, 503, 503, 202])
    await server.stop()
  })
})

describe('a request without records', () => {
  it.each([true, false])('has nothing to take, so taken: %s is as planned', async (taken) => {
    const fault: Fault = { type: 'http_error', status: 503 }
    const server = inMemory([{ id: 'r', key: 'connection', on: 'response-head', taken, fault }])
    const asked = request(server.url, { dispatcher: server.transport.dispatcher })
    await (await server.clock.until(asked)).body.dump()
    const [struck] = server.entries('fault')
    expect(struck?.emitted).toEqual(struck?.planned)
    expect(struck?.planned.taken).toBe(taken)
    await server.stop()
  })
})

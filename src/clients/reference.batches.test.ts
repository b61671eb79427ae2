/** What the reference client makes of records that come: batches, a bounded queue, flush and a stop in time. */
import { describe, expect, it } from 'vitest'
import { inMemory } from '../../fakes/testing/in-memory.ts'
import { ndjson } from '../../fakes/testing/serving.ts'
import { HandClock } from '../clock.ts'
import type { Clock, Timer } from '../clock.ts'
import type { Rule } from '../plan/plan.ts'
import { ingestClient } from './reference.ts'
import { referenceKnobs, settingsOf } from './reference-settings.ts'
import { busy, numbered, ok, script } from './testing/scripted.ts'
import type { Script } from './testing/scripted.ts'

const sizes = ({ seen }: Script): number[] => seen.map(({ body }) => body.trim().split('\n').length)

describe('a batch', () => {
  it('is full by its bytes, too', async () => {
    const run = script([ok], { config: { 'batch.max_bytes': 35 } })
    await run.send([...numbered(4), `{"long":"${'x'.repeat(40)}"}`, '{}']) // 10 bytes each, with the line end
    expect(sizes(run)).toEqual([3, 1, 1, 1])
    expect(run.seen.every(({ body }) => body.length <= 35 || body.includes('long'))).toBe(true)
  })

  it('that is full goes out before the interval', async () => {
    const { client, clock, seen } = script([ok], { config: { 'batch.max_events': 2 } })
    await client.add('{}')
    await clock.advance(0)
    expect(seen).toEqual([])
    await client.add('{}')
    await clock.advance(0)
    expect(seen).toHaveLength(1)
  })

  it('that is not full goes out after the interval, counted from its first record', async () => {
    const { client, clock, seen } = script([ok], { config: { 'flush.interval_ms': 200 } })
    await client.add('{}')
    await clock.advance(150)
    await client.add('{}')
    await clock.advance(49)
    expect(seen).toEqual([])
    await clock.advance(1)
    expect(seen.map(({ at, body }) => [at, body])).toEqual([[200, '{}\n{}\n']])
    await client.add('{}')
    await clock.advance(199)
    expect(seen).toHaveLength(1)
    await clock.advance(1)
    expect(seen).toHaveLength(2)
  })

  it('has an interval of its own, whatever went out before it', async () => {
    const { client, clock, seen } = script([ok], {
      config: { 'batch.max_events': 2, 'flush.interval_ms': 200 },
    })
    for (const line of numbered(2)) await client.add(line)
    await clock.advance(100)
    await client.add('{}')
    await clock.advance(199)
    expect(seen).toHaveLength(1)
    await clock.advance(1)
    expect(seen.map(({ at }) => at)).toEqual([0, 300])
  })

  it('is flushed by its interval though every lane is taken', async () => {
    const config = { concurrency: 1, 'batch.max_events': 2, 'flush.interval_ms': 50, 'retry.base_ms': 1_000 }
    const { client, clock, seen } = script([busy, ok], { config })
    for (const line of numbered(3)) await client.add(line)
    await clock.advance(400)
    expect(seen).toHaveLength(1)
    await clock.advance(1_000)
    expect(seen.map(({ body }) => body)).toEqual([
      '{"seq":0}\n{"seq":1}\n',
      '{"seq":0}\n{"seq":1}\n',
      '{"seq":2}\n',
    ])
  })
})

describe('flushing', () => {
  it('sends everything that waits, and resolves when all of it has its end', async () => {
    const answer = (body: string): typeof ok => (body.includes('"seq":25') ? { status: 400 } : ok)
    const run = script(answer, {
      config: { 'batch.max_events': 10, 'queue.max_events': 500, concurrency: 1 },
    })
    for (const line of numbered(95)) await run.client.add(line)
    expect(await run.until(run.client.flush())).toEqual({ delivered: 85, dropped: 10 })
    expect(sizes(run)).toEqual([10, 10, 10, 10, 10, 10, 10, 10, 10, 5])
    expect(run.delivered).toHaveLength(85)
    expect(run.dropped).toEqual(numbered(95).slice(20, 30))
    expect(await run.send(numbered(1))).toEqual({ delivered: 86, dropped: 10 })
  })

  it('waits for retries', async () => {
    const run = script([busy, busy, ok])
    await run.client.add('{}')
    expect(await run.until(run.client.flush())).toEqual({ delivered: 1, dropped: 0 })
    expect(run.seen).toHaveLength(3)
  })

  it('of nothing asks for nothing', async () => {
    const run = script([ok])
    expect(await run.until(run.client.flush())).toEqual({ delivered: 0, dropped: 0 })
    expect(run.seen).toEqual([])
  })
})

describe('a full queue', () => {
  const outage = { concurrency: 1, 'batch.max_events': 2, 'queue.max_events': 4, 'retry.base_ms': 1_000 }

  /** Two records are under way, of the eight others four find room. */
  async function filled(overflow: string): Promise<Script> {
    const run = script([busy, ok], { config: { ...outage, 'queue.overflow': overflow } })
    for (const line of numbered(10)) await run.client.add(line)
    return run
  }

  it('drops what comes, and tells', async () => {
    const run = await filled('drop_new')
    expect(await run.until(run.client.close())).toEqual({ delivered: 6, dropped: 4 })
    expect(run.dropped).toEqual(numbered(10).slice(6))
    expect(run.delivered).toEqual(numbered(6))
    expect(run.warnings).toEqual(Array(4).fill('dropped 1 records: the queue is full'))
  })

  it('drops the oldest, and tells', async () => {
    const run = await filled('drop_old')
    expect(await run.until(run.client.close())).toEqual({ delivered: 6, dropped: 4 })
    expect(run.dropped).toEqual(numbered(10).slice(2, 6))
    expect(run.delivered).toEqual([...numbered(2), ...numbered(10).slice(6)])
  })

  it('drops no more than it must when records are alike', async () => {
    const run = script([busy, ok], { config: { ...outage, 'queue.overflow': 'drop_old' } })
    for (const line of Array<string>(10).fill('{}')) await run.client.add(line)
    expect(await run.until(run.client.close())).toEqual({ delivered: 6, dropped: 4 })
  })

  it('makes the sender wait, and loses nothing', async () => {
    const run = script([busy, ok], { config: outage })
    let added = 0
    const adding = (async () => {
      for (const line of numbered(10)) {
        await run.client.add(line)
        added += 1
      }
    })()
    await run.clock.advance(400)
    expect(added).toBe(5) // two under way, the fourth that waits for them waits itself
    await run.until(adding)
    expect(await run.until(run.client.close())).toEqual({ delivered: 10, dropped: 0 })
  })

  it('smaller than a batch makes smaller batches', async () => {
    const run = script([ok], { config: { 'batch.max_events': 10, 'queue.max_events': 3 } })
    await run.send(numbered(7))
    expect(sizes(run)).toEqual([3, 3, 1])
  })
})

describe('closing in time', () => {
  it('drops what is not delivered by the deadline, and tells', async () => {
    const run = script([busy], { config: { 'retry.base_ms': 4_000, 'retry.max_ms': 60_000 } })
    for (const line of numbered(3)) await run.client.add(line)
    const closed = run.client.close({ deadlineMs: 1_000 })
    expect(await run.until(closed)).toEqual({ delivered: 0, dropped: 3 })
    expect(run.clock.now() / 1e6).toBeLessThan(1_010)
    expect(run.warnings).toEqual(['dropped 3 records: not delivered by the deadline (attempt 2)'])
    expect(run.dropped).toEqual(numbered(3))
  })

  it('ends a calm, and lanes that rest, with all that waits for them', async () => {
    const config = { concurrency: 1, 'batch.max_events': 1, 'queue.max_events': 9, 'retry.max_attempts': 1 }
    const limited = { status: 429, headers: { 'retry-after': '30' } }
    for (const answer of [limited, busy]) {
      const run = script([answer], { config: { ...config, 'retry.base_ms': 60_000 } })
      for (const line of numbered(9)) await run.client.add(line)
      const closed = run.client.close({ deadlineMs: 500 })
      expect(await run.until(closed)).toEqual({ delivered: 0, dropped: 9 })
      expect(run.clock.now() / 1e6).toBeLessThan(510)
      expect(run.seen).toHaveLength(1)
    }
  })

  it('does not wait for a deadline that is not needed, and takes one later', async () => {
    const run = script([busy, ok], { config: { 'retry.base_ms': 1_000 } })
    await run.client.add('{}')
    expect(await run.until(run.client.close({ deadlineMs: 5_000 }))).toEqual({ delivered: 1, dropped: 0 })
    expect(run.clock.now() / 1e6).toBeLessThan(1_100)
    const late = script([busy], { config: { 'retry.base_ms': 60_000 } })
    await late.client.add('{}')
    void late.client.close()
    expect(await late.until(late.client.close({ deadlineMs: 100 }))).toEqual({ delivered: 0, dropped: 1 })
  })

  it('leaves no timer behind', async () => {
    const timers = new Set<() => void>()
    const clock = new HandClock()
    const after = (ms: number, run: () => void): Timer => {
      timers.add(run)
      const timer = clock.after(ms, () => {
        timers.delete(run)
        run()
      })
      const cancel = (): void => {
        timers.delete(run)
        timer.cancel()
      }
      return { cancel }
    }
    const watched: Clock = { now: () => clock.now(), wall: () => clock.wall(), after }
    const { client } = script([ok], { clock: watched })
    await client.add('{}')
    await clock.until(client.close({ deadlineMs: 60_000 }))
    await client.close({ deadlineMs: 60_000 })
    expect(timers.size).toBe(0)
  })

  it('ends a request that is never answered', async () => {
    const stall: Rule = { id: 'hole', on: 'request', fault: { type: 'stall' } }
    const server = inMemory([stall])
    const warnings: string[] = []
    const client = ingestClient({
      url: server.url,
      token: 'tk',
      dispatcher: server.transport.dispatcher,
      clock: server.clock,
      warn: (line) => warnings.push(line),
    })
    await client.add(ndjson(0, 0).trim())
    expect(await server.clock.until(client.close({ deadlineMs: 3_000 }))).toEqual({
      delivered: 0,
      dropped: 1,
    })
    expect(server.clock.now() / 1e6).toBe(3_000)
    expect(warnings).toEqual(['dropped 1 records: not delivered by the deadline (attempt 2)'])
    await server.clock.until(server.stop())
  })
})

describe('wishes', () => {
  it('are honoured where they fit, and ignored where not', () => {
    const normal = settingsOf({})
    expect(referenceKnobs).toEqual(Object.keys(normal))
    for (const odd of [0, -1, 1.5, NaN, Infinity, 2 ** 31, '7', true, null, 'spill', {}]) {
      expect(settingsOf(Object.fromEntries(referenceKnobs.map((knob) => [knob, odd])))).toEqual({
        ...normal,
        ...(odd === true ? { 'ack.durable': true } : {}),
      })
    }
    expect(settingsOf({ 'batch.max_events': 7, compression: 'gzip' })).toEqual({
      ...normal,
      'batch.max_events': 7,
      'queue.max_events': 7,
      compression: 'gzip',
    })
  })
})

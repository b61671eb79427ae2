/** The reference client when the network fails it: in memory, on a clock wound by hand. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { inMemory } from '../../fakes/testing/in-memory.ts'
import type { InMemory } from '../../fakes/testing/in-memory.ts'
import { ndjson } from '../../fakes/testing/serving.ts'
import type { Rule } from '../plan/plan.ts'
import { ingestClient } from './reference.ts'
import type { Closed, IngestClient } from './reference.ts'

interface Meeting {
  readonly server: InMemory
  readonly client: IngestClient
  readonly warnings: string[]
  /** Adds records and closes. */
  readonly send: (count: number) => Promise<Closed>
  /** Milliseconds at which requests came. */
  readonly came: () => number[]
}

function meet(rules: readonly Rule[], config: Record<string, unknown> = {}): Meeting {
  const server = inMemory(rules)
  const { clock } = server
  const warnings: string[] = []
  const client = ingestClient({
    url: server.url,
    token: 'tk',
    config,
    dispatcher: server.transport.dispatcher,
    clock,
    unit: () => 0.5,
    warn: (line) => warnings.push(line),
  })
  onTestFinished(() => clock.until(server.stop()))
  const work = async (count: number): Promise<Closed> => {
    for (const line of ndjson(0, count - 1)
      .trimEnd()
      .split('\n'))
      await client.add(line)
    return client.close()
  }
  return {
    server,
    client,
    warnings,
    send: (count) => clock.until(work(count)),
    came: () => server.entries('request').map(({ t }) => Math.round(t / 1e6)),
  }
}

/** Of an answer that is lost after the records were taken. */
const lost: Rule = { id: 'lost', on: 'response-head', taken: true, fault: { type: 'reset_peer' } }

describe('what may have been taken', () => {
  const waits = { 'retry.base_ms': 1_000, 'retry.max_ms': 8_000 }

  it('is sent again as long as the server knows a repeat, and then told', async () => {
    const { send, came, warnings } = meet([lost], { ...waits, 'dedup.window_ms': 3_000 })
    expect(await send(2)).toEqual({ delivered: 0, dropped: 2 })
    expect(came()).toHaveLength(3)
    expect(came().at(-1)).toBeLessThan(3_000)
    expect(warnings).toEqual([
      'dropped 2 records: it may have been taken, and the server would not know the repeat (attempt 4)',
    ])
  })

  it('is sent again at any time where nothing is said of a window', async () => {
    const { send, came } = meet([lost], waits)
    expect(await send(2)).toEqual({ delivered: 0, dropped: 2 })
    expect(came()).toHaveLength(5)
  })

  it('is not what a refusal leaves: that is sent again whatever the window', async () => {
    const refused: Rule = {
      id: 'refused',
      on: 'response-head',
      taken: false,
      when: { nth: [1, 2, 3] },
      fault: { type: 'http_error', status: 503 },
    }
    const { send, came } = meet([refused], { ...waits, 'dedup.window_ms': 10 })
    expect(await send(2)).toEqual({ delivered: 2, dropped: 0 })
    expect(came()).toHaveLength(4)
  })
})

describe('the time for one attempt', () => {
  const late = (delay_ms: number): Rule => ({
    id: 'late',
    on: 'response-head',
    taken: true,
    when: { nth: [1] },
    fault: { type: 'header_delay', delay_ms },
  })

  it('is enough for an answer that comes just before its end', async () => {
    const { send, came } = meet([late(1_999)], { 'timeout.request_ms': 2_000 })
    expect(await send(1)).toEqual({ delivered: 1, dropped: 0 })
    expect(came()).toHaveLength(1)
  })

  it('ends one that waits longer, and the records are sent again', async () => {
    const { send, came, server } = meet([late(2_001)], { 'timeout.request_ms': 2_000 })
    expect(await send(1)).toEqual({ delivered: 1, dropped: 0 })
    expect(came()).toEqual([0, 2_075])
    expect(new Set(server.entries('request').map(({ key }) => key)).size).toBe(1)
  })
})

describe('a connection that is refused', () => {
  it('costs no request: there is twice the patience for it', async () => {
    const { send, server, warnings } = meet([], { 'retry.max_ms': 1_000 })
    await server.clock.until(server.transport.stop())
    expect(await send(1)).toEqual({ delivered: 0, dropped: 1 })
    expect(warnings).toEqual(['dropped 1 records: connect ECONNREFUSED (attempt 10)'])
    expect(server.clock.now() / 1e6).toBeGreaterThan(3_000)
  })
})

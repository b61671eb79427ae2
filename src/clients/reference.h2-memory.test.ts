/** The reference client over HTTP/2 against the reference server in memory, in virtual time. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { serveMemory } from '../../fakes/server-memory.ts'
import { entriesOf, ndjson, optionsFor } from '../../fakes/testing/serving.ts'
import { HandClock } from '../clock.ts'
import type { EntryOf } from '../entry.ts'
import type { Rule } from '../plan/plan.ts'
import { ingestClient } from './reference.ts'
import type { Closed } from './reference.ts'

interface Met {
  readonly closed: Closed
  readonly requests: EntryOf<'request'>[]
  readonly opens: EntryOf<'open'>[]
}

async function meet(rules: readonly Rule[], records: number): Promise<Met> {
  const clock = new HandClock()
  const options = optionsFor(rules, clock)
  const server = serveMemory({ ...options, h2: true, frames: true })
  onTestFinished(() => clock.until(server.stop()))
  const client = ingestClient({
    url: server.url,
    token: options.token,
    config: { http: 2, 'batch.max_events': 1, concurrency: 4 },
    connect: () => Promise.resolve(server.transport.connect()),
    clock,
    unit: () => 0.5,
    warn: () => {},
  })
  const work = async (): Promise<Closed> => {
    for (const line of ndjson(0, records - 1)
      .trimEnd()
      .split('\n'))
      await client.add(line)
    return client.close()
  }
  const closed = await clock.until(work())
  return {
    closed,
    requests: entriesOf(options.ledger.entries, 'request'),
    opens: entriesOf(options.ledger.entries, 'open'),
  }
}

describe('over HTTP/2 in memory', () => {
  it('all goes over one connection, each record once', async () => {
    const { closed, requests, opens } = await meet([], 40)
    expect(closed).toEqual({ delivered: 40, dropped: 0 })
    expect(opens.map(({ proto }) => proto)).toEqual(['h2c'])
    expect(requests).toHaveLength(40)
    expect(new Set(requests.map(({ stream }) => stream)).size).toBe(40)
  })

  it('a connection that ends every few requests costs nothing', async () => {
    const goaway: Rule = {
      id: 'goaway',
      on: 'request',
      key: 'global',
      when: { every: 7 },
      fault: { type: 'goaway', code: 'NO_ERROR', last: 'this', then: 'finish' },
    }
    const { closed, opens } = await meet([goaway], 40)
    expect(closed).toEqual({ delivered: 40, dropped: 0 })
    expect(opens.length).toBeGreaterThan(3)
  })
})

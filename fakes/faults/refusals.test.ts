/** A listener that is closed for a while: on a socket, and in memory on a clock wound by hand. */
import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { once } from 'node:events'
import { request } from 'undici'
import { describe, expect, it } from 'vitest'
import { sleep } from '../../src/clock.ts'
import type { Rule } from '../../src/plan/plan.ts'
import { inMemory } from '../testing/in-memory.ts'
import type { InMemory } from '../testing/in-memory.ts'
import { RawClient } from '../testing/raw-client.ts'
import { ndjson, post, serving } from '../testing/serving.ts'
import { ok } from './testing/sight.ts'

function closed(for_ms: number, from_s?: number, id = 'closed'): Rule {
  const when = from_s === undefined ? {} : { when: { from_s } }
  return { id, on: 'accept', ...when, fault: { type: 'connection_refused', for_ms } }
}

function connectTo(port: number): Promise<RawClient | string> {
  return RawClient.to(port).catch((error: unknown) => (error as NodeJS.ErrnoException).code ?? 'no code')
}

async function untilOpen(port: number): Promise<RawClient> {
  for (;;) {
    const client = await connectTo(port)
    if (client instanceof RawClient) return client
  }
}

const struck = { point: 'accept', type: 'connection_refused' }

describe('connection_refused on a socket', () => {
  it('from the start: nobody gets in before, and the same port opens after', async () => {
    await using server = await serving([closed(60)])
    expect(await connectTo(server.port)).toBe('ECONNREFUSED')
    expect(server.entries('fault')).toMatchObject([{ rule: 'closed', planned: struck, emitted: struck }])
    const client = await untilOpen(server.port)
    client.send(post(ndjson(0, 0)))
    expect(await client.until(ok)).toBe(ok)
    client.socket.destroy()
    expect(server.failures).toEqual([])
  })

  it('later on: whoever is connected stays so, idle or not', async () => {
    await using server = await serving([closed(3_600_000, 0.2)])
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(0, 0)))
    expect(await client.until(ok)).toBe(ok)
    await server.first('fault')
    expect(await connectTo(server.port)).toBe('ECONNREFUSED')
    client.send(post(ndjson(1, 1)))
    expect(await client.until(ok + ok)).toBe(ok + ok)
    client.socket.destroy()
  })

  it('ends when the faults are healed, and leaves nothing open when the server stops', async () => {
    const server = await serving([closed(3_600_000)])
    server.heal()
    const client = await untilOpen(server.port)
    client.socket.destroy()
    await server.stop()
    expect(await connectTo(server.port)).toBe('ECONNREFUSED')
    const shut = await serving([closed(3_600_000)])
    await shut.stop()
    expect(await connectTo(shut.port)).toBe('ECONNREFUSED')
  })

  it('is a failure of the harness where another has taken the port meanwhile', async () => {
    await using server = await serving([closed(3_600_000)])
    const other: Server = createServer().listen(server.port, '127.0.0.1')
    await once(other, 'listening')
    server.heal()
    while (server.failures.length === 0) (await untilOpen(server.port)).socket.destroy()
    expect(server.failures).toMatchObject([expect.stringContaining('EADDRINUSE')])
    other.close()
  })
})

describe('connection_refused in memory', () => {
  /** The codes and statuses of one attempt each second, on connections of their own. */
  async function eachSecond(server: InMemory, many: number): Promise<unknown[]> {
    const seen: unknown[] = []
    const { dispatcher } = server.transport
    for (let i = 0; i < many; i += 1) {
      const asked = request(server.url, { dispatcher, method: 'POST', body: ndjson(i, i), reset: true })
      seen.push(
        await asked.then(
          async ({ statusCode, body }) => body.dump().then(() => statusCode),
          (error: unknown) => (error as NodeJS.ErrnoException).code,
        ),
      )
      await sleep(server.clock, 1000)
    }
    return seen
  }

  it('holds for its window of the clock of the run, and windows that meet make one', async () => {
    const server = inMemory([closed(1500, 2), closed(2000, 3, 'longer')])
    const seen = await server.clock.until(eachSecond(server, 7))
    const no = 'ECONNREFUSED'
    expect(seen).toEqual([202, 202, no, no, no, 202, 202])
    expect(server.entries('fault').map(({ rule, t }) => [rule, t / 1e9])).toEqual([
      ['closed', 2],
      ['longer', 3],
    ])
    await server.stop()
  })

  it('does not begin once the faults are healed, nor in the quiet of the plan', async () => {
    const server = inMemory([closed(1500, 2)])
    server.heal()
    expect(await server.clock.until(eachSecond(server, 4))).toEqual([202, 202, 202, 202])
    expect(server.entries('fault')).toEqual([])
    await server.stop()
  })
})

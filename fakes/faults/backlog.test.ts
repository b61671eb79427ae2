/** Listeners that accept nobody, on a socket: only the system answers, or it does not. */
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { HandClock, realClock, within } from '../../src/clock.ts'
import { limits } from '../../src/limits.ts'
import type { Rule } from '../../src/plan/plan.ts'
import { inMemory } from '../testing/in-memory.ts'
import { RawClient } from '../testing/raw-client.ts'
import { ndjson, post, serving } from '../testing/serving.ts'
import { backlog_full, slow_accept } from './backlog.ts'
import { ok } from './testing/sight.ts'

type Name = 'slow_accept' | 'backlog_full'

function held(type: Name, for_ms: number, from_s?: number, id = 'held'): Rule {
  return { id, on: 'accept', ...(from_s === undefined ? {} : { when: { from_s } }), fault: { type, for_ms } }
}

/** Whether a connection is made while one that is not would be waited for. */
async function isMade(socket: Socket): Promise<boolean> {
  const made = once(socket, 'connect').then(() => true)
  return within(realClock(), limits.backlogProbeMs, made, false)
}

/** While one listener follows the other there is an instant in which nobody listens. */
async function untilOpen(port: number): Promise<RawClient> {
  for (;;) {
    const client = await RawClient.to(port).catch(() => undefined)
    if (client) return client
  }
}

async function served(port: number, seq: number): Promise<void> {
  const client = await untilOpen(port)
  client.send(post(ndjson(seq, seq)))
  expect(await client.until(ok)).toBe(ok)
  client.socket.destroy()
}

const hour = 3_600_000

describe('slow_accept on a socket', () => {
  it('from the start: connections are made, nobody answers, and the end resets them', async () => {
    await using server = await serving([held('slow_accept', hour)])
    const struck = { point: 'accept', type: 'slow_accept', for_ms: hour }
    expect(server.entries('fault')).toMatchObject([{ rule: 'held', planned: struck, emitted: struck }])
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.to(server.port)))
    for (const client of clients.slice(10)) client.send(post(ndjson(0, 0)))
    await within(realClock(), limits.backlogProbeMs, Promise.race(clients.map(({ ended }) => ended)), 'none')
    expect(clients.map(({ text }) => text).join('')).toBe('')
    expect(server.entries('open')).toEqual([])
    server.heal()
    expect(await Promise.all(clients.map(({ ended }) => ended))).toEqual(clients.map(() => 'rst'))
    await served(server.port, 1)
    expect(server.entries('request').map(({ ids }) => ids)).toEqual([[[0, 1, 1]]])
    expect(server.failures).toEqual([])
  })

  it('ends by its time, and spares whoever is connected', async () => {
    await using server = await serving([held('slow_accept', 300, 0.05)])
    const client = await RawClient.to(server.port)
    await server.first('fault')
    const waiting = await RawClient.to(server.port)
    client.send(post(ndjson(0, 0)))
    expect(await client.until(ok)).toBe(ok)
    expect(server.entries('open')).toHaveLength(1)
    expect(await waiting.ended).toBe('rst')
    client.send(post(ndjson(1, 1)))
    expect(await client.until(ok + ok)).toBe(ok + ok)
    client.socket.destroy()
  })
})

describe('backlog_full on a socket', () => {
  it('from the start: no connection is made, and the one that is still asked for is served after', async () => {
    await using server = await serving([held('backlog_full', hour)])
    const struck = { point: 'accept', type: 'backlog_full', for_ms: hour }
    expect(server.entries('fault')).toMatchObject([{ rule: 'held', planned: struck, emitted: struck }])
    const socket = connect(server.port, '127.0.0.1')
    expect(await isMade(socket)).toBe(false)
    expect(socket.connecting).toBe(true)
    server.heal()
    if (socket.connecting) await once(socket, 'connect') // its SYN is sent again after a second
    socket.write(post(ndjson(0, 0)))
    expect(String((await once(socket, 'data'))[0])).toBe(ok)
    socket.destroy()
    expect(server.failures).toEqual([])
  })

  it('spares whoever is connected, and ends when the server stops', async () => {
    const server = await serving([held('backlog_full', hour, 0.05)])
    const client = await RawClient.to(server.port)
    await server.first('fault')
    client.send(post(ndjson(0, 0)))
    expect(await client.until(ok)).toBe(ok)
    client.socket.destroy()
    await server.stop()
    await expect(RawClient.to(server.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe.each<Name>(['slow_accept', 'backlog_full'])('%s', (name) => {
  it('is a misfire in memory, where no system makes the connections', async () => {
    const server = inMemory([held(name, 1000)])
    expect(await server.clock.until(server.post(0))).toMatchObject({ status: 202, atMs: 0 })
    expect(server.entries('fault')).toMatchObject([
      { planned: { type: name }, emitted: { type: 'none', why: 'unsupported' } },
    ])
    await server.stop()
  })

  it('is a misfire where another holds the listener, and the other way round', async () => {
    const refused: Rule = { id: 'shut', on: 'accept', fault: { type: 'connection_refused', for_ms: hour } }
    for (const rules of [
      [held(name, hour), refused],
      [refused, held(name, hour)],
    ] as const) {
      await using server = await serving(rules)
      const emitted = new Map(server.entries('fault').map(({ rule, emitted }) => [rule, emitted.type]))
      expect([emitted.get(rules[0].id), emitted.get(rules[1].id)]).toEqual([rules[0].fault?.type, 'none'])
      server.heal()
      const client = await untilOpen(server.port)
      client.socket.destroy()
      expect(server.failures).toEqual([])
    }
  })

  it('says why where it does not get the port, and gives nothing away', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const at = { host: '127.0.0.1', port: (other.address() as { port: number }).port }
    const perform = name === 'slow_accept' ? slow_accept : backlog_full
    const { why, leave } = await perform(at, () => {}, new HandClock())
    expect(why).toBe('EADDRINUSE')
    await leave()
    other.close()
  })
})

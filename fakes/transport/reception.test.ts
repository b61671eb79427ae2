/** Clients that leave before it is known what they speak, or in the first moment of TLS. */
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { realClock, turn } from '../../src/clock.ts'
import type { Beneath } from '../../src/exchange.ts'
import { serving } from '../testing/serving.ts'
import { RawClient } from '../testing/raw-client.ts'
import { H1Connection } from './h1-connection.ts'
import { memoryTransport } from './memory.ts'
import type { MemoryTransport } from './memory.ts'
import type { MemorySocket } from './memory-socket.ts'
import { Witnessed } from './testing/facts.ts'

describe('a client that has not said what it speaks', () => {
  let transport: MemoryTransport | undefined
  afterEach(() => transport?.stop())

  function start(): { arrivals: Witnessed; client: MemorySocket } {
    const arrivals = new Witnessed()
    transport = memoryTransport({ clock: realClock(), arrivals, h2: true })
    const client = transport.connect()
    client.on('error', () => {})
    return { arrivals, client }
  }

  it.each([
    ['resets', 'rst', (client: MemorySocket) => client.resetAndDestroy()],
    ['ends', 'fin', (client: MemorySocket) => client.end()],
    ['closes', 'fin', (client: MemorySocket) => client.destroy()],
    [
      'says a part of a word and resets',
      'rst',
      (client: MemorySocket) => client.write('PRI', () => void turn().then(() => client.resetAndDestroy())),
    ],
  ])('and %s is known to have left, by %s', async (_, how, leave) => {
    const { arrivals, client } = start()
    leave(client)
    expect(await arrivals.closings.next()).toEqual({ id: 0, by: 'client', how })
    expect(arrivals.openings.all).toHaveLength(1)
    expect(transport?.connections()).toBe(0)
  })

  it('is closed, and told of, by the end of a stop', async () => {
    const { arrivals } = start()
    await transport?.stop()
    expect(arrivals.openings.all).toHaveLength(1)
    expect(arrivals.closings.all).toEqual([{ id: 0, by: 'server', how: 'fin' }])
  })

  it.each([{ h2: true }, { tls: true }, { tls: true, h2: true }])(
    'the same on a socket, %j',
    async (more) => {
      await using server = await serving([], 'generic', more)
      const client = await RawClient.to(server.port)
      client.socket.end()
      expect(await server.first('close')).toMatchObject({ by: 'client', how: 'fin' })
      await server.deserted()
      expect(server.entries('open')).toHaveLength(1)
    },
  )
})

describe('a client within TLS', () => {
  it('that is gone before the tickets were out holds no write for ever', async () => {
    // As node has it where the write of a ticket failed: nothing within TLS calls back any more.
    const socket = new Duplex({ read: () => {}, write: () => {} })
    const below: Beneath = {
      write: () => Promise.resolve({ ok: false, why: 'gone' }),
      cut: () => Promise.resolve({ ok: false, why: 'gone' }),
      onCut: () => {},
    }
    const bare = Object.assign(socket, { resetAndDestroy: () => {}, destroySoon: () => {} })
    const connection = new H1Connection(bare, { ordinal: 0, at: 0, proto: 'tls', below }, realClock())
    socket.resume().push(null)
    await once(socket, 'end')
    expect(await connection.raw(Buffer.from('late'))).toEqual({ ok: false, why: 'gone' })
    expect(await connection.cut({ fin: true })).toEqual({ ok: false, why: 'gone' })
  })
})

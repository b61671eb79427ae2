/** Clients that leave before it is known what they speak, or in the first moment of TLS. */
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { realClock, turn } from '../../src/clock.ts'
import { ndjson, post, serving } from '../testing/serving.ts'
import { authority } from '../tls/certificates.ts'
import { RawClient } from '../testing/raw-client.ts'
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
  it('that resets before the tickets are out does not hold its exchange for ever', async () => {
    const fault = { type: 'header_delay', delay_ms: 50 } as const
    const rule = { id: 'late', on: 'response-head', taken: true, fault } as const
    await using server = await serving([rule], 'generic', { tls: true })
    const raw = connect({ host: '127.0.0.1', port: server.port })
    const client = connectTls({ socket: raw, ca: await authority() }, () => {
      client.write(post(ndjson(0, 0)), () => raw.resetAndDestroy())
    })
    client.on('error', () => {})
    expect(await server.first('sent')).toMatchObject({ written: 'none' })
    await server.deserted()
    expect(server.entries('close')).toMatchObject([{ by: 'client' }])
  })
})

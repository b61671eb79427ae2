/** The handshake on a plain `net.Server`: who is served, who is not and why, and what is left of the socket. */
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { once } from 'node:events'
import type { ConnectionOptions } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HandClock } from '../../src/clock.ts'
import { limits } from '../../src/limits.ts'
import { RawClient } from '../testing/raw-client.ts'
import { Facts } from '../transport/testing/facts.ts'
import { secure } from './secure.ts'
import type { Handshake, Secured, SecureOptions } from './secure.ts'
import { TlsClient } from './testing/tls-client.ts'

const both = ['h2', 'http/1.1']

describe('a TLS handshake', () => {
  let server: Server
  let clock: HandClock
  let options: SecureOptions
  let secured: Facts<Secured | undefined>
  let failures: Facts<Handshake>
  let settled: Facts<Handshake>
  let raws: Facts<Socket>
  /** What is done to a socket before the handshake. */
  let before: (raw: Socket) => Promise<void>

  beforeEach(async () => {
    clock = new HandClock()
    options = {}
    before = () => Promise.resolve()
    secured = new Facts()
    failures = new Facts()
    settled = new Facts()
    raws = new Facts()
    server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (raw) => void take(raw))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })

  afterEach(() => {
    for (const raw of raws.all) raw.destroy()
    server.close()
  })

  async function take(raw: Socket): Promise<void> {
    raws.push(raw)
    await before(raw)
    const told = {
      failed: (it: Handshake) => failures.push(it),
      settled: (it: Handshake) => settled.push(it),
    }
    secured.push(await secure(raw, { ...options, ...told, clock, host: '127.0.0.1' }))
  }

  const port = (): number => (server.address() as AddressInfo).port

  async function shaken(asked: ConnectionOptions = {}): Promise<{ client: TlsClient; server: Secured }> {
    const client = await TlsClient.to(port(), asked)
    const [, made] = await Promise.all([client.shaken, secured.next()])
    if (!made) throw new Error('no connection came of it')
    return { client, server: made }
  }

  /** What bytes of no TLS, or their end, come to. */
  async function failed(
    act: (client: RawClient) => void,
  ): Promise<{ handshake: Handshake; client: RawClient }> {
    const client = await RawClient.to(port())
    act(client)
    const handshake = await failures.next()
    expect(await secured.next()).toBeUndefined()
    expect(settled.all).toEqual([handshake])
    return { handshake, client }
  }

  describe('that is done', () => {
    it('carries both ways, and ends in order', async () => {
      const { client, server } = await shaken()
      server.socket.write('from the server')
      expect(await client.until('server')).toBe('from the server')
      client.socket.end('from the client')
      expect(String((await once(server.socket, 'data'))[0])).toBe('from the client')
      server.socket.end()
      expect(await client.closed).toBe('end')
      expect(failures.all).toEqual([])
    })

    it.each([
      [both, undefined, 'h2'],
      [['http/1.1', 'h2'], undefined, 'h2'],
      [['http/1.1'], undefined, 'http/1.1'],
      [[], undefined, 'http/1.1'],
      [both, ['http/1.1'], 'http/1.1'],
      [both, ['http/1.1', 'h2'], 'http/1.1'],
      [['spdy/3', 'h2'], undefined, 'h2'],
    ] as const)('of %j with a server of %j comes to %s', async (offered, protocols, alpn) => {
      if (protocols) options = { protocols }
      const { client, server } = await shaken(offered.length > 0 ? { ALPNProtocols: [...offered] } : {})
      expect(server.alpn).toBe(alpn)
      expect(client.socket.alpnProtocol).toBe(offered.length > 0 ? alpn : false)
      expect(settled.all).toEqual([{ ended: 'done', why: 'done', shown: true, offered: [...offered] }])
      client.destroy()
    })

    it('can be resumed, and then shows no certificate', async () => {
      const { client, server } = await shaken()
      const session = once(client.socket, 'session') as Promise<[Buffer]>
      server.socket.write('x')
      const again = await shaken({ session: (await session)[0] })
      expect(again.client.socket.isSessionReused()).toBe(true)
      expect(settled.all.map(({ shown }) => shown)).toEqual([true, false])
      for (const each of [client, again.client]) each.destroy()
    })

    it('takes what was read and given back', async () => {
      before = async (raw) => {
        raw.resume()
        const [chunk] = (await once(raw, 'data')) as [Buffer]
        raw.pause()
        raw.unshift(chunk)
      }
      const { client } = await shaken()
      expect(await client.shaken).toBe('secure')
      client.destroy()
    })

    it.each([0, 1, 2, 3])(
      'leaves a socket that hears of a reset behind close_notify, of %i writes',
      async (writes) => {
        const { client, server } = await shaken()
        const closed = once(server.socket, 'close')
        server.socket.resume()
        // By hand, as the bytes have to be one behind the other.
        client.socket.end(() => client.raw.resetAndDestroy())
        await once(server.socket, 'end')
        for (let i = 0; i < writes; i += 1) server.socket.write('x')
        while (!server.socket.destroyed) await clock.advance(100)
        await closed
      },
    )

    it('leaves a socket that can be reset', async () => {
      const { client, server } = await shaken()
      server.socket.resetAndDestroy()
      expect(await client.ended).toBe('rst')
    })

    it('tells the socket what goes wrong later, and closes it', async () => {
      const { client, server } = await shaken()
      const closed = new Promise<boolean>((resolve) => server.socket.once('close', resolve))
      const told = once(server.socket, 'error') as Promise<[NodeJS.ErrnoException]>
      client.raw.write(Buffer.from('1703030020'.padEnd(74, '0'), 'hex'))
      expect((await told)[0].code).toBe('ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC')
      expect(await closed).toBe(true)
      client.destroy()
    })
  })

  describe('of which nothing comes', () => {
    it('is refused for want of a common cipher, with our alert', async () => {
      const client = await TlsClient.to(port(), {
        maxVersion: 'TLSv1.2',
        ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256',
      })
      expect(await failures.next()).toMatchObject({ ended: 'alerted', why: 'no shared cipher', shown: false })
      expect(await client.shaken).toBe('ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE')
      client.destroy()
    })

    it.each([
      ['HTTP', 'GET / HTTP/1.1\r\n\r\n', 'http request', ''],
      ['noise', 'this is no TLS at all', 'wrong version number', ''],
      ['a bad ClientHello', Buffer.from('160301000401000000', 'hex'), 'length too short', '15030300020232'],
      ['data first', Buffer.from('1703030004010000ff', 'hex'), 'unexpected message', '1503030002020a'],
    ])('for %s ends with what OpenSSL answers', async (_, bytes, why, wire) => {
      const { handshake, client } = await failed((each) => each.send(bytes))
      const lost = { by: 'server', how: 'fin' }
      expect(handshake).toEqual({ ended: 'alerted', why, lost, shown: false, offered: [] })
      const { text, how } = await client.toEnd()
      expect([Buffer.from(text, 'latin1').toString('hex'), how]).toEqual([wire, 'fin'])
    })

    it('tells an alert of the client apart from ours', async () => {
      const client = await TlsClient.to(port())
      const hello = await sentBy(client)
      await secured.next()
      client.destroy()
      const raw = await RawClient.to(port())
      raw.send(hello)
      await raw.until('\x16')
      raw.send(Buffer.from('15030300020230', 'hex')) // unknown_ca
      expect(await failures.next()).toMatchObject({
        ended: 'refused',
        why: 'tlsv1 alert unknown ca',
        lost: { by: 'client', how: 'fin' },
        shown: true,
      })
      raw.socket.destroy()
    })

    it.each([
      ['at once', (client: RawClient) => client.socket.end(), 'fin'],
      [
        'within its first record',
        (client: RawClient) => client.socket.end(Buffer.from('160301', 'hex')),
        'fin',
      ],
      ['with a RST', (client: RawClient) => client.socket.resetAndDestroy(), 'rst'],
    ] as const)('ends with a client that leaves %s', async (_, act, how) => {
      const { handshake, client } = await failed(act)
      expect(handshake).toMatchObject({ ended: 'gone', lost: { by: 'client', how }, shown: false })
      client.socket.destroy()
    })

    it('ends with a client that has left before it began', async () => {
      before = async (raw) => {
        raw.resume()
        await once(raw, 'end')
      }
      const { handshake, client } = await failed((each) => each.socket.end())
      expect(handshake).toMatchObject({ ended: 'gone', lost: { by: 'client', how: 'fin' } })
      client.socket.destroy()
    })

    it('ends after so long with a client that says nothing', async () => {
      const client = await RawClient.to(port())
      await raws.next()
      // The certificate is made in a time of its own, on which no clock of ours has a hold.
      while (failures.all.length === 0) await clock.advance(limits.tlsHandshakeMs)
      const lost = { by: 'server', how: 'timeout' }
      expect(failures.all).toEqual([{ ended: 'late', why: 'late', lost, shown: false, offered: [] }])
      expect(await client.toEnd()).toEqual({ text: '', how: 'fin' })
    })
  })

  async function sentBy(client: TlsClient): Promise<Buffer> {
    await client.shaken
    const { sent } = client
    return sent.subarray(0, 5 + sent.readUInt16BE(3))
  }
})

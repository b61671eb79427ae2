/** What is taken for a ClientHello: those of node's client, however they are cut up, and nothing else. */
import fc from 'fast-check'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HandClock } from '../../src/clock.ts'
import { limits } from '../../src/limits.ts'
import { RawClient } from '../testing/raw-client.ts'
import { clientHello, isHello } from './client-hello.ts'
import type { Opening } from './client-hello.ts'
import { TlsClient } from './testing/tls-client.ts'

const server = createServer({ pauseOnConnect: true, allowHalfOpen: true })
const port = (): number => (server.address() as AddressInfo).port
let hello: Buffer = Buffer.alloc(0)

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const client = await TlsClient.to(port())
  const [raw] = await accepted
  const opening = await clientHello(raw, new HandClock())
  expect(opening.came).toBe('hello')
  hello = opening.bytes
  client.destroy()
  raw.destroy()
})

afterAll(() => void server.close())

/** The same message in records of at most `size` bytes (RFC 8446 §5.1). */
function recut(bytes: Buffer, size: number): Buffer {
  const message = bytes.subarray(5)
  const parts: Buffer[] = []
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size)
    parts.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part)
  }
  return Buffer.concat(parts)
}

describe('a ClientHello', () => {
  it('is known when it is whole, and not before, in whatever records', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.nat(), (size, cut) => {
        const bytes = recut(hello, size)
        expect(isHello(bytes)).toBe(true)
        expect(isHello(bytes.subarray(0, cut % bytes.length))).toBeUndefined()
      }),
    )
  })

  it.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a record of another type', Buffer.from('1503030002022a', 'hex')],
    ['another message', Buffer.from('160303000402000000', 'hex')],
    [
      'a message that goes on for ever',
      Buffer.concat([Buffer.from('1603014000', 'hex'), Buffer.alloc(70_000, 1)]),
    ],
  ])('is not %s', (_, bytes) => expect(isHello(bytes)).toBe(false))
})

describe('clientHello', () => {
  async function opened(
    clock: HandClock,
  ): Promise<{ client: RawClient; raw: Socket; said: Promise<Opening> }> {
    const accepted = once(server, 'connection') as Promise<[Socket]>
    const client = await RawClient.to(port())
    const [raw] = await accepted
    return { client, raw, said: clientHello(raw, clock) }
  }

  it('reads it in parts, and stops reading', async () => {
    const { client, raw, said } = await opened(new HandClock())
    client.send(hello.subarray(0, 9))
    client.send(hello.subarray(9))
    expect(await said).toEqual({ came: 'hello', bytes: hello })
    expect(raw.isPaused()).toBe(true)
    client.socket.destroy()
    raw.destroy()
  })

  it.each([
    ['other', (client: RawClient) => client.send('GET / HTTP/1.1\r\n\r\n')],
    ['gone', (client: RawClient) => client.socket.end(hello.subarray(0, 9))],
    ['gone', (client: RawClient) => client.socket.resetAndDestroy()],
  ] as const)('tells %s', async (came, act) => {
    const { client, raw, said } = await opened(new HandClock())
    raw.on('error', () => {})
    act(client)
    expect(await said).toMatchObject({ came })
    client.socket.destroy()
    raw.destroy()
  })

  it('waits for so long', async () => {
    const clock = new HandClock()
    const { client, raw, said } = await opened(clock)
    await clock.advance(limits.tlsHandshakeMs - 1)
    let over = false
    void said.then(() => (over = true))
    await clock.advance(0)
    expect(over).toBe(false)
    await clock.advance(1)
    expect(await said).toEqual({ came: 'silent', bytes: Buffer.alloc(0) })
    client.socket.destroy()
    raw.destroy()
  })
})

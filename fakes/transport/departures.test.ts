/** Clients that leave while they are read, or behind an answer that came early: the exchange is over then too. */
import { describe, expect, it } from 'vitest'
import { realClock } from '../../src/clock.ts'
import type { Arrivals, Emitted } from '../../src/exchange.ts'
import { dataFrame, frameTypes } from '../../src/wire/h2-frames.ts'
import { RawClient, requestText } from '../testing/raw-client.ts'
import { RawH2Client } from '../testing/raw-h2-client.ts'
import { listen } from './listener.ts'
import type { Listening } from './listener.ts'
import { Facts, readAll, Witnessed } from './testing/facts.ts'

interface Read {
  readonly body: string
  readonly complete: boolean
}

interface Scene {
  readonly at: Listening
  readonly begun: Facts<true>
  readonly read: Facts<Read>
}

async function listening(answersFirst: boolean): Promise<Scene> {
  const arrivals = new Witnessed()
  const begun = new Facts<true>()
  const read = new Facts<Read>()
  arrivals.serve = async (exchange) => {
    if (answersFirst) {
      await exchange.respond(503, [], { length: 2 })
      await exchange.write(Buffer.from('no'))
      await exchange.end()
    }
    begun.push(true)
    read.push({ body: String(await readAll(exchange)), complete: exchange.complete })
  }
  return { at: await listen({ host: '127.0.0.1', clock: realClock(), arrivals, h2: true }), begun, read }
}

describe.each([false, true])('a client that leaves within its upload, answered early: %s', (answersFirst) => {
  it.each(['end', 'resetAndDestroy'] as const)('by %s, over HTTP/1.1', async (leave) => {
    const { at, begun, read } = await listening(answersFirst)
    const client = await RawClient.to(at.port)
    client.send(requestText('POST /', ['Content-Length: 9'], 'half'))
    await begun.next()
    client.socket[leave]()
    const { complete } = await read.next()
    expect(complete).toBe(false)
    await at.stop()
  })

  it.each(['end', 'resetAndDestroy'] as const)('by %s, over HTTP/2', async (leave) => {
    const { at, begun, read } = await listening(answersFirst)
    const client = await RawH2Client.ready(at.port)
    const stream = client.begin()
    client.send(dataFrame(stream, Buffer.from('half')))
    await begun.next()
    client.socket[leave]()
    const { body, complete } = await read.next()
    expect(complete).toBe(false)
    if (leave === 'end') expect(body).toBe('half') // what came before a FIN is there
    await at.stop()
  })

  it('by FIN at once, over HTTP/2', async () => {
    const { at, read } = await listening(answersFirst)
    const client = await RawH2Client.ready(at.port)
    const stream = client.begin()
    client.send(dataFrame(stream, Buffer.from('half')))
    client.socket.end()
    expect(await read.next()).toEqual({ body: 'half', complete: false })
    await at.stop()
  })
})

describe('a stream of HTTP/2 that is reset with NO_ERROR', () => {
  it('is over where the end of its answer does not go out any more', async () => {
    const arrivals: Witnessed & Pick<Arrivals, 'frame'> = new Witnessed()
    const written = new Facts<string | undefined>()
    const clients = new Facts<RawH2Client>()
    const resets = new Facts<true>()
    arrivals.frame = (_, dir, { type }) => {
      if (dir === 'in' && type === frameTypes.RST_STREAM) resets.push(true)
    }
    arrivals.serve = async (exchange) => {
      await readAll(exchange)
      const client = await clients.next()
      const release = exchange.connection.frames?.hold()
      const answered = exchange.answer?.({ status: 200, headers: [], body: Buffer.from('never read') })
      client.reset(exchange.stream ?? 0, 0)
      await resets.next()
      release?.()
      written.push((await answered)?.written)
    }
    const at = await listen({ host: '127.0.0.1', clock: realClock(), arrivals, h2: true })
    const client = await RawH2Client.ready(at.port)
    clients.push(client)
    client.post('{}')
    expect(await written.next()).toBe('partial')
    await at.stop()
  })
})

describe('a connection that is cut by two at once', () => {
  it.each(['h1', 'h2'])('is cut by the first of them, over %s', async (over) => {
    const arrivals = new Witnessed()
    const cuts = new Facts<readonly Emitted[]>()
    arrivals.serve = async ({ connection }) => {
      const all = [connection.cut({ rst: true, linger_ms: 0 }), connection.cut({ fin: true })]
      cuts.push(await Promise.all(all))
    }
    const at = await listen({ host: '127.0.0.1', clock: realClock(), arrivals, h2: true })
    if (over === 'h1') (await RawClient.to(at.port)).send(requestText('POST /', ['Content-Length: 0']))
    else (await RawH2Client.ready(at.port)).post('{}')
    expect(await cuts.next()).toEqual([
      { ok: true, bytes: 0 },
      { ok: false, why: 'ended' },
    ])
    await at.stop()
  })
})

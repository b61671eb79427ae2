/** Resets: of a stream right behind its request, and of a connection whose session ends by itself. */
import type { Http2Session } from 'node:http2'
import type { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { realClock, turn } from '../../src/clock.ts'
import type { Clock } from '../../src/clock.ts'
import type { Emitted } from '../../src/exchange.ts'
import { dataFrame, headersFrame, rstStreamFrame } from '../../src/wire/h2-frames.ts'
import { literalBlock } from '../../src/wire/hpack-literal.ts'
import { RawH2Client } from '../testing/raw-h2-client.ts'
import { listen } from './listener.ts'
import { Facts, readAll, Witnessed } from './testing/facts.ts'
import { H2Scene } from './testing/h2-scene.ts'

const head = literalBlock([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'test'],
])
const body = Buffer.from('the whole of it')

describe('a request whose stream is reset at once', () => {
  const scene = new H2Scene()

  it.each([0, 2, 8])('with %i is complete only where all of its body can be read', async (code) => {
    const read = new Facts<{ body: string; complete: boolean }>()
    scene.arrivals.serve = async (exchange) => {
      const got = await readAll(exchange)
      read.push({ body: String(got), complete: exchange.complete })
    }
    const client = await RawH2Client.ready(scene.listening.port)
    client.send(headersFrame(1, head), dataFrame(1, body, { end: true }), rstStreamFrame(1, code))
    const { body: got, complete } = await read.next()
    expect(complete).toBe(got === String(body))
    client.socket.destroy()
  })

  it('is complete with padding in its body', async () => {
    const read = new Facts<{ body: string; complete: boolean }>()
    scene.arrivals.serve = async (exchange) => {
      const got = await readAll(exchange)
      read.push({ body: String(got), complete: exchange.complete })
    }
    const client = await RawH2Client.ready(scene.listening.port)
    const frames = [dataFrame(1, body, { pad: 9 }), dataFrame(1, body, { pad: 0, end: true })]
    client.send(headersFrame(1, head, { pad: 3 }), ...frames)
    expect(await read.next()).toEqual({ body: String(body).repeat(2), complete: true })
    client.socket.destroy()
  })
})

describe('a connection that is to be reset', () => {
  it('is closed where its session ends meanwhile, and the FIN of that is on its way', async () => {
    const arrivals = new Witnessed()
    let lingered = (): void => {}
    const clock: Clock = { ...realClock(), after: (_, run) => ((lingered = run), { cancel: () => {} }) }
    const listening = await listen({ host: '127.0.0.1', clock, arrivals, h2: true })
    const cuts = new Facts<Emitted>()
    arrivals.serve = async ({ connection }) => {
      const { socket, session } = connection as unknown as { socket: Duplex; session: Http2Session }
      const end = socket.end.bind(socket)
      socket.end = (...last: unknown[]) => {
        end(...(last as []))
        lingered()
        return socket
      }
      const cut = connection.cut({ rst: true, linger_ms: 20 })
      await turn()
      session.destroy()
      cuts.push(await cut)
    }
    const client = await RawH2Client.ready(listening.port)
    void client.ended.then(() => client.socket.end())
    client.post('{}')
    expect(await cuts.next()).toEqual({ ok: false, why: 'gone' })
    expect(await arrivals.closings.next()).toMatchObject({ by: 'server', how: 'goaway' })
    await listening.stop()
  })
})

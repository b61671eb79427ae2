/** A client that resets a stream right behind its request: what the session drops of the body is not there. */
import { describe, expect, it } from 'vitest'
import { dataFrame, headersFrame, rstStreamFrame } from '../../src/wire/h2-frames.ts'
import { literalBlock } from '../../src/wire/hpack-literal.ts'
import { RawH2Client } from '../testing/raw-h2-client.ts'
import { Facts, readAll } from './testing/facts.ts'
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

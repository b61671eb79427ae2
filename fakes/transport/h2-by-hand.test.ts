/** What is kept back of a session, or said in its place, must harm nothing that it says elsewhere. */
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/limits.ts'
import { dataFrame, headersFrame } from '../../src/wire/h2-frames.ts'
import { literalBlock } from '../../src/wire/hpack-literal.ts'
import { answered, ask, H2Scene } from './testing/h2-scene.ts'

describe('a session of which something is kept back', () => {
  const scene = new H2Scene()

  it('is understood although a header block of it never went out', async () => {
    scene.arrivals.serve = async (exchange) => {
      const { connection, stream = 0, gone } = exchange
      if (stream === 1) connection.frames?.mute(stream)
      const head = exchange.respond(200, [['x-kept', 'a value to be remembered']], { length: 0 })
      await Promise.race([head, gone])
      await exchange.end()
    }
    const client = scene.client()
    const lost = ask(client)
    lost.on('error', () => {})
    const { headers } = await answered(ask(client))
    expect(headers['x-kept']).toBe('a value to be remembered')
    lost.close()
  })

  it('keeps no stream open that was answered by hand', async () => {
    scene.arrivals.serve = async (exchange) => {
      const { stream = 0 } = exchange
      const block = literalBlock([[':status', '200']])
      const frames = [headersFrame(stream, block), dataFrame(stream, Buffer.from('by hand'), { end: true })]
      await exchange.answerRaw?.(Buffer.concat(frames))
    }
    const client = scene.client()
    for (let left = limits.streamsMax + 100; left > 0; left -= 100) {
      const all = await Promise.all(Array.from({ length: 100 }, () => answered(ask(client))))
      expect(new Set(all.map(({ body, code }) => `${String(body)} ${code}`))).toEqual(new Set(['by hand 0']))
    }
  })
})

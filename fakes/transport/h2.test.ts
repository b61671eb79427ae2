/** HTTP/2 as an exchange, seen by node's own client. */
import { describe, expect, it } from 'vitest'
import type { Emitted, Exchange, Framing, Gone } from '../../src/exchange.ts'
import { goawayFrame, rstStreamFrame } from '../../src/wire/h2-frames.ts'
import { answer, Facts, readAll } from './testing/facts.ts'
import { answered, ask, H2Scene } from './testing/h2-scene.ts'

const megabyte = Buffer.from(Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 7 + (i >> 8)) & 255))
const ended: Emitted = { ok: false, why: 'ended' }

describe('h2', () => {
  const scene = new H2Scene()

  describe('requests', () => {
    it('hands over method, target and fields, and the authority as Host', async () => {
      let head: Exchange['head'] | undefined
      await scene.play(
        async (exchange) => {
          head = exchange.head
          await answer(exchange, '')
        },
        { 'x-one': 'a', 'x-two': 'b' },
      )
      expect(head).toMatchObject({ method: 'POST', path: '/in?x=1' })
      const host = ['host', `127.0.0.1:${scene.listening.port}`]
      expect(head?.headers).toEqual([host, ['x-one', 'a'], ['x-two', 'b']])
    })

    it.each([
      ['nothing', Buffer.alloc(0)],
      ['one byte', Buffer.of(0)],
      ['a megabyte', megabyte],
    ])('reads a body of %s', async (_, body) => {
      let got: Buffer | undefined
      let complete: boolean | undefined
      const serve = async (exchange: Exchange): Promise<void> => {
        got = await readAll(exchange)
        complete = exchange.complete
        await answer(exchange, 'ok')
      }
      const { headers, body: text } = await scene.play(serve, {}, body)
      expect([headers[':status'], String(text)]).toEqual([200, 'ok'])
      expect(got?.equals(body)).toBe(true)
      expect(complete).toBe(true)
    })

    it('numbers streams, and carries many at a time on one connection', async () => {
      const streams: (number | undefined)[] = []
      const together = new Facts<void>()
      scene.arrivals.serve = async (exchange) => {
        streams.push(exchange.stream)
        if (streams.length === 20) for (let i = 0; i < 20; i += 1) together.push()
        await together.next()
        await answer(exchange, String(exchange.stream))
      }
      const client = scene.client()
      const all = await Promise.all(Array.from({ length: 20 }, () => answered(ask(client))))
      expect(streams).toEqual(Array.from({ length: 20 }, (_, i) => 2 * i + 1))
      expect(all.map(({ body }) => Number(body))).toEqual(streams)
      expect(scene.arrivals.openings.all).toHaveLength(1)
      expect(scene.arrivals.openings.all[0]?.proto).toBe('h2c')
    })

    it('serves the next request where nobody read the body of the last', async () => {
      scene.arrivals.serve = async (exchange) => {
        await exchange.respond(413, [], { length: 0 })
        await exchange.end()
      }
      const client = scene.client()
      for (let i = 0; i < 3; i += 1) {
        expect((await answered(ask(client, {}, megabyte))).headers[':status']).toBe(413)
      }
      expect(scene.arrivals.openings.all).toHaveLength(1)
    })
  })

  describe('answers', () => {
    it('write fields in their number, and none that have no place in HTTP/2', async () => {
      const { headers, code } = await scene.play(async (exchange) => {
        const fields = [
          ['Set-Cookie', 'a=1'],
          ['X-Last', 'z'],
          ['Set-Cookie', 'b=2'],
          ['Connection', 'close'],
        ] as const
        await exchange.respond(207, fields, { length: 0 })
        await exchange.end()
      })
      expect(headers).toMatchObject({ ':status': 207, 'set-cookie': ['a=1', 'b=2'], 'x-last': 'z' })
      expect(headers['content-length']).toBe('0')
      expect(Object.keys(headers)).not.toContain('connection')
      expect(code).toBe(0)
    })

    it.each<[string, Framing]>([
      ['its length', { length: megabyte.length }],
      ['nothing but its end', 'chunked'],
    ])('carry a megabyte framed by %s, and count it', async (_, framing) => {
      const emitted: Emitted[] = []
      const got = await scene.play(async (exchange) => {
        await exchange.respond(200, [], framing)
        emitted.push(
          await exchange.write(megabyte.subarray(0, 5)),
          await exchange.write(megabyte.subarray(5)),
        )
        emitted.push(await exchange.end())
      })
      expect(got.body.equals(megabyte)).toBe(true)
      expect(emitted).toEqual([5, megabyte.length - 5, 0].map((bytes) => ({ ok: true, bytes })))
    })

    it('have trailers', async () => {
      const got = await scene.play(async (exchange) => {
        await exchange.respond(200, [], 'chunked')
        await exchange.write(Buffer.from('x'))
        await exchange.trailers([['X-Sum', '1']])
      })
      expect([String(got.body), got.trailers?.['x-sum'], got.code]).toEqual(['x', '1', 0])
    })

    it('inform before they respond, and not after', async () => {
      let late: Emitted | undefined
      const got = await scene.play(async (exchange) => {
        await exchange.inform(103, [['Link', '</a>']])
        await exchange.respond(200, [], { length: 0 })
        late = await exchange.inform(103, [])
        await exchange.end()
      })
      expect(got.informed).toMatchObject([{ ':status': 103, link: '</a>' }])
      expect(got.headers[':status']).toBe(200)
      expect(late).toEqual(ended)
    })

    it('carry no body where there can be none', async () => {
      const got = await scene.play(async (exchange) => {
        await exchange.respond(204, [], { length: 4 })
        await exchange.write(Buffer.from('body'))
        await exchange.end()
      })
      expect([got.headers[':status'], got.body.length, got.code]).toEqual([204, 0, 0])
    })

    it('say ended after the end, and before the beginning', async () => {
      const emitted: Emitted[] = []
      await scene.play(async (exchange) => {
        emitted.push(await exchange.write(Buffer.from('early')))
        await answer(exchange, 'ok')
        emitted.push(await exchange.write(Buffer.from('late')), await exchange.end())
        emitted.push(await exchange.respond(200, [], { length: 0 }), await exchange.cut({ fin: true }))
      })
      expect(emitted).toEqual([ended, ended, ended, ended, ended])
    })

    it('end as INTERNAL_ERROR where nobody gave one', async () => {
      expect((await scene.play(() => Promise.resolve())).code).toBe(2)
    })
  })

  describe('ends', () => {
    it.each([0, 2, 7, 8, 11])('a stream with RST_STREAM %i before the head, and goes on', async (code) => {
      const client = scene.client()
      scene.arrivals.serve = async (exchange) => {
        if (exchange.stream === 1) await exchange.cut({ code })
        else await answer(exchange, 'ok')
      }
      const first = await answered(ask(client))
      expect([first.headers[':status'], first.code]).toEqual([undefined, code])
      expect(String((await answered(ask(client))).body)).toBe('ok')
    })

    it('a stream with RST_STREAM in the body, behind the bytes so far', async () => {
      let cut: Emitted | undefined
      const got = await scene.play(async (exchange) => {
        await exchange.respond(200, [], { length: 10 })
        await exchange.write(Buffer.from('part'))
        cut = await exchange.cut({ code: 8 })
      })
      expect([got.headers[':status'], String(got.body), got.code]).toEqual([200, 'part', 8])
      expect(cut).toEqual({ ok: true, bytes: rstStreamFrame(1, 8).length })
    })

    it.each([
      [{ fin: true } as const, { by: 'server', how: 'fin' }],
      [{ rst: true, linger_ms: 20 } as const, { by: 'server', how: 'rst' }],
    ])('the connection with %j', async (how, gone) => {
      let seen: Gone | undefined
      await scene.play(async (exchange) => {
        await exchange.respond(200, [], { length: 10 })
        await exchange.cut(how)
        seen = await exchange.gone
      })
      expect(seen).toEqual(gone)
      expect(await scene.arrivals.closings.next()).toEqual({ id: 0, ...gone })
    })
  })

  describe('clients that leave', () => {
    it('end the body without an error where they reset the stream within it', async () => {
      const arrived = new Facts<string>()
      const over = new Facts<unknown>()
      scene.arrivals.serve = async (exchange) => {
        for await (const chunk of exchange.body) arrived.push(String(chunk))
        over.push([exchange.complete, await exchange.gone, await exchange.respond(200, [], { length: 0 })])
      }
      const stream = scene.client().request({ ':method': 'POST', ':path': '/' })
      stream.on('error', () => {})
      stream.write('first')
      expect(await arrived.next()).toBe('first')
      stream.destroy(new Error('given up')) // close() would end the body first
      expect(await over.next()).toEqual([false, { by: 'client', how: 'rst' }, { ok: false, why: 'gone' }])
    })

    it('are gone where the connection is', async () => {
      const arrived = new Facts<Exchange>()
      const over = new Facts<unknown>()
      scene.arrivals.serve = async (exchange) => {
        arrived.push(exchange)
        over.push(await exchange.gone)
      }
      const client = scene.client()
      const stream = ask(client)
      stream.on('error', () => {})
      await arrived.next()
      client.destroy()
      expect(await over.next()).toMatchObject({ by: 'client' })
      expect(await scene.arrivals.closings.next()).toMatchObject({ by: 'client' })
    })
  })

  it('gives up streams above the last that GOAWAY names, and reads later ones without serving them', async () => {
    const begun = new Facts<Exchange>()
    const goOn = new Facts<void>()
    const given = new Facts<unknown>()
    scene.arrivals.serve = async (exchange) => {
      begun.push(exchange)
      if (exchange.stream === 1) {
        await goOn.next()
        return answer(exchange, 'one')
      }
      given.push([exchange.stream, await exchange.gone, exchange.refused, await exchange.write(megabyte)])
    }
    const client = scene.client()
    const [one, two] = [ask(client), ask(client)]
    const answers = Promise.all([answered(one), answered(two)])
    const { connection } = await begun.next()
    await begun.next()
    expect(connection.frames?.open).toEqual([1, 3])
    await connection.raw(goawayFrame(1, 0))
    expect(connection.frames?.refuseAbove(1)).toEqual([3])
    expect(connection.open).toBe(false)
    expect(await given.next()).toEqual([3, { by: 'server', how: 'goaway' }, true, ended])
    goOn.push()
    const [first, second] = await answers
    expect([String(first.body), first.code, second.code]).toEqual(['one', 0, 7])
  })

  it('ends what is left when it stops', async () => {
    const arrived = new Facts<Exchange>()
    const over = new Facts<unknown>()
    scene.arrivals.serve = async (exchange) => {
      arrived.push(exchange)
      over.push(await exchange.gone)
    }
    ask(scene.client()).on('error', () => {})
    await arrived.next()
    await scene.listening.stop()
    expect(await over.next()).toEqual({ by: 'server', how: 'fin' })
    expect(scene.listening.connections()).toBe(0)
  })
})

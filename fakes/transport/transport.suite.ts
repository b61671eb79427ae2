/** What every transport of HTTP/1.1 does, seen from both ends: undici asks, an Exchange answers. */
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { Emitted, Exchange, Framing, Gone, Header } from '../../src/exchange.ts'
import { answer, Facts, readAll } from './testing/facts.ts'
import { codeOf, Scene } from './testing/scene.ts'
import type { Carry } from './testing/scene.ts'
import { endsSuite } from './transport-ends.suite.ts'

const megabyte = Buffer.from(Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 7 + (i >> 8)) & 255))
const ended: Emitted = { ok: false, why: 'ended' }

export function transportSuite(name: string, carry: Carry): void {
  describe(name, () => {
    const scene = new Scene(carry)
    requests(scene)
    answers(scene)
    connections(scene)
    endsSuite(scene)
  })
}

function requests(scene: Scene): void {
  describe('requests', () => {
    it('hands over method, target and header fields in their order, case and number', async () => {
      let head: Exchange['head'] | undefined
      await scene.play(
        async (exchange) => {
          head = exchange.head
          await answer(exchange, '')
        },
        { headers: ['X-One', 'a', 'x-Two', 'b', 'X-One', 'c'] },
      )
      expect(head).toMatchObject({ method: 'POST', path: '/in?x=1' })
      expect(head?.headers.filter(([field]) => /^x-/i.test(field))).toEqual([
        ['X-One', 'a'],
        ['x-Two', 'b'],
        ['X-One', 'c'],
      ])
    })

    it.each([
      ['nothing', Buffer.alloc(0)],
      ['one byte', Buffer.of(0)],
      ['a megabyte', megabyte],
    ])('reads a body of %s', async (_, body) => {
      let got: Buffer | undefined
      let complete: boolean | undefined
      await scene.play(
        async (exchange) => {
          got = await readAll(exchange)
          complete = exchange.complete
          await answer(exchange, '')
        },
        { body },
      )
      expect(got?.equals(body)).toBe(true)
      expect(complete).toBe(true)
    })

    it('reads a body of unknown length, part by part', async () => {
      const body = Readable.from([Buffer.from('one '), Buffer.from('two '), Buffer.from('three')])
      let got = ''
      await scene.play(
        async (exchange) => {
          got = String(await readAll(exchange))
          await answer(exchange, '')
        },
        { body },
      )
      expect(got).toBe('one two three')
    })

    it('serves the next request where nobody read the body of the last', async () => {
      await scene.restart(1)
      const early = await scene.play(
        async (exchange) => {
          await exchange.respond(413, [], { length: 0 })
          await exchange.end()
        },
        { body: megabyte },
      )
      await early.body.dump()
      expect(early.statusCode).toBe(413)
      expect((await scene.play((exchange) => answer(exchange, 'next'))).statusCode).toBe(200)
    })

    it('serves the next request where the reader of the last broke off', async () => {
      await scene.restart(1)
      const early = await scene.play(
        async (exchange) => {
          for await (const _ of exchange.body) break
          await exchange.respond(413, [], { length: 0 })
          await exchange.end()
        },
        { body: megabyte },
      )
      await early.body.dump()
      expect((await scene.play((exchange) => answer(exchange, 'next'))).statusCode).toBe(200)
    })
  })
}

function answers(scene: Scene): void {
  describe('answers', () => {
    it('writes header fields in their order and number', async () => {
      const headers: Header[] = [
        ['Set-Cookie', 'a=1'],
        ['X-Last', 'z'],
        ['Set-Cookie', 'b=2'],
      ]
      const got = await scene.play(async (exchange) => {
        await exchange.respond(207, headers, { length: 0 })
        await exchange.end()
      })
      expect(got.statusCode).toBe(207)
      expect(got.headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], 'x-last': 'z' })
    })

    it.each<[string, Framing]>([
      ['its length', { length: megabyte.length }],
      ['chunks', 'chunked'],
      ['the end of the connection', 'close'],
    ])('frames a megabyte by %s', async (_, framing) => {
      const emitted: Emitted[] = []
      const got = await scene.play(async (exchange) => {
        emitted.push(await exchange.respond(200, [], framing))
        emitted.push(
          await exchange.write(megabyte.subarray(0, 5)),
          await exchange.write(megabyte.subarray(5)),
        )
        emitted.push(await exchange.end())
      })
      expect(Buffer.from(await got.body.arrayBuffer()).equals(megabyte)).toBe(true)
      expect(emitted.slice(1)).toEqual([5, megabyte.length - 5, 0].map((bytes) => ({ ok: true, bytes })))
    })

    it('writes trailers', async () => {
      const got = await scene.play(async (exchange) => {
        await exchange.respond(200, [], 'chunked')
        await exchange.write(Buffer.from('x'))
        await exchange.trailers([['X-Sum', '1']])
      })
      expect(await got.body.text()).toBe('x')
      expect(got.trailers).toEqual({ 'x-sum': '1' })
    })

    it('informs before it responds, and not after', async () => {
      const seen: unknown[] = []
      let late: Emitted | undefined
      await scene.play(
        async (exchange) => {
          await exchange.inform(103, [['Link', '</a>']])
          await exchange.respond(200, [], { length: 0 })
          late = await exchange.inform(103, [])
          await exchange.end()
        },
        { onInfo: ({ statusCode, headers }) => seen.push([statusCode, headers['link']]) },
      )
      expect(seen).toEqual([[103, '</a>']])
      expect(late).toEqual(ended)
    })

    it.each([
      ['POST', 204],
      ['GET', 304],
    ] as const)('carries no body where there can be none: %s, %i', async (method, status) => {
      let written: Emitted | undefined
      const serve = async (exchange: Exchange): Promise<void> => {
        await exchange.respond(status, [], { length: 4 })
        written = await exchange.write(Buffer.from('body'))
        await exchange.end()
      }
      expect(await scene.play(serve, { method }, ({ body }) => body.text())).toBe('')
      expect(written).toEqual({ ok: true, bytes: 0 })
      expect((await scene.play((exchange) => answer(exchange, 'next'))).statusCode).toBe(200)
    })

    it('gives HEAD the fields of the answer and no body', async () => {
      const got = await scene.play((exchange) => answer(exchange, 'body'), { method: 'HEAD' })
      expect(got.headers['content-length']).toBe('4')
      expect(await got.body.text()).toBe('')
    })

    it('says ended after the end, and before the beginning', async () => {
      const emitted: Emitted[] = []
      await scene.play(async (exchange) => {
        emitted.push(await exchange.write(Buffer.from('early')))
        await answer(exchange, 'ok')
        emitted.push(await exchange.write(Buffer.from('late')), await exchange.end())
        emitted.push(await exchange.respond(200, [], { length: 0 }), await exchange.cut({ fin: true }))
      })
      expect(emitted).toEqual([ended, ended, ended, ended, ended])
    })
  })
}

function connections(scene: Scene): void {
  describe('connections', () => {
    it('carries one request after the other on one connection, later ones later', async () => {
      await scene.restart(1)
      const at: number[] = []
      for (let i = 0; i < 3; i += 1) {
        const got = await scene.play(async (exchange) => {
          at.push(exchange.head.at)
          await answer(exchange, `${i}`)
        })
        expect(await got.body.text()).toBe(`${i}`)
      }
      expect(scene.arrivals.openings.all).toHaveLength(1)
      expect(scene.carried.connections()).toBe(1)
      expect(at).toEqual([...at].sort((a, b) => a - b))
    })

    it('carries concurrent requests on connections of their own', async () => {
      const arrived = new Facts<Exchange>()
      const together = new Facts<void>()
      scene.arrivals.serve = async (exchange) => {
        arrived.push(exchange)
        if (arrived.all.length === 4) for (let i = 0; i < 4; i += 1) together.push()
        await together.next()
        await answer(exchange, `${exchange.id}`)
      }
      const texts = await Promise.all([1, 2, 3, 4].map(async () => (await scene.ask()).body.text()))
      expect(new Set(texts).size).toBe(4)
      expect(scene.arrivals.openings.all.map(({ ordinal }) => ordinal)).toEqual([0, 1, 2, 3])
    })

    it.each([
      ['the answer says so', { headers: [['Connection', 'close']] as const, asked: {} }],
      ['the client asks for it', { headers: [], asked: { reset: true } }],
    ])('closes a connection where %s', async (_, { headers, asked }) => {
      const got = await scene.play(async (exchange) => {
        await exchange.respond(200, headers, { length: 2 })
        await exchange.write(Buffer.from('ok'))
        await exchange.end()
      }, asked)
      expect(await got.body.text()).toBe('ok')
      expect((await scene.arrivals.closings.next()).id).toBe(0)
      await (await scene.ask()).body.dump()
      expect(scene.arrivals.openings.all).toHaveLength(2)
    })

    it('ends what is left when it stops, and says that it did', async () => {
      let gone: Promise<Gone> | undefined
      const arrived = new Facts<Exchange>()
      scene.arrivals.serve = async (exchange) => {
        gone = exchange.gone
        arrived.push(exchange)
        await exchange.gone
      }
      const asked = scene.ask().then(() => 'no error', codeOf)
      await arrived.next()
      await scene.carried.stop()
      expect(await gone).toEqual({ by: 'server', how: 'fin' })
      expect(await scene.arrivals.closings.next()).toEqual({ id: 0, by: 'server', how: 'fin' })
      expect(await asked).toMatch(/^(UND_ERR_SOCKET|UND_ERR_DESTROYED)$/)
      expect(scene.carried.connections()).toBe(0)
    })

    it('resets the connection of a server that fails, and tells why', async () => {
      scene.arrivals.serve = () => Promise.reject(new Error('broken'))
      expect(await scene.ask().then(() => 'no error', codeOf)).toBe('ECONNRESET')
      expect(await scene.arrivals.refusals.next()).toEqual({ status: undefined, why: 'broken' })
    })

    it('closes the connection of an exchange that was left without an answer', async () => {
      scene.arrivals.serve = () => Promise.resolve()
      expect(await scene.ask().then(() => 'no error', codeOf)).toBe('UND_ERR_SOCKET')
    })
  })
}

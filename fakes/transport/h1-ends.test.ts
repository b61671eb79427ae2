import { describe, expect, it } from 'vitest'
import type { Emitted, Exchange } from '../../src/exchange.ts'
import { H1Connection } from './h1-connection.ts'
import { answer, Facts, readAll } from './testing/facts.ts'
import { requestText } from '../testing/raw-client.ts'
import { RawScene } from './testing/raw-scene.ts'

describe('h1 on the wire', () => {
  const scene = new RawScene()
  const date = 'Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n'
  const get = requestText('GET /')

  describe('cuts', () => {
    it('ends short of the length with a FIN', async () => {
      scene.arrivals.serve = async (exchange) => {
        await exchange.respond(200, [], { length: 10 })
        await exchange.write(Buffer.from('part'))
        await exchange.cut({ fin: true })
      }
      const raw = await scene.client()
      raw.send(get)
      const { text, how } = await raw.toEnd()
      expect(text.endsWith('\r\n\r\npart')).toBe(true)
      expect(how).toBe('fin')
    })

    it('lingers before a RST until the bytes have been read', async () => {
      let cut: Promise<Emitted> | undefined
      scene.arrivals.serve = async (exchange) => {
        await exchange.respond(200, [], { length: 10 })
        await exchange.write(Buffer.from('part'))
        cut = exchange.cut({ rst: true, linger_ms: 20 })
        await cut
      }
      const raw = await scene.client()
      raw.send(get)
      await raw.until('part')
      expect(scene.listening.connections()).toBe(1)
      while (scene.listening.connections() > 0) await scene.clock.advance(20)
      const { text, how } = await raw.toEnd()
      expect(text.endsWith('\r\n\r\npart')).toBe(true)
      expect(how).toBe('rst')
      expect(await cut).toEqual({ ok: true, bytes: 0 })
    })

    it('says gone where the client resets within the linger', async () => {
      const cuts = new Facts<Emitted>()
      scene.arrivals.serve = async (exchange) => {
        await exchange.respond(200, [], { length: 10 })
        cuts.push(await exchange.cut({ rst: true, linger_ms: 3_600_000 }))
      }
      const raw = await scene.client()
      raw.send(get)
      await raw.until('\r\n\r\n')
      raw.socket.resetAndDestroy()
      expect(await cuts.next()).toEqual({ ok: false, why: 'gone' })
      expect(await scene.arrivals.closings.next()).toEqual({ id: 0, by: 'client', how: 'rst' })
    })
  })

  describe('what comes behind our end', () => {
    const late = requestText('POST /late', ['Content-Length: 4'], 'body')

    it('is handed over, and told for what it is after an answer that said close', async () => {
      scene.serveWith({ length: 4 }, [['Connection', 'close']])
      const raw = await scene.client()
      raw.send(get)
      expect((await raw.ended) && raw.text.endsWith('body')).toBe(true)
      raw.send(late)
      raw.send(late.replace('body', 'bo'))
      raw.socket.end()
      const { arrivals } = scene
      const told = { path: '/late', afterClose: true }
      expect(await arrivals.unanswered.next()).toEqual({ ...told, body: 'body', complete: true })
      expect(await arrivals.unanswered.next()).toEqual({ ...told, body: 'bo', complete: false })
      expect(await arrivals.closings.next()).toEqual({ id: 0, by: 'server', how: 'fin' })
      expect(raw.text.match(/HTTP\/1.1/g)).toHaveLength(1)
    })

    it('is not held to an answer that came after it, nor to one that did not say so', async () => {
      scene.serveWith({ length: 4 }, [['Connection', 'close']])
      const [pipelining, other] = [await scene.client(), await scene.client()]
      pipelining.send(get + late)
      await pipelining.toEnd()
      expect(await scene.arrivals.unanswered.next()).toMatchObject({ body: 'body', afterClose: false })
      scene.arrivals.serve = async (exchange) => {
        await exchange.cut({ fin: true })
      }
      other.send(get)
      await other.ended
      other.send(late)
      expect(await scene.arrivals.unanswered.next()).toMatchObject({ body: 'body', afterClose: false })
    })

    it('is nothing after a reset', async () => {
      scene.arrivals.serve = async (exchange) => {
        await exchange.cut({ rst: true, linger_ms: 0 })
      }
      const raw = await scene.client()
      raw.send(get + late)
      await raw.toEnd()
      await scene.listening.stop()
      expect(scene.arrivals.unanswered.all).toEqual([])
    })
  })

  describe('a body behind its answer', () => {
    it('can still be read, to its end', async () => {
      const goOn = new Facts<void>()
      const bodies = new Facts<[string, boolean]>()
      scene.arrivals.serve = async (exchange) => {
        await exchange.respond(413, [], { length: 0 })
        await exchange.end()
        await goOn.next()
        const text = String(await readAll(exchange))
        bodies.push([text, exchange.complete])
      }
      const [whole, cut] = [await scene.client(), await scene.client()]
      for (const raw of [whole, cut]) {
        raw.send(requestText('POST /', ['Content-Length: 8'], 'part'))
        await raw.until('\r\n\r\n')
        raw.send(raw === whole ? 'rest' : '')
        if (raw === cut) raw.socket.end()
        goOn.push()
        expect(await bodies.next()).toEqual(raw === whole ? ['partrest', true] : ['part', false])
      }
    })
  })

  describe('clients that end', () => {
    it('has the whole answer of a client that closes once it has read what was promised', async () => {
      const arrived = new Facts<Exchange>()
      const goOn = new Facts<void>()
      const ends = new Facts<Emitted>()
      scene.arrivals.serve = async (exchange) => {
        await exchange.respond(200, [], { length: 4 })
        await exchange.write(Buffer.from('done'))
        arrived.push(exchange)
        await goOn.next()
        ends.push(await exchange.end())
      }
      const raw = await scene.client()
      raw.send(get)
      await raw.until('\r\n\r\ndone')
      raw.socket.destroy()
      const { connection } = await arrived.next()
      while (!(connection instanceof H1Connection && connection.finished)) await scene.clock.advance(1)
      goOn.push()
      expect(await ends.next()).toEqual({ ok: true, bytes: 0 })
    })

    it('answers a client that has half-closed, and then closes', async () => {
      const arrived = new Facts<Exchange>()
      const goOn = new Facts<void>()
      let gone = false
      scene.arrivals.serve = async (exchange) => {
        void exchange.gone.then(() => (gone = true))
        arrived.push(exchange)
        await goOn.next()
        await answer(exchange, 'still here')
      }
      const raw = await scene.client()
      raw.socket.end(get)
      const { connection } = await arrived.next()
      while (!(connection instanceof H1Connection && connection.finished)) await scene.clock.advance(1)
      goOn.push()
      const { text, how } = await raw.toEnd()
      expect(text.endsWith('still here')).toBe(true)
      expect([how, gone]).toEqual(['fin', false])
      expect(await scene.arrivals.closings.next()).toEqual({ id: 0, by: 'client', how: 'fin' })
    })

    it('takes a client that has closed for gone at the first write, not before', async () => {
      const arrived = new Facts<Exchange>()
      const goOn = new Facts<void>()
      const answers = new Facts<Emitted>()
      let gone = false
      scene.arrivals.serve = async (exchange) => {
        void exchange.gone.then(() => (gone = true))
        arrived.push(exchange)
        await goOn.next()
        expect(gone).toBe(false)
        answers.push(await exchange.respond(204, [], { length: 0 }))
        await exchange.gone
      }
      const raw = await scene.client()
      raw.send(get)
      const { connection } = await arrived.next()
      raw.socket.destroy()
      while (!(connection instanceof H1Connection && connection.finished)) await scene.clock.advance(1)
      goOn.push()
      expect(await answers.next()).toEqual({ ok: false, why: 'gone' })
      expect(await scene.arrivals.closings.next()).toEqual({ id: 0, by: 'client', how: 'fin' })
    })

    it('takes a client that has closed within the answer for gone at the next write', async () => {
      const arrived = new Facts<Exchange>()
      const goOn = new Facts<void>()
      const writes = new Facts<Emitted>()
      scene.arrivals.serve = async (exchange) => {
        await exchange.respond(200, [], 'chunked')
        arrived.push(exchange)
        await goOn.next()
        writes.push(await exchange.write(Buffer.from('late')))
      }
      const raw = await scene.client()
      raw.send(get)
      const { connection } = await arrived.next()
      await raw.until('\r\n\r\n')
      raw.socket.destroy()
      while (!(connection instanceof H1Connection && connection.finished)) await scene.clock.advance(1)
      goOn.push()
      expect(await writes.next()).toEqual({ ok: false, why: 'gone' })
    })

    it('serves every request that came before a half-close', async () => {
      scene.arrivals.serve = (exchange) => answer(exchange, exchange.head.path)
      const raw = await scene.client()
      raw.socket.end(requestText('GET /one') + requestText('GET /two') + requestText('GET /three'))
      const { text } = await raw.toEnd()
      expect(text.match(/\/(one|two|three)/g)).toEqual(['/one', '/two', '/three'])
    })

    it('ends the body, and the connection, where a client ends within its request', async () => {
      const bodies = new Facts<[string, boolean]>()
      scene.arrivals.serve = async (exchange) => {
        const text = String(await readAll(exchange))
        bodies.push([text, exchange.complete])
      }
      const raw = await scene.client()
      raw.socket.end(requestText('POST /', ['Content-Length: 10'], 'part'))
      expect(await bodies.next()).toEqual(['part', false])
      expect(await raw.toEnd()).toEqual({ text: '', how: 'fin' })
      expect(await scene.arrivals.closings.next()).toEqual({ id: 0, by: 'client', how: 'fin' })
      expect(scene.arrivals.refusals.all).toEqual([])
    })

    it.each(['fin', 'rst'] as const)('says that an idle client ended with %s', async (how) => {
      const raw = await scene.client()
      raw.send(get)
      await raw.until('ok')
      if (how === 'fin') raw.socket.destroy()
      else raw.socket.resetAndDestroy()
      expect(await scene.arrivals.closings.next()).toEqual({ id: 0, by: 'client', how })
      expect(scene.listening.connections()).toBe(0)
    })
  })

  describe('bytes that are no request', () => {
    it.each([
      ['an unknown method', 'BREW / HTTP/1.1\r\nHost: t\r\n\r\n', 400],
      ['binary garbage', Buffer.from(Array.from({ length: 512 }, (_, i) => (i * 37) & 255)), 400],
      ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
      ['two Hosts', requestText('GET /', ['Host: a', 'Host: b']), 400],
      [
        'a length and chunks',
        requestText('POST /', ['Content-Length: 1', 'Transfer-Encoding: chunked']),
        400,
      ],
      ['a header of a megabyte', requestText('GET /', [`X: ${'x'.repeat(1 << 20)}`]), 431],
      [
        '100,000 headers',
        requestText(
          'GET /',
          Array.from({ length: 100_000 }, (_, i) => `X-${i}: ${i}`),
        ),
        431,
      ],
      ['CONNECT', 'CONNECT t:80 HTTP/1.1\r\nHost: t\r\n\r\n', 501],
    ])('are answered, told and closed: %s', async (_, bytes, status) => {
      const raw = await scene.client()
      raw.send(bytes)
      const { text, how } = await raw.toEnd()
      expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} [A-Za-z ]+\r\n${date}Connection: close\r\n`))
      expect(text).toMatch(/\r\nContent-Length: 0\r\n\r\n$/)
      expect(how).toBe('fin')
      expect(await scene.arrivals.refusals.next()).toMatchObject({ status })
      expect(scene.arrivals.refusals.all).toHaveLength(1)
    })

    it('are answered after the requests before them', async () => {
      const raw = await scene.client()
      raw.send(`${get}\0\0\0`)
      const { text } = await raw.toEnd()
      expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400'])
    })

    it('keep a request that waits its turn from being served, where they stand in its body', async () => {
      const goOn = new Facts<void>()
      scene.arrivals.serve = async (exchange) => {
        await goOn.next()
        await answer(exchange, exchange.head.path)
      }
      const raw = await scene.client()
      raw.send(
        requestText('GET /first') + requestText('POST /second', ['Transfer-Encoding: chunked'], 'zz\r\n'),
      )
      goOn.push()
      const { text } = await raw.toEnd()
      expect(text.match(/HTTP\/1.1 \d+|\/first|\/second/g)).toEqual([
        'HTTP/1.1 200',
        '/first',
        'HTTP/1.1 400',
      ])
    })

    it('end the body that they stand in', async () => {
      const bodies = new Facts<[string, boolean]>()
      scene.arrivals.serve = async (exchange) => {
        const text = String(await readAll(exchange))
        bodies.push([text, exchange.complete])
      }
      const raw = await scene.client()
      raw.send(requestText('POST /', ['Transfer-Encoding: chunked'], '4\r\npart\r\nzz\r\n'))
      expect(await bodies.next()).toEqual(['part', false])
      expect((await raw.toEnd()).text).toMatch(/^HTTP\/1.1 400 /)
      expect(await scene.arrivals.refusals.next()).toMatchObject({ status: 400 })
    })

    it('are told without an answer where the answer had begun', async () => {
      scene.arrivals.serve = async (exchange) => {
        await exchange.respond(200, [], 'chunked')
        await readAll(exchange)
      }
      const raw = await scene.client()
      raw.send(requestText('POST /', ['Transfer-Encoding: chunked']))
      await raw.until('\r\n\r\n')
      raw.send('zz\r\n')
      await raw.toEnd()
      expect(await scene.arrivals.refusals.next()).toMatchObject({ status: undefined })
    })
  })

  describe('slowness', () => {
    it('stops in the middle of a request that never ends', async () => {
      const bodies = new Facts<boolean>()
      scene.arrivals.serve = async (exchange) => {
        await readAll(exchange)
        bodies.push(exchange.complete)
      }
      const [inHead, inBody] = [await scene.client(), await scene.client()]
      inHead.send('GET / HTTP/1.1\r\nHos')
      inBody.send(requestText('POST /', ['Content-Length: 9'], 'part'))
      while (scene.arrivals.openings.all.length < 2) await scene.arrivals.openings.next()
      await scene.listening.stop()
      expect(scene.listening.connections()).toBe(0)
      expect(scene.arrivals.closings.all.map(({ by, how }) => [by, how])).toEqual([
        ['server', 'fin'],
        ['server', 'fin'],
      ])
    })

    it('waits for a client that does not read, and gives it every byte when it does', async () => {
      const size = 32 << 20
      let written = false
      scene.arrivals.serve = async (exchange) => {
        await exchange.respond(200, [], { length: size })
        await exchange.write(Buffer.alloc(size, 'x'))
        written = true
        await exchange.end()
      }
      const raw = await scene.client()
      raw.send(get)
      await raw.until('\r\n\r\n')
      raw.socket.pause()
      await scene.clock.advance(60_000)
      expect(written).toBe(false)
      let total = raw.text.split('\r\n\r\n')[1]?.length ?? 0
      raw.socket.removeAllListeners('data')
      for await (const chunk of raw.socket) if ((total += (chunk as Buffer).length) >= size) break
      expect(total).toBe(size)
    })

    it('lets go of a write that nobody reads when it stops', async () => {
      const emitted = new Facts<Emitted>()
      scene.arrivals.serve = async (exchange) => {
        await exchange.respond(200, [], 'chunked')
        emitted.push(await exchange.write(Buffer.alloc(32 << 20)))
      }
      const raw = await scene.client()
      raw.socket.pause()
      raw.send(get)
      while (scene.arrivals.openings.all.length === 0) await scene.arrivals.openings.next()
      await scene.clock.advance(1)
      await scene.listening.stop()
      expect((await emitted.next()).ok).toBe(false)
    })
  })
})

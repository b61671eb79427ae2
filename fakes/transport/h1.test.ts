import { Agent } from 'undici'
import { describe, expect, it } from 'vitest'
import { realClock } from '../../src/clock.ts'
import type { Emitted, Framing, Header } from '../../src/exchange.ts'
import { limits } from '../../src/limits.ts'
import { listen } from './listener.ts'
import { answer } from './testing/facts.ts'
import { RawClient, requestText } from '../testing/raw-client.ts'
import { host, RawScene } from './testing/raw-scene.ts'
import { transportSuite } from './transport.suite.ts'

transportSuite('h1', async (arrivals, connections) => {
  const listening = await listen({ host, clock: realClock(), arrivals })
  const dispatcher = new Agent({ connections: connections ?? null })
  return {
    base: listening.base,
    dispatcher,
    connections: () => listening.connections(),
    stop: async () => {
      await listening.stop()
      await dispatcher.destroy()
    },
  }
})

describe('h1 on the wire', () => {
  const scene = new RawScene()
  const date = 'Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n'
  const get = requestText('GET /')

  describe('answers', () => {
    it.each<[string, Framing, string, string]>([
      ['a length', { length: 4 }, 'Content-Length: 4\r\n', 'body'],
      ['chunks', 'chunked', 'Transfer-Encoding: chunked\r\n', '4\r\nbody\r\n0\r\n\r\n'],
      ['the end of the connection', 'close', 'Connection: close\r\n', 'body'],
    ])('frames a body by %s with these bytes and no others', async (_, framing, field, body) => {
      scene.serveWith(framing, [['x-A', '1']])
      const raw = await scene.client()
      raw.send(get)
      const whole = `HTTP/1.1 200 OK\r\nx-A: 1\r\n${date}${field}\r\n${body}`
      expect(await raw.until(whole)).toBe(whole)
    })

    it('counts the bytes of the head', async () => {
      let head: Emitted | undefined
      scene.arrivals.serve = async (exchange) => {
        head = await exchange.respond(200, [], { length: 0 })
        await exchange.end()
      }
      const raw = await scene.client()
      raw.send(get)
      const text = await raw.until('\r\n\r\n')
      expect(head).toEqual({ ok: true, bytes: text.length })
    })

    it.each([204, 304])('gives %i neither body nor framing', async (status) => {
      scene.serveWith({ length: 4 }, [], status)
      const raw = await scene.client()
      raw.send(get + get)
      const text = await raw.until(' GMT\r\n\r\nHTTP')
      expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} [A-Za-z ]+\r\n${date}\r\nHTTP/1.1 ${status}`))
    })

    it("leaves the caller's own Date, Connection and Content-Length alone", async () => {
      const own: Header[] = [
        ['date', 'never'],
        ['connection', 'keep-alive'],
        ['content-length', '4'],
      ]
      scene.serveWith({ length: 9 }, own)
      const raw = await scene.client()
      raw.send(get)
      const whole =
        'HTTP/1.1 200 OK\r\ndate: never\r\nconnection: keep-alive\r\ncontent-length: 4\r\n\r\nbody'
      expect(await raw.until('body')).toBe(whole)
    })

    it('speaks no chunks and no 1xx to a client of HTTP/1.0, and closes', async () => {
      let informed: Emitted | undefined
      scene.arrivals.serve = async (exchange) => {
        informed = await exchange.inform(103, [])
        await exchange.respond(200, [], 'chunked')
        await exchange.write(Buffer.from('body'))
        await exchange.end()
      }
      const raw = await scene.client()
      raw.send('GET / HTTP/1.0\r\n\r\n')
      const whole = `HTTP/1.1 200 OK\r\n${date}Connection: close\r\n\r\nbody`
      expect(await raw.toEnd()).toEqual({ text: whole, how: 'fin' })
      expect(informed).toEqual({ ok: false, why: 'unsupported' })
    })

    it('ends with a FIN where a large body stands unread, so that the answer is not lost to a RST', async () => {
      scene.arrivals.serve = async (exchange) => {
        await exchange.respond(413, [], 'close')
        await exchange.end()
      }
      const raw = await scene.client()
      raw.send(requestText('POST /', [`Content-Length: ${8 << 20}`]))
      raw.send(Buffer.alloc(8 << 20))
      const { text, how } = await raw.toEnd()
      expect(text).toMatch(/^HTTP\/1.1 413 /)
      expect(how).toBe('fin')
      expect(await scene.arrivals.closings.next()).toEqual({ id: 0, by: 'server', how: 'fin' })
    })
  })

  describe('order', () => {
    it('serves pipelined requests one after the other', async () => {
      let open = 0
      scene.arrivals.serve = async (exchange) => {
        open += 1
        expect(open).toBe(1)
        await answer(exchange, `<${exchange.head.path}>`)
        open -= 1
      }
      const raw = await scene.client()
      raw.send(
        requestText('POST /a', ['Content-Length: 3'], 'abc') + requestText('GET /b') + requestText('GET /c'),
      )
      expect((await raw.until('</c>')).match(/<.+>/g)).toEqual(['</a>', '</b>', '</c>'])
    })

    it('drops what is pipelined behind the last answer (RFC 9112 §9.6)', async () => {
      const raw = await scene.client()
      raw.send(requestText('GET /a', ['Connection: close']) + requestText('GET /b'))
      const { text } = await raw.toEnd()
      expect(text.match(/HTTP\/1.1/g)).toHaveLength(1)
    })
  })

  describe('Expect: 100-continue', () => {
    const expecting = requestText('POST /', ['Content-Length: 4', 'Expect: 100-continue'])

    it('is answered when the body is first read', async () => {
      const raw = await scene.client()
      raw.send(expecting)
      expect(await raw.until('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n')
      raw.send('body')
      expect(await raw.until('ok')).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK\r\n/)
    })

    it('is not answered where the answer comes first', async () => {
      scene.serveWith('close', [], 417)
      const raw = await scene.client()
      raw.send(expecting)
      expect((await raw.toEnd()).text).toMatch(/^HTTP\/1.1 417 /)
    })

    it('of another kind is served as any request', async () => {
      const raw = await scene.client()
      raw.send(requestText('GET /', ['Expect: wonders']))
      expect(await raw.until('ok')).toMatch(/^HTTP\/1.1 200 /)
    })
  })

  describe('listening', () => {
    it('takes a port of its own between the limits', async () => {
      const other = await listen({ host, clock: scene.clock, arrivals: scene.arrivals })
      await other.stop()
      for (const { port } of [scene.listening, other]) {
        expect(port).toBeGreaterThanOrEqual(limits.portFirst)
        expect(port).toBeLessThanOrEqual(limits.portLast)
      }
      expect(other.port).not.toBe(scene.listening.port)
    })

    it('tells of a connection that it has no room for', async () => {
      const { clock, arrivals } = scene
      const small = await listen({ host, clock, arrivals, connectionsMax: 1 })
      const first = await RawClient.to(small.port)
      await arrivals.openings.next()
      const second = await RawClient.to(small.port)
      expect(await arrivals.drops.next()).toBe(1)
      for (const { socket } of [first, second]) socket.destroy()
      await small.stop()
    })

    it('says so where the port it is given is taken', async () => {
      const taken = listen({
        host,
        clock: scene.clock,
        arrivals: scene.arrivals,
        port: scene.listening.port,
      })
      await expect(taken).rejects.toThrow(/expected a free port, got .*EADDRINUSE/)
    })
  })
})

/** How exchanges end before their time, on every transport of HTTP/1.1: cuts, and clients that leave. */
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { Cut, Emitted, Exchange, Framing, Gone } from '../../src/exchange.ts'
import { answer, Facts, readAll } from './testing/facts.ts'
import { codeOf } from './testing/scene.ts'
import type { Answered, Scene } from './testing/scene.ts'

const piece = Buffer.alloc(1 << 20)
const cuts: readonly (readonly [string, Cut, Gone])[] = [
  ['a FIN', { fin: true }, { by: 'server', how: 'fin' }],
  ['a RST', { rst: true, linger_ms: 20 }, { by: 'server', how: 'rst' }],
]
const ended: Emitted = { ok: false, why: 'ended' }

export function endsSuite(scene: Scene): void {
  cutting(scene)
  leaving(scene)
}

function cutting(scene: Scene): void {
  describe('cuts', () => {
    const codes = { fin: 'UND_ERR_SOCKET', rst: 'ECONNRESET' }

    it.each(cuts)('cuts with %s before the head', async (_, how, gone) => {
      const emitted: Emitted[] = []
      let seen: Gone | undefined
      const error = await scene.fails(async (exchange) => {
        await readAll(exchange)
        emitted.push(await exchange.cut(how), await exchange.cut(how))
        emitted.push(await exchange.respond(200, [], { length: 0 }))
        seen = await exchange.gone
      })
      expect(error).toBe(gone.how === 'fin' ? codes.fin : codes.rst)
      expect(emitted).toEqual([{ ok: true, bytes: 0 }, ended, ended])
      expect(seen).toEqual(gone)
      expect(await scene.arrivals.closings.next()).toEqual({ id: 0, ...gone })
    })

    it.each(cuts)('cuts with %s after the head', async (_, how, gone) => {
      const error = await scene.fails(async (exchange) => {
        await readAll(exchange)
        await exchange.respond(200, [], { length: 10 })
        await exchange.cut(how)
      })
      expect(error).toBe(gone.how === 'fin' ? codes.fin : codes.rst)
    })

    it.each(
      cuts.flatMap(([says, how, gone]) => [
        [says, 'a length', how, gone, { length: 10 }] as const,
        [says, 'chunks', how, gone, 'chunked'] as const,
      ]),
    )(
      'cuts with %s within a body framed by %s, after the bytes so far',
      async (_, __, how, gone, framing) => {
        const { read, cut } = await cutWithin(framing, how)
        expect(read).toEqual({ text: 'part', error: gone.how === 'fin' ? codes.fin : codes.rst })
        expect(cut).toEqual({ ok: true, bytes: 0 })
      },
    )

    it.each(cuts)('leaves a body without framing looking whole after %s', async (_, how) => {
      expect((await cutWithin('close', how)).read).toEqual({ text: 'part' })
    })

    /** The cut comes when the client has read what was written before it: undici drops what it read unasked. */
    async function cutWithin(framing: Framing, how: Cut): Promise<{ read: Part; cut: Emitted | undefined }> {
      const seen = new Facts<string>()
      let cut: Emitted | undefined
      const serve = async (exchange: Exchange): Promise<void> => {
        await readAll(exchange)
        await exchange.respond(200, [], framing)
        await exchange.write(Buffer.from('part'))
        await seen.next()
        cut = await exchange.cut(how)
      }
      const read = await scene.play(serve, {}, (answered) => readPart(answered, seen))
      return { read, cut }
    }

    it('knows no codes', async () => {
      let cut: Emitted | undefined
      await scene.play(async (exchange) => {
        cut = await exchange.cut({ code: 8 })
        await answer(exchange, 'ok')
      })
      expect(cut).toEqual({ ok: false, why: 'unsupported' })
    })

    it('writes raw bytes past the codec', async () => {
      const got = await scene.play(async (exchange) => {
        await readAll(exchange)
        await exchange.connection.raw(Buffer.from('HTTP/1.1 299 Raw\r\nContent-Length: 3\r\n\r\nraw'))
      })
      expect([got.statusCode, await got.body.text()]).toEqual([299, 'raw'])
    })
  })
}

function leaving(scene: Scene): void {
  describe('clients that leave', () => {
    it('ends the body without an error where the client leaves within it', async () => {
      const abort = new AbortController()
      const arrived = new Facts<string>()
      let complete: boolean | undefined
      let gone: Gone | undefined
      let late: Emitted | undefined
      scene.arrivals.serve = async (exchange) => {
        for await (const chunk of exchange.body) arrived.push(String(chunk))
        complete = exchange.complete
        gone = await exchange.gone
        late = await exchange.respond(200, [], { length: 0 })
      }
      const body = new Readable({ read() {} })
      body.push('first')
      const asked = scene.ask({ body, signal: abort.signal }).then(() => 'no error', codeOf)
      expect(await arrived.next()).toBe('first')
      abort.abort()
      await asked
      expect(await scene.arrivals.closings.next()).toMatchObject({ by: 'client' })
      expect(complete).toBe(false)
      expect(gone).toMatchObject({ by: 'client' })
      expect(late).toEqual({ ok: false, why: 'gone' })
    })

    it('says so at the first write where the client left after its request', async () => {
      const abort = new AbortController()
      const arrived = new Facts<Exchange>()
      const emitted = new Facts<Emitted>()
      const left = new Facts<void>()
      let gone: Gone | undefined
      scene.arrivals.serve = async (exchange) => {
        await readAll(exchange)
        arrived.push(exchange)
        await left.next()
        emitted.push(await writeUntilGone(exchange))
        gone = await exchange.gone
      }
      const asked = scene.ask({ signal: abort.signal }).then(() => 'no error', codeOf)
      await arrived.next()
      abort.abort()
      await asked
      left.push()
      expect(await emitted.next()).toEqual({ ok: false, why: 'gone' })
      expect(await scene.arrivals.closings.next()).toMatchObject({ by: 'client' })
      expect(gone).toMatchObject({ by: 'client' })
    })

    it('says so where the client leaves within the answer', async () => {
      const arrived = new Facts<Emitted>()
      let gone: Gone | undefined
      scene.arrivals.serve = async (exchange) => {
        await readAll(exchange)
        arrived.push(await writeUntilGone(exchange))
        gone = await exchange.gone
      }
      const got = await scene.ask()
      got.body.on('error', () => {}).destroy()
      expect(await arrived.next()).toEqual({ ok: false, why: 'gone' })
      expect(await scene.arrivals.closings.next()).toMatchObject({ by: 'client' })
      expect(gone).toMatchObject({ by: 'client' })
    })
  })
}

/** A server that goes on answering for as long as somebody is there. */
async function writeUntilGone(exchange: Exchange): Promise<Emitted> {
  let emitted = await exchange.respond(200, [], 'chunked')
  while (emitted.ok) emitted = await exchange.write(piece)
  return emitted
}

interface Part {
  text: string
  error?: unknown
}

/** What could be read of an answer, and the error that ended it. */
async function readPart({ body }: Answered, seen: Facts<string>): Promise<Part> {
  let text = ''
  try {
    for await (const chunk of body) {
      text += String(chunk)
      seen.push(text)
    }
    return { text }
  } catch (error) {
    return { text, error: codeOf(error) }
  }
}

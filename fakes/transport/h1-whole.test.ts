/** A whole answer at once is what its steps are, byte for byte, and a body handed over is what `body` brings. */
import { describe, expect, it } from 'vitest'
import type { Answered, Exchange, WholeAnswer } from '../../src/exchange.ts'
import { requestText } from '../testing/raw-client.ts'
import { Facts, readAll } from './testing/facts.ts'
import { RawScene } from './testing/raw-scene.ts'

const text = (length: number): Buffer => Buffer.alloc(length, 'body')

async function inSteps(exchange: Exchange, { status, headers, body }: WholeAnswer): Promise<void> {
  await exchange.respond(status, headers, { length: body.length })
  if (body.length > 0) await exchange.write(body)
  await exchange.end()
}

async function handedOver(exchange: Exchange): Promise<string> {
  const chunks: Uint8Array[] = []
  await exchange.read?.((chunk) => void chunks.push(chunk))
  return Buffer.concat(chunks).toString()
}

describe('a whole answer', () => {
  const scene = new RawScene()
  const post = requestText('POST /', ['Content-Length: 2'], 'ab')
  const last = requestText('GET /last', ['Connection: close'])

  it.each<[string, string, WholeAnswer]>([
    ['small', post, { status: 202, headers: [['content-type', 'text/plain']], body: text(11) }],
    ['empty', post, { status: 200, headers: [], body: text(0) }],
    ['larger than one write', post, { status: 200, headers: [], body: text(100_000) }],
    ['without content', post, { status: 204, headers: [], body: text(0) }],
    [
      'with a date and a name of its own',
      post,
      {
        status: 429,
        headers: [
          ['date', 'soon'],
          ['x-a', 'é'],
        ],
        body: text(3),
      },
    ],
    ['that says close', post, { status: 200, headers: [['Connection', 'close']], body: text(4) }],
    ['to HEAD', requestText('HEAD /'), { status: 200, headers: [], body: text(4) }],
    [
      'to a client that closes',
      requestText('GET /', ['Connection: close']),
      { status: 200, headers: [], body: text(4) },
    ],
    ['to HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', { status: 200, headers: [], body: text(4) }],
    ['to one request behind another', post + post, { status: 202, headers: [], body: text(5) }],
  ])('%s has the bytes of its steps, and is written in full', async (_, request, whole) => {
    const answered = new Facts<Answered | undefined>()
    const texts: string[] = []
    for (const way of ['whole', 'steps']) {
      scene.arrivals.serve = async (exchange) => {
        await readAll(exchange)
        if (way === 'steps' || exchange.head.path === '/last') await inSteps(exchange, whole)
        else answered.push(await exchange.answer?.(whole))
      }
      const raw = await scene.client()
      raw.send(request + last)
      texts.push((await raw.toEnd()).text)
    }
    expect(texts[0]).toBe(texts[1])
    expect(texts[0]).toMatch(/^HTTP/)
    expect(answered.all.map((each) => each?.written)).toEqual(answered.all.map(() => 'full'))
    expect(answered.all.length).toBeGreaterThan(0)
  })

  it('goes to a client that has half-closed', async () => {
    const answered = new Facts<Answered | undefined>()
    scene.arrivals.serve = async (exchange) => {
      await readAll(exchange)
      answered.push(await exchange.answer?.({ status: 200, headers: [], body: text(4) }))
    }
    const raw = await scene.client()
    raw.socket.end(post)
    expect((await raw.toEnd()).text.endsWith('\r\n\r\nbody')).toBe(true)
    expect(await answered.next()).toEqual({ emitted: { ok: true, bytes: 4 }, written: 'full' })
  })

  it.each(['fin', 'rst'] as const)('is not written to a client that left with %s', async (how) => {
    const arrived = new Facts<Exchange>()
    const goOn = new Facts<void>()
    const answered = new Facts<Answered | undefined>()
    scene.arrivals.serve = async (exchange) => {
      await readAll(exchange)
      arrived.push(exchange)
      await goOn.next()
      answered.push(await exchange.answer?.({ status: 200, headers: [], body: text(4) }))
    }
    const raw = await scene.client()
    raw.send(post)
    const { connection } = await arrived.next()
    if (how === 'rst') raw.socket.resetAndDestroy()
    else raw.socket.destroy()
    while (connection.open) await scene.clock.advance(1)
    goOn.push()
    expect(await answered.next()).toEqual({ emitted: { ok: false, why: 'gone' }, written: 'none' })
  })
})

describe('a body handed over', () => {
  const scene = new RawScene()

  it.each<[string, string, string, boolean]>([
    ['of a length', requestText('POST /', ['Content-Length: 6'], 'a body'), 'a body', true],
    [
      'in chunks',
      requestText('POST /', ['Transfer-Encoding: chunked'], '2\r\na \r\n4\r\nbody\r\n0\r\n\r\n'),
      'a body',
      true,
    ],
    ['of nothing', requestText('POST /', ['Content-Length: 0']), '', true],
    ['that ends early', requestText('POST /', ['Content-Length: 9'], 'a bo'), 'a bo', false],
  ])('%s is the whole of what came', async (_, request, expected, complete) => {
    const bodies = new Facts<[string, boolean]>()
    scene.arrivals.serve = async (exchange) => {
      const body = await handedOver(exchange)
      bodies.push([body, exchange.complete])
      await exchange.answer?.({ status: 200, headers: [], body: text(4) })
    }
    const raw = await scene.client()
    raw.socket.end(request)
    expect(await bodies.next()).toEqual([expected, complete])
    await raw.toEnd()
  })

  it('is asked for where the client waits to be asked, and read in the parts in which it comes', async () => {
    const bodies = new Facts<string>()
    scene.arrivals.serve = async (exchange) => {
      bodies.push(await handedOver(exchange))
      await exchange.answer?.({ status: 200, headers: [], body: text(4) })
    }
    const raw = await scene.client()
    raw.send(requestText('POST /', ['Content-Length: 6', 'Expect: 100-continue']))
    await raw.until('100 Continue')
    raw.send('a b')
    raw.send('ody')
    expect(await bodies.next()).toBe('a body')
    await raw.until('\r\n\r\nbody')
  })

  it('can still be read behind the answer', async () => {
    const bodies = new Facts<[string, boolean]>()
    const goOn = new Facts<void>()
    scene.arrivals.serve = async (exchange) => {
      await exchange.answer?.({ status: 413, headers: [], body: text(4) })
      await goOn.next()
      const body = await handedOver(exchange)
      bodies.push([body, exchange.complete])
    }
    const raw = await scene.client()
    raw.send(requestText('POST /', ['Content-Length: 8'], 'part'))
    await raw.until('\r\n\r\nbody')
    raw.send('rest')
    goOn.push()
    expect(await bodies.next()).toEqual(['partrest', true])
  })
})

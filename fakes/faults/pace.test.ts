/** Faults of pace on a bare socket, on a clock wound by hand. */
import { once } from 'node:events'
import { connect } from 'node:http2'
import { describe, expect, it } from 'vitest'
import type { Fault } from '../../src/fault.ts'
import type { Rule } from '../../src/plan/plan.ts'
import { requestText } from '../testing/raw-client.ts'
import { ndjson, post } from '../testing/serving.ts'
import { HandWound, largeBytes, largePost, unsent } from './testing/hand-wound.ts'
import { answer, head, json, ok } from './testing/sight.ts'

function struckAt(on: string, fault: Fault, over: Partial<Rule> = {}, h2 = false): Promise<HandWound> {
  const taken = on.startsWith('response') ? { taken: true } : {}
  return HandWound.under({ id: 'r', on, key: 'connection', ...taken, fault, ...over }, h2)
}

const noBody = { type: 'none', why: 'no body' }

describe('chunked_dribble', () => {
  const fault = { type: 'chunked_dribble', chunk_bytes: 4, interval_ms: 1000 } as const
  const begun = head(202, 'Accepted', [json], 'chunked')
  const first = `${begun}4\r\n{"ok\r\n`

  it('writes so many bytes each interval, and the end with the last', async () => {
    await using scene = await struckAt('response-head', fault)
    const client = await scene.client()
    client.send(post(ndjson(0, 0)))
    expect(await client.until(begun)).toBe(begun)
    await scene.clock.advance(999)
    expect(client.text).toBe(begun)
    await scene.clock.advance(1)
    expect(await client.until(first)).toBe(first)
    expect(scene.emitted).toMatchObject(fault)
    await scene.clock.advance(1999)
    expect(await client.until('":tr')).toBe(`${first}4\r\n":tr\r\n`)
    expect(scene.entries('sent')).toEqual([])
    await scene.clock.advance(1)
    const whole = `${first}4\r\n":tr\r\n3\r\nue}\r\n0\r\n\r\n`
    expect(await client.until(whole)).toBe(whole)
    expect(await scene.first('sent')).toMatchObject({ written: 'full', t: 3e9 })
  })

  it('goes on as it comes once the faults are healed', async () => {
    await using scene = await struckAt('response-head', fault)
    const client = await scene.client()
    client.send(post(ndjson(0, 0)))
    await client.until(begun)
    await scene.clock.advance(1000)
    await client.until(first)
    scene.heal()
    const whole = `${first}7\r\n":true}\r\n0\r\n\r\n`
    expect(await client.until(whole)).toBe(whole)
  })

  it('is a misfire where the client goes before the first chunk, and where there is no body', async () => {
    await using scene = await struckAt('response-head', fault)
    const client = await scene.client()
    client.send(post(ndjson(0, 0)))
    await client.until(begun)
    client.socket.resetAndDestroy()
    expect((await scene.first('fault')).emitted).toMatchObject({ type: 'none', why: 'gone' })
    await using bare = await struckAt('response-head', fault)
    const asking = await bare.client()
    asking.send(requestText('HEAD /'))
    await bare.clock.until(bare.first('fault'))
    expect(bare.emitted).toMatchObject(noBody)
  })

  it('is a misfire to a client of HTTP/1.0, which knows no chunks', async () => {
    await using scene = await struckAt('response-head', fault)
    const client = await scene.client()
    client.send(post(ndjson(0, 0)).replace('HTTP/1.1', 'HTTP/1.0'))
    expect((await client.toEnd()).text).toMatch(/Content-Length: 11\r\n\r\n\{"ok":true\}$/)
    expect(scene.emitted).toMatchObject({ type: 'none', why: 'unsupported' })
  })
})

describe('slow_close', () => {
  const fault = { type: 'slow_close', delay_ms: 5000 } as const
  const closing = answer(202, 'Accepted', '{"ok":true}', ['connection: close'])

  it('ends the answer on time and the connection late, which carries nothing any more', async () => {
    await using scene = await struckAt('response-end', fault)
    const client = await scene.client()
    client.send(post(ndjson(0, 0)))
    expect(await client.until(closing)).toBe(closing)
    expect(await scene.first('sent')).toMatchObject({ written: 'full', t: 0 })
    expect(scene.emitted).toMatchObject(fault)
    client.send(post(ndjson(1, 1)))
    await scene.ledger.until(() => scene.entries('request').length === 2)
    let over = false
    void client.ended.then(() => (over = true))
    await scene.clock.advance(4999)
    expect([over, scene.entries('close')]).toEqual([false, []])
    await scene.clock.advance(1)
    expect(await client.toEnd()).toEqual({ text: closing, how: 'fin' })
    expect(await scene.first('close')).toMatchObject({ t: 5e9 })
    expect(scene.entries('take').map(({ ids }) => ids)).toEqual([[[0, 0, 0]]])
  })

  it('holds for clients that ask for the close themselves, and ends with the faults', async () => {
    await using scene = await struckAt('response-end', fault)
    const client = await scene.client()
    client.send(post(ndjson(0, 0), '/', ['Connection: close']))
    await client.until(closing)
    await scene.clock.advance(4999)
    expect(scene.entries('close')).toEqual([])
    scene.heal()
    expect(await client.toEnd()).toEqual({ text: closing, how: 'fin' })
  })

  it('does not hold up the server when it stops', async () => {
    const scene = await struckAt('response-end', fault)
    const client = await scene.client()
    client.send(post(ndjson(0, 0)))
    await client.until(closing)
    await scene[Symbol.asyncDispose]()
    expect(scene.entries('close')).toHaveLength(1)
  })
})

describe('upload_stall', () => {
  it('leaves the client with bytes that it cannot send, until the faults are healed', async () => {
    await using scene = await struckAt(
      'request',
      { type: 'upload_stall' },
      { when: { attempt: [1] }, key: 'global' },
    )
    const stalled = await scene.client()
    let flushed = false
    stalled.socket.write(largePost(), () => (flushed = true))
    await scene.first('fault')
    const left: number[] = []
    for (let round = 0; round < 3; round += 1) {
      // As many bytes on another connection, whose answer comes: time in which these could have gone.
      const other = await scene.client()
      other.send(largePost())
      await other.until(ok)
      expect(other.text).toBe(ok)
      left.push(unsent(stalled))
    }
    expect(left[0]).toBeGreaterThan(1_000_000)
    expect(left).toEqual([left[0], left[0], left[0]])
    expect([flushed, stalled.text]).toEqual([false, ''])
    expect(scene.entries('request').map(({ conn }) => conn)).not.toContain(0)
    scene.heal()
    expect(await stalled.until(ok)).toBe(ok)
    expect(flushed).toBe(true)
    expect(scene.entries('request').at(-1)).toMatchObject({ conn: 0, bytes: largeBytes, complete: true })
  })

  it('reads nothing at all behind the head, and then all of it', async () => {
    await using scene = await struckAt('request', { type: 'upload_stall', for_ms: 2000 })
    const client = await scene.client()
    const body = ndjson(0, 0)
    client.send(post(body).slice(0, -body.length))
    await scene.first('fault')
    client.send(body)
    await scene.clock.advance(1999)
    expect([scene.entries('request'), client.text]).toEqual([[], ''])
    await scene.clock.advance(1)
    expect(await client.until('{"ok":true}')).toBe(ok.replace('00:00:00', '00:00:02'))
    expect(scene.emitted).toMatchObject({ type: 'upload_stall' })
  })

  it('is a misfire where the request has no body', async () => {
    await using scene = await struckAt('request', { type: 'upload_stall' })
    const client = await scene.client()
    client.send(requestText('GET /'))
    expect((await scene.first('fault')).emitted).toMatchObject(noBody)
  })
})

describe('on HTTP/2', () => {
  it.each<[string, Fault]>([
    ['response-head', { type: 'chunked_dribble', chunk_bytes: 1, interval_ms: 1000 }],
    ['response-end', { type: 'slow_close', delay_ms: 1000 }],
    ['request', { type: 'upload_stall' }],
  ])('at %s it is a misfire, and the answer is as ever: %j', async (on, fault) => {
    await using scene = await struckAt(on, fault, {}, true)
    const session = connect(`http://127.0.0.1:${scene.port}`)
    const body = Buffer.from(ndjson(0, 0))
    const stream = session.request({ ':method': 'POST', ':path': '/', 'content-length': body.length })
    stream.end(body)
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
    expect(headers).toMatchObject({ ':status': 202, 'content-length': '11' })
    expect(headers).not.toHaveProperty('connection')
    expect(String((await once(stream, 'data'))[0])).toBe('{"ok":true}')
    expect(scene.emitted).toMatchObject({ type: 'none', why: 'unsupported' })
    session.destroy()
  })

  it('is a misfire for the same reason where the body has no length', async () => {
    await using scene = await struckAt('request', { type: 'upload_stall' }, {}, true)
    const session = connect(`http://127.0.0.1:${scene.port}`)
    const stream = session.request({ ':method': 'POST', ':path': '/' })
    stream.end(ndjson(0, 0))
    await once(stream, 'response')
    expect(scene.emitted).toMatchObject({ type: 'none', why: 'unsupported' })
    session.destroy()
  })
})

/** A server that takes few connections at a time, over raw sockets. */
import { describe, expect, it } from 'vitest'
import type { ConnectionsCap } from '../src/endpoint.ts'
import { errorCodeOf, frameTypes, lastStreamOf } from '../src/wire/h2-frames.ts'
import { RawClient, requestText } from './testing/raw-client.ts'
import { RawH2Client } from './testing/raw-h2-client.ts'
import { ndjson, serving } from './testing/serving.ts'
import type { Serving } from './testing/serving.ts'

const body = ndjson(0, 0)
const post = requestText('POST /', [`Content-Length: ${body.length}`], body)

const capped = (answer: ConnectionsCap['answer']): Promise<Serving> =>
  serving([], 'generic', { h2: true, frames: true, connectionsCap: { live: 1, answer } })

/** A connection that is taken: it has been answered. */
async function first(server: Serving): Promise<RawClient> {
  const client = await RawClient.to(server.port)
  client.send(post)
  expect(await client.until('{"ok":true}')).toMatch(/^HTTP\/1\.1 202 /)
  return client
}

describe('a connection beyond the cap', () => {
  it.each(['429', 'goaway'] as const)('of HTTP/1.1 is answered 429 and closed, with %s', async (answer) => {
    await using server = await capped(answer)
    const taken = await first(server)
    const beyond = await RawClient.to(server.port)
    beyond.send(post)
    const { text, how } = await beyond.toEnd()
    expect(text).toMatch(/^HTTP\/1\.1 429 /)
    expect(text).toMatch(/\r\nconnection: close\r\n/i)
    expect(how).toBe('fin')
    expect(server.entries('take')).toHaveLength(1)
    expect(server.entries('request').map(({ ids }) => ids)).toEqual([[[0, 0, 0]], [[0, 0, 0]]])
    expect(server.entries('respond').map(({ status }) => status)).toEqual([202, 429])
    taken.send(post)
    taken.socket.end()
    expect((await taken.toEnd()).text.match(/HTTP\/1\.1 202 /g)).toHaveLength(2)
  })

  it('is reset at once', async () => {
    await using server = await capped('refuse')
    const taken = await first(server)
    const beyond = await RawClient.to(server.port)
    beyond.send(post)
    expect(await beyond.toEnd()).toEqual({ text: '', how: 'rst' })
    taken.socket.end()
  })

  it('of HTTP/2 is told to be calm, and nothing on it is served', async () => {
    await using server = await capped('goaway')
    const taken = await first(server)
    const beyond = await RawH2Client.to(server.port)
    beyond.post(body)
    const goaway = await beyond.until(({ type }) => type === frameTypes.GOAWAY)
    expect([lastStreamOf(goaway), errorCodeOf(goaway)]).toEqual([0, 11])
    expect(goaway.payload.subarray(8).toString()).toBe('too many alive connections')
    expect(await beyond.ended).toBe('rst')
    expect(beyond.frames.filter(({ stream }) => stream > 0)).toEqual([])
    expect(server.entries('take')).toHaveLength(1)
    taken.socket.end()
  })

  it('is one no more when another has closed', async () => {
    await using server = await capped('429')
    const taken = await first(server)
    const closed = server.first('close')
    taken.socket.end()
    await closed
    const next = await first(server)
    next.socket.end()
  })
})

/** What each protocol answers, on a real socket and through a real client. */
import { gzipSync } from 'node:zlib'
import { request } from 'undici'
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/limits.ts'
import { RawClient } from '../testing/raw-client.ts'
import { ndjson, post, serving, token } from '../testing/serving.ts'
import type { Serving } from '../testing/serving.ts'

interface Asked {
  method?: 'POST' | 'GET' | 'PUT' | 'DELETE'
  path?: string
  headers?: Record<string, string>
  body?: string | Buffer
}

interface Answered {
  status: number
  json: unknown
  headers: Record<string, unknown>
}

async function ask(
  server: Serving,
  { method = 'POST', path = '/', headers = {}, body }: Asked,
): Promise<Answered> {
  const answer = await request(server.base + path, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  })
  return { status: answer.statusCode, json: await answer.body.json(), headers: answer.headers }
}

const bearer = { authorization: `Bearer ${token}` }
const events = '/v0/events?name=tailrace'

describe('generic', () => {
  it.each([
    ['NDJSON', ndjson(0, 2)],
    ['a JSON array', `[${ndjson(0, 2).trim().split('\n').join(',')}]`],
    ['an envelope', `{"batch":[${ndjson(0, 2).trim().split('\n').join(',')}],"sentAt":1}`],
  ])('takes and lands records in %s', async (_, body) => {
    await using server = await serving([])
    expect(await ask(server, { path: '/any/path?at=all', body })).toMatchObject({
      status: 202,
      json: { ok: true },
    })
    await server.quiet()
    expect(server.entries('take')).toMatchObject([{ ids: [[0, 0, 2]] }])
    expect(server.entries('land')).toMatchObject([{ ids: [[0, 0, 2]] }])
    expect(server.entries('respond')).toMatchObject([{ status: 202, ack: 'accepted' }])
    expect(server.entries('sent')).toMatchObject([{ written: 'full' }])
  })

  it('undoes gzip', async () => {
    await using server = await serving([])
    const body = gzipSync(ndjson(0, 2))
    await ask(server, { headers: { 'content-encoding': 'gzip' }, body })
    expect(server.entries('request')).toMatchObject([
      { ids: [[0, 0, 2]], bytes: body.length, complete: true },
    ])
  })

  it.each([
    ['a gzip bomb', { 'content-encoding': 'gzip' }, gzipSync(Buffer.alloc(limits.bodyBytesMax + 1)), 413],
    ['a body beyond the limit', {}, Buffer.alloc(limits.bodyBytesMax + 1, 'x'), 413],
    ['a body that is no gzip', { 'content-encoding': 'gzip' }, Buffer.from('plain'), 400],
    ['an unknown coding', { 'content-encoding': 'lz9' }, Buffer.from('x'), 415],
  ])('refuses %s and takes nothing', async (_, headers, body, status) => {
    await using server = await serving([])
    expect(await ask(server, { headers, body })).toMatchObject({
      status,
      json: { error: expect.any(String) },
    })
    expect(server.entries('take')).toEqual([])
    expect(server.failures).toEqual([])
  })

  it('takes a body that is not UTF-8 for what it is', async () => {
    await using server = await serving([])
    const body = Buffer.concat([Buffer.from([0xff, 0xfe, 0x80]), Buffer.from(ndjson(4, 4))])
    expect(await ask(server, { body })).toMatchObject({ status: 202 })
    expect(server.entries('request')).toMatchObject([{ ids: [[0, 4, 4]] }])
  })

  it('refuses a GET by its RFC', async () => {
    await using server = await serving([])
    expect(await ask(server, { method: 'GET' })).toMatchObject({
      status: 405,
      headers: { allow: 'POST, PUT' },
    })
    expect(server.entries('request')).toMatchObject([{ site: { lane: 'control' } }])
  })

  it('counts attempts by the lowest record of the body', async () => {
    await using server = await serving([])
    for (const [from, to] of [
      [0, 4],
      [0, 4],
      [0, 1],
      [2, 4],
    ] as const)
      await ask(server, { body: ndjson(from, to) })
    expect(server.entries('request').map(({ site }) => `${site.logical}#${site.attempt}`)).toEqual([
      '0.0#1',
      '0.0#2',
      '0.0#3',
      '0.2#1',
    ])
  })
})

describe('events-api', () => {
  it('answers 202 with row counts, and 200 once landed when asked to wait', async () => {
    await using server = await serving([], 'events-api')
    const json = { successful_rows: 3, quarantined_rows: 0 }
    expect(await ask(server, { path: events, headers: bearer, body: ndjson(0, 2) })).toMatchObject({
      status: 202,
      json,
    })
    expect(
      await ask(server, { path: `${events}&wait=true`, headers: bearer, body: ndjson(3, 5) }),
    ).toMatchObject({
      status: 200,
      json,
    })
    expect(server.entries('respond').map(({ ack }) => ack)).toEqual(['accepted', 'landed'])
  })

  it('reads the token from the query too', async () => {
    await using server = await serving([], 'events-api')
    expect((await ask(server, { path: `${events}&token=${token}`, body: ndjson(0, 0) })).status).toBe(202)
    expect(server.entries('request')).toMatchObject([{ auth: true }])
  })

  it('quarantines lines that are no JSON, counts them, and says so in the ledger', async () => {
    await using server = await serving([], 'events-api')
    const body = ndjson(0, 0) + ndjson(1, 1).slice(0, -3) + '\n' + ndjson(2, 2)
    const answer = await ask(server, { path: events, headers: bearer, body })
    expect(answer.json).toEqual({ successful_rows: 2, quarantined_rows: 1 })
    expect(server.entries('discard')).toMatchObject([{ ids: [[0, 1, 1]], why: 'quarantine' }])
    expect(server.entries('land')).toMatchObject([
      {
        ids: [
          [0, 0, 0],
          [0, 2, 2],
        ],
      },
    ])
  })

  it.each([
    ['another path', { path: '/v1/other', headers: bearer, body: ndjson(0, 0) }, 404],
    ['another method', { method: 'PUT', path: events, headers: bearer, body: ndjson(0, 0) }, 405],
    ['no token', { path: events, body: ndjson(0, 0) }, 401],
    ['a wrong token', { path: events, headers: { authorization: 'Bearer wrong' }, body: ndjson(0, 0) }, 403],
    ['no name', { path: '/v0/events', headers: bearer, body: ndjson(0, 0) }, 400],
    ['an empty body', { path: events, headers: bearer, body: '' }, 400],
    ['blank lines alone', { path: events, headers: bearer, body: '\n\r\n\n' }, 400],
    [
      'too large a body',
      { path: events, headers: bearer, body: Buffer.alloc(limits.bodyBytesMax + 1, 'x') },
      413,
    ],
  ] satisfies [string, Asked, number][])(
    'refuses %s with its own error and takes nothing',
    async (_, asked, status) => {
      await using server = await serving([], 'events-api')
      const answer = await ask(server, asked)
      expect(answer).toMatchObject({
        status,
        json: { error: expect.any(String), documentation: expect.any(String) },
      })
      expect(server.entries('take')).toEqual([])
    },
  )

  it('sends the rate-limit headers with a 429', async () => {
    const rule = {
      id: 'limit',
      on: 'response-head',
      taken: false,
      fault: { type: 'http_error', status: 429, retry_after_s: 7 },
    }
    await using server = await serving([rule as never], 'events-api')
    const { status, headers } = await ask(server, { path: events, headers: bearer, body: ndjson(0, 0) })
    expect(status).toBe(429)
    expect(headers).toMatchObject({
      'retry-after': '7',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-limit': '1000',
    })
    expect(server.entries('respond')).toMatchObject([{ ack: 'throttled', retryAfterMs: 7000 }])
  })
})

describe('bad requests on the wire', () => {
  it('enters bytes that are no request, and stays up', async () => {
    await using server = await serving([])
    const client = await RawClient.to(server.port)
    client.send('\u0000\u0001 no HTTP at all\r\n\r\n')
    expect((await client.toEnd()).text).toMatch(/^HTTP\/1\.1 400 /)
    expect(await server.first('request')).toMatchObject({ malformed: expect.any(String), complete: false })
    expect(await ask(server, { body: ndjson(0, 0) })).toMatchObject({ status: 202 })
  })

  it('enters a request that never ends when its client goes away', async () => {
    await using server = await serving([])
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(0, 1)).replace(/Content-Length: \d+/, 'Content-Length: 100000'))
    await server.first('open')
    client.socket.end()
    expect(await server.first('request')).toMatchObject({ complete: false, ids: [[0, 0, 1]] })
    expect(await server.first('sent')).toMatchObject({ written: 'none' })
    expect(server.entries('take')).toEqual([])
  })
})

/** What the Events API answers, byte by byte: every status, header, token and format. */
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { HandClock } from '../../../src/clock.ts'
import { limits } from '../../../src/limits.ts'
import { api, firstFile, tokens } from './testing/workspace.ts'
import type { Asked } from './testing/workspace.ts'
import { caseWorkspace } from './workspace.ts'

const hits = 'POST /v0/events?name=hits'
const { admin, create, elsewhere } = tokens
const tooLarge = limits.bodyBytesMax + 1

describe('a refusal', () => {
  it.each<[string, string, Asked, number]>([
    ['no token', hits, { body: firstFile }, 401],
    ['an unknown token', hits, { token: 'tk_wrong', body: firstFile }, 403],
    ['a token of another region', hits, { token: elsewhere, body: firstFile }, 404],
    [
      'an append token of another name',
      'POST /v0/events?name=tailrace',
      { token: tokens.hits, body: '{}' },
      403,
    ],
    ['a create token', hits, { token: create, body: firstFile }, 403],
    ['no name', 'POST /v0/events', { token: admin, body: firstFile }, 400],
    ['no such data source', 'POST /v0/events?name=clicks', { token: admin, body: firstFile }, 404],
    ['another method', 'PUT /v0/events?name=hits', { token: admin, body: firstFile }, 405],
    ['another path', 'POST /v1/events?name=hits', { token: admin, body: firstFile }, 404],
    ['no rows', hits, { token: admin, body: '\r\n \n' }, 400],
    ['too large a body', hits, { token: admin, body: Buffer.alloc(tooLarge, ' ') }, 413],
    [
      'a body too large once decoded',
      hits,
      { token: admin, fields: ['Content-Encoding: gzip'], body: gzipSync(Buffer.alloc(tooLarge, ' ')) },
      413,
    ],
    ['zstd', hits, { token: admin, fields: ['Content-Encoding: zstd'], body: firstFile }, 415],
    [
      'a body that is no gzip',
      hits,
      { token: admin, fields: ['Content-Encoding: gzip'], body: firstFile },
      400,
    ],
    ['two documents as one', `${hits}&format=json`, { token: admin, body: firstFile + firstFile }, 400],
  ])('of %s is its own, takes nothing, and has every header', async (_, line, asked, status) => {
    await using server = await api()
    const answer = await server.ask(line, asked)
    expect(answer.status).toBe(status)
    expect(answer.json).toMatchObject({ error: expect.any(String), documentation: expect.any(String) })
    expect(answer.headers).toMatchObject({
      'x-ratelimit-limit': '1000',
      'x-ratelimit-remaining': expect.stringMatching(/^(999|1000)$/),
      'x-ratelimit-reset': '1',
      'x-request-id': 'tr-0',
      'access-control-allow-origin': '*',
    })
    expect(server.entries('take')).toEqual([])
    expect(server.failures).toEqual([])
  })

  it('of a method names what is allowed', async () => {
    await using server = await api()
    expect((await server.ask('DELETE /v0/events?name=hits')).headers['allow']).toBe('POST, OPTIONS')
  })

  it.each(['GET //', 'GET //[', 'GET /v0/events?name=%ff', 'GET *'])(
    'of %j is no failure of ours',
    async (line) => {
      await using server = await api()
      expect([404, 405]).toContain((await server.ask(line)).status)
      expect(server.failures).toEqual([])
    },
  )
})

describe('the rate limit', () => {
  it('answers 429 with Retry-After, takes nothing, and counts by data source', async () => {
    await using server = await api({
      perSecond: 1,
      clock: { now: () => 0, wall: () => 0, after: () => expect.fail() },
    })
    const asked = { token: admin, body: firstFile }
    const first = await server.ask(hits, asked)
    expect([first.status, first.headers['x-ratelimit-remaining']]).toEqual([202, '0'])
    const second = await server.ask(hits, asked)
    expect(second.status).toBe(429)
    expect(second.headers).toMatchObject({
      'retry-after': '1',
      'x-ratelimit-limit': '1',
      'x-ratelimit-remaining': '0',
    })
    expect(second.json).toMatchObject({ error: expect.stringContaining('hits') })
    expect((await server.ask('POST /v0/events?name=tailrace', asked)).status).toBe(202)
    expect(server.entries('take')).toHaveLength(2)
    expect(server.entries('respond')[1]).toMatchObject({ ack: 'throttled', retryAfterMs: 1000 })
  })

  it('tells when it resets as a time where that is asked for', async () => {
    await using server = await api({ reset: 'epoch' })
    const { headers } = await server.ask(hits, { token: admin, body: firstFile })
    expect(Number(headers['x-ratelimit-reset'])).toBe(Date.UTC(2026, 0, 1) / 1000 + 1)
  })

  it('of a case is told and never met', () => {
    const { rates, dataSources } = caseWorkspace('tk', new HandClock())
    const source = dataSources.get('any_name') ?? expect.fail('a case has no such data source')
    const admitted = Array.from({ length: 3000 }, () => rates.admit(source))
    expect(new Set(admitted)).toEqual(new Set([true]))
    expect(rates.headers(202, source)[0]).toEqual(['x-ratelimit-limit', '1000'])
  })
})

describe('an answer that a fault makes', () => {
  it.each([429, 422, 503])('with %i has the headers of the protocol too', async (status) => {
    const fault = { type: 'http_error', status } as const
    const match = { method: 'POST' }
    await using server = await api({}, [{ id: 'bad', match, on: 'response-head', taken: false, fault }])
    const answer = await server.ask(hits, { token: admin, body: firstFile })
    expect(answer.status).toBe(status)
    expect(answer.json).toMatchObject({ error: expect.any(String) })
    expect(answer.headers).toMatchObject({
      'x-ratelimit-limit': '1000',
      'x-ratelimit-remaining': status === 429 ? '0' : '999',
      'access-control-allow-origin': '*',
    })
    const { json } = await server.ask('GET /v0/datasources/hits', { token: admin })
    expect(json).toMatchObject({ statistics: { row_count: 0 } })
  })
})

describe('a success', () => {
  it.each([
    ['NDJSON without a last line end', hits, firstFile.trim(), 1],
    ['CRLF, blank lines and a byte order mark', hits, `\uFEFF${firstFile.trim()}\r\n\r\n${firstFile}`, 2],
    [
      'one document over several lines',
      `${hits}&format=json`,
      JSON.stringify(JSON.parse(firstFile), null, 2),
      1,
    ],
    ['an array as one document', `${hits}&format=json`, `[${firstFile},\n${firstFile}]`, 2],
    ['query members that nobody knows', `${hits}&from=ts-sdk&mode=append&format=ndjson`, firstFile, 1],
  ])('counts the rows of %s', async (_, line, body, rows) => {
    await using server = await api()
    const { status, json } = await server.ask(line, { token: admin, body })
    expect({ status, ...json }).toEqual({ status: 202, successful_rows: rows, quarantined_rows: 0 })
  })

  it.each(['application/json', 'text/plain;charset=UTF-8', 'application/x-www-form-urlencoded', 'image/png'])(
    'asks for no Content-Type: %s',
    async (type) => {
      await using server = await api()
      const { status } = await server.ask(hits, {
        token: admin,
        fields: [`Content-Type: ${type}`],
        body: firstFile,
      })
      expect(status).toBe(202)
    },
  )

  it('undoes gzip', async () => {
    await using server = await api()
    const asked = { token: tokens.hits, fields: ['Content-Encoding: gzip'], body: gzipSync(firstFile) }
    expect((await server.ask(hits, asked)).json).toEqual({ successful_rows: 1, quarantined_rows: 0 })
  })

  it.each([
    ['true', 200],
    ['TRUE', 200],
    ['1', 200],
    ['false', 202],
    ['', 202],
  ])('with wait=%s is %i', async (wait, status) => {
    await using server = await api()
    expect((await server.ask(`${hits}&wait=${wait}`, { token: admin, body: firstFile })).status).toBe(status)
  })

  it('takes the token from the query', async () => {
    await using server = await api()
    expect((await server.ask(`${hits}&token=${admin}`, { body: firstFile })).status).toBe(202)
  })
})

describe('a preflight', () => {
  it('is answered with 204 and no token, and allows what the browser asked for', async () => {
    await using server = await api()
    const fields = [
      'Origin: https://shop.example',
      'Access-Control-Request-Method: POST',
      'Access-Control-Request-Headers: authorization, content-type',
    ]
    const { status, headers, text } = await server.ask('OPTIONS /v0/events?name=hits', { fields })
    expect([status, text]).toEqual([204, ''])
    expect(headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, POST, OPTIONS',
      'access-control-allow-headers': 'authorization, content-type',
    })
    expect(headers).not.toHaveProperty('content-length') // RFC 9110 §8.6
    expect(server.entries('request')).toMatchObject([{ method: 'OPTIONS', site: { lane: 'control' } }])
  })
})

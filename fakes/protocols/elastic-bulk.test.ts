/** What the bulk API answers, on a real socket and through a real client. */
import { request } from 'undici'
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/limits.ts'
import type { Rule } from '../../src/plan/plan.ts'
import type { Json } from '../../src/record.ts'
import { ndjson, serving } from '../testing/serving.ts'
import type { Serving } from '../testing/serving.ts'

interface Asked {
  method?: 'POST' | 'GET' | 'PUT' | 'HEAD'
  path?: string
  headers?: Record<string, string>
  body?: string | Buffer
}

interface Answered {
  status: number
  json: { errors?: boolean; items?: Record<string, Record<string, Json>>[]; error?: Json; status?: number }
  headers: Record<string, unknown>
}

const typed = { 'content-type': 'application/x-ndjson' }

async function ask(server: Serving, asked: Asked): Promise<Answered> {
  const { method = 'POST', path = '/_bulk', headers = typed, body } = asked
  const sent = body === undefined ? {} : { body }
  const answer = await request(server.base + path, { method, headers, ...sent })
  const text = await answer.body.text()
  const json = (text === '' ? {} : JSON.parse(text)) as Answered['json']
  return { status: answer.statusCode, json, headers: answer.headers }
}

const bulkServer = (...rules: Rule[]): Promise<Serving> => serving(rules, 'elastic-bulk')

/** The records 0.from to 0.to, each behind an action. */
function bulk(from: number, to: number, action = '{"create":{}}'): string {
  const lines = ndjson(from, to).trimEnd().split('\n')
  return lines.map((line) => `${action}\n${line}\n`).join('')
}

/** Status by item. */
function statuses({ json }: Answered): unknown[] {
  return (json.items ?? []).flatMap((item) => Object.values(item).map(({ status }) => status))
}

describe('a bulk request', () => {
  it('is answered item by item, and its records are taken and land', async () => {
    await using server = await bulkServer()
    const answer = await ask(server, {
      body: bulk(0, 0) + bulk(1, 1, '{"index":{"_index":"logs","_id":"7"}}'),
    })
    expect(answer).toMatchObject({ status: 200, headers: { 'x-elastic-product': 'Elasticsearch' } })
    expect(answer.json).toEqual({
      took: 0,
      errors: false,
      items: [
        {
          create: {
            _index: 'tailrace',
            _id: expect.any(String),
            _version: 1,
            result: 'created',
            status: 201,
          },
        },
        { index: { _index: 'logs', _id: '7', _version: 1, result: 'created', status: 201 } },
      ],
    })
    await server.quiet()
    expect(server.entries('take')).toMatchObject([{ ids: [[0, 0, 1]] }])
    expect(server.entries('land')).toMatchObject([{ ids: [[0, 0, 1]] }])
    expect(server.entries('respond')).toMatchObject([{ status: 200, ack: 'accepted' }])
  })

  it('may name its index in the path, and its records by their ids', async () => {
    await using server = await bulkServer()
    const [line = ''] = ndjson(3, 3).split('\n')
    const id = (JSON.parse(line) as { id: string }).id
    const body = `{"create":{"_id":"${id}"}}\r\n${line}\r\n\n`
    const { json } = await ask(server, { method: 'PUT', path: '/metrics/_bulk?pretty', body })
    expect(json.items).toMatchObject([{ create: { _index: 'metrics', _id: id, status: 201 } }])
    expect(server.entries('request')).toMatchObject([{ ids: [[0, 3, 3]], site: { lane: 'ingest' } }])
    expect(server.entries('take')).toMatchObject([{ ids: [[0, 3, 3]] }])
  })

  it('lands before the answer where it asks for a refresh', async () => {
    await using server = await bulkServer()
    for (const [at, path] of ['/_bulk?refresh=wait_for', '/_bulk?refresh', '/_bulk?refresh=false'].entries())
      await ask(server, { path, body: bulk(at, at) })
    expect(server.entries('respond').map(({ ack }) => ack)).toEqual(['landed', 'landed', 'accepted'])
  })

  it('is refused in its updates and deletions, and for a source that is no JSON object', async () => {
    await using server = await bulkServer()
    const body = [
      bulk(0, 0),
      '{"delete":{"_index":"logs","_id":"7"}}\n',
      bulk(1, 1, '{"update":{"_id":"7"}}'),
      bulk(2, 2).slice(0, -3) + '\n',
      '{"index":{}}\n[1]\n',
      bulk(3, 3),
    ].join('')
    const answer = await ask(server, { body })
    expect(answer.json.errors).toBe(true)
    expect(statuses(answer)).toEqual([201, 400, 400, 400, 400, 201])
    expect(answer.json.items?.[1]).toMatchObject({
      delete: { _index: 'logs', _id: '7', error: { type: 'illegal_argument_exception' } },
    })
    expect(answer.json.items?.[3]).toMatchObject({
      create: { error: { type: 'mapper_parsing_exception', reason: expect.any(String) } },
    })
    await server.quiet()
    expect(server.entries('discard')).toMatchObject([{ ids: [[0, 2, 2]], why: 'quarantine' }])
    expect(server.entries('land').flatMap(({ ids }) => ids)).toEqual([
      [0, 0, 0],
      [0, 3, 3],
    ])
  })
})

describe('a bulk request that is none', () => {
  const malformed = 'Malformed action/metadata line'

  it.each([
    ['without its last newline', bulk(0, 1).slice(0, -1), 'must be terminated by a newline [\\n]'],
    [
      'of records alone',
      ndjson(0, 1),
      `${malformed} [1], expected field [create], [delete], [index] or [update]`,
    ],
    ['with a wrong action later', bulk(0, 0) + '{"upsert":{}}\n{}\n', `${malformed} [3], expected field`],
    [
      'with text for an action',
      '"index"\n{}\n',
      `${malformed} [1], expected START_OBJECT but found [VALUE_STRING]`,
    ],
    ['with text for metadata', '{"index":"x"}\n{}\n', `${malformed} [1], expected START_OBJECT`],
    ['with two actions in a line', '{"index":{},"create":{}}\n{}\n', `${malformed} [1], expected END_OBJECT`],
    ['with an empty action', '{}\n{}\n', `${malformed} [1], expected FIELD_NAME`],
    [
      'in an array',
      `[${ndjson(0, 0).trim()}]\n`,
      `${malformed} [1], expected START_OBJECT but found [START_ARRAY]`,
    ],
    ['of blank lines', '\n\r\n', 'no requests added'],
    ['of an action without a source', '{"index":{}}\n', 'no requests added'],
    ['that is empty', '', 'request body is required'],
  ])('%s is refused as a whole', async (_, body, reason) => {
    await using server = await bulkServer()
    const { status, json } = await ask(server, { body })
    expect(status).toBe(400)
    expect(json).toMatchObject({ status: 400, error: { root_cause: [{ type: expect.any(String) }] } })
    expect(json.error).toMatchObject({ reason: expect.stringContaining(reason) })
    expect(server.entries('take')).toEqual([])
  })

  it.each([
    ['a GET', { method: 'GET' }, 405],
    ['another path', { path: '/logs/_doc', body: ndjson(0, 0) }, 404],
    ['no content type', { headers: {}, body: bulk(0, 0) }, 406],
    ['another content type', { headers: { 'content-type': 'text/plain' }, body: bulk(0, 0) }, 406],
    ['too large a body', { body: Buffer.alloc(limits.bodyBytesMax + 1, 'x') }, 413],
    ['an unknown coding', { headers: { ...typed, 'content-encoding': 'lz9' }, body: bulk(0, 0) }, 415],
  ] satisfies [string, Asked, number][])('for %s is refused', async (_, asked, status) => {
    await using server = await bulkServer()
    const answer = await ask(server, asked)
    expect(answer.status).toBe(status)
    expect(answer.json).toMatchObject({ status, error: expect.anything() })
    expect(server.entries('take')).toEqual([])
    expect(server.failures).toEqual([])
  })

  it.each(['application/json', 'application/vnd.elasticsearch+x-ndjson; compatible-with=8'])(
    'is not one for the content type %s',
    async (type) => {
      await using server = await bulkServer()
      expect((await ask(server, { headers: { 'content-type': type }, body: bulk(0, 0) })).status).toBe(200)
    },
  )

  it('may be the question who is there', async () => {
    await using server = await bulkServer()
    expect(await ask(server, { method: 'GET', path: '/' })).toMatchObject({
      status: 200,
      json: { version: { number: '8.0.0' } },
      headers: { 'x-elastic-product': 'Elasticsearch' },
    })
    expect((await ask(server, { method: 'HEAD', path: '/' })).status).toBe(200)
    expect(server.entries('request').map(({ site }) => site.lane)).toEqual(['control', 'control'])
  })
})

describe('an error of the plan', () => {
  it.each([
    [429, 'es_rejected_execution_exception', 'throttled'],
    [413, 'status_exception', 'rejected'],
    [503, 'cluster_block_exception', 'error'],
  ])('%i has the form of the API', async (status, type, ack) => {
    const fault = { type: 'http_error', status } as const
    await using server = await bulkServer({ id: 'no', on: 'response-head', taken: false, fault })
    const answer = await ask(server, { body: bulk(0, 0) })
    expect(answer).toMatchObject({ status, json: { status, error: { type, root_cause: [{ type }] } } })
    expect(server.entries('respond')).toMatchObject([{ status, ack }])
  })
})

describe('a part of a batch', () => {
  const partial = (as: 'quarantine' | 'retry' | 'unknown'): Rule => ({
    id: 'part',
    on: 'response-head',
    taken: true,
    fault: { type: 'partial_batch', from: 8, of: 10, as, times: 1 },
  })

  it('is to be sent again, was not taken, and is taken when it comes', async () => {
    await using server = await bulkServer(partial('retry'))
    const first = await ask(server, { body: bulk(0, 9) })
    expect(first.json.errors).toBe(true)
    expect(statuses(first)).toEqual([...Array<number>(8).fill(201), 429, 429])
    expect(first.json.items?.[8]).toMatchObject({
      create: { error: { type: 'es_rejected_execution_exception', reason: expect.any(String) } },
    })
    expect(server.entries('take')).toMatchObject([{ ids: [[0, 0, 7]] }])
    expect(statuses(await ask(server, { body: bulk(8, 9) }))).toEqual([201, 201])
    await server.quiet()
    expect(server.entries('land').flatMap(({ ids }) => ids)).toEqual([
      [0, 0, 7],
      [0, 8, 9],
    ])
    expect(server.entries('discard')).toEqual([])
  })

  it.each([
    ['quarantine', { status: 400, error: { type: 'mapper_parsing_exception', reason: expect.any(String) } }],
    ['unknown', { status: 499, result: 'wat' }],
  ] as const)('as %s is taken and discarded, with a result of its own', async (as, result) => {
    await using server = await bulkServer(partial(as))
    const answer = await ask(server, { body: bulk(0, 9) })
    expect(answer.status).toBe(200)
    expect(answer.json.errors).toBe(true)
    expect(answer.json.items?.slice(8)).toMatchObject([{ create: result }, { create: result }])
    await server.quiet()
    expect(server.entries('discard')).toMatchObject([{ ids: [[0, 8, 9]], why: 'quarantine' }])
    expect(server.entries('land')).toMatchObject([{ ids: [[0, 0, 7]] }])
  })

  it('that cuts an item in two has no true answer: the harness says so, and nobody is blamed', async () => {
    await using server = await bulkServer(partial('retry'))
    const [seventh, eighth] = ndjson(7, 8).trimEnd().split('\n')
    const body = `{"create":{}}\n{"both":[${seventh},${eighth}]}\n`
    await expect(ask(server, { body })).rejects.toThrow()
    expect(server.failures).toEqual([expect.stringContaining('part was struck')])
  })
})

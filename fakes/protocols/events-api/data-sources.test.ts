/** Data sources over HTTP: made from a first file, read, grown by a column; what fits and what is quarantined. */
import { describe, expect, it } from 'vitest'
import type { Fault } from '../../../src/fault.ts'
import { limits } from '../../../src/limits.ts'
import { ndjson, serving, token as caseToken } from '../../testing/serving.ts'
import { api, firstFile, tokens } from './testing/workspace.ts'
import type { Api } from './testing/workspace.ts'

const { admin, create } = tokens
const path = '/v0/datasources'
const lines = (...rows: object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')

function send(server: Api, body: string, name = 'hits'): Promise<object> {
  return server.ask(`POST /v0/events?name=${name}&wait=true`, { token: admin, body }).then(({ json }) => json)
}

async function columnsOf(server: Api, name = 'hits'): Promise<Record<string, unknown>[]> {
  const { json } = await server.ask(`GET ${path}/${name}`, { token: admin })
  return json['columns'] as Record<string, unknown>[]
}

describe('a data source', () => {
  it('is made from a first file: its columns, its order and its rows', async () => {
    await using server = await api()
    const body = lines(
      { city: 'Chicago', at: '2020-04-05 00:05:38', n: 1, tags: ['a'], more: { x: 1 }, seen: true },
      { city: null, at: '2020-04-05T00:07:22Z', n: 2.5, tags: [], more: {}, late: 3 },
    )
    const made = await server.ask(`POST ${path}?name=clicks&format=ndjson`, { token: create, body })
    expect(made.status).toBe(200)
    expect(made.json['datasource']).toMatchObject({
      name: 'clicks',
      engine: { engine_sorting_key: 'at' },
      statistics: { row_count: 2 },
      quarantine_rows: 0,
    })
    expect((await columnsOf(server, 'clicks')).map((column) => [column['name'], column['type']])).toEqual([
      ['city', 'Nullable(String)'],
      ['at', 'DateTime'],
      ['n', 'Float64'],
      ['tags', 'Array(String)'],
      ['more', 'JSON'],
      ['seen', 'Nullable(Bool)'],
      ['late', 'Nullable(Int64)'],
    ])
    expect(await send(server, body, 'clicks')).toEqual({ successful_rows: 2, quarantined_rows: 0 })
  })

  it('is ordered by its first column where it has no time', async () => {
    await using server = await api()
    const { json } = await server.ask(`POST ${path}?name=n`, { token: create, body: lines({ b: 1, a: 2 }) })
    expect(json['datasource']).toMatchObject({ engine: { engine_sorting_key: 'b' } })
  })

  it('is refused by each line of a first file that does not fit, numbered and quoted', async () => {
    await using server = await api()
    const body = '{"n":1}\n\n{"n":"two"}\nnot json\n{"n":2.5}\n[3]\n'
    const { status, json } = await server.ask(`POST ${path}?name=clicks`, { token: create, body })
    expect(status).toBe(400)
    expect(json).toMatchObject({
      invalid_lines: 3,
      lines: [
        { line: 3, text: '{"n":"two"}', column: 'n', expected: 'Int64', got: 'String' },
        { line: 4, text: 'not json' },
        { line: 6, text: '[3]' },
      ],
    })
    expect(json['error']).toContain('line 3 "{\\"n\\":\\"two\\"}", "n": expected Int64, got String')
    expect((await server.ask(`GET ${path}/clicks`, { token: admin })).status).toBe(404)
    expect(server.entries('take')).toEqual([])
  })

  it('is refused by lines without end with a list that ends', async () => {
    await using server = await api()
    const body = '{"n":1}\n' + '{"n":"x"}\n'.repeat(1000)
    const { json } = await server.ask(`POST ${path}?name=clicks`, { token: create, body })
    expect(json['invalid_lines']).toBe(1000)
    expect(json['lines']).toHaveLength(limits.linesShown)
    expect(json['error']).toContain(`and ${1000 - limits.linesShown} more`)
  })

  it.each([
    ['no name', `POST ${path}`, create, 400],
    ['a name that is none', `POST ${path}?name=a-b`, create, 400],
    ['another format', `POST ${path}?name=a&format=csv`, create, 400],
    ['another mode', `POST ${path}?name=a&mode=replace`, create, 400],
    ['a name that is there', `POST ${path}?name=hits`, create, 409],
    ['an append token', `POST ${path}?name=a`, tokens.hits, 403],
    ['no token', `POST ${path}?name=a`, undefined, 401],
    ['another method', `DELETE ${path}/hits`, admin, 405],
    ['a read without the scope', `GET ${path}/tailrace`, tokens.hits, 403],
    ['a read of nothing', `GET ${path}/none`, admin, 404],
    ['a column by an append token', `POST ${path}/hits/columns`, tokens.hits, 403],
    ['a column that nobody proposed', `POST ${path}/hits/columns`, admin, 400],
  ] as const)('refuses %s', async (_, line, token, status) => {
    await using server = await api()
    const answer = await server.ask(line, { body: firstFile, ...(token === undefined ? {} : { token }) })
    expect(answer.status).toBe(status)
    expect(answer.json).toMatchObject({ error: expect.any(String) })
    expect(server.entries('take')).toEqual([])
  })

  it('is listed for the tokens that may append to it', async () => {
    await using server = await api()
    const names = async (token: string): Promise<unknown[]> => {
      const { json } = await server.ask(`GET ${path}`, { token })
      return (json['datasources'] as { name: string }[]).map(({ name }) => name)
    }
    expect([await names(admin), await names(tokens.hits)]).toEqual([['tailrace', 'hits'], ['hits']])
  })
})

describe('rows', () => {
  it('that do not fit are quarantined one by one, counted, and answered with 2xx', async () => {
    await using server = await api()
    const row = { date: '2020-04-05 00:05:38', city: 'Chicago', visits: 1 }
    const body = lines(row, { ...row, visits: 'many' }, { city: 'Madrid' }, row) + 'no json\n'
    expect(await send(server, body)).toEqual({ successful_rows: 2, quarantined_rows: 3 })
    const { json } = await server.ask(`GET ${path}/hits`, { token: admin })
    expect(json).toMatchObject({ statistics: { row_count: 2 }, quarantine_rows: 3 })
    expect(json['quarantine']).toMatchObject([
      { c__error_column: ['visits'], c__error: ['value "many" on column "visits" is not Int64'] },
      { c__error_column: ['date', 'visits'], insertion_date: '2026-01-01 00:00:00' },
      { c__error_column: [], row: 'no json' },
    ])
  })

  it('that carry records of the run are taken, landed and discarded by their ids', async () => {
    await using server = await api({}, [], ndjson(0, 0))
    const [first = '', second = '', third = ''] = ndjson(0, 2).trimEnd().split('\n')
    const body = [first, second.replace('"seq":1', '"seq":"one"'), third].join('\n')
    expect(await send(server, body)).toEqual({ successful_rows: 2, quarantined_rows: 1 })
    expect(server.entries('discard')).toMatchObject([{ ids: [[0, 1, 1]], why: 'quarantine' }])
    const landed = [
      [0, 0, 0],
      [0, 2, 2],
    ]
    expect(server.entries('land')).toMatchObject([{ ids: landed }])
    expect(server.entries('take')).toMatchObject([{ ids: [...landed, [0, 1, 1]] }])
  })

  it('of any shape fit the data source of a case, whatever its name', async () => {
    await using server = await serving([], 'events-api')
    const body = lines({ a: 1 }, { a: 'x', b: [] }) + '7\n'
    const headers = { authorization: `Bearer ${caseToken}` }
    for (const name of ['tailrace', 'hfi_multiple_events_js']) {
      const answer = await fetch(`${server.base}/v0/events?name=${name}`, { method: 'POST', headers, body })
      expect(await answer.json()).toEqual({ successful_rows: 3, quarantined_rows: 0 })
    }
  })
})

describe('rows that the plan lets be lost', () => {
  const partial = { type: 'partial_batch', from: 2, of: 3 } as const
  it.each<[string, Fault, object, number, number]>([
    ['quarantine', { ...partial, as: 'quarantine' }, { successful_rows: 2, quarantined_rows: 1 }, 2, 1],
    ['retry', { ...partial, as: 'retry' }, { successful_rows: 2, quarantined_rows: 0 }, 2, 0],
    ['discard', { type: 'discard_after_take' }, { successful_rows: 3, quarantined_rows: 0 }, 0, 0],
  ])('are not counted as visible: %s', async (_, fault, counts, visible, quarantined) => {
    const rule = {
      id: 'part',
      match: { path: { prefix: '/v0/events' } },
      on: 'response-head',
      taken: true,
      fault,
    }
    for (const name of ['tailrace', 'hits']) {
      await using server = await api({}, [rule], ndjson(0, 0))
      expect(await send(server, ndjson(0, 2), name)).toMatchObject(counts)
      const { json } = await server.ask(`GET ${path}/${name}`, { token: admin })
      expect(json).toMatchObject({ statistics: { row_count: visible }, quarantine_rows: quarantined })
    }
  })
})

describe('a new member', () => {
  const row = { date: '2020-04-05 00:05:38', city: 'Chicago', visits: 1 }

  it('is accepted and proposed; once confirmed, later rows fill the column', async () => {
    await using server = await api()
    expect(await send(server, lines({ ...row, country: 'US' }))).toMatchObject({ successful_rows: 1 })
    const before = await server.ask(`GET ${path}/hits`, { token: admin })
    expect(before.json['proposed_columns']).toEqual([{ name: 'country', type: 'Nullable(String)', rows: 1 }])
    const confirm = { token: admin, body: '{"name":"country"}' }
    expect((await server.ask(`POST ${path}/hits/columns`, confirm)).json['proposed_columns']).toEqual([])
    expect((await columnsOf(server)).at(-1)).toMatchObject({ name: 'country', values: 0, nullable: true })
    const body = lines({ ...row, country: 'ES' }, row, { ...row, country: 3 })
    expect(await send(server, body)).toEqual({ successful_rows: 2, quarantined_rows: 1 })
    expect((await columnsOf(server)).at(-1)).toMatchObject({ name: 'country', values: 1 })
  })

  it('whose values have no common type is confirmed with one that is given', async () => {
    await using server = await api()
    await send(server, lines({ ...row, code: 1 }, { ...row, code: 'x' }))
    const confirm = (body: object): Promise<number> =>
      server
        .ask(`POST ${path}/hits/columns`, { token: admin, body: JSON.stringify(body) })
        .then(({ status }) => status)
    expect(await confirm({ name: 'code' })).toBe(400)
    expect(await confirm({ name: 'code', type: 'Decimal' })).toBe(400)
    expect(await confirm({ name: 'code', type: 'Int64' })).toBe(200)
    expect(await send(server, lines({ ...row, code: 7 }, { ...row, code: 'x' }))).toEqual({
      successful_rows: 1,
      quarantined_rows: 1,
    })
  })

  it('is proposed up to a bound, and names like __proto__ are names', async () => {
    await using server = await api()
    const many = Object.fromEntries(
      Array.from({ length: limits.proposedColumnsMax + 9 }, (_, n) => [`c${n}`, n]),
    )
    const body = `${lines(row).trimEnd().slice(0, -1)},"__proto__":1}\n` + lines({ ...row, ...many })
    expect(await send(server, body)).toEqual({ successful_rows: 2, quarantined_rows: 0 })
    const { json } = await server.ask(`GET ${path}/hits`, { token: admin })
    const proposed = json['proposed_columns'] as { name: string }[]
    expect(proposed).toHaveLength(limits.proposedColumnsMax)
    expect(proposed[0]?.name).toBe('__proto__')
  })
})

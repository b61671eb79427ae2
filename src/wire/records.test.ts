import { describe, expect, it } from 'vitest'
import { recordAt, recordSource, tokenOf } from '../record.ts'
import type { JsonObject, RecordId } from '../record.ts'
import { readBody } from './records.ts'
import type { BodyRecords } from './records.ts'

const source = recordSource('1', 'test')
const stranger = recordSource('2', 'test')
const record = (seq: number): JsonObject => recordAt(source, [0, seq])
const token = (seq: number): string => tokenOf(source.nonce, [0, seq])
const ids = (...seqs: number[]): RecordId[] => seqs.map((seq) => [0, seq])
const text = (...rows: unknown[]): string => rows.map((row) => JSON.stringify(row)).join('\n')
const read = (body: string | Uint8Array): BodyRecords => readBody(Buffer.from(body as string), source)

describe('rows', () => {
  it('are the lines of NDJSON, whatever ends them, with blank ones and a byte order mark passed over', () => {
    const body = `\uFEFF${text(record(0))}\r\n\n  \t\r\n${text(record(1))}\n`
    expect(read(body)).toEqual({
      ids: ids(0, 1),
      damaged: [],
      foreign: 0,
      rows: [
        { ids: ids(0), json: true },
        { ids: ids(1), json: true },
      ],
      utf8: true,
      form: 'ndjson',
    })
  })

  it('are the elements of an array', () => {
    expect(read(text([record(0), { a: 1 }])).rows).toEqual([
      { ids: ids(0), json: true },
      { ids: [], json: true },
    ])
  })

  it('are one where the body is one document, also over several lines', () => {
    const pretty = JSON.stringify({ batch: [record(3), record(2)] }, null, 2)
    expect(read(pretty).rows).toEqual([{ ids: ids(3, 2), json: true }])
  })

  it('are none in an empty body', () => {
    for (const body of ['', '\n', ' \r\n', '[]']) expect(read(body).rows).toEqual([])
  })

  it('that are no JSON are known, and keep what they carry', () => {
    const body = `${text(record(0))}\n{"id":"${token(1)}","se`
    expect(read(body)).toMatchObject({
      ids: ids(0, 1),
      damaged: [],
      rows: [{ json: true }, { ids: ids(1), json: false }],
    })
  })

  it('do not break at the separators that only JavaScript takes for line ends', () => {
    const body = text({ ...record(0), added: '\u2028\u2029\u0085' })
    expect(read(body).rows).toHaveLength(1)
  })
})

describe('a record', () => {
  const envelope = (seq: number): JsonObject => ({ messageId: token(seq), properties: record(seq) })

  it('counts as often as whole copies of it are there', () => {
    expect(read(text(record(0), record(1), record(0))).ids).toEqual(ids(0, 1, 0))
    expect(read(text({ batch: [record(0), record(0)] })).ids).toEqual(ids(0, 0))
  })

  it('counts once where an envelope repeats its token, before or behind it', () => {
    expect(read(text(envelope(0), envelope(1)))).toMatchObject({ ids: ids(0, 1), damaged: [], foreign: 0 })
    expect(read(text({ ...record(0), trace: { of: token(0) } }))).toMatchObject({ ids: ids(0), damaged: [] })
    expect(read(text({ [token(0)]: record(0) }))).toMatchObject({ ids: ids(0), damaged: [] })
    const bulk = text({ index: { _id: token(0) } }, record(0))
    expect(read(bulk)).toMatchObject({
      ids: ids(0),
      damaged: [],
      foreign: 0,
      rows: [{ ids: [] }, { ids: ids(0) }],
    })
  })

  it('counts once where it keeps its raw text beside itself', () => {
    expect(read(text({ ...record(0), message: text(record(0)) })).ids).toEqual(ids(0))
  })

  it('is found in a string that holds JSON or NDJSON, several levels deep', () => {
    const once = { log: text(record(0), record(1)) }
    expect(read(text(once))).toMatchObject({ ids: ids(0, 1), damaged: [] })
    expect(read(text({ outer: text(once) }))).toMatchObject({ ids: ids(0, 1), damaged: [] })
  })

  it('may have members added, in another order, and numbers spelled in another way', () => {
    const shuffled = { extra: null, ...Object.fromEntries(Object.entries(record(1)).reverse()) }
    const spelled = text(shuffled).replace('"seq":1', '"seq":1.0e0')
    expect(spelled).toContain('1.0e0')
    expect(read(spelled)).toMatchObject({ ids: ids(1), damaged: [] })
  })

  it.each([
    ['id', { 'message id': token(0) }],
    ['seq', { seq: '0' }],
    ['at', { at: '2026-01-01' }],
    ['city', { city: 'Z?rich' }],
    ['reading', { reading: null }],
    ['note', { note: undefined }],
  ])('is damaged where its %s differs', (name, change) => {
    const whole = name === 'id' ? { ...record(0), id: 'gone' } : record(0)
    const damaged = [{ id: [0, 0], at: `/${name}` }]
    const rows = [{ ...whole, ...change }, record(1)]
    expect(read(text(...rows))).toMatchObject({ ids: ids(0, 1), damaged })
    expect(read(text({ batch: rows }))).toMatchObject({ ids: ids(0, 1), damaged })
    expect(read(text({ messageId: token(0), properties: rows[0] }))).toMatchObject({ ids: ids(0), damaged })
  })

  it('is damaged when only its token is left', () => {
    expect(read(text({ ids: [token(0)] })).damaged).toEqual([{ id: [0, 0], at: '/id' }])
    expect(read(text([{ a: 1 }, token(0)])).damaged).toEqual([{ id: [0, 0], at: '/id' }])
  })

  it('is there twice where a damaged copy comes with a whole one', () => {
    const both = read(text({ ...record(0), city: 'x' }, record(0)))
    expect(both).toMatchObject({ ids: ids(0, 0), damaged: [{ id: [0, 0], at: '/city' }] })
  })
})

describe('a form', () => {
  it('is searched in its decoded values, as JSON where they are', () => {
    const whole = new URLSearchParams({ name: 'a', id: token(0), data: text(record(0), record(1)) })
    expect(read(whole.toString())).toMatchObject({
      ids: ids(0, 1),
      damaged: [],
      foreign: 0,
      rows: [{ ids: ids(0, 1), json: false }],
    })
    const broken = new URLSearchParams({ data: text({ ...record(0), city: 'x' }) })
    expect(read(broken.toString()).damaged).toEqual([{ id: [0, 0], at: '/city' }])
  })

  it('is searched for tokens where its values are no JSON', () => {
    expect(read(`a=1&id=${token(0)}&again=${token(0)}&%zz=%`)).toMatchObject({ ids: ids(0), damaged: [] })
  })
})

describe('a body of another kind', () => {
  it('is judged by presence, each row by itself', () => {
    const csv = `id,seq\n${token(0)},0\n"${token(1)}"\n${token(0)},9\n`
    expect(read(csv)).toMatchObject({ ids: ids(0, 1, 0), damaged: [], foreign: 0 })
  })

  it('is searched even where it is no text', () => {
    const bytes = Buffer.concat([Buffer.from([0xff, 0xfe, 0]), Buffer.from(token(0)), Buffer.from([0xc3])])
    expect(read(bytes)).toMatchObject({ ids: ids(0), utf8: false })
  })

  it('is what JSON becomes that is nested deeper than is searched', () => {
    const deep = `${'['.repeat(65)}${text(record(0))}${']'.repeat(65)}`
    expect(read(deep)).toMatchObject({ ids: ids(0), damaged: [], rows: [{ json: false }] })
    const shallow = `${'['.repeat(63)}${text(record(0))}${']'.repeat(63)}`
    expect(read(shallow)).toMatchObject({ ids: ids(0), damaged: [], rows: [{ json: true }] })
  })
})

describe('a second copy beside a whole one', () => {
  it('is a reference where it only names the record, and a damaged copy where it says otherwise', () => {
    const { id } = record(0)
    const named = `${text({ index: { _id: id } })}\n${text(record(0))}`
    expect(read(named)).toMatchObject({ ids: ids(0), damaged: [] })
    const twice = `${text(record(0))}\n${text({ id, reading: -5 })}`
    expect(read(twice)).toMatchObject({ ids: ids(0, 0), damaged: [{ id: [0, 0], at: '/reading' }] })
    expect(read(`${text({ id, reading: -5 })}\n${text(record(0))}`)).toMatchObject({ ids: ids(0, 0) })
  })

  it.each([
    ['metadata', { meta: { id: token(0), at: 'sent later' }, data: record(0) }],
    ['a key', { op: 'insert', key: { id: token(0), seq: 7 }, row: record(0) }],
  ])('is %s of its row where a whole one stands in it', (_, row) => {
    expect(read(text(row))).toMatchObject({ ids: ids(0), damaged: [] })
  })

  it('is its envelope where the whole one stands within', () => {
    const wrapped = { id: record(0)['id'], at: 'another time', properties: record(0) }
    expect(read(text(wrapped))).toMatchObject({ ids: ids(0), damaged: [] })
  })
})

describe('brackets in a string', () => {
  it('are no nesting, also behind an escaped quote', () => {
    for (const added of ['['.repeat(100), `"${'{'.repeat(100)}`, `\\${'['.repeat(100)}\\`]) {
      expect(read(text({ ...record(0), added }))).toMatchObject({ ids: ids(0), rows: [{ json: true }] })
    }
  })
})

describe('what is foreign', () => {
  it('is a row of a JSON body without a token of this run', () => {
    expect(read(text({ a: 1 }, record(0), { a: 2 })).foreign).toBe(2)
    expect(read(`${text(record(0))}\ngarbage`).foreign).toBe(1)
  })

  it('is a token of another run', () => {
    const strange = recordAt(stranger, [0, 0])
    expect(read(text(strange))).toMatchObject({ ids: [], foreign: 1 })
    expect(read(text({ batch: [record(0), strange, strange] })).foreign).toBe(2)
    expect(read(tokenOf(stranger.nonce, [0, 0])).foreign).toBe(1)
  })

  it('is not a row of a body that is no JSON', () => {
    expect(read('a,b\n1,2\n').foreign).toBe(0)
  })
})

import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { recordAt, recordSource, tokenOf } from '../record.ts'
import type { JsonObject, RecordId } from '../record.ts'
import { readBody } from './records.ts'

const source = recordSource('1', 'property')

/** One row, or several, that carry records in the way of one kind of client. */
const envelopes: Readonly<Record<string, (records: JsonObject[]) => string>> = {
  ndjson: (records) => records.map((record) => `${JSON.stringify(record)}\n`).join(''),
  crlf: (records) => records.map((record) => JSON.stringify(record)).join('\r\n'),
  array: (records) => JSON.stringify(records),
  pretty: (records) => JSON.stringify({ batch: records, sentAt: 'now' }, null, '\t'),
  segment: (records) =>
    JSON.stringify({ batch: records.map((record) => ({ messageId: record['id'], properties: record })) }),
  shipper: (records) => records.map((record) => JSON.stringify({ log: JSON.stringify(record) })).join('\n'),
  spliced: (records) => JSON.stringify({ lines: records.map((record) => JSON.stringify(record)).join('\n') }),
  form: (records) => new URLSearchParams({ v: '1', data: JSON.stringify(records) }).toString(),
}

const envelope = fc
  .constantFrom(...Object.keys(envelopes))
  .map((name) => envelopes[name] ?? envelopes['ndjson'])
const id = fc.tuple(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 0xffff_ffff }))
const offered = (ids: RecordId[]): JsonObject[] => ids.map((each) => recordAt(source, each))

describe('reading a body', () => {
  it('finds every record whole, in order and as often as it is there, in any envelope', () => {
    fc.assert(
      fc.property(fc.array(id, { maxLength: 20 }), envelope, (ids, wrap) => {
        const body = gunzipSync(gzipSync(wrap?.(offered(ids)) ?? ''))
        expect(readBody(body, source)).toMatchObject({ ids, damaged: [] })
      }),
    )
  })

  it('brings by its rows what it brings as a whole', () => {
    fc.assert(
      fc.property(fc.array(id, { maxLength: 20 }), envelope, (ids, wrap) => {
        const { rows } = readBody(Buffer.from(wrap?.(offered(ids)) ?? ''), source)
        expect(rows.flatMap((row) => row.ids)).toEqual(ids)
      }),
    )
  })

  it('reports exactly the record and the member that was damaged', () => {
    const members = ['seq', 'at', 'city', 'reading', 'note']
    const ids = fc.uniqueArray(id, { minLength: 1, maxLength: 8, selector: String })
    const value = fc.option(fc.jsonValue(), { nil: undefined })
    fc.assert(
      fc.property(
        ids,
        fc.nat(),
        fc.constantFrom(...members),
        value,
        envelope,
        (all, pick, name, other, wrap) => {
          const at = pick % all.length
          const records = offered(all)
          const hurt = { ...records[at], [name]: other } as JsonObject
          fc.pre(JSON.stringify(other) !== JSON.stringify(records[at]?.[name]))
          const body = Buffer.from(wrap?.(records.with(at, hurt)) ?? '')
          expect(readBody(body, source)).toMatchObject({
            ids: all,
            damaged: [{ id: all[at], at: `/${name}` }],
          })
        },
      ),
    )
  })

  it('never throws, whatever the bytes', () => {
    const scrap = fc.constantFrom(
      ...['{', '}', '[', ']', '"', '\\', '\n', '=', '&', ',', ':', 'id', '\uFEFF', '\0'],
      tokenOf(source.nonce, [0, 1]),
      tokenOf('00000000', [0, 1]),
      JSON.stringify(recordAt(source, [0, 1])),
    )
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(scrap, { maxLength: 30 }).map((parts) => Buffer.from(parts.join(''))),
    )
    fc.assert(
      fc.property(bytes, (body) => {
        const { ids, damaged, foreign, rows } = readBody(body, source)
        expect(damaged.length).toBeLessThanOrEqual(ids.length)
        expect(foreign).toBeLessThanOrEqual(body.length)
        expect(rows.flatMap((row) => row.ids)).toHaveLength(ids.length)
      }),
      { numRuns: 500 },
    )
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { recordAt, recordSource } from '../../../src/record.ts'
import type { RecordId } from '../../../src/record.ts'
import { readBody } from '../../../src/wire/records.ts'
import { readBulk } from './actions.ts'
import type { Item } from './actions.ts'

const source = recordSource('1', 'test')

/** An item and how it is written: line ends, blank lines before it, spaces within. */
const written = fc.record({
  action: fc.constantFrom('create', 'delete', 'index', 'update'),
  id: fc.option(fc.constantFrom('7', 'a b', '{"x":1}'), { nil: undefined }),
  index: fc.option(fc.constantFrom('logs', 'métriques'), { nil: undefined }),
  form: fc.constantFrom('record', 'broken', 'text', 'foreign', 'blank'),
  end: fc.constantFrom('\n', '\r\n'),
  blanks: fc.constantFrom('', '\n', ' \r\n\n'),
})
type Written = typeof written extends fc.Arbitrary<infer T> ? T : never

function sourceLine(form: Written['form'], id: RecordId): string {
  const record = JSON.stringify(recordAt(source, id))
  const lines = { record, broken: record.slice(0, -2), text: '"text"', foreign: '{"a":{"b":1}}', blank: ' ' }
  return lines[form]
}

function itemOf({ action, id, index, form }: Written, at: number): Item {
  const bare = action === 'delete'
  return {
    action,
    ...(index === undefined ? {} : { index }),
    ...(id === undefined ? {} : { id }),
    sound: bare || form === 'record' || form === 'foreign',
    records: !bare && (form === 'record' || form === 'broken') ? [[0, at]] : [],
  }
}

describe('any bulk body', () => {
  it('is read as the items that it was made of, each with its own records', () => {
    fc.assert(
      fc.property(fc.array(written, { minLength: 1, maxLength: 12 }), fc.boolean(), (all, bom) => {
        const lines = all.map((one, at) => {
          const { action, id, index, form, end, blanks } = one
          const metadata = JSON.stringify({ _index: index, _id: id })
          const tail = action === 'delete' ? '' : sourceLine(form, [0, at]) + end
          return `${blanks}{"${action}": ${metadata}}${end}${tail}`
        })
        const body = Buffer.from((bom ? '\uFEFF' : '') + lines.join(''))
        expect(readBulk(body, readBody(body, source).rows)).toEqual(all.map(itemOf))
      }),
    )
  })

  it('is read or refused, and never more: any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.constantFrom(...pieces)), (bytes, text) => {
        for (const body of [Buffer.from(bytes), Buffer.from(text.join(''))]) {
          const read = readBulk(body, readBody(body, source).rows)
          if ('reason' in read) expect(read.type).toMatch(/_exception$/)
          else expect(read.length).toBeGreaterThan(0)
        }
      }),
    )
  })
})

const pieces = ['{"index":{}}', '{"delete":{}}', '\n', '\r', '{', '}', '[', '"', 'null', '{"a":1}', ' ']

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../../src/record.ts'
import { cellOf, fits, join, parseType, settled, typeText } from './columns.ts'
import { DataSource } from './data-sources.ts'
import { readFirstFile } from './first-file.ts'
import { readRows } from './rows.ts'

const moment = fc
  .date({ min: new Date(0), max: new Date('2105-12-31T23:59:59Z'), noInvalidDate: true })
  .map((date) => date.toISOString())

/** Few kinds of value and few names, so that columns are shared and types meet. */
const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<Json>(null, true, 0, -1, 1.5, 2 ** 60, 2 ** 70, '', 'text', '2020-04-05 00:05:38'),
    moment,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b'), tie('value'), { maxKeys: 2 }) as fc.Arbitrary<JsonObject>,
  ),
})).value

const name = fc.constantFrom('a', 'b', 'c', '__proto__', 'with space')
const file = fc.array(fc.dictionary(name, json, { maxKeys: 4 }), {
  minLength: 1,
  maxLength: 6,
})

function rowsOf(objects: readonly JsonObject[]): ReturnType<typeof readFirstFile> & { text: string } {
  const text = objects.map((object) => JSON.stringify(object)).join('\n')
  return { ...readFirstFile(readRows(Buffer.from(text), 'ndjson') ?? []), text }
}

describe('the columns of a first file', () => {
  it('accept every row that they were inferred from', () => {
    let made = 0
    fc.assert(
      fc.property(file, (objects) => {
        const first = rowsOf(objects)
        if (!first.ok) return
        made += 1
        const source = new DataSource('hits', first.columns)
        const rows = readRows(Buffer.from(first.text), 'ndjson') ?? []
        expect(rows.map(({ value }) => source.unfit(value))).toEqual(rows.map(() => undefined))
      }),
      { numRuns: 1000 },
    )
    expect(made).toBeGreaterThan(200)
  })

  it('are refused by lines that each contradict the lines before', () => {
    fc.assert(
      fc.property(file, (objects) => {
        const first = rowsOf(objects)
        if (first.ok) return
        const wrong = new Set(first.misfits.map(({ line }) => line))
        const right = objects.filter((_, index) => !wrong.has(index + 1))
        expect(wrong.has(1)).toBe(false)
        expect(rowsOf(right).ok).toBe(true)
      }),
    )
  })
})

describe('types', () => {
  it('that are joined fit what either fits, in either order', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        const joined = join(cellOf(a), cellOf(b))
        expect(join(cellOf(b), cellOf(a))).toEqual(joined)
        if (joined) expect([fits(settled(joined), a), fits(settled(joined), b)]).toEqual([true, true])
      }),
    )
  })

  it('are read back from their text', () => {
    fc.assert(
      fc.property(json, (value) => {
        const cell = settled(cellOf(value))
        const again = parseType(typeText(cell))
        expect(again && typeText(again)).toBe(typeText(cell))
      }),
    )
  })
})

import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/record.ts'
import { cellOf, fits, isDateTime, join, parseType, settled, typeText } from './columns.ts'

describe('the type of a value', () => {
  it.each<[Json, string]>([
    ['New York', 'String'],
    ['2020-04-05 00:05:38', 'DateTime'],
    ['2020-04-05T00:05:38.123Z', 'DateTime'],
    [true, 'Bool'],
    [42, 'Int64'],
    [-0.5, 'Float64'],
    [2 ** 63, 'Float64'],
    [null, 'Nullable(String)'],
    [{ a: 1 }, 'JSON'],
    [[], 'Array(String)'],
    [[1, 2.5], 'Array(Float64)'],
    [[1, null], 'Array(Nullable(Int64))'],
    [[['a'], []], 'Array(Array(String))'],
    [[1, 'a'], 'JSON'],
  ])('of %j is %s', (value, type) => {
    expect(typeText(settled(cellOf(value)))).toBe(type)
  })

  it.each([
    ['2020-02-30 00:00:00', 'a day that there is not'],
    ['2020-04-05 24:00:00', 'an hour that there is not'],
    ['1969-12-31 23:59:59', 'before the type begins'],
    ['2020-04-05', 'no time'],
    ['at 2020-04-05 00:05:38', 'more than a time'],
  ])('of %s is no DateTime: %s', (text) => expect(isDateTime(text)).toBe(false))
})

describe('two types', () => {
  it.each<[Json, Json, string | undefined]>([
    [1, 2.5, 'Float64'],
    ['2020-04-05 00:05:38', 'soon', 'String'],
    [1, null, 'Nullable(Int64)'],
    [[1], ['a'], 'JSON'],
    [[1], { a: 1 }, 'JSON'],
    [1, '1', undefined],
    [1, true, undefined],
    ['a', ['a'], undefined],
    [{ a: 1 }, 1, undefined],
  ])('of %j and %j: %s', (a, b, type) => {
    const joined = join(cellOf(a), cellOf(b))
    expect(joined && typeText(joined)).toBe(type)
  })
})

describe('a value', () => {
  it.each<[string, Json, boolean]>([
    ['Int64', 1, true],
    ['Int64', 1.5, false],
    ['Int64', '1', false],
    ['Float64', 1, true],
    ['String', 1, false],
    ['String', null, false],
    ['Nullable(String)', null, true],
    ['DateTime', 'soon', false],
    ['Bool', 1, false],
    ['JSON', {}, true],
    ['JSON', 'text', false],
    ['Array(Int64)', [1, 2], true],
    ['Array(Int64)', [1, null], false],
    ['Array(Int64)', 1, false],
  ])('on a column of type %s: %j fits: %s', (type, value, fit) => {
    const cell = parseType(type) ?? expect.fail(`no type ${type}`)
    expect(fits(cell, value)).toBe(fit)
  })
})

describe('the text of a type', () => {
  it.each(['Float32', 'Nullable(JSON)', 'Nullable(Array(String))', 'Array()', 'Array(Int64', ''])(
    'is not %j',
    (text) => expect(parseType(text)).toBeUndefined(),
  )
})

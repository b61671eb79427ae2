/** The report as a file: valid, whole, and the same text whatever order its parts were put together in. */
import { describe, expect, it } from 'vitest'
import { reportSchema } from '../src/report.ts'
import type { Report } from '../src/report.ts'
import { problemsOf } from '../src/schema.ts'
import { makeReporter } from './index.ts'
import { mixed } from './testing/reports.ts'

const json = makeReporter('json', { color: false })

describe('the JSON report', () => {
  it('is the report itself, valid under its schema, with a line end', () => {
    const text = json.render(mixed)
    expect(JSON.parse(text)).toEqual(mixed)
    expect(problemsOf(reportSchema, JSON.parse(text))).toEqual([])
    expect(text).toMatch(/^\{\n {2}"schema": 1,\n {2}"tool": "tailrace",\n[^]*\}\n$/)
  })

  it('is the same text for a report put together in another order', () => {
    const turned = Object.fromEntries(Object.entries(mixed).reverse()) as unknown as Report
    const cases = mixed.cases.map((result) => Object.fromEntries(Object.entries(result).reverse()))
    expect(json.render({ ...turned, cases: cases as unknown as Report['cases'] })).toBe(json.render(mixed))
  })

  it('leaves the entries of a ledger as they were written', () => {
    expect(json.render(mixed)).toMatch(/\{\n +"n": 2,\n +"t": 1000000,\n +"kind": "offer",/)
  })
})

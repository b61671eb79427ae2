/** Rules that fire and let a request pass: what they count, and who takes the slot. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { idsIn } from '../record.ts'
import type { IdRange } from '../record.ts'
import { counters } from './counters.ts'
import { decide } from './decide.ts'
import type { Decision, Subject } from './decide.ts'
import { checkPlan } from './parse.ts'
import type { Plan, Rule } from './plan.ts'

const planOf = (...rules: Rule[]): Plan => checkPlan({ version: 1, seed: '1', rules }, 'test')
const here = { on: 'response-head' } as const
const subject: Subject = {
  points: ['response-head'],
  method: 'POST',
  path: '/',
  headers: [],
  content: '0.0',
  connection: 0,
  atS: 0,
}

function run(plan: Plan, ...requests: Partial<Subject>[]): (Decision | undefined)[] {
  const counts = counters()
  return requests.map((request) => decide(plan, { ...subject, ...request }, counts))
}

const limit = (limit: number, per_s: number): Rule => ({
  ...{ id: 'limit', ...here, key: 'global', taken: false },
  fault: { type: 'rate_limit', limit, per_s },
})

describe('a rate limit', () => {
  it('says when its window ends, and that it depends on the order of arrival', () => {
    const [, over] = run(planOf(limit(1, 7)), { atS: 8 }, { atS: 13.5 })
    expect(over).toMatchObject({ rule: 'limit', taken: false, orderDependent: true, opensAtS: 14 })
  })

  it('decides as its definition says, request by request', () => {
    const times = fc.array(fc.double({ min: 0, max: 30, noNaN: true }), { maxLength: 40 })
    fc.assert(
      fc.property(
        times,
        fc.integer({ min: 0, max: 4 }),
        fc.integer({ min: 1, max: 9 }),
        (all, most, perS) => {
          const inOrder = all.sort((a, b) => a - b)
          const seen = run(planOf(limit(most, perS)), ...inOrder.map((atS) => ({ atS })))
          const windowOf = (atS: number): number => Math.floor(atS / perS)
          const wanted = inOrder.map((atS, i) => {
            const before = inOrder.slice(0, i).filter((other) => windowOf(other) === windowOf(atS))
            return before.length >= most
          })
          expect(seen.map((decision) => decision !== undefined)).toEqual(wanted)
        },
      ),
    )
  })

  it('counts a request that an earlier rule let be taken, and not one that it did not', () => {
    const late: Rule = {
      ...{ id: 'late', ...here, key: 'global', taken: true, when: { attempt: [1] } },
      fault: { type: 'header_delay', delay_ms: 1 },
    }
    const cut: Rule = { ...late, id: 'cut', taken: false, fault: { type: 'empty_response' } }
    expect(run(planOf(late, limit(1, 9)), {}, {}).map((d) => d?.rule)).toEqual(['late', 'limit'])
    expect(run(planOf(cut, limit(1, 9)), {}, {}, {}).map((d) => d?.rule)).toEqual(['cut', undefined, 'limit'])
  })
})

describe('a partial batch', () => {
  const part = (from: number, of: number, times?: number): Rule => ({
    ...{ id: 'part', ...here, taken: true },
    fault: { type: 'partial_batch', from, of, as: 'retry', ...(times === undefined ? {} : { times }) },
  })
  const ranges = fc.array(
    fc.tuple(fc.nat(2), fc.nat(30), fc.nat(12)).map(([p, from, more]): IdRange => [p, from, from + more]),
    { maxLength: 4 },
  )

  it('strikes each record whose sequence is in its part, once, and is not there where there is none', () => {
    fc.assert(
      fc.property(ranges, fc.nat(4), fc.integer({ min: 5, max: 9 }), (ids, from, of) => {
        const [decision] = run(planOf(part(from, of)), { ids })
        const wanted = new Set([...idsIn(ids)].filter(([, seq]) => seq % of >= from).map(String))
        const struck = [...idsIn(decision?.ids ?? [])].map(String)
        expect(struck.length).toBe(wanted.size)
        expect(new Set(struck)).toEqual(wanted)
        expect(decision === undefined).toBe(wanted.size === 0)
      }),
    )
  })

  it('strikes no record more often than it may, in whatever batches they come', () => {
    fc.assert(
      fc.property(fc.array(ranges, { maxLength: 8 }), fc.integer({ min: 1, max: 3 }), (batches, times) => {
        const decisions = run(planOf(part(1, 2, times)), ...batches.map((ids) => ({ ids })))
        const counts = new Map<string, number>()
        for (const id of decisions.flatMap((d) => [...idsIn(d?.ids ?? [])].map(String)))
          counts.set(id, (counts.get(id) ?? 0) + 1)
        for (const [id, count] of counts) {
          const came = batches.filter((ids) => [...idsIn(ids)].map(String).includes(id)).length
          expect(count).toBe(Math.min(times, came))
        }
      }),
    )
  })
})

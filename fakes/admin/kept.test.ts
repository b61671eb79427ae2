/** What is remembered of a ledger: so many entries and no more, and what became of each rule. */
import { describe, expect, it } from 'vitest'
import type { Entry } from '../../src/entry.ts'
import { limits } from '../../src/limits.ts'
import { Kept } from './kept.ts'

const strike = (n: number, rule: string, emitted = 'stall'): Entry => ({
  ...{ kind: 'fault', n, t: n, rule, planned: { type: 'stall', point: 'request' } },
  emitted: { type: emitted, point: 'request' },
})
const numbers = (kept: Kept, from?: number): number[] => [...kept.entries(from)].map(({ n }) => n)

function filled(count: number, max: number): Kept {
  const kept = new Kept(max)
  for (let n = 0; n < count; n += 1) kept.enter(strike(n, `r${n % 2}`))
  return kept
}

describe('entries', () => {
  it.each([
    [0, [], 0, 0],
    [3, [0, 1, 2], 0, 0],
    [4, [0, 1, 2, 3], 0, 0],
    [9, [5, 6, 7, 8], 5, 5],
  ])('of %i the last four are there', (count, there, from, dropped) => {
    const kept = filled(count, 4)
    expect([numbers(kept), kept.from, kept.dropped, kept.next]).toEqual([there, from, dropped, count])
    expect(numbers(kept, count - 2)).toEqual(there.slice(-2))
  })

  it('are read as they come, and not past one that is gone', () => {
    const kept = filled(4, 4)
    const reading = kept.entries(3)
    expect(reading.next().value).toMatchObject({ n: 3 })
    kept.enter(strike(4, 'a'))
    expect(reading.next().value).toMatchObject({ n: 4 })
    const slow = kept.entries()
    expect(slow.next().value).toMatchObject({ n: 1 })
    kept.enter(strike(5, 'a'))
    kept.enter(strike(6, 'a'))
    expect(() => slow.next()).toThrow('entry 2 has made room')
  })

  it('are forgotten by a reset, which drops none', () => {
    const kept = filled(9, 4)
    kept.reset()
    expect([numbers(kept), kept.from, kept.dropped, kept.rules.size]).toEqual([[], 9, 0, 0])
    kept.enter(strike(9, 'a'))
    expect([numbers(kept), kept.dropped]).toEqual([[9], 0])
  })

  it('are told to those who follow, until they leave', () => {
    const kept = new Kept()
    const heard: number[] = []
    const leave = kept.follow(({ n }) => heard.push(n))
    kept.enter(strike(0, 'a'))
    leave()
    kept.enter(strike(1, 'a'))
    expect(heard).toEqual([0])
  })
})

describe('rules', () => {
  it('are counted beyond the entries that are there', () => {
    const kept = filled(9, 2)
    kept.enter(strike(9, 'r0', 'none'))
    expect(Object.fromEntries(kept.rules)).toMatchObject({
      r0: { fired: 5, misfired: 1, last: { n: 9 } },
      r1: { fired: 4, misfired: 0, last: { n: 7 } },
    })
  })

  it('are bounded: the one that has been silent longest goes', () => {
    const kept = new Kept(1)
    for (let n = 0; n <= limits.reportRulesMax; n += 1) kept.enter(strike(n, `r${n}`))
    expect([kept.rules.size, kept.rules.has('r0'), kept.rules.has('r1')]).toEqual([
      limits.reportRulesMax,
      false,
      true,
    ])
  })
})

import { describe, expect, it } from 'vitest'
import { ledger } from './check/testing/ledgers.ts'
import type { Told } from './check/testing/ledgers.ts'
import type { Entry } from './entry.ts'
import { entriesOf, failed, fullAnswer, History, takenIds } from './history.ts'
import type { Attempt } from './history.ts'
import { shuffled } from './random.ts'

function attemptsOf(entries: readonly Entry[]): Attempt[] {
  const history = new History()
  for (const entry of entries) history.step(entry)
  return history.attempts()
}

describe('a history', () => {
  const { entries } = ledger()
    .offer(4)
    .attempt({ status: 'none', fault: 'cut', at: 10 })
    .attempt({ status: 503, at: 20 })
    .attempt({ at: 30 })

  it('joins what belongs to a request, and orders requests by their heads', () => {
    const attempts = attemptsOf(entries)
    expect(attempts.map(({ request }) => request.t / 1e6)).toEqual([10, 20, 30])
    expect(attempts.map(({ respond }) => respond?.status)).toEqual([undefined, 503, 202])
    expect(attempts.map(({ faults }) => faults.length)).toEqual([1, 0, 0])
    expect(attempts.map(takenIds)).toEqual([[], [], [[0, 0, 3]]])
  })

  it('is the same in whatever order the entries were written', () => {
    const wanted = attemptsOf(entries)
    for (const seed of ['1', '2', '3']) expect(attemptsOf(shuffled(entries, seed))).toEqual(wanted)
  })

  it('knows no attempt without its request', () => {
    expect(attemptsOf(entries.filter(({ kind }) => kind !== 'request'))).toEqual([])
  })

  it('knows the entries of an attempt', () => {
    const [cut] = attemptsOf(entries)
    const numbers = cut ? entriesOf(cut) : []
    expect(numbers.map((n) => entries[n]?.kind)).toEqual(['request', 'fault', 'sent'])
  })
})

describe('an attempt', () => {
  const bareLf = { type: 'bare_lf', point: 'response-head', taken: true }

  it.each<[string, Told, number | undefined, boolean]>([
    ['answered in full', { status: 202 }, 202, false],
    ['answered with an error', { status: 503 }, 503, true],
    ['sent elsewhere', { status: 307 }, 307, true],
    ['answered in part', { status: 202, written: 'partial' }, undefined, true],
    ['cut', { status: 'none' }, undefined, true],
    ['answered against the rules', { status: 202, struckBy: bareLf }, undefined, true],
    ['to be, and was not', { status: 202, struckBy: { ...bareLf, type: 'none', why: 'gone' } }, 202, false],
    ['still open', { status: 202, written: 'open' }, undefined, true],
  ])('that was %s', (_, told, status, fails) => {
    const [attempt] = attemptsOf(ledger().offer(1).attempt(told).entries)
    if (!attempt) throw new Error('no attempt')
    expect(fullAnswer(attempt)?.status).toBe(status)
    expect(failed(attempt)).toBe(fails)
  })
})

import { describe, expect, it } from 'vitest'
import { ledger } from './check/testing/ledgers.ts'
import type { Told } from './check/testing/ledgers.ts'
import type { Entry, Struck } from './entry.ts'
import { entriesOf, failed, fullAnswer, History, isDoubtful, takenIds } from './history.ts'
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

describe('an answer on a connection that a fault of another breaks', () => {
  const reset = { type: 'reset_peer', point: 'response-head', taken: false }
  const story = (proto: 'h1' | 'h2', sentAt: number, closedAt: number, struckBy: Struck = reset): boolean => {
    const told = ledger().offer(4).write({ kind: 'open', conn: 1, proto }, 1)
    told.attempt({ ids: [[0, 0, 1]], at: 5, answeredAt: sentAt })
    told.attempt({ ids: [[0, 2, 3]], at: 100, status: 'none', struckBy, sentAt: 101 })
    const { entries } = told.write({ kind: 'close', conn: 1, by: 'server', how: 'rst' }, closedAt)
    const [first] = attemptsOf(entries)
    return first !== undefined && isDoubtful(first) && fullAnswer(first) === undefined
  }

  it('is doubtful where it had only just gone out', () => {
    expect(story('h2', 95, 120)).toBe(true)
  })

  it.each<[string, boolean]>([
    ['had been there for long', story('h2', 20, 120)],
    ['was alone on its connection', story('h1', 95, 120)],
    ['outlived the fault', story('h2', 95, 5000)],
    ['met one that ends a stream', story('h2', 95, 120, { ...reset, type: 'rst_stream' })],
  ])('is not where it %s', (_, doubt) => {
    expect(doubt).toBe(false)
  })
})

import { describe, expect, it } from 'vitest'
import type { Profile } from '../../profile.ts'
import type { IdRange } from '../../record.ts'
import { ledger, ruled } from '../testing/ledgers.ts'
import type { LedgerOf, Told } from '../testing/ledgers.ts'

const half: Told = { ids: [[0, 0, 4]], bytes: 50 }
const rest: Told = { ids: [[0, 5, 9]], bytes: 50 }

describe('splits', () => {
  const under = (on413: Profile['on413']): LedgerOf => {
    const run = ruled({ use: 'splits' })
    return ledger({ ...run, profile: { ...run.profile, on413 } }).offer(10)
  }
  const refused = (on413: Profile['on413']): LedgerOf => under(on413).attempt({ status: 413, bytes: 100 })
  const both = ['split', 'any'] as const

  it.each(both)('%s: wants all to land, in bodies that do not grow', (on413) => {
    expect(refused(on413).attempt(half).attempt(rest).exit(0).verdict('rule')).toBe('pass')
    expect(refused(on413).attempt({ bytes: 100 }).exit(0).verdict('rule')).toBe('pass')
    expect(refused(on413).attempt({ bytes: 101 }).exit(0).verdict('rule')).toBe('fail')
    expect(refused(on413).attempt(half).exit(0).verdict('rule')).toBe('fail')
    const again = refused(on413).attempt({ bytes: 100, status: 413 }).exit(10)
    expect(again.verdict('rule')).toBe('fail')
  })

  it.each(both)('%s: does not compare with a body that was cut off', (on413) => {
    const cut = under(on413).attempt({ status: 413, bytes: 10, head: { complete: false } })
    expect(cut.attempt(half).attempt(rest).exit(0).verdict('rule')).toBe('pass')
  })

  it('any: allows to leave it alone, and to tell; split does not', () => {
    expect(refused('any').exit(10).verdict('rule')).toBe('pass')
    expect(refused('any').exit(0).verdict('rule')).toBe('fail')
    expect(refused('any').verdict('rule')).toBe('unknown')
    expect(refused('split').exit(10).verdict('rule')).toBe('fail')
    const partly = refused('any').attempt(half)
    expect(partly.exit(10).verdict('rule')).toBe('pass')
    const twice = refused('any').attempt({ ...half, status: 413 })
    expect(twice.exit(10).verdict('rule')).toBe('fail')
  })

  it('drop: wants it sent once, and told', () => {
    expect(refused('drop').exit(10).verdict('rule')).toBe('pass')
    expect(refused('drop').exit(0).verdict('rule')).toBe('fail')
    expect(refused('drop').attempt(half).attempt(rest).exit(0).verdict('rule')).toBe('fail')
  })

  it('wants what was not refused to land', () => {
    const small = under('any').attempt({ ...half, status: 413 })
    expect(
      small
        .attempt({ ...rest, status: 500 })
        .exit(10)
        .verdict('rule'),
    ).toBe('fail')
    expect(under('any').attempt(half).exit(10).verdict('rule')).toBe('fail')
  })

  it('is n/a where every body was small', () => {
    expect(under('split').attempt(half).attempt(rest).exit(0).verdict('rule')).toBe('n/a')
    expect(under('split').attempt(half).attempt(rest).exit(0).judge().measured).toEqual({ bodyBytesMax: 50 })
  })
})

describe('isolates', () => {
  const huge = 5
  const of64 = (): LedgerOf => ledger(ruled({ use: 'isolates', seq: huge })).offer(64)
  /** Halves what is refused until the large record is alone. */
  const halving = (of: LedgerOf, [, from, to]: IdRange): LedgerOf => {
    const refused = from <= huge && huge <= to
    of.attempt({ ids: [[0, from, to]], status: refused ? 413 : 202 })
    if (!refused || from === to) return of
    const middle = (from + to - 1) / 2
    halving(of, [0, from, middle])
    return halving(of, [0, middle + 1, to])
  }

  it('wants the others to land and the large one to be told, in few requests', () => {
    const found = halving(of64(), [0, 0, 63]).exit(10)
    expect(found.verdict('rule')).toBe('pass')
    expect(found.judge().measured).toEqual({ requests: 13 })
    expect(halving(of64(), [0, 0, 63]).exit(0).verdict('rule')).toBe('fail')
    const lost = halving(of64(), [0, 0, 31])
    expect(lost.exit(10).verdict('rule')).toBe('fail')
  })

  it('fails one that tries each by itself', () => {
    const singly = of64().attempt({ status: 413 })
    for (let i = 0; i < 64; i += 1) singly.attempt({ ids: [[0, i, i]], status: i === huge ? 413 : 202 })
    expect(singly.exit(10).verdict('rule')).toBe('fail')
  })

  it('allows a client its own batches', () => {
    const batches = of64()
    for (let i = 0; i < 64; i += 1) batches.attempt({ ids: [[0, i, i]], status: i === huge ? 413 : 202 })
    expect(batches.exit(10).verdict('rule')).toBe('pass')
    const four = of64()
    for (let i = 0; i < 64; i += 16) halving(four, [0, i, i + 15])
    expect(four.exit(10).verdict('rule')).toBe('pass')
  })

  it('fails a double, and cannot tell where the record was not refused', () => {
    const doubled = halving(of64(), [0, 0, 63]).attempt({ ids: [[0, 63, 63]] })
    expect(doubled.exit(10).verdict('rule')).toBe('fail')
    expect(of64().attempt().exit(0).verdict('rule')).toBe('unknown')
    expect(halving(of64(), [0, 0, 63]).verdict('rule')).toBe('unknown')
    const taken = of64().attempt({ status: 413, taken: true })
    expect(taken.exit(10).verdict('rule')).toBe('unknown')
  })
})

describe('learns', () => {
  const batches = (refused: readonly number[], at = (i: number): number => 10 + i * 100): LedgerOf => {
    const of = ledger(ruled({ use: 'learns' })).offer(20)
    for (let i = 0; i < 10; i += 1) {
      const ids: IdRange[] = [[0, 2 * i, 2 * i + 1]]
      if (!refused.includes(i)) of.attempt({ ids, at: at(i) })
      else {
        of.attempt({ ids, at: at(i), status: 413 })
        of.attempt({ ids: [[0, 2 * i, 2 * i]], at: at(i) + 10 })
        of.attempt({ ids: [[0, 2 * i + 1, 2 * i + 1]], at: at(i) + 20 })
      }
    }
    return of
  }

  it('wants none of the later batches to be refused', () => {
    expect(batches([0]).exit(0).verdict('rule')).toBe('pass')
    expect(batches([0, 1, 4]).exit(0).verdict('rule')).toBe('pass')
    expect(batches([0, 5]).exit(0).verdict('rule')).toBe('fail')
    expect(batches([9]).exit(0).verdict('rule')).toBe('n/a')
    expect(batches([0, 9]).judge().measured).toEqual({ batches: 10, batchesRefused: 2 })
  })

  it('does not take a part of a refused batch for a batch', () => {
    const one = ledger(ruled({ use: 'learns' }))
      .offer(4)
      .attempt({ status: 413 })
    one.attempt({ ids: [[0, 0, 1]], status: 413 }).attempt({ ids: [[0, 2, 3]], status: 413 })
    expect(one.exit(10).verdict('rule')).toBe('n/a')
  })

  it('does not blame what was under way at the first 413', () => {
    expect(batches([0, 9], () => 10).exit(0).verdict('rule')).toBe('n/a') // prettier-ignore
  })

  it('is n/a without any 413', () => {
    expect(batches([]).exit(0).verdict('rule')).toBe('n/a')
  })
})

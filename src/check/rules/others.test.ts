import { describe, expect, it } from 'vitest'
import type { RuleCall } from '../../promises.ts'
import { ledger, ruled } from '../testing/ledgers.ts'
import type { LedgerOf, Told } from '../testing/ledgers.ts'

const by = (call: RuleCall): LedgerOf => ledger(ruled(call)).offer(10)
const half: Told = { ids: [[0, 0, 4]] }
const rest: Told = { ids: [[0, 5, 9]] }

describe('not_starved', () => {
  const call = { use: 'not_starved' } as const
  const down: Told = { ...half, status: 503 }

  it('wants another record to land before the last attempt of the failing batch', () => {
    expect(by(call).attempt(down).attempt(rest).attempt(half).exit(0).verdict('rule')).toBe('pass')
    expect(by(call).attempt(down).attempt(down).attempt(half).attempt(rest).exit(0).verdict('rule')).toBe(
      'fail',
    )
    expect(by(call).attempt(down).attempt(down).exit(10).verdict('rule')).toBe('fail')
    const merged = by(call).attempt(down).attempt({ status: 503 }).attempt()
    expect(merged.exit(0).verdict('rule')).toBe('fail')
  })

  it('takes the batch that the first record came in for the first, wherever it is sent', () => {
    const turned = by(call).attempt(rest).attempt(down).attempt(half)
    expect(turned.exit(0).verdict('rule')).toBe('pass')
  })

  it('cannot tell where the batch did not fail, did not come again, or others were on their way', () => {
    expect(by(call).attempt(half).attempt(rest).exit(0).verdict('rule')).toBe('unknown')
    expect(by(call).attempt(down).attempt(rest).exit(10).verdict('rule')).toBe('unknown')
    const crossing = by(call)
      .attempt({ ...down, at: 10 })
      .attempt({ ...rest, at: 20, lands: 0 })
      .attempt({ ...half, at: 30 })
    expect(
      crossing
        .land([[0, 5, 9]], 40)
        .exit(0)
        .verdict('rule'),
    ).toBe('unknown')
    const failing = by(call)
      .attempt(down)
      .attempt({ ...rest, status: 503 })
      .attempt(half)
    expect(failing.attempt(rest).exit(0).verdict('rule')).toBe('unknown')
    expect(by(call).attempt(down).attempt(down).verdict('rule')).toBe('unknown')
    expect(by(call).attempt(rest).exit(10).verdict('rule')).toBe('unknown')
  })

  it('is n/a for a client that sends all at once, or says that it keeps the order', () => {
    const all = by(call).attempt({ status: 503 }).attempt().exit(0)
    expect(all.verdict('rule')).toBe('n/a')
    const ordered = ledger({ ...ruled(call), can: ['order'] }).offer(10)
    expect(ordered.attempt(down).attempt(half).attempt(rest).exit(0).verdict('rule')).toBe('n/a')
  })
})

describe('others_land', () => {
  const poisoned = (): LedgerOf => by({ use: 'others_land', after: 400 }).attempt({ ...half, status: 400 })

  it('wants what was in no refused request to land once', () => {
    expect(poisoned().attempt(rest).exit(10).verdict('rule')).toBe('pass')
    expect(poisoned().exit(10).verdict('rule')).toBe('fail')
    expect(
      poisoned()
        .attempt({ ids: [[0, 5, 8]] })
        .exit(10)
        .verdict('rule'),
    ).toBe('fail')
    expect(
      poisoned()
        .attempt({ ...rest, lands: 2 })
        .exit(10)
        .verdict('rule'),
    ).toBe('fail')
    expect(poisoned().verdict('rule')).toBe('unknown')
  })

  it('is n/a where there are no others, and unknown where the answer never came', () => {
    const call = { use: 'others_land', after: 400 } as const
    expect(by(call).attempt({ status: 400 }).exit(10).verdict('rule')).toBe('n/a')
    expect(by(call).attempt().exit(0).verdict('rule')).toBe('unknown')
    expect(by(call).attempt({ status: 400, written: 'partial' }).exit(10).verdict('rule')).toBe('unknown')
  })
})

describe('stops', () => {
  const call = { use: 'stops', after: 401, seen: 3, at_most: 2 } as const
  const refused = (count: number): LedgerOf => {
    const of = by(call)
    for (let i = 0; i < count; i += 1) of.attempt({ ids: [[0, i, i]], status: 401 })
    return of
  }

  it('allows so many requests after that many answers', () => {
    expect(refused(3).exit(10).verdict('rule')).toBe('pass')
    expect(refused(5).exit(10).verdict('rule')).toBe('pass')
    expect(refused(6).exit(10).verdict('rule')).toBe('fail')
    expect(refused(6).judge().measured).toEqual({ requestsAfter: 3 })
  })

  it('does not count what was sent before the answer, nor for certain what may have been', () => {
    const crossing = (latenessMs: number, at: number): LedgerOf => {
      const of = by(call)
      for (let i = 0; i < 3; i += 1) of.attempt({ ids: [[0, i, i]], status: 401, at: 10, answeredAt: 20 })
      for (let i = 3; i < 6; i += 1) of.attempt({ ids: [[0, i, i]], status: 401, at })
      return of.write({ kind: 'lateness', p50: 0, p99: 0, p999: latenessMs }).exit(10)
    }
    expect(crossing(0, 15).verdict('rule')).toBe('pass')
    expect(crossing(0, 25).verdict('rule')).toBe('fail')
    expect(crossing(10, 25).verdict('rule')).toBe('unknown')
    expect(crossing(10, 35).verdict('rule')).toBe('fail')
  })

  it('does not count what several workers had on their way when it came', () => {
    const workers = (opened: number, more: number): LedgerOf => {
      const of = by(call)
      for (let conn = 0; conn < opened; conn += 1) of.open(conn)
      for (let i = 0; i < 6; i += 1) of.attempt({ ids: [[0, i, i]], status: 401, conn: i })
      for (let i = 0; i < more; i += 1) of.attempt({ ids: [[0, 6 + i, 6 + i]], status: 401, conn: i })
      return of.exit(10)
    }
    expect(workers(6, 2).verdict('rule')).toBe('pass')
    expect(workers(6, 3).verdict('rule')).toBe('fail')
    expect(workers(3, 0).verdict('rule')).toBe('fail')
  })

  it('is in doubt about a connection that was accepted while others were unanswered', () => {
    const newcomers = (answeredAt: (i: number) => number): LedgerOf => {
      const of = refused(3)
      for (let i = 3; i < 7; i += 1) {
        const told = { ids: [[0, i, i]] as const, status: 401, conn: 10 + i }
        of.open(told.conn, i * 100).attempt({ ...told, at: i * 100 + 10, answeredAt: answeredAt(i) })
      }
      return of.exit(10)
    }
    expect(newcomers((i) => i * 100 + 20).verdict('rule')).toBe('fail')
    expect(newcomers((i) => i * 100 + 120).verdict('rule')).toBe('unknown')
  })

  it('is n/a where fewer answers came, and unknown where nothing was sent', () => {
    expect(refused(2).exit(10).verdict('rule')).toBe('n/a')
    expect(refused(0).exit(10).verdict('rule')).toBe('unknown')
  })
})

import { describe, expect, it } from 'vitest'
import { ledger, ruled } from '../testing/ledgers.ts'
import type { LedgerOf, Told } from '../testing/ledgers.ts'

describe('not_retried after 401', () => {
  const tries = (status: number, ...credentials: (string | undefined)[]): LedgerOf => {
    const of = ledger(ruled({ use: 'not_retried', after: status })).offer(5)
    for (const credential of credentials) of.attempt({ status, head: credential ? { credential } : {} })
    return of
  }

  it('allows one more attempt with another credential, and no other', () => {
    expect(tries(401, 'a').exit(10).verdict('rule')).toBe('pass')
    expect(tries(401, 'a', 'b').exit(10).verdict('rule')).toBe('pass')
    expect(tries(401, undefined, 'b').exit(10).verdict('rule')).toBe('pass')
    expect(tries(401, 'a', 'a').exit(10).verdict('rule')).toBe('fail')
    expect(tries(401, undefined, undefined).exit(10).verdict('rule')).toBe('fail')
    expect(tries(401, 'a', 'b', 'c').exit(10).verdict('rule')).toBe('fail')
    expect(tries(401, 'a', 'b', 'b').exit(10).verdict('rule')).toBe('fail')
  })

  it('lets a client that is refused three times stop, as long as it tells', () => {
    const refused = (status: number, count: number): LedgerOf => {
      const of = ledger(ruled({ use: 'not_retried', after: status })).offer(5)
      for (let seq = 0; seq < count; seq += 1) of.attempt({ status, ids: [[0, seq, seq]] })
      return of
    }
    expect(refused(401, 3).exit(10).verdict('rule')).toBe('pass')
    expect(refused(403, 4).exit(10).verdict('rule')).toBe('pass')
    expect(refused(401, 3).exit(0).verdict('rule')).toBe('fail')
    expect(refused(401, 2).exit(10).verdict('rule')).toBe('fail')
    expect(refused(400, 3).exit(10).verdict('rule')).toBe('fail')
  })

  it('allows it by record, and wants the others as ever', () => {
    const old: Told = { head: { credential: 'a' }, status: 401 }
    const renewed: Told = { head: { credential: 'b' } }
    const half: Told = { ids: [[0, 0, 1]] }
    const rest: Told = { ids: [[0, 2, 4]] }
    const first = (): LedgerOf => ledger(ruled({ use: 'not_retried', after: 401 })).offer(5)
    const split = first().attempt(old)
    expect(
      split
        .attempt({ ...renewed, ...half })
        .attempt({ ...renewed, ...rest })
        .exit(0)
        .verdict('rule'),
    ).toBe('pass')
    const left = first().attempt({ ...old, ...half })
    expect(
      left
        .attempt({ ...renewed, ...half })
        .exit(10)
        .verdict('rule'),
    ).toBe('fail')
  })

  it('cannot tell where the attempt before the refused one was cut', () => {
    const cut = ledger(ruled({ use: 'not_retried', after: 401 }))
      .offer(5)
      .attempt({ status: 'none' })
    cut.attempt({ status: 401, head: { credential: 'a' } }).attempt({ head: { credential: 'b' } })
    expect(cut.exit(0).verdict('rule')).toBe('unknown')
  })

  it('allows it after no other status', () => {
    expect(tries(403, 'a', 'b').exit(10).verdict('rule')).toBe('fail')
    expect(tries(403, 'a').exit(10).verdict('rule')).toBe('pass')
  })
})

import { describe, expect, it } from 'vitest'
import type { Profile } from '../../profile.ts'
import type { RuleCall } from '../../promises.ts'
import { ledger, ruled } from '../testing/ledgers.ts'
import type { LedgerOf, Told } from '../testing/ledgers.ts'

const by = (call: RuleCall, profile: Partial<Profile> = {}): LedgerOf => {
  const run = ruled(call)
  return ledger({ ...run, profile: { ...run.profile, ...profile } }).offer(10)
}
const times = (of: LedgerOf, count: number, told: Told): LedgerOf => {
  for (let i = 0; i < count; i += 1) of.attempt(told)
  return of
}
const half: Told = { ids: [[0, 0, 4]] }
const rest: Told = { ids: [[0, 5, 9]] }
const down: Told = { status: 503 }

describe('outlasts', () => {
  const call = { use: 'outlasts', failures: 3 } as const
  const after = (failures: number, profile: Partial<Profile> = {}): LedgerOf =>
    times(by(call, profile), failures, down)

  it('wants each record delivered by the very next attempt', () => {
    expect(after(3).attempt().exit(0).verdict('rule')).toBe('pass')
    expect(after(3).attempt().attempt().exit(0).verdict('rule')).toBe('fail')
    expect(after(3).attempt().attempt(down).exit(0).verdict('rule')).toBe('fail')
    expect(after(3).attempt({ lands: 2 }).exit(0).verdict('rule')).toBe('fail')
    expect(after(3).attempt({ lands: 0 }).exit(0).verdict('rule')).toBe('fail')
  })

  it('fails a client that gives up before, once it has ended', () => {
    expect(after(1).exit(10).verdict('rule')).toBe('fail')
    expect(after(3).exit(10).verdict('rule')).toBe('fail')
    expect(after(3).verdict('rule')).toBe('unknown')
  })

  it('cannot tell of a record that met fewer failures, or more', () => {
    expect(after(2).attempt().exit(0).verdict('rule')).toBe('unknown')
    expect(after(4).exit(10).verdict('rule')).toBe('unknown')
    expect(after(4).attempt().exit(0).verdict('rule')).toBe('pass')
    const partly = times(by(call), 3, { ...half, status: 503 }).attempt(half)
    expect(partly.attempt(rest).exit(0).verdict('rule')).toBe('unknown')
  })

  it('fails what was never sent', () => {
    const partly = times(by(call), 3, { ...half, status: 503 }).attempt(half)
    expect(partly.exit(10).verdict('rule')).toBe('fail')
  })

  it('asks for one failure less than the least attempts, where it says no number', () => {
    const least = (failures: number): LedgerOf =>
      times(by({ use: 'outlasts' }, { attempts: { min: 3, max: 6 } }), failures, down)
    expect(least(2).attempt().exit(0).verdict('rule')).toBe('pass')
    expect(least(1).attempt().exit(0).verdict('rule')).toBe('unknown')
    expect(least(2).exit(10).verdict('rule')).toBe('fail')
  })

  it('wants to be told, where the profile allows no such number of attempts, or does not retry it', () => {
    const few = { attempts: { min: 2, max: 3 } }
    expect(after(3, few).exit(10).verdict('rule')).toBe('pass')
    expect(after(3, few).exit(0).verdict('rule')).toBe('fail')
    expect(after(1, { retryable: [] }).exit(10).verdict('rule')).toBe('pass')
    expect(after(1, { retryable: [] }).exit(0).verdict('rule')).toBe('fail')
  })
})

describe('within_budget', () => {
  const tries = (count: number, most = true): LedgerOf =>
    times(by({ use: 'within_budget', ...(most ? { most } : {}) }), count, down)

  it('wants as many attempts as the profile says', () => {
    expect(tries(4).exit(10).verdict('rule')).toBe('pass')
    expect(tries(6).exit(10).verdict('rule')).toBe('pass')
    expect(tries(3).exit(10).verdict('rule')).toBe('fail')
    expect(tries(7).exit(10).verdict('rule')).toBe('fail')
    expect(tries(7, false).exit(10).verdict('rule')).toBe('pass')
  })

  it('counts by record, however a batch is cut up', () => {
    const cutUp = tries(3).attempt({ ...half, status: 503 })
    expect(
      cutUp
        .attempt({ ...rest, status: 503 })
        .exit(10)
        .verdict('rule'),
    ).toBe('pass')
    const partly = tries(3).attempt({ ...half, status: 503 })
    expect(partly.exit(10).verdict('rule')).toBe('fail')
  })

  it('holds too many at once, and too few only when the client is over', () => {
    expect(tries(7).verdict('rule')).toBe('fail')
    expect(tries(3).verdict('rule')).toBe('unknown')
  })

  it('fails a client that never sends some', () => {
    const call = { use: 'within_budget' } as const
    expect(
      times(by(call), 4, { ...half, status: 503 })
        .exit(10)
        .verdict('rule'),
    ).toBe('fail')
  })

  it('cannot tell where the record was delivered or refused before', () => {
    expect(tries(2).attempt().exit(0).verdict('rule')).toBe('unknown')
    expect(tries(2).attempt({ status: 400 }).exit(10).verdict('rule')).toBe('unknown')
    expect(tries(0).attempt().exit(0).verdict('rule')).toBe('unknown')
  })

  it('is n/a under a profile that does not retry what failed', () => {
    const final = by({ use: 'within_budget' }, { retryable: [] }).attempt(down)
    expect(final.exit(10).verdict('rule')).toBe('n/a')
  })
})

describe('kept_together', () => {
  const call = { use: 'kept_together' } as const
  const failed = (told: Told = {}): LedgerOf => by(call).attempt({ ...down, ...told })

  it('wants one later request with all records of a failed one', () => {
    expect(failed().attempt().exit(0).verdict('rule')).toBe('pass')
    expect(failed(half).attempt().exit(0).verdict('rule')).toBe('pass')
    expect(failed().attempt(half).attempt(rest).exit(0).verdict('rule')).toBe('fail')
    expect(failed().attempt(half).exit(10).verdict('rule')).toBe('fail')
    expect(
      failed()
        .attempt({ ids: [[0, 1, 9]] })
        .exit(10)
        .verdict('rule'),
    ).toBe('fail')
    expect(failed().exit(10).verdict('rule')).toBe('fail')
  })

  it('wants it of each batch, whatever comes between', () => {
    const two = failed(half).attempt({ ...rest, status: 503 })
    expect(two.attempt(half).attempt(rest).exit(0).verdict('rule')).toBe('pass')
  })

  it('does not ask for more than the budget, nor again for what was delivered', () => {
    const spent = times(by(call), 4, down)
    expect(spent.exit(10).verdict('rule')).toBe('pass')
    const late = by(call).attempt({ at: 5, answeredAt: 50 }).attempt({ at: 10, status: 'none' })
    expect(late.exit(0).verdict('rule')).toBe('unknown')
  })

  it('waits for the end, wants a failure, and is n/a where that is final', () => {
    expect(failed().attempt(half).verdict('rule')).toBe('unknown')
    expect(by(call).attempt().exit(0).verdict('rule')).toBe('unknown')
    expect(by(call, { retryable: [] }).attempt(down).exit(10).verdict('rule')).toBe('n/a')
  })
})

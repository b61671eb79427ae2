import { describe, expect, it } from 'vitest'
import type { Profile } from '../../profile.ts'
import type { RuleCall } from '../../promises.ts'
import { ledger, ruled } from '../testing/ledgers.ts'
import type { LedgerOf, Told } from '../testing/ledgers.ts'

const by = (call: RuleCall, profile: Partial<Profile> = {}): LedgerOf => {
  const run = ruled(call)
  return ledger({ ...run, profile: { ...run.profile, ...profile } }).offer(10)
}
const late = (of: LedgerOf, ms: number): LedgerOf =>
  of.write({ kind: 'lateness', p50: 0, p99: 0, p999: ms }).exit(10)
const half: Told = { ids: [[0, 0, 4]] }
const rest: Told = { ids: [[0, 5, 9]] }

describe('calm_in_outage', () => {
  const call = { use: 'calm_in_outage', until_s: 2, workers: 1 } as const
  const outage = (count: number, everyMs = 10): LedgerOf => {
    const of = by(call)
    for (let i = 0; i < count; i += 1) of.attempt({ at: 10 + i * everyMs, status: 503 })
    return of
  }

  it('allows the most attempts of each worker while all fails', () => {
    expect(outage(6).exit(10).verdict('rule')).toBe('pass')
    expect(outage(7).exit(10).verdict('rule')).toBe('fail')
    expect(outage(7).judge().measured).toEqual({ requestsInOutage: 7 })
  })

  it('is n/a where the client does not honour the wish for so many workers', () => {
    const known = (knobs: string[]): string | undefined => {
      const run = { ...ruled({ ...call, knob: 'concurrency' }), knobs }
      const of = ledger(run).offer(10)
      for (let i = 0; i < 7; i += 1) of.attempt({ at: 10 + i * 10, status: 503 })
      return of.exit(10).verdict('rule')
    }
    expect(known([])).toBe('n/a')
    expect(known(['concurrency'])).toBe('fail')
  })

  it('does not count what came after the outage, nor what went well', () => {
    expect(outage(7, 400).exit(10).verdict('rule')).toBe('pass')
    const served = by(call).attempt({ at: 1 })
    for (let i = 0; i < 6; i += 1) served.attempt({ status: 503 })
    expect(served.attempt().exit(0).verdict('rule')).toBe('pass')
  })

  it('cannot tell where nothing failed in it', () => {
    expect(by(call).attempt().exit(0).verdict('rule')).toBe('unknown')
    expect(by(call).attempt({ at: 2000, status: 503 }).exit(10).verdict('rule')).toBe('unknown')
  })
})

describe('calm_after', () => {
  const call = { use: 'calm_after', share: 0.9, grace_ms: 100 } as const
  const limited = (told: Told = {}): LedgerOf =>
    by(call).attempt({ ...half, at: 9, answeredAt: 10, status: 429, retryAfterMs: 1000, ...told })

  it('wants no request at all in that share of the time', () => {
    expect(
      limited()
        .attempt({ ...rest, at: 910 })
        .exit(0)
        .verdict('rule'),
    ).toBe('pass')
    expect(
      limited()
        .attempt({ ...rest, at: 909 })
        .exit(0)
        .verdict('rule'),
    ).toBe('fail')
    expect(
      limited()
        .attempt({ ...half, at: 500 })
        .exit(0)
        .verdict('rule'),
    ).toBe('fail')
  })

  it('forgives what was under way, for the grace and for as long as the harness may have been late', () => {
    const flying = (at: number): LedgerOf =>
      limited()
        .attempt({ ...rest, at })
        .attempt({ ...rest, at: 2000 })
    expect(flying(110).exit(0).verdict('rule')).toBe('pass')
    expect(flying(111).exit(0).verdict('rule')).toBe('fail')
    expect(late(flying(111), 5).verdict('rule')).toBe('unknown')
    expect(late(flying(116), 5).verdict('rule')).toBe('fail')
  })

  it('is n/a where nothing else was to be sent', () => {
    expect(
      limited()
        .attempt({ ...half, at: 1500 })
        .exit(0)
        .verdict('rule'),
    ).toBe('n/a')
    expect(limited().exit(10).verdict('rule')).toBe('n/a')
    expect(limited().verdict('rule')).toBe('unknown')
  })

  it('cannot tell where no answer asked for it, or for less than the grace', () => {
    expect(by(call).attempt({ status: 429 }).attempt().exit(0).verdict('rule')).toBe('unknown')
    expect(limited({ retryAfterMs: 100 }).attempt({ at: 3000 }).exit(0).verdict('rule')).toBe('unknown')
    expect(limited({ written: 'partial' }).attempt({ at: 500 }).exit(0).verdict('rule')).toBe('unknown')
  })
})

describe('limited_gap', () => {
  const call = { use: 'limited_gap', slack_ms: 50 } as const
  const limited = (told: Told = {}, profile: Partial<Profile> = {}): LedgerOf =>
    by(call, profile).attempt({ at: 9, answeredAt: 10, status: 429, ...told })

  it("wants the profile's least gap, less the slack", () => {
    expect(limited().attempt({ at: 960 }).exit(0).verdict('rule')).toBe('pass')
    expect(limited().attempt({ at: 959 }).exit(0).verdict('rule')).toBe('fail')
    const longer = limited({}, { on429: { withoutRetryAfter: { minGapMs: 2000 } } })
    expect(longer.attempt({ at: 1500 }).exit(0).verdict('rule')).toBe('fail')
  })

  it('is in doubt where lateness may have made the gap', () => {
    expect(late(limited().attempt({ at: 1000 }), 60).verdict('rule')).toBe('unknown')
    expect(late(limited().attempt({ at: 900 }), 60).verdict('rule')).toBe('fail')
  })

  it('does not judge other answers, and is n/a where the profile does not retry 429', () => {
    expect(limited({ retryAfterMs: 500 }).attempt({ at: 600 }).exit(0).verdict('rule')).toBe('unknown')
    expect(limited({ status: 503 }).attempt({ at: 20 }).exit(0).verdict('rule')).toBe('unknown')
    expect(limited().exit(10).verdict('rule')).toBe('unknown')
    const final: Partial<Profile> = { retryable: ['5xx'], neverRetry: [429] }
    expect(limited({}, final).exit(10).verdict('rule')).toBe('n/a')
    expect(limited({}, final).attempt({ at: 20 }).exit(10).verdict('rule')).toBe('fail')
  })
})

describe('rate', () => {
  const call = { use: 'rate', per_s_max: 3, until_s: 2 } as const
  const sending = (count: number, first: Told = half): LedgerOf => {
    const of = by(call).attempt({ ...first, at: 999, answeredAt: 1000, status: 429 })
    for (let i = 0; i < count; i += 1) of.attempt({ ...first, at: 1001 + i * 10, status: 429 })
    return of
  }

  it('allows so many requests a second from the first 429 to the end of the limit', () => {
    expect(sending(3).exit(10).verdict('rule')).toBe('pass')
    expect(sending(4).exit(10).verdict('rule')).toBe('fail')
    expect(sending(4).judge().measured).toEqual({ requestsPerS: 4 })
    expect(sending(3).attempt({ at: 2001 }).exit(0).verdict('rule')).toBe('pass')
  })

  it('is in doubt where one may have been under way', () => {
    expect(late(sending(4), 5).verdict('rule')).toBe('unknown')
    expect(late(sending(4), 0.5).verdict('rule')).toBe('fail')
  })

  it('is n/a for a client that sends all at once, unless that hammers', () => {
    expect(sending(2, {}).exit(10).verdict('rule')).toBe('n/a')
    expect(sending(9, {}).exit(10).verdict('rule')).toBe('fail')
  })

  it('cannot tell where no 429 came in time', () => {
    expect(by(call).attempt(half).attempt(rest).exit(0).verdict('rule')).toBe('unknown')
    expect(
      by(call)
        .attempt({ ...half, at: 3000, status: 429 })
        .exit(10)
        .verdict('rule'),
    ).toBe('unknown')
    expect(by(call).attempt().exit(0).verdict('rule')).toBe('n/a')
  })
})

import { describe, expect, it } from 'vitest'
import type { Profile } from '../../profile.ts'
import type { RuleCall } from '../../promises.ts'
import { ledger, ruled } from '../testing/ledgers.ts'
import type { LedgerOf, Told } from '../testing/ledgers.ts'

const under = (profile: Partial<Profile>, ...rules: RuleCall[]): LedgerOf => {
  const run = ruled(...rules)
  return ledger({ ...run, profile: { ...run.profile, ...profile } })
}
const by = (...rules: RuleCall[]): LedgerOf => under({}, ...rules)
const half: Told = { ids: [[0, 0, 4]] }
const rest: Told = { ids: [[0, 5, 9]] }

describe('landed', () => {
  it('wants each record exactly as often as said', () => {
    const once = (): LedgerOf => by({ use: 'landed', times: 1 }).offer(10)
    expect(once().attempt().exit(0).verdict('rule')).toBe('pass')
    expect(once().attempt(half).exit(0).verdict('rule')).toBe('fail')
    expect(once().attempt({ lands: 2 }).exit(0).verdict('rule')).toBe('fail')
    expect(once().attempt({ status: 400 }).exit(10).verdict('rule')).toBe('fail')
  })

  it('counts past three', () => {
    expect(by({ use: 'landed', times: 5 }).offer(2).attempt({ lands: 5 }).exit(0).verdict('rule')).toBe(
      'pass',
    )
    expect(by({ use: 'landed', times: 5 }).offer(2).attempt({ lands: 6 }).exit(0).verdict('rule')).toBe(
      'fail',
    )
  })

  it('fails a client that sends nothing, and cannot tell of one that is to land nothing', () => {
    expect(by({ use: 'landed', times: 1 }).offer(10).exit(0).verdict('rule')).toBe('fail')
    expect(by({ use: 'landed', times: 0 }).offer(10).exit(0).verdict('rule')).toBe('unknown')
    expect(by({ use: 'landed', times: 0 }).offer(10).attempt({ status: 400 }).exit(1).verdict('rule')).toBe(
      'pass',
    )
  })
})

describe('attempts', () => {
  const between = (min: number, max: number, tries: number): LedgerOf => {
    const of = by({ use: 'attempts', min, max }).offer(2)
    for (let i = 0; i < tries; i += 1) of.attempt({ status: 503 })
    return of.exit(10)
  }

  it('counts the requests that carry each record, past three too', () => {
    expect(between(4, 6, 4).verdict('rule')).toBe('pass')
    expect(between(4, 6, 6).verdict('rule')).toBe('pass')
    expect(between(4, 6, 3).verdict('rule')).toBe('fail')
    expect(between(4, 6, 7).verdict('rule')).toBe('fail')
  })

  it('counts a request once that carries a record twice', () => {
    const ids = [[0, 0, 1], [0, 0, 0]] as const // prettier-ignore
    expect(by({ use: 'attempts', max: 1 }).offer(2).attempt({ ids }).exit(0).verdict('rule')).toBe('pass')
  })

  it('fails where a request was wanted and none came, and cannot tell where only too many were forbidden', () => {
    expect(between(1, 1, 0).verdict('rule')).toBe('fail')
    expect(by({ use: 'attempts', max: 1 }).offer(2).exit(0).verdict('rule')).toBe('unknown')
  })
})

describe('requests', () => {
  const call = { use: 'requests', max: 1, knob: 'batch.max_events', max_otherwise: 2 } as const

  it('holds the limit of the knob only against a client that honours it', () => {
    const two = (knobs: string[]): LedgerOf =>
      ledger({ ...ruled(call), knobs })
        .offer(10)
        .attempt(half)
        .attempt(rest)
        .exit(0)
    expect(two(['batch.max_events']).verdict('rule')).toBe('fail')
    expect(two([]).verdict('rule')).toBe('pass')
    expect(by(call).offer(10).attempt(half).attempt(rest).attempt().exit(0).verdict('rule')).toBe('fail')
  })

  it('does not count requests without records, and wants at least one with', () => {
    const bare = (): LedgerOf => by({ use: 'requests', max: 1 }).offer(10).attempt({ ids: [], taken: false })
    expect(bare().attempt().exit(0).verdict('rule')).toBe('pass')
    expect(bare().exit(0).verdict('rule')).toBe('unknown')
  })
})

describe('retried', () => {
  const after503 = (): LedgerOf => by({ use: 'retried', after: 503 }).offer(10)

  it('wants a resend after the failure that lands once', () => {
    expect(after503().attempt({ status: 503 }).attempt().exit(0).verdict('rule')).toBe('pass')
    expect(after503().attempt({ status: 503 }).exit(10).verdict('rule')).toBe('fail')
    expect(after503().attempt({ status: 503 }).attempt({ status: 503 }).exit(10).verdict('rule')).toBe('fail')
    expect(after503().attempt({ status: 503, taken: true }).attempt().exit(0).verdict('rule')).toBe('fail')
  })

  it('wants it of every record, however the resend is split', () => {
    const split = after503().attempt({ status: 503 }).attempt(half)
    expect(split.attempt(rest).exit(0).verdict('rule')).toBe('pass')
    expect(after503().attempt({ status: 503 }).attempt(half).exit(10).verdict('rule')).toBe('fail')
  })

  it('cannot tell of records that never met the failure', () => {
    expect(after503().attempt().exit(0).verdict('rule')).toBe('unknown')
    expect(after503().exit(0).verdict('rule')).toBe('unknown')
    const partly = after503()
      .attempt({ ...half, status: 503 })
      .attempt(half)
      .attempt(rest)
    expect(partly.exit(0).verdict('rule')).toBe('unknown')
  })

  it('knows a network failure by an answer that did not arrive whole', () => {
    const cut = (): LedgerOf => by({ use: 'retried', after: 'network' }).offer(10).attempt({ status: 'none' })
    expect(cut().attempt().exit(0).verdict('rule')).toBe('pass')
    expect(cut().exit(10).verdict('rule')).toBe('fail')
  })

  it('wants the opposite, and to be told, under a profile that does not retry it', () => {
    const never = (): LedgerOf => under({ retryable: [] }, { use: 'retried', after: 503 }).offer(10)
    expect(never().attempt({ status: 503 }).exit(10).verdict('rule')).toBe('pass')
    expect(never().attempt({ status: 503 }).exit(0).verdict('rule')).toBe('fail')
    expect(never().attempt({ status: 503 }).attempt().exit(10).verdict('rule')).toBe('fail')
  })
})

describe('not_retried', () => {
  const after400 = (): LedgerOf => by({ use: 'not_retried', after: 400 }).offer(10)

  it('wants each record sent exactly once', () => {
    expect(after400().attempt({ status: 400 }).exit(1).verdict('rule')).toBe('pass')
    expect(after400().attempt({ status: 400 }).attempt({ status: 400 }).exit(1).verdict('rule')).toBe('fail')
  })

  it('wants the later requests of a client that sends several', () => {
    const first = (): LedgerOf => after400().attempt({ ...half, status: 400 })
    expect(
      first()
        .attempt({ ...rest, status: 400 })
        .exit(1)
        .verdict('rule'),
    ).toBe('pass')
    expect(first().exit(1).verdict('rule')).toBe('fail')
  })

  it('cannot tell when the answer never came, or a cut may be the reason for the resend', () => {
    expect(after400().attempt().exit(0).verdict('rule')).toBe('unknown')
    expect(after400().attempt({ status: 'none' }).attempt({ status: 400 }).exit(1).verdict('rule')).toBe(
      'unknown',
    )
    expect(after400().exit(1).verdict('rule')).toBe('unknown')
  })

  it('is n/a under a profile that retries the status', () => {
    const retrying = under({ retryable: [400] }, { use: 'not_retried', after: 400 }).offer(10)
    expect(retrying.attempt({ status: 400 }).attempt().exit(0).verdict('rule')).toBe('n/a')
  })
})

describe('gaps', () => {
  const call = { use: 'gaps', min_ms: 25, slack_ms: 20, count_min: 2 } as const
  const waiting = (gapMs: number, latenessMs = 0): LedgerOf => {
    const of = by(call).offer(10)
    for (let i = 0; i < 3; i += 1)
      of.attempt({ at: 100 + i * gapMs, answeredAt: 100 + i * gapMs, status: 503 })
    return of.write({ kind: 'lateness', p50: 0, p99: 0, p999: latenessMs }).exit(10)
  }

  it('wants every gap as long as said', () => {
    expect(waiting(26).verdict('rule')).toBe('pass')
    expect(waiting(25).verdict('rule')).toBe('pass')
    expect(waiting(24.9).verdict('rule')).toBe('fail')
    expect(waiting(50).judge().measured).toMatchObject({ gapMsMin: 50, gapMsP50: 50, attemptsMax: 3 })
  })

  it('takes a short gap for certain, but no long one that lateness may have stretched', () => {
    expect(waiting(24, 500).verdict('rule')).toBe('fail')
    expect(waiting(30, 10).verdict('rule')).toBe('pass')
    expect(waiting(30, 11).verdict('rule')).toBe('unknown')
    expect(waiting(37, 11).verdict('rule')).toBe('pass')
  })

  it('charges a hold-up to the gaps that end in its lap or the lap before, and to no other', () => {
    const lap = (of: LedgerOf, ms: number, at: number): LedgerOf =>
      of.write({ kind: 'lateness', p50: 0, p99: 0, p999: ms }, at)
    const verdictWith = (heldAt: 'before' | 'within' | 'behind' | 'later'): string | undefined => {
      const of = lap(by(call).offer(10), heldAt === 'before' ? 500 : 0, 50)
      for (let i = 0; i < 3; i += 1) of.attempt({ at: 100 + i * 30, answeredAt: 100 + i * 30, status: 503 })
      lap(of, heldAt === 'within' ? 500 : 0, 250)
      lap(of, heldAt === 'behind' ? 500 : 0, 500)
      return lap(of, heldAt === 'later' ? 500 : 0, 750)
        .exit(10)
        .verdict('rule')
    }
    expect(verdictWith('before')).toBe('pass')
    expect(verdictWith('within')).toBe('unknown')
    expect(verdictWith('behind')).toBe('unknown')
    expect(verdictWith('later')).toBe('pass')
  })

  it('cannot tell from fewer gaps than wanted, nor from cuts and successes', () => {
    const one = by(call).offer(10).attempt({ at: 1, answeredAt: 1, status: 503 }).attempt({ at: 2 })
    expect(one.exit(0).verdict('rule')).toBe('unknown')
    const cuts = by(call).offer(10)
    for (let i = 0; i < 4; i += 1) cuts.attempt({ status: 'none' })
    expect(cuts.exit(10).verdict('rule')).toBe('unknown')
    expect(by(call).offer(10).exit(0).verdict('rule')).toBe('unknown')
  })

  it('follows the records, not the name of the batch: one cut up and sent on at once has not waited', () => {
    const cutUp = by(call).offer(4)
    for (let i = 0; i < 4; i += 1) {
      const at = 100 + i
      cutUp.attempt({ at, answeredAt: at, status: 503, ids: [[0, i, 3]] })
    }
    expect(cutUp.exit(10).verdict('rule')).toBe('fail')
    const polite = by(call).offer(4)
    for (const [at, from, to] of [
      [100, 0, 3],
      [130, 0, 1],
      [131, 2, 3],
      [160, 0, 1],
    ] as const) {
      polite.attempt({ at, answeredAt: at, status: 503, ids: [[0, from, to]] })
    }
    expect(polite.exit(10).verdict('rule')).toBe('pass')
  })

  it('counts an attempt that did not await the answer as no wait', () => {
    const eager = by(call).offer(10)
    for (let i = 0; i < 3; i += 1) eager.attempt({ at: 10 + i, answeredAt: 1000, status: 503 })
    expect(eager.exit(10).verdict('rule')).toBe('fail')
    expect(eager.judge().measured['gapMsMin']).toBe(0)
  })

  it('measures each logical for itself', () => {
    const two = by({ ...call, count_min: 2 }).offer(10)
    two
      .attempt({ ...half, at: 1, answeredAt: 2, status: 503 })
      .attempt({ ...rest, at: 3, answeredAt: 4, status: 503 })
    expect(
      two
        .attempt({ ...half, at: 50 })
        .attempt({ ...rest, at: 51 })
        .exit(0)
        .verdict('rule'),
    ).toBe('pass')
  })
})

describe('retry_after', () => {
  const limited = (): LedgerOf => {
    const of = by({ use: 'retry_after', slack_ms: 50 }).offer(10)
    return of.attempt({ at: 10, answeredAt: 11, status: 429, retryAfterMs: 2000 })
  }

  it('wants no attempt before the time, less the slack', () => {
    expect(
      limited()
        .attempt({ at: 11 + 1950 })
        .exit(0)
        .verdict('rule'),
    ).toBe('pass')
    expect(
      limited()
        .attempt({ at: 11 + 1949 })
        .exit(0)
        .verdict('rule'),
    ).toBe('fail')
  })

  it('does not hold an attempt that was on its way before the answer', () => {
    const crossing = by({ use: 'retry_after', slack_ms: 50 }).offer(10)
    crossing
      .attempt({ at: 10, answeredAt: 20, status: 429, retryAfterMs: 2000 })
      .attempt({ at: 15, status: 503 })
    expect(crossing.attempt({ at: 2020 }).exit(0).verdict('rule')).toBe('pass')
  })

  it('cannot tell when nothing followed, or nothing was limited', () => {
    expect(limited().exit(10).verdict('rule')).toBe('unknown')
    expect(by({ use: 'retry_after', slack_ms: 50 }).offer(10).attempt().exit(0).verdict('rule')).toBe(
      'unknown',
    )
  })
})

describe('shrinks', () => {
  const tooLarge = (...sizes: number[]): LedgerOf => {
    const of = by({ use: 'shrinks' }).offer(1)
    for (const bytes of sizes) of.attempt({ bytes, status: 413 })
    return of.exit(10)
  }

  it('allows one request, and a second one that is smaller', () => {
    expect(tooLarge(100).verdict('rule')).toBe('pass')
    expect(tooLarge(100, 60).verdict('rule')).toBe('pass')
    expect(tooLarge(100, 100).verdict('rule')).toBe('fail')
    expect(tooLarge(100, 60, 30).verdict('rule')).toBe('fail')
    expect(tooLarge().verdict('rule')).toBe('unknown')
  })
})

describe('told', () => {
  const refused = (): LedgerOf => by({ use: 'told' }).offer(1).attempt({ status: 413 })

  it('wants a non-zero exit of its own, or a claim', () => {
    expect(refused().exit(22).verdict('rule')).toBe('pass')
    expect(
      refused()
        .write({ kind: 'claim', what: 'drop', ids: [[0, 0, 0]] })
        .exit(0)
        .verdict('rule'),
    ).toBe('pass')
    expect(refused().exit(0).verdict('rule')).toBe('fail')
    expect(refused().exit(139).verdict('rule')).toBe('fail')
  })

  it('cannot tell when nothing was sent, or nothing was left undelivered', () => {
    expect(by({ use: 'told' }).offer(1).exit(10).verdict('rule')).toBe('unknown')
    expect(by({ use: 'told' }).offer(1).attempt().exit(0).verdict('rule')).toBe('unknown')
  })
})

describe('resent_or_told', () => {
  const call = { use: 'resent_or_told' } as const
  const cut = (first: Told = {}, profile: Partial<Profile> = {}): LedgerOf =>
    under(profile, call)
      .offer(10)
      .attempt({ status: 'none', taken: true, ...first })

  it('wants every record again, or to be told', () => {
    expect(cut().attempt().exit(0).verdict('rule')).toBe('pass')
    expect(cut().attempt(half).attempt(rest).exit(0).verdict('rule')).toBe('pass')
    expect(cut().exit(10).verdict('rule')).toBe('pass')
    expect(cut().exit(0).verdict('rule')).toBe('fail')
    expect(cut().attempt(half).exit(0).verdict('rule')).toBe('fail')
    expect(cut().attempt({ status: 'none' }).exit(0).verdict('rule')).toBe('fail')
  })

  it('is content where a copy that was sent before is acknowledged after', () => {
    const hedged = under({}, call).offer(10).attempt({ at: 10, answeredAt: 90 })
    expect(hedged.attempt({ at: 20, answeredAt: 30, status: 'none' }).exit(0).verdict('rule')).toBe('pass')
  })

  it('wants the key again, where there was one', () => {
    expect(cut({ key: 'k' }).attempt({ key: 'k' }).exit(0).verdict('rule')).toBe('pass')
    expect(cut({ key: 'k' }).attempt({ key: 'l' }).exit(0).verdict('rule')).toBe('fail')
    expect(cut({ key: 'k' }).attempt().exit(0).verdict('rule')).toBe('fail')
    expect(cut().attempt({ key: 'l' }).exit(0).verdict('rule')).toBe('pass')
  })

  it('takes a status alone for an acknowledgement only under a profile that does', () => {
    const partial: Told = { status: 202, written: 'partial' }
    const needs = { statuses: [202], needs: 'status' } as const
    expect(cut(partial).exit(0).verdict('rule')).toBe('fail')
    expect(cut(partial, { ack: needs }).exit(0).verdict('rule')).toBe('pass')
    expect(
      cut({ ...partial, status: 503 }, { ack: needs })
        .exit(0)
        .verdict('rule'),
    ).toBe('fail')
    expect(cut({}, { ack: needs }).exit(0).verdict('rule')).toBe('fail')
  })

  it('cannot tell when every answer arrived whole', () => {
    expect(by(call).offer(10).attempt().exit(0).verdict('rule')).toBe('unknown')
    expect(by(call).offer(10).exit(10).verdict('rule')).toBe('unknown')
  })
})

describe('taken_before_exit', () => {
  const of = (): LedgerOf => by({ use: 'taken_before_exit' }).offer(10)

  it('wants the last take before the exit', () => {
    expect(of().attempt().exit(0).verdict('rule')).toBe('pass')
    expect(of().attempt(half).exit(0).attempt(rest).verdict('rule')).toBe('fail')
    expect(of().exit(0).verdict('rule')).toBe('fail')
  })

  it('cannot tell without an exit', () => {
    expect(of().attempt().verdict('rule')).toBe('unknown')
  })
})

describe('rule', () => {
  it('holds the worst of its rules and keeps every reason, the worst first', () => {
    const both = by({ use: 'landed', times: 1 }, { use: 'told' }).offer(2).attempt().exit(0)
    const [check] = both.judge().checks
    expect(check?.verdict).toBe('unknown')
    expect(check?.because).toEqual([
      'Everything was delivered, so there was nothing to tell.',
      '2 records offered, each to land 1×.',
    ])
  })
})

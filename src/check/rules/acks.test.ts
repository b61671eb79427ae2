import { describe, expect, it } from 'vitest'
import type { EntryOf } from '../../entry.ts'
import type { IdRange } from '../../record.ts'
import type { RuleCall } from '../../promises.ts'
import { ledger, ruled } from '../testing/ledgers.ts'
import type { LedgerOf, Told } from '../testing/ledgers.ts'

const by = (use: RuleCall['use'], over: Partial<EntryOf<'run'>> = {}): LedgerOf =>
  ledger({ ...ruled({ use } as RuleCall), rung: 'lines', ...over }).offer(4)
const ack = (of: LedgerOf, at: number, ids: IdRange[] = [[0, 0, 3]]): LedgerOf =>
  of.write({ kind: 'claim', what: 'ack', ids }, at)
const waiting: Told = { status: 200, head: { path: '/v0/events?name=t&wait=true' } }

describe('asks_for_commit', () => {
  const durable = { protocol: 'events-api', knobs: ['ack.durable'] }
  const asked = (...tries: Told[]): LedgerOf => {
    const of = by('asks_for_commit', durable)
    for (const told of tries) of.attempt(told)
    return of
  }

  it('wants wait=true on every request', () => {
    expect(asked(waiting).exit(0).verdict('rule')).toBe('pass')
    expect(
      asked(waiting, { status: 200, head: { path: '/v0/events?wait=TRUE' } })
        .exit(0)
        .verdict('rule'),
    ).toBe('pass')
    expect(asked(waiting, { status: 200 }).exit(0).verdict('rule')).toBe('fail')
    expect(
      asked({ status: 200, head: { path: '/v0/events?wait=false' } })
        .exit(0)
        .verdict('rule'),
    ).toBe('fail')
  })

  it('wants acks after 200 alone', () => {
    const at = { at: 10, answeredAt: 20, sentAt: 21 }
    expect(
      ack(asked({ ...waiting, ...at }), 30)
        .exit(0)
        .verdict('rule'),
    ).toBe('pass')
    expect(
      ack(asked({ ...waiting, ...at, status: 202 }), 30)
        .exit(0)
        .verdict('rule'),
    ).toBe('fail')
    expect(
      ack(asked({ ...waiting, ...at }), 15)
        .exit(0)
        .verdict('rule'),
    ).toBe('fail')
  })

  it('is n/a where the wish is not honoured, or nothing knows it, and unknown where nothing was sent', () => {
    expect(
      by('asks_for_commit', { ...durable, knobs: [] })
        .attempt()
        .exit(0)
        .verdict('rule'),
    ).toBe('n/a')
    expect(
      by('asks_for_commit', { ...durable, protocol: 'generic' })
        .attempt()
        .exit(0)
        .verdict('rule'),
    ).toBe('n/a')
    expect(asked().exit(0).verdict('rule')).toBe('unknown')
  })
})

describe('accepted_is_not_acked', () => {
  const accepted = (over: Partial<EntryOf<'run'>> = {}, told: Told = {}): LedgerOf =>
    by('accepted_is_not_acked', over).attempt({ ...waiting, status: 202, at: 10, answeredAt: 20, ...told })

  it('wants no ack on 202 where a landing was asked for', () => {
    expect(accepted().exit(0).verdict('rule')).toBe('pass')
    expect(ack(accepted(), 30).exit(0).verdict('rule')).toBe('fail')
    expect(
      ack(accepted(), 30, [[0, 2, 2]])
        .exit(0)
        .verdict('rule'),
    ).toBe('fail')
    expect(
      ack(accepted({ knobs: ['ack.durable'] }, { head: {} }), 30)
        .exit(0)
        .verdict('rule'),
    ).toBe('fail')
  })

  it('allows the ack once another answer has come', () => {
    const again = (at: number): LedgerOf =>
      ack(accepted().attempt({ ...waiting, at: 40, answeredAt: 50 }), at).exit(0)
    expect(again(60).verdict('rule')).toBe('pass')
    expect(again(45).verdict('rule')).toBe('fail')
  })

  it('is n/a on the pipe, and where no landing was asked for', () => {
    expect(accepted({ rung: 'pipe' }).exit(0).verdict('rule')).toBe('n/a')
    expect(
      ack(accepted({}, { head: {} }), 30)
        .exit(0)
        .verdict('rule'),
    ).toBe('n/a')
  })

  it('cannot tell without a whole 202, or before the end', () => {
    expect(by('accepted_is_not_acked').attempt(waiting).exit(0).verdict('rule')).toBe('unknown')
    expect(accepted({}, { written: 'partial' }).exit(0).verdict('rule')).toBe('unknown')
    expect(accepted().verdict('rule')).toBe('unknown')
    expect(by('accepted_is_not_acked').exit(0).verdict('rule')).toBe('unknown')
  })
})

describe('acks_follow_answers', () => {
  const held = (over: Partial<EntryOf<'run'>> = {}, told: Told = {}): LedgerOf =>
    by('acks_follow_answers', over).attempt({ at: 10, answeredAt: 1000, sentAt: 1010, ...told })

  it('wants the answer before the ack', () => {
    expect(ack(held(), 1010).exit(0).verdict('rule')).toBe('pass')
    expect(ack(held(), 1020).exit(0).verdict('rule')).toBe('pass')
    expect(ack(held(), 999).exit(0).verdict('rule')).toBe('fail')
    expect(ack(held(), 1005).exit(0).verdict('rule')).toBe('fail')
    expect(
      ack(ack(held(), 20, [[0, 3, 3]]), 1020)
        .exit(0)
        .verdict('rule'),
    ).toBe('fail')
  })

  it('takes an error, a cut or no request for no answer, and 409 under a key for one', () => {
    expect(
      ack(held({}, { status: 503 }), 1020)
        .exit(0)
        .verdict('rule'),
    ).toBe('fail')
    expect(
      ack(held({}, { status: 'none' }), 1020)
        .exit(0)
        .verdict('rule'),
    ).toBe('fail')
    expect(
      ack(held({}, { ids: [[0, 0, 1]] }), 1020)
        .exit(0)
        .verdict('rule'),
    ).toBe('fail')
    expect(ack(by('acks_follow_answers'), 5).exit(0).verdict('rule')).toBe('fail')
    expect(
      ack(held({}, { status: 409, key: 'a' }), 1020)
        .exit(0)
        .verdict('rule'),
    ).toBe('pass')
    expect(
      ack(held({}, { status: 409 }), 1020)
        .exit(0)
        .verdict('rule'),
    ).toBe('fail')
  })

  it('takes the status for enough only under a profile that does', () => {
    const { profile } = ruled()
    const status = { profile: { ...profile, ack: { ...profile.ack, needs: 'status' as const } } }
    expect(ack(held(status), 1005).exit(0).verdict('rule')).toBe('pass')
    expect(
      ack(held(status, { written: 'partial' }), 1005)
        .exit(0)
        .verdict('rule'),
    ).toBe('pass')
    expect(
      ack(held({}, { written: 'partial' }), 1020)
        .exit(0)
        .verdict('rule'),
    ).toBe('fail')
    expect(ack(held(status), 999).exit(0).verdict('rule')).toBe('fail')
  })

  it('cannot tell what the harness may have seen too late, nor without a request or an end', () => {
    const late = ack(held(), 1005).write({ kind: 'lateness', p50: 0, p99: 0, p999: 6 })
    expect(late.exit(0).verdict('rule')).toBe('unknown')
    expect(by('acks_follow_answers').exit(0).verdict('rule')).toBe('unknown')
    expect(held().verdict('rule')).toBe('unknown')
  })

  it('is n/a on the pipe, and for a client that acknowledges nothing', () => {
    expect(held({ rung: 'pipe' }).exit(0).verdict('rule')).toBe('n/a')
    expect(held().exit(0).verdict('rule')).toBe('n/a')
  })

  it('looks at no more records than were offered, however many are claimed', () => {
    expect(
      ack(held(), 1020, [[0, 0, 4_294_967_295]])
        .exit(0)
        .verdict('rule'),
    ).toBe('pass')
  })
})

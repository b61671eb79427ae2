import { describe, expect, it } from 'vitest'
import type { EntryOf } from '../../entry.ts'
import type { RuleCall } from '../../promises.ts'
import { ledger, ruled } from '../testing/ledgers.ts'
import type { LedgerOf, Told } from '../testing/ledgers.ts'

const by = (use: RuleCall['use'], over: Partial<EntryOf<'run'>> = {}): LedgerOf =>
  ledger({ ...ruled({ use } as RuleCall), ...over }).offer(4)
const sent = (use: RuleCall['use'], ...tries: Told[]): LedgerOf => {
  const of = by(use)
  for (const told of tries) of.attempt(told)
  return of.exit(0)
}
const half: Told = { ids: [[0, 0, 1]], key: 'a', sha: 'x' }
const rest: Told = { ids: [[0, 2, 3]], key: 'b', sha: 'y' }

describe('same_key', () => {
  const one: Told = { key: 'a', sha: 'x' }

  it('wants one key for the same bytes', () => {
    expect(sent('same_key', { ...one, status: 503 }, one).verdict('rule')).toBe('pass')
    expect(sent('same_key', { ...one, status: 503 }, { ...one, key: 'b' }).verdict('rule')).toBe('fail')
    expect(sent('same_key', { ...one, status: 503 }, { sha: 'x' }).verdict('rule')).toBe('fail')
    expect(sent('same_key', { ...one, status: 503 }, one, { ...one, key: 'b' }).verdict('rule')).toBe('fail')
  })

  it('cannot tell where no bytes came again', () => {
    expect(sent('same_key', half, rest).verdict('rule')).toBe('unknown')
    expect(sent('same_key', { ...one, status: 503 }, { key: 'b', sha: 'z' }).verdict('rule')).toBe('unknown')
    expect(sent('same_key', { ...one, head: { complete: false } }, one).verdict('rule')).toBe('unknown')
    expect(sent('same_key', { sha: 'z', status: 503 }, { sha: 'z' }, one).verdict('rule')).toBe('unknown')
    expect(sent('same_key').verdict('rule')).toBe('unknown')
  })

  it('is n/a where no key is in use', () => {
    expect(sent('same_key', { sha: 'x', status: 503 }, { sha: 'x' }).verdict('rule')).toBe('n/a')
  })
})

describe('same_body', () => {
  it('wants the same bytes under one key', () => {
    expect(sent('same_body', { ...half, status: 503 }, half, rest).verdict('rule')).toBe('pass')
    expect(sent('same_body', { ...half, status: 503 }, { ...half, sha: 'z' }).verdict('rule')).toBe('fail')
    expect(sent('same_body', half, { ...rest, key: 'a' }).verdict('rule')).toBe('fail')
    expect(sent('same_body', half, { key: 'a', ids: [], bytes: 0 }).verdict('rule')).toBe('fail')
  })

  it('cannot tell where no key came again with a whole body', () => {
    expect(sent('same_body', half, rest).verdict('rule')).toBe('unknown')
    const cut = sent('same_body', { ...half, sha: 'z', head: { complete: false } }, half)
    expect(cut.verdict('rule')).toBe('unknown')
    expect(sent('same_body').verdict('rule')).toBe('unknown')
  })

  it('is n/a where no key is in use', () => {
    expect(sent('same_body', { sha: 'x' }).verdict('rule')).toBe('n/a')
  })
})

describe('fresh_keys', () => {
  it('wants another key for other records, and for a batch that was cut up', () => {
    expect(sent('fresh_keys', half, rest).verdict('rule')).toBe('pass')
    expect(sent('fresh_keys', half, half, rest).verdict('rule')).toBe('pass')
    expect(sent('fresh_keys', half, { ...rest, key: 'a' }).verdict('rule')).toBe('fail')
    expect(sent('fresh_keys', { key: 'a', status: 413 }, half, rest).verdict('rule')).toBe('fail')
    expect(sent('fresh_keys', { key: 'c', status: 413 }, half, rest).verdict('rule')).toBe('pass')
    expect(sent('fresh_keys', half, { ids: rest.ids ?? [] }).verdict('rule')).toBe('fail')
  })

  it('is n/a for a client that uses none, or sends all at once', () => {
    expect(sent('fresh_keys', { ids: [[0, 0, 1]] }, { ids: [[0, 2, 3]] }).verdict('rule')).toBe('n/a')
    expect(sent('fresh_keys', { key: 'a' }).verdict('rule')).toBe('n/a')
  })

  it('cannot tell from one batch of several, or of a part of one', () => {
    expect(sent('fresh_keys', half).verdict('rule')).toBe('unknown')
    expect(sent('fresh_keys', half, { ...rest, key: 'a', head: { complete: false } }).verdict('rule')).toBe(
      'unknown',
    )
    expect(sent('fresh_keys').verdict('rule')).toBe('unknown')
  })

  it('leaves the client aside that serves as a measure', () => {
    const measured = by('fresh_keys').write({ kind: 'offer', ids: [[1, 0, 1]], client: 1, control: true })
    measured
      .attempt(half)
      .attempt(rest)
      .attempt({ ids: [[1, 0, 0]] })
      .attempt({ ids: [[1, 1, 1]] })
    expect(measured.exit(0).verdict('rule')).toBe('pass')
  })
})

describe('within_window', () => {
  const call = { use: 'within_window', knob: 'dedup.window_ms', window_ms: 500 } as const
  const cut = (over: Told = {}, knobs = ['dedup.window_ms']): LedgerOf =>
    ledger({ ...ruled(call), knobs })
      .offer(4)
      .attempt({ at: 10, status: 'none', taken: true, sentAt: 20, ...over })

  it('wants it told when the window has passed, and not sent again', () => {
    expect(cut().exit(10).verdict('rule')).toBe('pass')
    expect(cut().exit(0).verdict('rule')).toBe('fail')
    expect(cut().attempt({ at: 521 }).exit(0).verdict('rule')).toBe('fail')
    expect(cut().attempt({ at: 521, status: 'none' }).exit(10).verdict('rule')).toBe('fail')
    expect(cut().attempt({ at: 400, status: 'none' }).exit(10).verdict('rule')).toBe('pass')
    expect(cut().attempt({ at: 400, status: 'none' }).attempt({ at: 900 }).exit(0).verdict('rule')).toBe(
      'fail',
    )
  })

  it('cannot tell at the edge of the window, within it, or without such a record', () => {
    expect(cut().attempt({ at: 515, status: 'none' }).exit(10).verdict('rule')).toBe('unknown')
    const late = cut()
      .attempt({ at: 530, status: 'none' })
      .write({ kind: 'lateness', p50: 0, p99: 0, p999: 20 })
    expect(late.exit(10).verdict('rule')).toBe('unknown')
    expect(cut().attempt({ at: 100 }).exit(0).verdict('rule')).toBe('unknown')
    expect(cut({ taken: false }).attempt({ at: 900 }).exit(0).verdict('rule')).toBe('unknown')
    expect(cut({ status: 503, taken: false }).attempt({ at: 900 }).exit(0).verdict('rule')).toBe('unknown')
    expect(cut().verdict('rule')).toBe('unknown')
  })

  it('is n/a where the wish is not honoured', () => {
    expect(cut({}, []).attempt({ at: 900 }).exit(0).verdict('rule')).toBe('n/a')
  })
})

describe('conflict_is_delivery', () => {
  const conflict = (key = 'a', over: Partial<EntryOf<'run'>> = {}): LedgerOf =>
    by('conflict_is_delivery', over).attempt({ status: 409, taken: true, ...(key && { key }) })

  it('wants it sent once, and not called lost', () => {
    expect(conflict().exit(0).verdict('rule')).toBe('pass')
    expect(conflict().attempt({ key: 'a' }).exit(0).verdict('rule')).toBe('fail')
    expect(conflict().exit(10).verdict('rule')).toBe('fail')
    const named = conflict('a', { rung: 'lines' }).write({ kind: 'claim', what: 'drop', ids: [[0, 0, 0]] })
    expect(named.exit(0).verdict('rule')).toBe('fail')
  })

  it('is n/a without a key', () => {
    expect(conflict('').exit(0).verdict('rule')).toBe('n/a')
  })

  it('cannot tell without a whole 409, before the end, or where another loss may be meant', () => {
    expect(by('conflict_is_delivery').attempt({ key: 'a' }).exit(0).verdict('rule')).toBe('unknown')
    expect(conflict().verdict('rule')).toBe('unknown')
    const hedged = conflict()
      .attempt({ key: 'a', at: 8 })
      .write({ kind: 'lateness', p50: 0, p99: 0, p999: 6 })
    expect(hedged.exit(0).verdict('rule')).toBe('unknown')
    const other = by('conflict_is_delivery').attempt({ ...half, status: 409, taken: true })
    expect(
      other
        .attempt({ ...rest, status: 400 })
        .exit(10)
        .verdict('rule'),
    ).toBe('unknown')
    const again = by('conflict_is_delivery').attempt({ key: 'a', status: 503 })
    expect(again.attempt({ key: 'a', status: 409, taken: true }).exit(0).verdict('rule')).toBe('unknown')
    expect(by('conflict_is_delivery').exit(0).verdict('rule')).toBe('unknown')
  })
})

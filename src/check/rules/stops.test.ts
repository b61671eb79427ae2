import { describe, expect, it } from 'vitest'
import type { EntryOf } from '../../entry.ts'
import type { RuleCall } from '../../promises.ts'
import { ledger, ruled } from '../testing/ledgers.ts'
import type { LedgerOf, Told } from '../testing/ledgers.ts'

const by = (call: RuleCall, over: Partial<EntryOf<'run'>> = {}): LedgerOf =>
  ledger({ ...ruled(call), ...over }).offer(4)
const half: Told = { ids: [[0, 0, 1]] }
const rest: Told = { ids: [[0, 2, 3]] }
const stop = (of: LedgerOf, at?: number, what: EntryOf<'act'>['what'] = 'stop'): LedgerOf =>
  of.write({ kind: 'act', what }, at)
const late = (of: LedgerOf, ms: number): LedgerOf => of.write({ kind: 'lateness', p50: 0, p99: 0, p999: ms })

describe('before_stop request', () => {
  const call = { use: 'before_stop', what: 'request' } as const

  it('wants a request before the client is asked to stop, in whatever way', () => {
    for (const what of ['eof', 'stop', 'signal'] as const) {
      expect(stop(by(call).attempt(half), undefined, what).attempt(rest).exit(0).verdict('rule')).toBe('pass')
      expect(stop(by(call), undefined, what).attempt().exit(0).verdict('rule')).toBe('fail')
      expect(stop(by(call), undefined, what).exit(10).verdict('rule')).toBe('fail')
    }
    expect(
      stop(by(call).attempt({ at: 50 }))
        .exit(0)
        .judge().measured,
    ).toEqual({ firstRequestMs: 49 })
  })

  it('knows the first asking, and takes a flush for none', () => {
    expect(
      stop(stop(by(call).attempt({ at: 50 }), 90), 5)
        .exit(0)
        .verdict('rule'),
    ).toBe('fail')
    expect(
      stop(stop(by(call), 5).attempt(), 90)
        .exit(0)
        .verdict('rule'),
    ).toBe('fail')
    expect(
      stop(stop(by(call), 5, 'flush').attempt(), 90)
        .exit(0)
        .verdict('rule'),
    ).toBe('pass')
  })

  it('cannot tell what the harness may have seen too late, nor without an asking', () => {
    expect(
      late(stop(by(call), 5).attempt({ at: 10 }), 6)
        .exit(0)
        .verdict('rule'),
    ).toBe('unknown')
    expect(
      late(stop(by(call), 5).attempt({ at: 10 }), 5)
        .exit(0)
        .verdict('rule'),
    ).toBe('fail')
    expect(by(call).attempt().exit(0).verdict('rule')).toBe('unknown')
  })

  it('asks it of each client', () => {
    const two = (second: number): LedgerOf =>
      by(call)
        .write({ kind: 'offer', ids: [[1, 0, 0]], client: 1 })
        .attempt({ at: 10 })
        .write({ kind: 'act', what: 'eof', client: 0 }, 20)
        .write({ kind: 'act', what: 'eof', client: 1 }, 20)
        .attempt({ ids: [[1, 0, 0]], at: second })
    expect(two(15).verdict('rule')).toBe('pass')
    expect(two(30).verdict('rule')).toBe('fail')
  })
})

describe('before_stop landed', () => {
  const call = { use: 'before_stop', what: 'landed' } as const

  it('wants all that was offered landed by then', () => {
    expect(stop(by(call).attempt(half).attempt(rest)).exit(0).verdict('rule')).toBe('pass')
    expect(stop(by(call).attempt(half)).attempt(rest).exit(0).verdict('rule')).toBe('fail')
    expect(stop(by(call).attempt(half)).exit(10).verdict('rule')).toBe('fail')
    expect(
      stop(by(call).attempt({ at: 50 }), 90)
        .exit(0)
        .judge().measured,
    ).toEqual({ landedMs: 49 })
  })

  it('does not ask it of what was offered later, nor of the time that the server takes', () => {
    const after = stop(by(call).attempt(), 90).write({ kind: 'offer', ids: [[0, 4, 5]] })
    expect(after.exit(0).verdict('rule')).toBe('pass')
    const slow = stop(by(call).attempt({ lands: 0 }), 90).land([[0, 0, 3]], 100)
    expect(slow.exit(0).verdict('rule')).toBe('unknown')
  })

  it('cannot tell what the harness may have seen too late, nor without an asking', () => {
    expect(
      late(stop(by(call), 5).attempt({ at: 10 }), 6)
        .exit(0)
        .verdict('rule'),
    ).toBe('unknown')
    expect(by(call).attempt().exit(0).verdict('rule')).toBe('unknown')
  })
})

describe('ends_by_itself', () => {
  const call = { use: 'ends_by_itself' } as const

  it('measures the end after the asking, and wants one', () => {
    const ended = stop(by(call).attempt(), 50).write({ kind: 'claim', what: 'exit', code: 0 }, 80)
    expect(ended.verdict('rule')).toBe('pass')
    expect(ended.judge().measured).toEqual({ stopMs: 30 })
    const stuck = stop(by(call).attempt()).write({ kind: 'stall', who: 'client', ms: 30_000 })
    expect(
      stuck.write({ kind: 'claim', what: 'signal', raw: 'SIGTERM', by: 'harness' }).verdict('rule'),
    ).toBe('fail')
  })

  it('cannot tell of a crash, of an end by the harness or before the asking, of none', () => {
    const end = (claim: Partial<EntryOf<'claim'>>): LedgerOf =>
      stop(by(call).attempt()).write({ kind: 'claim', what: 'signal', ...claim })
    expect(end({ raw: 'SIGSEGV', by: 'client' }).verdict('rule')).toBe('unknown')
    expect(end({ raw: 'SIGTERM', by: 'harness' }).verdict('rule')).toBe('unknown')
    expect(stop(by(call).attempt()).exit(139).verdict('rule')).toBe('unknown')
    expect(stop(by(call).attempt().exit(0)).verdict('rule')).toBe('unknown')
    expect(stop(by(call).attempt()).verdict('rule')).toBe('unknown')
    expect(by(call).attempt().exit(0).verdict('rule')).toBe('unknown')
    expect(stop(by(call)).exit(0).verdict('rule')).toBe('unknown')
  })

  it('takes the word done for an end where there is no exit', () => {
    const done = stop(by(call, { rung: 'lines' }).attempt(), 50)
    expect(done.write({ kind: 'claim', what: 'done' }, 60).judge().measured).toEqual({ stopMs: 10 })
    expect(done.verdict('rule')).toBe('pass')
  })

  it('asks it of each client', () => {
    const two = (code: 0 | 139): LedgerOf =>
      stop(
        by(call)
          .write({ kind: 'offer', ids: [[1, 0, 0]], client: 1 })
          .attempt(),
      )
        .write({ kind: 'act', what: 'eof', client: 1 })
        .exit(0)
        .write({ kind: 'claim', what: 'exit', code, client: 1 })
    expect(two(0).verdict('rule')).toBe('pass')
    expect(two(139).verdict('rule')).toBe('unknown')
  })

  it('wants the failure told, with nonzero', () => {
    const hole = (rung = 'pipe'): LedgerOf =>
      stop(by({ ...call, nonzero: true }, { rung }).attempt({ status: 'none', taken: true }))
    expect(hole().exit(10).verdict('rule')).toBe('pass')
    expect(hole().exit(0).verdict('rule')).toBe('fail')
    expect(
      hole('lines')
        .write({ kind: 'claim', what: 'drop', ids: [[0, 0, 3]] })
        .exit(0)
        .verdict('rule'),
    ).toBe('pass')
    expect(
      hole('lines')
        .write({ kind: 'claim', what: 'drop', ids: [[0, 0, 2]] })
        .exit(0)
        .verdict('rule'),
    ).toBe('fail')
    const served = stop(by({ ...call, nonzero: true }).attempt())
    expect(served.exit(0).verdict('rule')).toBe('unknown')
  })
})

describe('silent', () => {
  /** The first client delivers and ends at 50; the second is started at 60, with nothing. */
  const second = (first: Told = {}): LedgerOf =>
    ledger(ruled({ use: 'silent', client: 1 }))
      .write({ kind: 'offer', ids: [[0, 0, 0]], client: 0 }, 5)
      .attempt({ ids: [[0, 0, 0]], at: 10, ...first })
      .write({ kind: 'claim', what: 'exit', code: 0, client: 0 }, 50)
      .write({ kind: 'offer', ids: [], client: 1 }, 60)
  const end = (of: LedgerOf): LedgerOf => of.write({ kind: 'claim', what: 'exit', code: 0, client: 1 })

  it('wants no request of a client that has nothing to send', () => {
    expect(end(second()).verdict('rule')).toBe('pass')
    expect(end(second().attempt({ ids: [], taken: false, at: 70 })).verdict('rule')).toBe('fail')
    expect(end(second().attempt({ ids: [[0, 0, 0]], at: 70 })).verdict('rule')).toBe('fail')
  })

  it('does not look at what comes when the next one has started', () => {
    const third = second().write({ kind: 'offer', ids: [[2, 0, 0]], client: 2 }, 80)
    expect(end(third.attempt({ ids: [[2, 0, 0]], at: 90 })).verdict('rule')).toBe('pass')
  })

  it('cannot tell where nobody delivered before, or another client may have sent it', () => {
    expect(end(second({ status: 503 })).verdict('rule')).toBe('unknown')
    const open = second().attempt({ ids: [], taken: false, at: 70 })
    const running = open.entries.filter((entry) => entry.kind !== 'claim')
    const together = ledger(ruled({ use: 'silent', client: 1 }))
    together.entries.splice(0, 1, ...running)
    expect(end(together).verdict('rule')).toBe('unknown')
    const lagging = late(second().attempt({ ids: [], taken: false, at: 62 }), 3)
    expect(end(lagging).verdict('rule')).toBe('unknown')
  })

  it('cannot tell of a client that was not started, was offered records, or has not ended', () => {
    expect(second().verdict('rule')).toBe('unknown')
    const none = ledger(ruled({ use: 'silent', client: 1 }))
      .offer(1)
      .attempt()
      .exit(0)
    expect(none.verdict('rule')).toBe('unknown')
    const busy = none.write({ kind: 'offer', ids: [[1, 0, 0]], client: 1 })
    expect(busy.verdict('rule')).toBe('unknown')
  })
})

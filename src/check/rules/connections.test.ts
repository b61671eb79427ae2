import { describe, expect, it } from 'vitest'
import type { EntryOf } from '../../entry.ts'
import type { RuleCall } from '../../promises.ts'
import { ledger, ruled, struck } from '../testing/ledgers.ts'
import type { LedgerOf, Told } from '../testing/ledgers.ts'

const by = (call: RuleCall): LedgerOf => ledger(ruled(call)).offer(4)
const half: Told = { ids: [[0, 0, 1]] }
const rest: Told = { ids: [[0, 2, 3]] }

describe('connections', () => {
  const over = (...conns: number[]): LedgerOf => {
    const of = by({ use: 'connections', max: 2 })
    for (const conn of conns) of.open(conn)
    for (const conn of conns) of.attempt({ conn })
    return of.exit(0)
  }

  it('wants no more of them opened than said', () => {
    expect(over(1, 1, 1).verdict('rule')).toBe('pass')
    expect(over(1, 2, 1).verdict('rule')).toBe('pass')
    expect(over(1, 2, 3).verdict('rule')).toBe('fail')
    expect(over(1, 1).open(2).open(3).verdict('rule')).toBe('fail')
    expect(over(1, 2, 3).judge().measured).toEqual({ connections: 3, requests: 3 })
  })

  it('is n/a for workers that share none of theirs, unless the client lets their number be set', () => {
    const workers = (knobs: string[], last: Told): LedgerOf => {
      const of = ledger({ ...ruled({ use: 'connections', max: 2 }), knobs }).offer(4)
      for (const conn of [1, 2, 3]) of.open(conn)
      for (const conn of [1, 2, 3, 1, 2]) of.attempt({ conn })
      return of.attempt(last).exit(0)
    }
    expect(workers([], { conn: 3 }).verdict('rule')).toBe('n/a')
    expect(workers(['concurrency'], { conn: 3 }).verdict('rule')).toBe('fail')
    expect(workers([], { conn: 4 }).verdict('rule')).toBe('fail')
  })

  it('is n/a for one request, and unknown for none', () => {
    expect(over(1).open(2).open(3).verdict('rule')).toBe('n/a')
    expect(over().open(2).verdict('rule')).toBe('unknown')
  })
})

describe('fresh_connection', () => {
  const after408 = (conn: number): LedgerOf =>
    by({ use: 'fresh_connection', after: 408 }).attempt({ status: 408, conn: 1 }).attempt({ conn })

  it('wants another connection after the failure', () => {
    expect(after408(2).exit(0).verdict('rule')).toBe('pass')
    expect(after408(1).exit(0).verdict('rule')).toBe('fail')
    const split = by({ use: 'fresh_connection', after: 408 }).attempt({ status: 408, conn: 1 })
    const parts = split.attempt({ ...half, conn: 2 }).attempt({ ...rest, conn: 1 })
    expect(parts.exit(0).verdict('rule')).toBe('fail')
  })

  it('knows a network failure by an answer that did not arrive whole', () => {
    const cut = (conn: number): LedgerOf =>
      by({ use: 'fresh_connection', after: 'network' }).attempt({ status: 'none' }).attempt({ conn }).exit(0)
    expect(cut(2).verdict('rule')).toBe('pass')
    expect(cut(1).verdict('rule')).toBe('fail')
  })

  it('cannot tell where nothing came again, or only what was on its way', () => {
    const call = { use: 'fresh_connection', after: 408 } as const
    expect(by(call).attempt({ status: 408 }).exit(10).verdict('rule')).toBe('unknown')
    expect(by(call).attempt({ status: 503 }).attempt().exit(0).verdict('rule')).toBe('unknown')
    const crossing = by(call).attempt({ status: 408, at: 10, answeredAt: 30 }).attempt({ at: 20 })
    expect(crossing.exit(0).verdict('rule')).toBe('unknown')
    expect(by(call).exit(0).verdict('rule')).toBe('unknown')
  })
})

describe('close_honoured', () => {
  const call = { use: 'close_honoured' } as const
  const closing = { type: 'connection_close', point: 'response-head', taken: true }
  const said = (of: LedgerOf, told: Told = {}, emitted: EntryOf<'fault'>['emitted'] = closing): LedgerOf => {
    const req = of.attempt(told).entries.filter(({ kind }) => kind === 'request').length
    return of.write({ kind: 'fault', rule: 'f', req, planned: emitted, emitted })
  }

  it('wants no request on a connection that is to be closed', () => {
    expect(
      said(by(call), half)
        .attempt({ ...rest, conn: 2 })
        .exit(0)
        .verdict('rule'),
    ).toBe('pass')
    const late = said(by(call), half).attempt({ ...rest, head: { afterClose: true }, status: 'none' })
    expect(late.exit(10).verdict('rule')).toBe('fail')
    expect(late.attempt({ ...rest, conn: 2 }).verdict('rule')).toBe('fail')
  })

  it('knows any answer that said so', () => {
    const headers = { ...struck, headers: { Connection: 'Close' } }
    const early = { type: 'early_response', point: 'request', close: true }
    for (const emitted of [headers, early]) {
      expect(
        said(by(call), half, emitted)
          .attempt({ ...rest, conn: 2 })
          .exit(0)
          .verdict('rule'),
      ).toBe('pass')
    }
    expect(said(by(call), half, struck).attempt(rest).exit(0).verdict('rule')).toBe('unknown')
    expect(
      by(call)
        .attempt({ head: { afterClose: true } })
        .exit(0)
        .verdict('rule'),
    ).toBe('fail') // whoever said it
  })

  it('does not blame a request that was sent before the answer', () => {
    const piped = said(by(call), { ...half, at: 10, answeredAt: 30 })
    piped.attempt({ ...rest, at: 20, status: 'none', head: { afterClose: true } })
    expect(
      piped
        .attempt({ ...rest, conn: 2, at: 40 })
        .exit(0)
        .verdict('rule'),
    ).toBe('pass')
  })

  it('is n/a where all went in one request, and unknown where nothing followed or nothing was said', () => {
    expect(said(by(call)).exit(0).verdict('rule')).toBe('n/a')
    expect(said(by(call), half).exit(0).verdict('rule')).toBe('unknown')
    expect(by(call).attempt(half).attempt(rest).exit(0).verdict('rule')).toBe('unknown')
    expect(
      said(by(call), { ...half, written: 'partial' })
        .attempt(rest)
        .exit(0)
        .verdict('rule'),
    ).toBe('unknown')
    expect(by(call).exit(0).verdict('rule')).toBe('unknown')
  })
})

describe('reused_after_idle', () => {
  const call = { use: 'reused_after_idle' } as const
  const idle = { type: 'idle_close', point: 'idle', after_ms: 100 }
  const close = (of: LedgerOf, emitted = idle): LedgerOf =>
    of.write({ kind: 'fault', rule: 'f', conn: 1, planned: idle, emitted })

  it('wants the next records landed, once', () => {
    expect(
      close(by(call).attempt(half))
        .attempt({ ...rest, conn: 2 })
        .exit(0)
        .verdict('rule'),
    ).toBe('pass')
    expect(close(by(call).attempt(half)).exit(10).verdict('rule')).toBe('fail')
    const cut: Told = { ...rest, status: 'none' }
    expect(close(by(call).attempt(half)).attempt(cut).exit(10).verdict('rule')).toBe('fail')
    expect(
      close(by(call).attempt(half))
        .attempt(cut)
        .attempt({ ...rest, conn: 2 })
        .exit(0)
        .verdict('rule'),
    ).toBe('pass')
    const twice = close(by(call).attempt(half))
      .attempt({ ...cut, taken: true })
      .attempt(rest)
    expect(twice.exit(0).verdict('rule')).toBe('fail')
  })

  it('does not look at what was sent before', () => {
    const lost = close(by(call).attempt({ ...half, status: 400 }))
    expect(lost.attempt(rest).exit(10).verdict('rule')).toBe('pass')
  })

  it('is n/a for a client that sent all before, or nothing', () => {
    expect(close(by(call).attempt()).exit(0).verdict('rule')).toBe('n/a')
    expect(by(call).attempt().exit(0).verdict('rule')).toBe('n/a')
    expect(close(by(call)).attempt().exit(0).verdict('rule')).toBe('n/a')
  })

  it('is n/a for a client that had none open when more was offered', () => {
    const more = (of: LedgerOf): LedgerOf => of.write({ kind: 'offer', ids: [[0, 4, 5]] })
    const next: Told = { ids: [[0, 4, 5]], conn: 2 }
    const begun = (): LedgerOf => by(call).open(1).attempt(half).attempt(rest)
    expect(more(begun().close(1)).open(2).attempt(next).exit(0).verdict('rule')).toBe('n/a')
    expect(more(begun()).close(1).open(2).attempt(next).exit(0).verdict('rule')).toBe('unknown')
    expect(more(by(call)).attempt(half).attempt(next).exit(0).verdict('rule')).toBe('n/a')
  })

  it('cannot tell where no connection was closed, or before the end', () => {
    expect(by(call).attempt(half).attempt(rest).exit(0).verdict('rule')).toBe('unknown')
    const missed = close(by(call).attempt(half), { ...idle, type: 'none' }).attempt(rest)
    expect(missed.exit(0).verdict('rule')).toBe('unknown')
    expect(close(by(call).attempt(half)).verdict('rule')).toBe('unknown')
    expect(by(call).exit(0).verdict('rule')).toBe('unknown')
  })
})

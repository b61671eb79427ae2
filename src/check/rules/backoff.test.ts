import { describe, expect, it } from 'vitest'
import type { RuleCall } from '../../promises.ts'
import { ledger, ruled } from '../testing/ledgers.ts'
import type { LedgerOf, Told } from '../testing/ledgers.ts'

const by = (call: RuleCall, knobs: string[] = []): LedgerOf => ledger({ ...ruled(call), knobs })
const late = (of: LedgerOf, ms: number): LedgerOf =>
  of.write({ kind: 'lateness', p50: 0, p99: 0, p999: ms }).exit(10)

/** A client is offered a record, and sends it after each of these gaps, always to be refused. */
function waits(of: LedgerOf, producer: number, gapsMs: readonly number[], told: Told = {}): LedgerOf {
  let at = 100
  for (const gap of [0, ...gapsMs]) {
    at += gap
    of.attempt({ ids: [[producer, 0, 0]], at, answeredAt: at, status: 503, ...told })
  }
  return of
}

function client(of: LedgerOf, producer: number, gapsMs: readonly number[]): LedgerOf {
  of.write({ kind: 'offer', ids: [[producer, 0, 0]], client: producer })
  return waits(of, producer, gapsMs)
}

describe('gaps_grow', () => {
  const call = { use: 'gaps_grow', factor: 2, gaps_min: 3 } as const
  const one = (...gapsMs: number[]): LedgerOf => client(by(call), 0, gapsMs)

  it('wants the last gap to be so many times the first', () => {
    expect(one(100, 150, 200).exit(10).verdict('rule')).toBe('pass')
    expect(one(100, 150, 199).exit(10).verdict('rule')).toBe('fail')
    expect(one(100, 100, 100, 100).exit(10).verdict('rule')).toBe('fail')
    expect(one(0, 0, 0).exit(10).verdict('rule')).toBe('fail')
    expect(one(100, 150, 250).judge().measured).toEqual({ gapGrowth: 2.5, gapMsFirst: 100, gapMsLast: 250 })
  })

  it('takes the median of the clients that waited often enough', () => {
    const three = (a: number, b: number, c: number): LedgerOf => {
      const of = by(call)
      for (const [i, factor] of [a, b, c].entries()) client(of, i, [100, 100, 100 * factor])
      return client(of, 3, [100, 100]).exit(10)
    }
    expect(three(1, 3, 5).verdict('rule')).toBe('pass')
    expect(three(1, 1.5, 5).verdict('rule')).toBe('fail')
  })

  it('cannot tell from fewer gaps, nor from cuts, nor from a control', () => {
    expect(one(100, 300).exit(10).verdict('rule')).toBe('unknown')
    const cuts = by(call).offer(1)
    expect(waits(cuts, 0, [100, 200, 400], { status: 'none' }).exit(10).verdict('rule')).toBe('unknown')
    const control = by(call).write({ kind: 'offer', ids: [[0, 0, 0]], control: true })
    expect(waits(control, 0, [100, 200, 400]).exit(10).verdict('rule')).toBe('unknown')
  })

  it('is in doubt where lateness could turn it', () => {
    expect(late(one(100, 150, 205), 2).verdict('rule')).toBe('pass')
    expect(late(one(100, 150, 205), 10).verdict('rule')).toBe('unknown')
    expect(late(one(100, 150, 195), 10).verdict('rule')).toBe('unknown')
    expect(late(one(100, 150, 195), 1).verdict('rule')).toBe('fail')
  })
})

describe('gaps_spread', () => {
  const call = { use: 'gaps_spread', share: 0.2, clients_min: 5 } as const
  const fleet = (gapsMs: readonly number[], control: readonly number[]): LedgerOf => {
    const of = by(call)
    for (const [i, gap] of gapsMs.entries()) client(of, i, [gap])
    of.write({ kind: 'offer', ids: [[9, 0, 4]], client: 9, control: true })
    for (const [i, gap] of control.entries()) {
      of.attempt({ ids: [[9, i, i]], at: 100, answeredAt: 100, status: 503 })
      of.attempt({ ids: [[9, i, i]], at: 100 + gap })
    }
    return of
  }
  const constant = [500, 500, 501, 500, 502]
  const spread = [260, 320, 380, 440, 500]

  it('wants a spread beyond that of a constant delay', () => {
    expect(fleet(spread, constant).exit(10).verdict('rule')).toBe('pass')
    expect(fleet(constant, constant).exit(10).verdict('rule')).toBe('fail')
    expect(fleet(spread, spread).exit(10).verdict('rule')).toBe('fail')
    expect(fleet(spread, [500, 500, 500, 500, 500]).judge().measured).toEqual({
      gapMsP50: 380,
      gapMsSpread: 192,
      gapMsSpreadControl: 0,
    })
  })

  it('cannot tell from fewer clients, nor without the control', () => {
    expect(fleet(spread.slice(1), constant).exit(10).verdict('rule')).toBe('unknown')
    expect(fleet(spread, []).exit(10).verdict('rule')).toBe('unknown')
    expect(fleet(spread, constant.slice(1)).exit(10).verdict('rule')).toBe('unknown')
  })

  it('is in doubt where lateness could turn it', () => {
    expect(late(fleet(spread, constant), 100).verdict('rule')).toBe('pass')
    expect(late(fleet(spread, constant), 150).verdict('rule')).toBe('unknown')
    expect(late(fleet(constant, constant), 30).verdict('rule')).toBe('fail')
    const heldUp = fleet([500, 500, 501, 760, 780], constant)
    expect(late(heldUp, 5).verdict('rule')).toBe('pass')
    expect(late(heldUp, 200).verdict('rule')).toBe('unknown')
    expect(late(fleet(constant, constant), 120).verdict('rule')).toBe('unknown')
  })
})

describe('gaps_capped', () => {
  const call = { use: 'gaps_capped', knob: 'retry.max_ms', cap_ms: 200, factor: 2 } as const
  const capped = (knobs: string[], ...gapsMs: number[]): LedgerOf => client(by(call, knobs), 0, gapsMs)
  const honoured = ['retry.max_ms']

  it('allows no gap beyond the cap times the factor', () => {
    expect(capped(honoured, 100, 200, 400).exit(10).verdict('rule')).toBe('pass')
    expect(capped(honoured, 100, 401, 200).exit(10).verdict('rule')).toBe('fail')
    expect(capped(honoured, 100, 401).judge().measured).toEqual({ gapMsMax: 401 })
  })

  it('is n/a where the knob is not honoured, and measures all the same', () => {
    const judgement = capped([], 100, 900).exit(10).judge()
    expect(judgement.checks[0]?.verdict).toBe('n/a')
    expect(judgement.measured).toEqual({ gapMsMax: 900 })
  })

  it('cannot tell without a gap, or where lateness made it', () => {
    expect(capped(honoured).exit(10).verdict('rule')).toBe('unknown')
    expect(late(capped(honoured, 405), 10).verdict('rule')).toBe('unknown')
    expect(late(capped(honoured, 415), 10).verdict('rule')).toBe('fail')
  })
})

describe('backoff_resets', () => {
  const first: Told = { ids: [[0, 0, 0]] }
  const second: Told = { ids: [[0, 1, 1]] }
  const begun = (): LedgerOf =>
    by({ use: 'backoff_resets' })
      .offer(2)
      .attempt({ ...first, at: 10, answeredAt: 10, status: 503 })
      .attempt({ ...first, at: 60, answeredAt: 61 })
      .attempt({ ...second, at: 70, answeredAt: 70, status: 503 })

  it('wants another attempt after an error that follows a success, and measures both gaps', () => {
    const again = begun().attempt({ ...second, at: 100 })
    expect(again.exit(0).verdict('rule')).toBe('pass')
    expect(again.judge().measured).toEqual({ gapMsFirst: 50, gapMsAfterSuccess: 30 })
    expect(begun().exit(10).verdict('rule')).toBe('fail')
    expect(begun().verdict('rule')).toBe('unknown')
  })

  it('lets a batch be given up that was tried often enough', () => {
    const spent = by({ use: 'backoff_resets' }).offer(2)
    for (let i = 0; i < 3; i += 1) spent.attempt({ ...second, status: 503 })
    spent.attempt(first).attempt({ ...second, status: 503 })
    expect(spent.exit(10).verdict('rule')).toBe('unknown')
  })

  it('does not ask for more where another request delivered the records', () => {
    const hedged = by({ use: 'backoff_resets' })
      .offer(2)
      .attempt({ ...first, at: 10, answeredAt: 11 })
    hedged.attempt({ ...second, at: 20, answeredAt: 90 })
    const late = hedged.attempt({ ...second, at: 30, answeredAt: 40, status: 503 })
    expect(late.exit(0).verdict('rule')).toBe('unknown')
  })

  it('cannot tell where no error came after a success, and is n/a for a client of one request', () => {
    const call = { use: 'backoff_resets' } as const
    const before = by(call)
      .offer(2)
      .attempt({ ...first, status: 503 })
    expect(before.attempt(first).attempt(second).exit(0).verdict('rule')).toBe('unknown')
    expect(by(call).offer(2).attempt({ status: 503 }).attempt().exit(0).verdict('rule')).toBe('n/a')
    const final = begun().attempt({ ...first, status: 400 })
    expect(
      final
        .attempt({ ...second, at: 900 })
        .exit(0)
        .verdict('rule'),
    ).toBe('pass')
  })
})

describe('one_layer', () => {
  const one = (...gapsMs: number[]): LedgerOf => client(by({ use: 'one_layer' }), 0, gapsMs)

  it('wants one sequence of gaps, no bursts', () => {
    expect(one(50, 100, 200, 400, 800).exit(10).verdict('rule')).toBe('pass')
    expect(one(50).exit(10).verdict('rule')).toBe('pass')
    expect(one(20, 500, 20, 500, 20).exit(10).verdict('rule')).toBe('fail')
    expect(one(10, 20, 500, 10, 20, 1000, 10, 20).exit(10).verdict('rule')).toBe('fail')
  })

  it('takes two separators to tell, and more than chance', () => {
    expect(one(100, 300, 100).exit(10).verdict('rule')).toBe('pass')
    expect(one(20, 500, 20).exit(10).verdict('rule')).toBe('unknown')
    expect(one(20, 20, 900, 20, 20).exit(10).verdict('rule')).toBe('unknown')
    expect(one(200, 500, 200, 500, 200).exit(10).verdict('rule')).toBe('unknown')
  })

  it('does not take for a burst what the server asked for', () => {
    const asked = by({ use: 'one_layer' }).offer(1)
    let at = 100
    for (const gap of [20, 1000, 20, 1000, 20, 0]) {
      asked.attempt({ at, answeredAt: at, status: 503, ...(gap === 1000 ? { retryAfterMs: 1000 } : {}) })
      at += gap
    }
    expect(asked.exit(10).verdict('rule')).toBe('pass')
  })

  it('is in doubt where lateness could have parted them, or hidden it', () => {
    expect(late(one(50, 120, 50, 120, 50, 120, 50), 0).verdict('rule')).toBe('fail')
    expect(late(one(50, 120, 50, 120, 50, 120, 50), 30).verdict('rule')).toBe('unknown')
    expect(late(one(50, 95, 50, 95, 50, 95, 50), 30).verdict('rule')).toBe('unknown')
    expect(late(one(20, 500, 20, 500, 20), 30).verdict('rule')).toBe('fail')
  })

  it('cannot tell from one attempt, nor where one was cut', () => {
    expect(one().exit(10).verdict('rule')).toBe('unknown')
    expect(one(20, 500).attempt({ status: 'none', ids: [[0, 0, 0]] }).attempt({ ids: [[0, 0, 0]] }).exit(0).verdict('rule')).toBe('unknown') // prettier-ignore
  })
})

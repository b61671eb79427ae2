import { describe, expect, it } from 'vitest'
import { ledger, ruled } from '../testing/ledgers.ts'
import type { LedgerOf, Told } from '../testing/ledgers.ts'

const stall = { type: 'stall', point: 'response-head', taken: false }
const stalled: Told = { status: 'none', struckBy: stall, at: 10, written: 'open' }
const call = { use: 'gives_up_waiting' } as const
const given = (told: boolean): LedgerOf => ledger(ruled(told ? { ...call, or_told: true } : call)).offer(4)

describe('gives_up_waiting', () => {
  it('wants the records of an attempt that stalled sent again', () => {
    expect(given(false).attempt(stalled).attempt({ at: 500 }).exit(0).verdict('rule')).toBe('pass')
    expect(given(false).attempt(stalled).exit(10).verdict('rule')).toBe('fail')
    expect(
      given(false)
        .attempt(stalled)
        .attempt({ ids: [[0, 0, 2]] })
        .exit(10)
        .verdict('rule'),
    ).toBe('fail')
    expect(given(false).attempt(stalled).verdict('rule')).toBe('unknown')
  })

  it('or told, where that is enough', () => {
    expect(given(true).attempt(stalled).exit(10).verdict('rule')).toBe('pass')
    expect(given(true).attempt(stalled).exit(0).verdict('rule')).toBe('fail')
  })

  it('holds a client that was ended by its budget', () => {
    const stuck = given(true).attempt(stalled).write({ kind: 'stall', who: 'client', ms: 30_000 })
    expect(
      stuck.write({ kind: 'claim', what: 'signal', raw: 'SIGTERM', by: 'harness' }).verdict('rule'),
    ).toBe('fail')
  })

  it('measures until the first sign of it', () => {
    const of = (): LedgerOf => given(false).attempt({ ...stalled, head: { stream: 1 } })
    const again = (told: LedgerOf): Record<string, number> => ({
      ...told.attempt({ at: 700, conn: 2 }).exit(0).judge().measured,
    })
    expect(again(of())).toEqual({ gaveUpMsMax: 690 })
    expect(again(of().close(1, 600))).toEqual({ gaveUpMsMax: 590 })
    const reset = {
      kind: 'frame',
      conn: 1,
      dir: 'in',
      type: 'RST_STREAM',
      stream: 1,
      bytes: 4,
      code: 8,
    } as const
    expect(again(of().write(reset, 510))).toEqual({ gaveUpMsMax: 500 })
    expect(again(of().write({ ...reset, stream: 3 }, 510))).toEqual({ gaveUpMsMax: 690 })
  })

  it('cannot tell where nothing stalled, or nothing was sent', () => {
    expect(given(false).attempt({ status: 503 }).attempt().exit(0).verdict('rule')).toBe('unknown')
    expect(given(false).exit(0).verdict('rule')).toBe('unknown')
  })
})

import { describe, expect, it } from 'vitest'
import type { RuleCall } from '../../promises.ts'
import { ledger, ruled } from '../testing/ledgers.ts'
import type { LedgerOf } from '../testing/ledgers.ts'

const by = (call: RuleCall, knobs: string[] = []): LedgerOf =>
  ledger({ ...ruled(call), knobs })
    .offer(4)
    .attempt()
const late = (of: LedgerOf, ms: number): LedgerOf =>
  of.write({ kind: 'lateness', p50: 0, p99: 0, p999: ms }, 60_000)

describe('live_connections', () => {
  const call = { use: 'live_connections', max: 2 } as const

  it('counts those that are open at the same time', () => {
    const one = (of: LedgerOf): LedgerOf => of.open(1, 10).open(2, 20).close(1, 30).open(3, 90)
    expect(one(by(call)).judge().measured).toEqual({ liveConnections: 2 })
    expect(one(by(call)).verdict('rule')).toBe('pass')
    expect(by(call).open(1, 10).open(2, 20).open(3, 30).close(1, 200).verdict('rule')).toBe('fail')
  })

  it('doubts one whose end may have been seen late', () => {
    const soon = (closed: number): LedgerOf => by(call).open(1, 10).open(2, 20).open(3, 30).close(1, closed)
    expect(soon(60).verdict('rule')).toBe('unknown')
    expect(soon(100).verdict('rule')).toBe('fail')
    expect(late(soon(100), 40).verdict('rule')).toBe('unknown')
  })

  it('is n/a where the client does not honour the wish, and unknown where nothing was sent', () => {
    const knob = { ...call, knob: 'concurrency' }
    const three = (of: LedgerOf): LedgerOf => of.open(1, 10).open(2, 20).open(3, 30)
    expect(three(by(knob)).verdict('rule')).toBe('n/a')
    expect(three(by(knob, ['concurrency'])).verdict('rule')).toBe('fail')
    expect(ledger(ruled(call)).offer(4).open(1).exit(0).verdict('rule')).toBe('unknown')
  })
})

describe('settles', () => {
  const call = { use: 'settles', live: 2, more_max: 1 } as const
  const full = (): LedgerOf => by(call).open(1, 10).open(2, 11)
  const more = (of: LedgerOf, conn: number, at: number): LedgerOf => of.open(conn, at).close(conn, at + 1)

  it('allows few beyond what the server takes, once that is known', () => {
    expect(full().verdict('rule')).toBe('pass')
    expect(more(more(full(), 3, 20), 4, 30).verdict('rule')).toBe('pass') // on their way
    expect(more(more(full(), 3, 20), 4, 300).verdict('rule')).toBe('pass')
    expect(more(more(more(full(), 3, 20), 4, 300), 5, 400).verdict('rule')).toBe('fail')
  })

  it('does not count those that are opened in place of others', () => {
    const turns = full().close(1, 15).open(3, 20).close(3, 300).open(4, 301).close(4, 500).open(5, 501)
    expect(turns.judge().measured).toEqual({ turnedAway: 0 })
    expect(turns.verdict('rule')).toBe('pass')
    expect(ledger(ruled(call)).offer(4).open(1).exit(0).verdict('rule')).toBe('unknown')
  })
})

describe('calm_connections', () => {
  const call = { use: 'calm_connections', min_ms: 25 } as const
  /** Each connection is sent away at once, and the next is opened so much later. */
  const waits = (...gaps: number[]): LedgerOf => {
    let at = 10
    const of = by(call).open(1, at)
    gaps.forEach((gap, i) => {
      of.write(
        { kind: 'frame', conn: i + 1, dir: 'out', type: 'GOAWAY', stream: 0, bytes: 8, code: 11, last: 0 },
        at,
      )
      at += gap
      of.open(i + 2, at)
    })
    return of
  }

  it('wants waits that grow', () => {
    expect(waits(100, 200, 400).verdict('rule')).toBe('pass')
    expect(waits(100, 160).verdict('rule')).toBe('pass')
    expect(waits(100, 100, 110).verdict('rule')).toBe('fail')
    expect(waits(5, 100, 400).verdict('rule')).toBe('fail')
    expect(waits(100, 200).judge().measured).toEqual({ gapMsMin: 100, gapMsMax: 200 })
  })

  it('wants one connection after each', () => {
    const crowd = waits(100, 200)
    expect(crowd.open(9, 60).verdict('rule')).toBe('fail')
    const replaced = waits(100, 200).open(9, 60).attempt({ conn: 9, at: 70 }).close(9, 80)
    expect(replaced.verdict('rule')).not.toBe('fail')
    expect(waits(100, 200).open(9, 400).verdict('rule')).toBe('pass') // whatever is needed once all is well
  })

  it('cannot tell jitter from a constant wait by two, nor what the harness may have stretched', () => {
    expect(waits(100, 100).verdict('rule')).toBe('unknown')
    expect(waits(400, 100, 200).verdict('rule')).toBe('unknown')
    expect(waits(100).verdict('rule')).toBe('unknown')
    expect(late(waits(100, 160), 50).verdict('rule')).toBe('unknown')
    expect(late(waits(100, 100, 110), 50).verdict('rule')).toBe('unknown')
  })

  it('is n/a where no connection followed, and unknown where nobody asked', () => {
    const last = by(call)
      .open(1, 5)
      .write({ kind: 'frame', conn: 1, dir: 'out', type: 'GOAWAY', stream: 0, bytes: 8, code: 11, last: 0 })
    expect(last.exit(0).verdict('rule')).toBe('n/a')
    expect(by(call).exit(0).verdict('rule')).toBe('unknown')
    expect(ledger(ruled(call)).offer(4).exit(0).verdict('rule')).toBe('unknown')
  })
})

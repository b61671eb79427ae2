/** The client's word where it is not the whole truth: stopped by the plan, or told that only a part was taken. */
import { describe, expect, it } from 'vitest'
import { ledger } from './testing/ledgers.ts'

describe('inv.no-loss under a plan that stops the client', () => {
  const stopped = (how: string): string | undefined => {
    const stop = { type: 'client_stop', point: 'client', how }
    return ledger()
      .offer(2)
      .attempt({ status: 503 })
      .write({ kind: 'fault', rule: 'stop', planned: stop, emitted: stop })
      .write({ kind: 'claim', what: 'signal', raw: how.toUpperCase(), by: 'harness' })
      .verdict('inv.no-loss')
  }

  it('asks no last word of one that is killed, and asks it of one that may listen', () => {
    expect(stopped('sigkill')).toBe('n/a')
    expect(stopped('sigterm')).toBe('fail')
  })
})

describe('inv.no-false-fail after a partial answer', () => {
  it('takes a 2xx for no confirmation of what the server discarded of that request', () => {
    const ids = [[0, 1, 1]] as const
    const lost = { written: 'none', status: 'none', taken: true } as const
    const partial = ledger()
      .offer(2)
      .attempt(lost)
      .attempt()
      .write({ kind: 'discard', ids, why: 'quarantine' })
    expect(partial.exit(10).verdict('inv.no-false-fail')).toBe('pass')
    const whole = ledger().offer(2).attempt(lost).attempt()
    expect(whole.exit(10).verdict('inv.no-false-fail')).toBe('fail')
  })
})

/** Short stories told of a client, for the tests of the properties. */
import { expect, it } from 'vitest'
import type { EntryOf, Struck } from '../../../entry.ts'
import type { IdRange } from '../../../record.ts'
import type { CheckVerdict, Finding } from '../../../verdict.ts'
import { judgedByAll, ledger } from '../../testing/ledgers.ts'
import type { LedgerOf, Told } from '../../testing/ledgers.ts'

export const first: IdRange[] = [[0, 0, 4]]
export const second: IdRange[] = [[0, 5, 9]]
export const refused: Told = { status: 503 }
export const reset: Told = { status: 'none' }
export const ten = (over = {}, profile = {}): LedgerOf => ledger(judgedByAll(over, profile)).offer(10)
export const partial = (as: string): Struck => {
  return { type: 'partial_batch', point: 'response-head', taken: true, from: 8, of: 10, as }
}

/** Attempts at 100 ms and so many milliseconds later each; the last is accepted. */
export function tries(of: LedgerOf, gaps: readonly number[], told: Told = refused): LedgerOf {
  let at = 100
  for (const gap of gaps) {
    of.attempt({ at, answeredAt: at, ...told })
    at += gap
  }
  return of.attempt({ at })
}

export function two(a: Told, b: Told = {}, over = {}, profile = {}): LedgerOf {
  return ten(over, profile)
    .attempt({ at: 10, answeredAt: 20, ...a })
    .attempt({ at: 500, ...b })
}

export const killed: Struck = { type: 'client_stop', point: 'client', how: 'sigkill' }
export const kill = (of: LedgerOf): LedgerOf =>
  of
    .write({ kind: 'fault', rule: 'kill', planned: killed, emitted: killed })
    .write({ kind: 'claim', what: 'signal', raw: 'SIGKILL', by: 'harness' })
export const restart = (of: LedgerOf): LedgerOf =>
  of
    .write({ kind: 'offer', ids: [[1, 0, 0]], client: 1 })
    .write({ kind: 'claim', what: 'exit', code: 0, client: 1 })
export const acked = (of: LedgerOf, ids: readonly IdRange[]): LedgerOf =>
  of.write({ kind: 'claim', what: 'ack', ids })
export const stuck = (of: LedgerOf, at: number): LedgerOf =>
  of
    .write({ kind: 'stall', who: 'client', ms: 30_000 }, at)
    .write({ kind: 'claim', what: 'signal', raw: 'SIGTERM', by: 'harness' })
export const fleet = (gapMs: (client: number) => number): LedgerOf => {
  const of = ledger(judgedByAll())
  const clients = [...Array(8).keys()]
  for (const client of clients) of.write({ kind: 'offer', ids: [[client, 0, 0]], client }, 1)
  for (const client of clients) of.attempt({ ids: [[client, 0, 0]], at: 100, answeredAt: 100, ...refused })
  for (const client of clients) of.attempt({ ids: [[client, 0, 0]], at: 100 + gapMs(client) })
  for (const client of clients) of.write({ kind: 'claim', what: 'exit', code: 0, client }, 900)
  return of
}
export const stall = (more: Partial<Struck> = {}): Struck => ({ type: 'stall', point: 'request', ...more })
export const late: Omit<EntryOf<'lateness'>, 'n' | 't'> = { kind: 'lateness', p50: 1, p99: 300, p999: 300 }

export type Judged = Partial<Record<CheckVerdict, Readonly<Record<string, () => LedgerOf>>>>

/** Fifteen batches, each retried seven times after so many milliseconds. */
export function manyRetries(gapMs: number): LedgerOf {
  const of = ledger(judgedByAll()).offer(15)
  for (let i = 0; i <= 7; i += 1) {
    for (let seq = 0; seq < 15; seq += 1) {
      const at = 100 + i * gapMs + seq
      of.attempt({ ids: [[0, seq, seq]], at, answeredAt: at, ...(i < 7 ? refused : {}) })
    }
  }
  return of
}

export function split(a: number, b: number, on413: 'any' | 'split'): LedgerOf {
  return ten({}, { on413 })
    .attempt({ status: 413, at: 10 })
    .attempt({ ids: first, bytes: a, at: 300 })
    .attempt({ ids: second, bytes: b, at: 301 })
}

export function forgotten(): LedgerOf {
  const told = ten({ can: ['spill'] })
  for (const at of [100, 200, 400, 800, 1600, 3200]) told.attempt({ at, ...refused })
  return told.exit(0)
}

export function poisoned(times: number): LedgerOf {
  const of = ten()
  for (let i = 0; i < times; i += 1) of.attempt({ ids: first, at: 100 * 2 ** i, ...refused })
  return of
}

export function demanding(): LedgerOf {
  const { checks } = judgedByAll()
  return ledger(
    judgedByAll({ checks: [...checks, { id: 'fired', level: 'MUST', rules: [{ rule: 'f', min: 1 }] }] }),
  )
}

export function found(of: LedgerOf, id: string): Finding {
  const check = of.judge().checks.find((one) => one.id === id)
  if (!check) throw new Error(`no check ${id}`)
  return check
}

/** One test for each ledger, that the property finds the verdict that it stands under. */
export function itJudges(judged: Readonly<Record<string, Judged>>): void {
  const examples = Object.entries(judged).flatMap(([id, verdicts]) =>
    Object.entries(verdicts).flatMap(([verdict, ledgers]) =>
      Object.entries(ledgers).map(([name, of]) => ({ id, verdict, name, of })),
    ),
  )
  it.each(examples)('$id: $verdict, $name', ({ id, verdict, of }) => {
    const { verdict: got, because, witnesses } = found(of(), id)
    expect([got, because[0]]).toEqual([verdict, expect.stringMatching(/\.$/)])
    if (verdict === 'fail') expect(witnesses.length).toBeGreaterThan(0)
  })
}

/** Gaps of so many milliseconds, and after each one of 900 that the upload of another attempt falls into. */
export function hidden(gaps: readonly number[]): LedgerOf {
  const of = ten()
  let at = 100
  for (const gap of gaps) {
    of.attempt({ at, answeredAt: at, ...refused })
    of.attempt({ at: at + 200, ids: [[0, 0, 2]], head: { complete: false }, ...reset })
    of.attempt({ at: at + 900, answeredAt: at + 900, ...refused })
    at += 900 + gap
  }
  return of.attempt({ at })
}

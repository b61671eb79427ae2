/** The invariants where a client claims record by record, and where its process outlives the case. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EntryBody } from '../entry.ts'
import type { IdRange } from '../record.ts'
import type { Finding } from '../verdict.ts'
import { ledger, runOf } from './testing/ledgers.ts'
import type { LedgerOf } from './testing/ledgers.ts'

const lines = (): LedgerOf => ledger(runOf({ rung: 'lines' }))
const ack = (...ids: IdRange[]): EntryBody => ({ kind: 'claim', what: 'ack', ids })
const done: EntryBody = { kind: 'claim', what: 'done' }

function found(of: LedgerOf, id: string): Finding {
  const check = of.judge().checks.find((one) => one.id === id)
  if (!check) throw new Error(`no check ${id}`)
  return check
}

describe('inv.no-false-ack', () => {
  it('passes on acks of what landed, in time and not invented', () => {
    const good = found(
      lines()
        .offer(3)
        .attempt()
        .write(ack([0, 0, 2]))
        .exit(0),
      'inv.no-false-ack',
    )
    expect(good).toMatchObject({ verdict: 'pass', measured: { acked: 3, falseAcks: 0 } })
  })

  it('fails on an ack of what was never offered, and names it', () => {
    const bad = found(
      lines()
        .offer(3)
        .attempt()
        .write(ack([0, 0, 4]))
        .exit(0),
      'inv.no-false-ack',
    )
    expect(bad.verdict).toBe('fail')
    expect(bad.because[0]).toBe('Acknowledged by the client, though never offered: 2 records (0.3–0.4).')
    expect(bad.records).toEqual([3, 4].map((seq) => ({ id: [0, seq], outcome: 'false-ack' })))
    expect(bad.witnesses).toHaveLength(1)
  })

  it('fails on an ack before the offer, however well it went later', () => {
    const early = lines()
      .write(ack([0, 1, 1]))
      .offer(3)
      .attempt()
      .exit(0)
    expect(found(early, 'inv.no-false-ack').because[0]).toBe(
      'Acknowledged by the client, before it was offered: 1 record (0.1).',
    )
  })

  it('fails on an ack of what is no record of the run', () => {
    const raw = 'no record of this run: "e-1"'
    const strange = lines().offer(1).attempt().write({ kind: 'claim', what: 'ack', ids: [], raw }).exit(0)
    expect(found(strange, 'inv.no-false-ack')).toMatchObject({ verdict: 'fail' })
    expect(found(strange, 'inv.no-false-ack').because[0]).toContain('"e-1"')
  })

  it('is not held up by a range without an end', () => {
    const endless = lines()
      .offer(2)
      .attempt()
      .write(ack([0, 0, 2 ** 32 - 1], [7, 0, 2 ** 32 - 1]))
      .exit(0)
    expect(found(endless, 'inv.no-false-ack').verdict).toBe('fail')
  })

  it('is n/a without an ack', () => {
    expect(lines().offer(1).attempt().exit(0).verdict('inv.no-false-ack')).toBe('n/a')
  })

  it('finds exactly what was acknowledged and did not land', () => {
    const bits = fc.array(fc.record({ landed: fc.boolean(), acked: fc.boolean() }), {
      minLength: 1,
      maxLength: 20,
    })
    fc.assert(
      fc.property(bits, (records) => {
        const ids = (wanted: 'landed' | 'acked'): IdRange[] =>
          records.flatMap((record, seq): IdRange[] => (record[wanted] ? [[0, seq, seq]] : []))
        const told = lines()
          .offer(records.length)
          .attempt({ ids: ids('landed') })
        const check = found(told.write(ack(...ids('acked'))).exit(0), 'inv.no-false-ack')
        const hollow = records.flatMap(({ landed, acked }, seq) => (acked && !landed ? [seq] : []))
        const none = ids('acked').length === 0
        expect(check.verdict).toBe(none ? 'n/a' : hollow.length > 0 ? 'fail' : 'pass')
        expect((check.records ?? []).map(({ id }) => id[1])).toEqual(hollow)
      }),
    )
  })
})

describe('a process that goes on after its case', () => {
  const open = (): LedgerOf => lines().open(1).offer(2).attempt()
  const closed = (of: LedgerOf): LedgerOf =>
    of.write({ kind: 'close', conn: 1, by: 'client', how: 'fin' }).write({ kind: 'phase', name: 'check' })

  it('ends it cleanly by its done, once its connections are closed', () => {
    expect(closed(open().write(done)).verdict('inv.clean-exit')).toBe('pass')
    expect(open().write(done).write({ kind: 'phase', name: 'check' }).verdict('inv.clean-exit')).toBe('fail')
    expect(closed(open()).verdict('inv.clean-exit')).toBe('unknown')
    const stuck = open().write(done).write({ kind: 'stall', who: 'client', ms: 30_000 })
    expect(closed(stuck).verdict('inv.clean-exit')).toBe('fail')
  })

  it('has lost what neither landed nor was dropped', () => {
    const lossy = (): LedgerOf => lines().offer(2).attempt({ status: 400 })
    expect(lossy().write(done).verdict('inv.no-loss')).toBe('fail')
    const dropped = lossy().write({ kind: 'claim', what: 'drop', ids: [[0, 0, 1]], raw: 'HTTP 400' })
    expect(dropped.write(done).verdict('inv.no-loss')).toBe('pass')
  })
})

describe('an exit with 0', () => {
  it('claims nothing where records are claimed one by one', () => {
    const lossy = lines().offer(2).attempt({ status: 400 }).write(done).exit(0)
    expect(lossy.verdict('inv.no-false-success')).toBe('n/a')
    expect(lossy.verdict('inv.no-loss')).toBe('fail')
  })
})

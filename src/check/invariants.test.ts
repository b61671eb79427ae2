import { describe, expect, it } from 'vitest'
import type { Finding } from '../verdict.ts'
import { ledger, runOf, struck } from './testing/ledgers.ts'
import type { LedgerOf, Told } from './testing/ledgers.ts'

function found(of: LedgerOf, id: string): Finding {
  const check = of.judge().checks.find((one) => one.id === id)
  if (!check) throw new Error(`no check ${id}`)
  return check
}

const once = runOf({}, { duplicates: 'effectively-once' })

describe('inv.no-loss', () => {
  it('passes when every record landed', () => {
    expect(ledger().offer(10).attempt().exit(0).verdict('inv.no-loss')).toBe('pass')
  })

  it('names the records that are gone without a word, and the entries that show it', () => {
    const bad = found(
      ledger()
        .offer(3)
        .attempt({ ids: [[0, 0, 1]] })
        .exit(0),
      'inv.no-loss',
    )
    expect(bad.verdict).toBe('fail')
    expect(bad.records).toEqual([{ id: [0, 2], outcome: 'lost-silent' }])
    expect(bad.because[0]).toBe('Lost silently: 1 record (0.2) never landed, and the client exited with 0.')
    expect(bad.witnesses.length).toBeGreaterThan(0)
  })

  it('accepts a loss that was told by a non-zero exit, and shows it', () => {
    const told = found(ledger().offer(3).attempt({ status: 400 }).exit(1), 'inv.no-loss')
    expect(told.verdict).toBe('pass')
    expect(told.records?.map(({ outcome }) => outcome)).toEqual(Array(3).fill('lost-reported'))
  })

  it('accepts claims of drops for the records they cover, and no others', () => {
    const drop = (to: number): LedgerOf =>
      ledger()
        .offer(3)
        .write({ kind: 'claim', what: 'drop', ids: [[0, 0, to]] })
        .exit(0)
    expect(drop(2).verdict('inv.no-loss')).toBe('pass')
    expect(found(drop(1), 'inv.no-loss').records).toEqual([{ id: [0, 2], outcome: 'lost-silent' }])
  })

  it('accepts what the server discarded', () => {
    const discarded = ledger()
      .offer(2)
      .attempt({ lands: 0 })
      .write({ kind: 'discard', ids: [[0, 0, 1]], why: 'injected' })
    expect(discarded.exit(0).verdict('inv.no-loss')).toBe('pass')
  })

  it('does not take a crash, or the end by the harness, for a telling', () => {
    const cut = (): LedgerOf => ledger().offer(2).attempt({ status: 503 })
    for (const code of [132, 134, 135, 136, 137, 139])
      expect(cut().exit(code).verdict('inv.no-loss')).toBe('fail')
    const killed = cut().write({ kind: 'claim', what: 'signal', raw: 'SIGSEGV', by: 'client' })
    const stuck = cut().write({ kind: 'stall', who: 'client', ms: 30_000 }).exit(143)
    expect(killed.verdict('inv.no-loss')).toBe('fail')
    expect(stuck.verdict('inv.no-loss')).toBe('fail')
  })

  it('cannot tell while the client has not ended, and counts no block that failed to land', () => {
    expect(ledger().offer(2).attempt({ status: 503 }).verdict('inv.no-loss')).toBe('unknown')
    const torn = ledger()
      .offer(1)
      .attempt({ lands: 0 })
      .write({ kind: 'land', block: 1, ids: [[0, 0, 0]], error: 'disk' })
    expect(torn.exit(0).verdict('inv.no-loss')).toBe('fail')
  })
})

describe('inv.no-double', () => {
  const twice = (first: Told, second: Told = {}, run = runOf()): LedgerOf =>
    ledger(run)
      .offer(2)
      .attempt({ at: 10, answeredAt: 20, taken: true, ...first })
      .attempt({ at: 30, ...second })
      .exit(0)

  it('passes when each record landed once, and is n/a when none did', () => {
    expect(ledger().offer(2).attempt({ status: 503 }).attempt().exit(0).verdict('inv.no-double')).toBe('pass')
    expect(ledger().offer(2).exit(0).verdict('inv.no-double')).toBe('n/a')
  })

  it('holds a resend after a full answer against the client', () => {
    const bad = found(twice({}), 'inv.no-double')
    expect(bad.verdict).toBe('fail')
    expect(bad.records?.[0]).toEqual({ id: [0, 0], outcome: 'duplicated' })
  })

  it('counts, and does not hold, a double after a cut, a partial answer, an open exchange or a 503', () => {
    const excusing: Told[] = [
      { status: 'none' },
      { written: 'partial' },
      { written: 'open' },
      { status: 503 },
    ]
    for (const first of excusing) {
      const good = found(twice(first), 'inv.no-double')
      expect(good.verdict).toBe('pass')
      expect(good.measured).toEqual({ doubles: 2 })
      expect(good.because.join()).toContain('Counted, not held')
    }
  })

  it('does not hold a resend whose head came before the answer had ended', () => {
    expect(twice({ answeredAt: 25, sentAt: 31 }).verdict('inv.no-double')).toBe('pass')
    expect(twice({ answeredAt: 25, sentAt: 29 }).verdict('inv.no-double')).toBe('fail')
  })

  it('holds every double where the profile promises effectively once', () => {
    expect(twice({ status: 'none' }, {}, once).verdict('inv.no-double')).toBe('fail')
  })

  it('holds a body that carries a record twice', () => {
    const ids = [[0, 0, 1], [0, 1, 1]] as const // prettier-ignore
    const bad = found(ledger().offer(2).attempt({ ids }).exit(0), 'inv.no-double')
    expect(bad.verdict).toBe('fail')
    expect(bad.records).toEqual([{ id: [0, 1], outcome: 'duplicated' }])
  })

  it('does not hold a row that the server doubled by itself', () => {
    expect(ledger().offer(2).attempt({ lands: 2 }).exit(0).verdict('inv.no-double')).toBe('pass')
  })
})

describe('inv.no-false-ack', () => {
  const acked = (rung: string): LedgerOf =>
    ledger(runOf({ rung }))
      .offer(2)
      .attempt({ ids: [[0, 0, 0]] })
      .write({ kind: 'claim', what: 'ack', ids: [[0, 0, 1]] })

  it('holds an ack of what never landed, and of that alone', () => {
    expect(found(acked('lines').exit(1), 'inv.no-false-ack').records).toEqual([
      { id: [0, 1], outcome: 'false-ack' },
    ])
    expect(
      acked('lines')
        .attempt({ ids: [[0, 1, 1]] })
        .exit(0)
        .verdict('inv.no-false-ack'),
    ).toBe('pass')
  })

  it('is n/a on the pipe', () => {
    expect(acked('pipe').exit(1).verdict('inv.no-false-ack')).toBe('n/a')
  })
})

describe('inv.no-false-success', () => {
  it('passes on exit 0 with all there, fails on exit 0 with a loss, is n/a otherwise', () => {
    expect(ledger().offer(2).attempt().exit(0).verdict('inv.no-false-success')).toBe('pass')
    expect(ledger().offer(2).attempt({ status: 400 }).exit(0).verdict('inv.no-false-success')).toBe('fail')
    expect(ledger().offer(2).attempt({ status: 400 }).exit(10).verdict('inv.no-false-success')).toBe('n/a')
  })
})

describe('inv.no-false-fail', () => {
  it('holds a failure reported although every last answer was a full 2xx', () => {
    expect(ledger().offer(2).attempt({ status: 503 }).attempt().exit(10).verdict('inv.no-false-fail')).toBe(
      'fail',
    )
    expect(ledger().offer(2).attempt().exit(0).verdict('inv.no-false-fail')).toBe('pass')
  })

  it('allows it after an answer that was cut, refused or came later than the good one', () => {
    const cut = ledger().offer(2).attempt({ written: 'partial' }).exit(10)
    const refused = ledger().offer(2).attempt({ status: 500, taken: true }).exit(10)
    const later = ledger()
      .offer(2)
      .attempt({ at: 5, answeredAt: 50, status: 500 })
      .attempt({ at: 10, answeredAt: 20 })
    for (const good of [cut, refused, later.exit(10)]) expect(good.verdict('inv.no-false-fail')).toBe('pass')
  })

  it('takes the later of two attempts that end at the same time', () => {
    const tied = ledger()
      .offer(2)
      .attempt({ at: 5, answeredAt: 20, status: 503 })
      .attempt({ at: 10, answeredAt: 20 })
    expect(tied.exit(10).verdict('inv.no-false-fail')).toBe('fail')
  })

  it('is n/a where something is missing', () => {
    expect(
      ledger()
        .offer(2)
        .attempt({ ids: [[0, 0, 0]] })
        .exit(10)
        .verdict('inv.no-false-fail'),
    ).toBe('n/a')
  })
})

describe('inv.no-invention', () => {
  it('cannot tell where a row landed that no request took: the ledger misses facts', () => {
    const landed = (taken: boolean): LedgerOf => ledger().offer(2).attempt({ taken, lands: 1 }).exit(0)
    expect(landed(true).verdict('inv.no-invention')).toBe('pass')
    expect(landed(false).verdict('inv.no-invention')).toBe('unknown')
  })

  it('holds rows and takes that were never offered', () => {
    expect(ledger().offer(2).attempt().exit(0).verdict('inv.no-invention')).toBe('pass')
    const taken = found(
      ledger()
        .offer(2)
        .attempt({ ids: [[0, 0, 2]], lands: 0 })
        .exit(0),
      'inv.no-invention',
    )
    expect(taken.records).toEqual([{ id: [0, 2], outcome: 'phantom' }])
    expect(
      ledger()
        .offer(2)
        .attempt()
        .land([[1, 0, 0]])
        .exit(0)
        .verdict('inv.no-invention'),
    ).toBe('fail')
  })

  it('holds foreign rows only where the profile refuses them, and counts them elsewhere', () => {
    const strange = (refused: boolean): LedgerOf =>
      ledger(runOf({}, { foreignRows: refused ? 'refused' : 'counted' }))
        .offer(2)
        .attempt({ foreign: 3 })
        .exit(0)
    expect(strange(true).verdict('inv.no-invention')).toBe('fail')
    expect(found(strange(false), 'inv.no-invention')).toMatchObject({
      verdict: 'pass',
      measured: { foreignRows: 3 },
    })
  })
})

describe('inv.integrity', () => {
  const damaged = [{ id: [0, 1], at: '/city' }] as const

  it('names the record and the member that changed', () => {
    const bad = found(ledger().offer(2).attempt({ damaged }).exit(0), 'inv.integrity')
    expect(bad.records).toEqual([{ id: [0, 1], outcome: 'corrupt' }])
    expect(bad.because[0]).toContain('0.1 at /city')
    expect(ledger().offer(2).attempt().exit(0).verdict('inv.integrity')).toBe('pass')
  })

  it('does not mind what was not taken', () => {
    expect(ledger().offer(2).attempt({ damaged, status: 400 }).exit(1).verdict('inv.integrity')).toBe('n/a')
  })
})

describe('inv.no-hot-loop', () => {
  const storm = (count: number, stepMs: number, told: Told, reconnecting: boolean): LedgerOf => {
    const of = ledger().offer(1)
    for (let i = 0; i < count; i += 1) {
      const at = 10 + i * stepMs
      if (reconnecting) of.open(i, at)
      of.attempt({ at, answeredAt: at, conn: reconnecting ? i : 1, ...told })
    }
    return of.exit(1)
  }

  it('holds the 21st new connection within a second after a failure, not the 20th', () => {
    expect(storm(22, 40, { status: 503 }, true).verdict('inv.no-hot-loop')).toBe('fail')
    expect(storm(21, 40, { status: 503 }, true).verdict('inv.no-hot-loop')).toBe('pass')
    expect(storm(100, 51, { status: 'none' }, true).verdict('inv.no-hot-loop')).toBe('pass')
  })

  it('holds the 51st repeat of one body within a second after a failure', () => {
    expect(storm(52, 10, { status: 500, sha: 'a' }, false).verdict('inv.no-hot-loop')).toBe('fail')
    expect(storm(51, 10, { status: 500, sha: 'a' }, false).verdict('inv.no-hot-loop')).toBe('pass')
  })

  it('sees through a body that is stamped anew each time', () => {
    const stamped = ledger().offer(1)
    for (let i = 0; i < 60; i += 1)
      stamped.attempt({ at: 10 + i, answeredAt: 10 + i, status: 413, sha: `${i}` })
    expect(stamped.exit(1).verdict('inv.no-hot-loop')).toBe('fail')
  })

  it('counts each logical request by itself: a connection per record, each sent thrice', () => {
    const polite = ledger().offer(20)
    for (let round = 0; round < 3; round += 1) {
      for (let seq = 0; seq < 20; seq += 1) {
        const [at, conn] = [10 + round * 100 + seq, round * 20 + seq]
        polite.open(conn, at).attempt({ at, answeredAt: at, conn, status: 503, ids: [[0, seq, seq]] })
      }
    }
    expect(polite.exit(10).verdict('inv.no-hot-loop')).toBe('pass')
  })

  it('does not blame load: a connection per batch that succeeds', () => {
    expect(storm(200, 1, { sha: 'a' }, true).verdict('inv.no-hot-loop')).toBe('pass')
  })

  it('holds a client that only connects after a failure', () => {
    const before = ledger().offer(1)
    for (let i = 0; i < 30; i += 1) before.open(100 + i, 5)
    expect(before.attempt({ at: 10, status: 503 }).exit(1).verdict('inv.no-hot-loop')).toBe('pass')
    const after = ledger().offer(1).attempt({ at: 10, status: 503 })
    for (let i = 0; i < 30; i += 1) after.open(100 + i, 20 + i)
    expect(after.exit(1).verdict('inv.no-hot-loop')).toBe('fail')
  })

  it('is not certain of a burst that the harness itself may have bunched', () => {
    const late = storm(22, 40, { status: 503 }, true).write({ kind: 'lateness', p50: 1, p99: 100, p999: 200 })
    expect(late.verdict('inv.no-hot-loop')).toBe('unknown')
  })

  it('is n/a when nothing was seen on the wire', () => {
    expect(ledger().offer(1).exit(0).verdict('inv.no-hot-loop')).toBe('n/a')
  })
})

describe('inv.clean-exit', () => {
  const sent = (): LedgerOf => ledger().offer(1).attempt()

  it('passes on any exit of its own, and is n/a for a client that never connected', () => {
    expect(sent().exit(0).verdict('inv.clean-exit')).toBe('pass')
    expect(sent().exit(22).verdict('inv.clean-exit')).toBe('pass')
    expect(ledger().offer(1).exit(0).verdict('inv.clean-exit')).toBe('n/a')
  })

  it('fails on a crash, and says stuck of a client that outlived its budget', () => {
    expect(sent().exit(139).verdict('inv.clean-exit')).toBe('fail')
    expect(
      sent().write({ kind: 'claim', what: 'signal', raw: 'SIGABRT', by: 'client' }).verdict('inv.clean-exit'),
    ).toBe('fail')
    const stuck = sent().write({ kind: 'stall', who: 'client', ms: 30_000 })
    const ended = found(
      stuck.write({ kind: 'claim', what: 'signal', raw: 'SIGTERM', by: 'harness' }),
      'inv.clean-exit',
    )
    expect(ended.verdict).toBe('fail')
    expect(ended.because[0]).toMatch(/^stuck: /)
  })

  it('fails when a socket outlives the client, whoever closes it later', () => {
    const check = { kind: 'phase', name: 'check' } as const
    const close = { kind: 'close', conn: 7, by: 'server', how: 'rst' } as const
    const held = sent().write({ kind: 'open', conn: 7, proto: 'h1' }).exit(0)
    expect(held.write(check).write(close).verdict('inv.clean-exit')).toBe('fail')
    const closed = sent().write({ kind: 'open', conn: 7, proto: 'h1' }).write(close).exit(0)
    expect(closed.write(check).verdict('inv.clean-exit')).toBe('pass')
  })

  it('cannot tell without an end, with two, or when the harness ended it', () => {
    expect(sent().verdict('inv.clean-exit')).toBe('unknown')
    expect(sent().exit(0).exit(0).verdict('inv.clean-exit')).toBe('unknown')
    const ended = sent().write({ kind: 'claim', what: 'signal', raw: 'SIGTERM', by: 'harness' })
    expect(ended.verdict('inv.clean-exit')).toBe('unknown')
  })
})

describe('fired', () => {
  const demanding = (min: number, max?: number): LedgerOf => {
    const call = { rule: 'f', min, ...(max === undefined ? {} : { max }) }
    return ledger(runOf({ checks: [{ id: 'fired', level: 'MUST', rules: min === 0 ? [] : [call] }] })).offer(
      1,
    )
  }
  const hit: Told = { status: 503, fault: 'f' }

  it('passes when the fault struck as often as wanted', () => {
    expect(demanding(2).attempt(hit).attempt(hit).exit(0).verdict('fired')).toBe('pass')
  })

  it('is unknown, never a fail, when it struck too seldom or too often', () => {
    expect(demanding(2).attempt(hit).exit(0).verdict('fired')).toBe('unknown')
    expect(demanding(1, 1).attempt(hit).attempt(hit).exit(0).verdict('fired')).toBe('unknown')
  })

  it('is unknown after any misfire, and names what was planned and what was emitted', () => {
    const emitted = { ...struck, status: 200 }
    const misfired = demanding(1)
      .attempt(hit)
      .write({ kind: 'fault', rule: 'g', req: 1, planned: struck, emitted })
    const finding = found(misfired.exit(0), 'fired')
    expect(finding.verdict).toBe('unknown')
    expect(finding.because[0]).toMatch(/"status":503.*"status":200/)
  })

  it('is n/a when nothing was wanted and nothing struck', () => {
    expect(demanding(0).attempt().exit(0).verdict('fired')).toBe('n/a')
  })
})

/**
 * Rules on bodies, keys, acks, connections and stops, as one family: they compare times and not places in the ledger,
 * an offending request makes the difference, and what was broken once is not mended by sending more.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entry, EntryOf } from '../../entry.ts'
import { shuffled } from '../../random.ts'
import type { IdRange } from '../../record.ts'
import type { RuleCall } from '../../promises.ts'
import type { CheckVerdict } from '../../verdict.ts'
import { judge } from '../judge.ts'
import { ledger, runOf } from '../testing/ledgers.ts'
import type { LedgerOf, Told } from '../testing/ledgers.ts'

/** Those whose breach no later request can mend. */
const forbidding: readonly RuleCall[] = [
  { use: 'ndjson' },
  { use: 'utf8' },
  { use: 'authorized' },
  { use: 'no_credentials_elsewhere' },
  { use: 'same_records' },
  { use: 'same_key' },
  { use: 'fresh_keys' },
  { use: 'same_body' },
  { use: 'within_window', knob: 'dedup.window_ms', window_ms: 40 },
  { use: 'conflict_is_delivery' },
  { use: 'asks_for_commit' },
  { use: 'accepted_is_not_acked' },
  { use: 'acks_follow_answers' },
  { use: 'connections', max: 2 },
  { use: 'fresh_connection', after: 503 },
  { use: 'close_honoured' },
]
const calls: readonly RuleCall[] = [
  ...forbidding,
  { use: 'redirected' },
  { use: 'told_or_landed' },
  { use: 'told', named: true },
  { use: 'reused_after_idle' },
  { use: 'before_stop', what: 'request' },
  { use: 'before_stop', what: 'landed' },
  { use: 'ends_by_itself', nonzero: true },
  { use: 'silent', client: 0 },
]

/** A run judged by each call in a check of its own. */
function judgedBy(rules: readonly RuleCall[]): EntryOf<'run'> {
  const checks = rules.map((call) => ({ id: 'rule', level: 'MUST', rules: [call] }) as const)
  return runOf({ rung: 'lines', protocol: 'events-api', knobs: ['ack.durable', 'dedup.window_ms'], checks })
}

function verdicts(rules: readonly RuleCall[], entries: readonly Entry[]): CheckVerdict[] {
  return judge([judgedBy(rules), ...entries.slice(1)]).checks.map(({ verdict }) => verdict)
}

const offered = 6
const records: fc.Arbitrary<IdRange> = fc
  .tuple(fc.nat(offered - 1), fc.nat(3))
  .map(([from, length]) => [0, from, Math.min(from + length, offered - 1)])
const maybe = <T>(...values: readonly T[]): fc.Arbitrary<T | undefined> =>
  fc.constantFrom<T | undefined>(...values, undefined)

const told: fc.Arbitrary<Told> = fc
  .record({
    ids: records,
    at: fc.nat(100),
    answers: fc.nat(30),
    sends: fc.nat(10),
    status: fc.constantFrom(200, 202, 202, 302, 308, 409, 503, 'none' as const),
    written: fc.constantFrom('full', 'full', 'partial', 'open'),
    taken: fc.boolean(),
    conn: fc.nat(3),
    key: maybe('a', 'b', 'c'),
    sha: maybe('x', 'y', 'z'),
    damaged: maybe('/at'),
    head: fc.record({
      complete: fc.boolean(),
      path: fc.constantFrom('/', '/?wait=true', '/?moved=1'),
      form: maybe('ndjson', 'array'),
      auth: maybe(true, false),
      elsewhere: maybe(true),
      utf8: maybe(false),
      afterClose: maybe(true),
      credential: maybe('01234567'),
    }),
  })
  .map(({ ids, at, answers, sends, status, written, taken, conn, key, sha, damaged, head }): Told => {
    const given = Object.fromEntries(Object.entries(head).filter(([, value]) => value !== undefined))
    return {
      ids: [ids],
      at,
      answeredAt: at + answers,
      sentAt: at + answers + sends,
      status,
      written: status === 'none' && written !== 'open' ? 'none' : written,
      taken,
      conn,
      ...(key && { key }),
      ...(sha && { sha }),
      ...(damaged && { damaged: [{ id: [0, ids[1]], at: damaged }] }),
      head: given,
    }
  })

/** Any history, good or bad. */
const anything: fc.Arbitrary<LedgerOf> = fc
  .record({
    attempts: fc.array(told, { maxLength: 8 }),
    acks: fc.array(fc.tuple(records, fc.nat(150)), { maxLength: 3 }),
    drops: fc.array(records, { maxLength: 2 }),
    closes: fc.array(fc.tuple(fc.constantFrom('idle_close', 'connection_close'), fc.nat(5), fc.nat(100)), {
      maxLength: 3,
    }),
    stop: fc.option(fc.nat(120)),
    quarantined: fc.option(records),
    late: fc.nat(5),
    code: fc.constantFrom(0, 10, 139, undefined),
  })
  .map(({ attempts, acks, drops, closes, stop, quarantined, late, code }) => {
    const of = ledger(judgedBy(calls)).offer(offered)
    for (const attempt of attempts) of.attempt(attempt)
    for (const [ids, at] of acks) of.write({ kind: 'claim', what: 'ack', ids: [ids] }, at)
    for (const ids of drops) of.write({ kind: 'claim', what: 'drop', ids: [ids] })
    for (const [type, req, at] of closes) {
      const struck = { type, point: 'idle' }
      const its = 1 + (req % Math.max(1, attempts.length))
      of.write({ kind: 'fault', rule: 'f', conn: 1, req: its, planned: struck, emitted: struck }, at)
    }
    if (stop !== null) of.write({ kind: 'act', what: 'stop' }, stop)
    if (quarantined) of.write({ kind: 'discard', ids: [quarantined], why: 'quarantine' })
    of.write({ kind: 'lateness', p50: 0, p99: 0, p999: late })
    return code === undefined ? of : of.exit(code)
  })

describe('rules on manners', () => {
  it('find the same in any order of writing', () => {
    fc.assert(
      fc.property(anything, fc.string(), (of, seed) => {
        const [run, offer, ...rest] = of.entries
        const order = [run, offer, ...shuffled(rest, seed, 'order')].flatMap((entry) => entry ?? [])
        const again = judge(order.map((entry, n) => ({ ...entry, n })))
        const plain = of.judge()
        again.checks.forEach(({ verdict, because, measured }, i) => {
          const first = plain.checks[i]
          expect([calls[i], verdict, because, measured]).toEqual([
            calls[i],
            first?.verdict,
            first?.because,
            first?.measured,
          ])
        })
      }),
    )
  })

  it('never pass, by more requests, what has failed', () => {
    fc.assert(
      fc.property(anything, fc.array(told, { minLength: 1, maxLength: 3 }), (of, more) => {
        const before = verdicts(forbidding, of.entries)
        for (const [i, one] of more.entries()) {
          const at = 1000 + 100 * i
          of.attempt({ ...one, at, answeredAt: at + 1, sentAt: at + 2 })
        }
        verdicts(forbidding, of.entries).forEach((verdict, i) => {
          if (before[i] === 'fail') expect([forbidding[i], verdict]).not.toEqual([forbidding[i], 'pass'])
        })
      }),
    )
  })

  it('say nothing good of a client that sent nothing', () => {
    fc.assert(
      fc.property(anything, (of) => {
        const unsent = of.entries.filter(({ kind }) => !['request', 'take', 'land', 'respond'].includes(kind))
        expect(verdicts(calls, unsent)).not.toContain('pass')
      }),
    )
  })
})

/** A client that keeps to all of it: batches in order, each sent again under its key until it is answered 200. */
const careful: fc.Arbitrary<LedgerOf> = fc
  .array(fc.array(fc.constantFrom<Told['status']>(503, 'none', 307), { maxLength: 3 }), {
    minLength: 2,
    maxLength: offered,
  })
  .map((troubles) => {
    const of = ledger(judgedBy(calls)).offer(offered).open(1).open(2)
    troubles.forEach((statuses, batch) => {
      const last = batch === troubles.length - 1 ? offered - 1 : batch
      let moved = 0
      let conn = 1
      for (const status of [...statuses, 200]) {
        of.attempt({
          ids: [[0, batch, last]],
          ...(status !== undefined && { status }),
          key: `b${batch}`,
          sha: `s${batch}`,
          conn,
          head: { path: `/?wait=true&moved=${moved}`, form: 'ndjson', auth: true },
        })
        if (status === 307) moved += 1
        conn = conn === 1 ? 2 : 1
      }
      of.write({ kind: 'claim', what: 'ack', ids: [[0, batch, last]] })
    })
    return of.write({ kind: 'act', what: 'stop' }).exit(0)
  })

/** What breaks each rule in such a history, by one request more. */
const breaches: readonly (readonly [call: RuleCall, breach: Told])[] = [
  [{ use: 'ndjson' }, { head: { form: 'array' } }],
  [{ use: 'utf8' }, { head: { utf8: false } }],
  [{ use: 'authorized' }, { head: { auth: false } }],
  [{ use: 'same_records' }, { damaged: [{ id: [0, 0], at: '/at' }] }],
  [{ use: 'same_key' }, { key: 'other' }],
  [{ use: 'fresh_keys' }, { ids: [[0, 0, 1]] }],
  [{ use: 'same_body' }, { sha: 'other' }],
  [{ use: 'asks_for_commit' }, { head: { path: '/' } }],
  [{ use: 'connections', max: 2 }, { conn: 3 }],
  [{ use: 'close_honoured' }, { head: { afterClose: true } }],
]

describe('a careful client', () => {
  it('fails none of them', () => {
    fc.assert(
      fc.property(careful, (of) => {
        of.judge().checks.forEach(({ verdict, because }, i) => {
          expect([calls[i], verdict, because]).not.toEqual([calls[i], 'fail', because])
        })
      }),
    )
  })

  it.each(breaches)('fails $use by one request more', (call, breach) => {
    fc.assert(
      fc.property(careful, (of) => {
        const [before] = verdicts([call], of.entries)
        expect(before).not.toBe('fail')
        const { head, ...rest } = breach
        const good = { path: '/?wait=true', form: 'ndjson', auth: true } as const
        of.attempt({ ids: [[0, 0, 0]], key: 'b0', sha: 's0', ...rest, head: { ...good, ...head } })
        expect(verdicts([call], of.entries)).toEqual(['fail'])
      }),
    )
  })
})

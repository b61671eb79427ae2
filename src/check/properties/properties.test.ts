/** Each property on ledgers that it is content with, that it is not, and that it cannot judge. */
import { describe, expect, it } from 'vitest'
import type { Struck } from '../../entry.ts'
import { ingestProperties } from '../../promises.ts'
import type { PropertyName } from '../../promises.ts'
import type { CheckVerdict, Finding } from '../../verdict.ts'
import type { IdRange } from '../../record.ts'
import { judgedByAll, ledger } from '../testing/ledgers.ts'
import type { LedgerOf, Told } from '../testing/ledgers.ts'

const first: IdRange[] = [[0, 0, 4]]
const second: IdRange[] = [[0, 5, 9]]
const refused: Told = { status: 503 }
const reset: Told = { status: 'none' }
const ten = (over = {}, profile = {}): LedgerOf => ledger(judgedByAll(over, profile)).offer(10)
const partial = (as: string): Struck => {
  return { type: 'partial_batch', point: 'response-head', taken: true, from: 8, of: 10, as }
}

/** Attempts at 100 ms and so many milliseconds later each; the last is accepted. */
function tries(of: LedgerOf, gaps: readonly number[], told: Told = refused): LedgerOf {
  let at = 100
  for (const gap of gaps) {
    of.attempt({ at, answeredAt: at, ...told })
    at += gap
  }
  return of.attempt({ at })
}

function two(a: Told, b: Told = {}, over = {}, profile = {}): LedgerOf {
  return ten(over, profile)
    .attempt({ at: 10, answeredAt: 20, ...a })
    .attempt({ at: 500, ...b })
}

const killed: Struck = { type: 'client_stop', point: 'client', how: 'sigkill' }
const kill = (of: LedgerOf): LedgerOf =>
  of
    .write({ kind: 'fault', rule: 'kill', planned: killed, emitted: killed })
    .write({ kind: 'claim', what: 'signal', raw: 'SIGKILL', by: 'harness' })
const restart = (of: LedgerOf): LedgerOf =>
  of
    .write({ kind: 'offer', ids: [[1, 0, 0]], client: 1 })
    .write({ kind: 'claim', what: 'exit', code: 0, client: 1 })
const acked = (of: LedgerOf, ids: readonly IdRange[]): LedgerOf =>
  of.write({ kind: 'claim', what: 'ack', ids })
const stuck = (of: LedgerOf, at: number): LedgerOf =>
  of
    .write({ kind: 'stall', who: 'client', ms: 30_000 }, at)
    .write({ kind: 'claim', what: 'signal', raw: 'SIGTERM', by: 'harness' })
const fleet = (gapMs: (client: number) => number): LedgerOf => {
  const of = ledger(judgedByAll())
  const clients = [...Array(8).keys()]
  for (const client of clients) of.write({ kind: 'offer', ids: [[client, 0, 0]], client }, 1)
  for (const client of clients) of.attempt({ ids: [[client, 0, 0]], at: 100, answeredAt: 100, ...refused })
  for (const client of clients) of.attempt({ ids: [[client, 0, 0]], at: 100 + gapMs(client) })
  for (const client of clients) of.write({ kind: 'claim', what: 'exit', code: 0, client }, 900)
  return of
}
const stall = (more: Partial<Struck> = {}): Struck => ({ type: 'stall', point: 'request', ...more })
const late = { kind: 'lateness', p50: 1, p99: 300, p999: 300 } as const

type Judged = Partial<Record<CheckVerdict, Readonly<Record<string, () => LedgerOf>>>>

const judged: Readonly<Record<PropertyName, Judged>> = {
  I1: {
    pass: { landed: () => ten().attempt().exit(0), told: () => ten().attempt(refused).exit(10) },
    fail: { silence: () => ten().attempt({ ids: first }).exit(0) },
    unknown: { 'no end': () => ten().attempt(refused) },
  },
  I2: {
    pass: {
      confirmed: () => ten().attempt().exit(0),
      '409 to a key': () => two({ ...reset, taken: true, key: 'a' }, { status: 409, key: 'a' }).exit(0),
      'the ack after the answer': () => acked(ten({ rung: 'lines' }).attempt(), first).exit(0),
      'named as dropped': () =>
        ten().attempt({ ids: first }).attempt({ ids: second, status: 400 }).write({ kind: 'claim', what: 'drop', ids: second }).exit(0), // prettier-ignore
    },
    fail: {
      'a cut answer': () => ten().attempt({ written: 'partial' }).exit(0),
      'the ack before the answer': () =>
        acked(ten({ rung: 'lines' }), first)
          .attempt({ at: 50 })
          .exit(0),
      'a failure though all was confirmed': () => ten().attempt().exit(10),
    },
    unknown: {
      'a late answer, and a client that had left': () =>
        ten().open(1).attempt({ at: 10, answeredAt: 9000 }).close(1, 9001).exit(10),
    },
    'n/a': { 'nothing claimed': () => ten().attempt(refused).exit(10) },
  },
  I3: {
    pass: {
      'landed after 202': () =>
        ten()
          .attempt({ head: { path: '/?wait=true' } })
          .exit(0),
    },
    fail: {
      'lost after 202': () =>
        ten()
          .attempt({ lands: 0, head: { path: '/?wait=true' } })
          .exit(0),
    },
    unknown: {
      'the server said 200': () =>
        ten()
          .attempt({ status: 200, lands: 0, head: { path: '/?a=b&wait=1' } })
          .exit(0),
    },
    'n/a': { 'no landing asked for': () => ten().attempt({ lands: 0 }).exit(0) },
  },
  I4: {
    pass: { 'a double after a cut': () => two({ ...reset, taken: true }).exit(0) },
    fail: {
      'a double after an answer': () => two({}).exit(0),
      'any double': () => two({ ...reset, taken: true }, {}, {}, { duplicates: 'effectively-once' }).exit(0),
    },
    'n/a': { 'nothing landed': () => ten().attempt(refused).exit(10) },
  },
  I5: {
    pass: { 'one key': () => two({ ...reset, key: 'a' }, { key: 'a' }).exit(0) },
    fail: {
      'another key': () => two({ ...reset, key: 'a' }, { key: 'b' }).exit(0),
      'the key lost': () => two({ ...refused, key: 'a' }).exit(0),
    },
    'n/a': {
      'no key': () => two(reset).exit(0),
      'other records': () => two({ ids: first, ...reset, key: 'a' }, { key: 'b' }).exit(0),
      'after a refusal': () => two({ status: 400, key: 'a' }, { key: 'b' }).exit(0),
    },
  },
  I6: {
    pass: { 'other keys': () => two({ ids: first, key: 'a' }, { ids: second, key: 'b' }).exit(0) },
    fail: { 'one key': () => two({ ids: first, key: 'a' }, { ids: second, key: 'a' }).exit(0) },
    'n/a': {
      'one request': () => ten().attempt({ key: 'a' }).exit(0),
      'a body that was cut': () => two({ ids: first, key: 'a', ...reset, head: { complete: false } }, { key: 'a' }).exit(0), // prettier-ignore
    },
  },
  I7: {
    pass: {
      once: () => ten().attempt().exit(0),
      'under way': () => ten().attempt({ at: 10, answeredAt: 20 }).attempt({ at: 60 }).exit(0),
      'seen late': () => two({}, { at: 300 }).write(late).exit(0),
      '202 where the landing was asked for': () =>
        two({ head: { path: '/?wait=true' } }, { status: 200, head: { path: '/?wait=true' } }).exit(0),
    },
    fail: {
      acknowledged: () => two({}).exit(0),
      'acknowledged, in another batch': () => two({ ids: first }).exit(0),
      refused: () => two({ status: 400 }).exit(0),
    },
    'n/a': { 'no final answer': () => ten().attempt(refused).exit(10) },
  },
  I8: {
    pass: {
      once: () => ten().attempt({ status: 400 }).exit(10),
      '413, smaller': () => two({ status: 413, bytes: 100 }, { bytes: 50 }).exit(0),
      '401, another credential': () =>
        two({ status: 401, head: { credential: 'a' } }, { head: { credential: 'b' } }).exit(0),
      '415, another coding': () => two({ status: 415, head: { coding: 'gzip' } }).exit(0),
      'a part of it': () => two({ status: 400 }, { ids: first }).exit(10),
    },
    fail: {
      'as it was': () => two({ status: 404 }).exit(0),
      'with more': () => two({ ids: first, status: 422 }).exit(0),
      '413, as large': () => two({ status: 413 }).exit(0),
      '401 with a second other credential': () =>
        two({ status: 401, head: { credential: 'a' } }, { status: 401, head: { credential: 'b' } })
          .attempt({ at: 900, head: { credential: 'c' } })
          .exit(0),
    },
    'n/a': { 'a 429 is not for good': () => two({ status: 429 }).exit(0) },
  },
  I9: {
    pass: {
      again: () => two(refused).exit(0),
      'as often as it must': () => tries(ten(), [100, 200, 400]).exit(0),
      'fewer, as it was wished': () =>
        ten({ config: { 'retry.max_attempts': 1 } })
          .attempt(refused)
          .exit(10),
      'a cut that a window of de-duplication has passed over': () =>
        two(reset, refused, { config: { 'dedup.window_ms': 400 } }).exit(10),
      'more, as it was wished': () =>
        tries(ten({ config: { 'retry.max_attempts': 9 } }), [100, 200, 400, 800, 1600, 3200]).exit(0),
      'not for so long a wait': () => ten().attempt({ status: 503, retryAfterMs: 86_400_000 }).exit(10),
    },
    fail: {
      'given up': () => ten().attempt(refused).exit(10),
      'one batch of two': () => two({ ids: first }, { ids: second, ...refused }).exit(10),
      'too often': () => tries(ten(), [100, 200, 400, 800, 1600, 3200]).exit(0),
    },
    unknown: {
      'cut before a record was read': () =>
        [1, 2, 3]
          .reduce(
            (of) => of.attempt({ ids: [], ...reset, head: { complete: false } }),
            ten().attempt(refused),
          )
          .exit(10),
      'no end': () => ten().attempt(refused),
    },
    'n/a': { 'nothing failed': () => ten().attempt().exit(0) },
  },
  I10: {
    pass: { waited: () => two({ status: 429, retryAfterMs: 400 }).exit(0) },
    fail: { 'too early': () => two({ status: 503, retryAfterMs: 1000 }).exit(0) },
    unknown: { 'the harness was late': () => two({ status: 503, retryAfterMs: 400 }).write(late).exit(0) },
    'n/a': {
      'not asked': () => two(refused).exit(0),
      'never again': () => ten().attempt({ status: 429, retryAfterMs: 400 }).exit(10),
    },
  },
  I11: {
    pass: {
      growing: () => tries(ten(), [60, 110, 250, 390]).exit(0),
      'eight clients, spread': () => fleet((client) => 60 + 5 * client).exit(0),
      'constant at the cap': () => tries(ten({ config: { 'retry.max_ms': 300 } }), [300, 301, 300]).exit(0),
      'short as it was wished': () => tries(ten({ config: { 'retry.base_ms': 10 } }), [12, 30]).exit(0),
      'constant by Retry-After': () =>
        tries(ten(), [1000, 1001, 1000], { status: 503, retryAfterMs: 1000 }).exit(0),
    },
    fail: {
      'at once': () => tries(ten(), [3]).exit(0),
      constant: () => tries(ten(), [100, 100, 100]).exit(0),
      shrinking: () => tries(ten(), [800, 300, 100, 40]).exit(0),
      'eight clients in step': () => fleet(() => 100),
    },
    unknown: { 'constant, and the harness late': () => tries(ten(), [400, 400, 400]).write(late).exit(0) },
    'n/a': { 'nothing sent again': () => ten().attempt(refused).exit(10) },
  },
  I12: {
    pass: { calm: () => tries(ten(), [100, 200]).exit(0) },
    fail: {
      'one request hammered': () => tries(ten(), Array<number>(60).fill(5)).exit(0),
      'many requests, each a little': () => manyRetries(40).exit(0),
    },
    unknown: {
      'bunched, perhaps': () => manyRetries(130).write(late).exit(0),
    },
    'n/a': { 'nothing failed': () => ten().attempt().exit(0) },
  },
  I13: {
    unknown: {
      'a GOAWAY': () => ten().write({ kind: 'close', conn: 1, by: 'server', how: 'goaway' }).exit(0),
    },
    'n/a': { 'HTTP/1.1': () => ten().open(1).attempt().exit(0) },
  },
  I14: {
    pass: { 'in order': () => two({ ids: first }, { ids: second }, { can: ['order'] }).exit(0) },
    fail: { 'out of order': () => two({ ids: second }, { ids: first }, { can: ['order'] }).exit(0) },
    'n/a': { 'not promised': () => two({ ids: second }, { ids: first }).exit(0) },
  },
  I15: {
    pass: {
      'as offered': () =>
        ten()
          .attempt({ head: { form: 'array', utf8: undefined as never } })
          .exit(0),
    },
    fail: {
      damaged: () => ten().attempt({ damaged: [{ id: [0, 3], at: '/city' }] }).exit(0), // prettier-ignore
      'not in UTF-8': () =>
        ten()
          .attempt({ head: { utf8: false } })
          .exit(0),
      'not in lines': () =>
        ten({}, { body: 'ndjson' })
          .attempt({ head: { form: 'array' } })
          .exit(0),
      'out of frame': () =>
        ten()
          .attempt()
          .attempt({ ids: [], status: 400, head: { malformed: 'bad' } })
          .exit(0),
    },
    'n/a': {
      'nothing sent': () => ten().exit(10),
      'nothing taken, and nothing wrong': () => ten().attempt(refused).exit(10),
    },
  },
  I16: {
    pass: {
      'the rest again': () =>
        two({ status: 200, struckBy: partial('retry'), takes: [[0, 0, 7]] }, { ids: [[0, 8, 9]] }).exit(0),
      'nothing again from quarantine': () =>
        ten()
          .attempt({ status: 200, struckBy: partial('quarantine') })
          .exit(0),
    },
    fail: {
      all: () => two({ status: 200, struckBy: partial('retry'), takes: [[0, 0, 7]] }).exit(0),
      none: () =>
        ten()
          .attempt({ status: 200, struckBy: partial('retry'), takes: [[0, 0, 7]] })
          .exit(0),
      'again from quarantine': () => two({ status: 200, struckBy: partial('quarantine') }, { ids: [[0, 8, 9]] }).exit(0), // prettier-ignore
    },
    'n/a': { 'no partial answer': () => ten().attempt().exit(0) },
  },
  I17: {
    pass: {
      halves: () => split(50, 50, 'split').exit(0),
      'told, where any will do': () => ten().attempt({ status: 413 }).exit(10),
    },
    fail: {
      'as large': () => two({ status: 413 }).exit(0),
      dropped: () => ten({}, { on413: 'split' }).attempt({ status: 413 }).exit(10),
      'a half left out': () =>
        ten({}, { on413: 'split' })
          .attempt({ status: 413 })
          .attempt({ ids: first, at: 300, bytes: 50 })
          .exit(10),
      'one alone, untold': () => ledger(judgedByAll()).offer(1).attempt({ status: 413 }).exit(0),
    },
    'n/a': { 'nothing too large': () => ten().attempt().exit(0) },
  },
  I18: {
    pass: { 'all was sent': () => two(refused).exit(0) },
    fail: {
      'never sent': () => two({ ids: first, ...refused }, { ids: first }).exit(0),
      'never sent, the input held': () =>
        ten().write({ kind: 'stall', who: 'stdin', ms: 2000 }).attempt({ ids: first }).exit(0),
    },
    'n/a': {
      'no pressure': () => ten().attempt({ ids: first }).exit(0),
      crashed: () =>
        ten()
          .attempt({ ids: first, ...refused })
          .exit(139),
    },
  },
  I19: {
    pass: {
      'landed in the end': () => tries(ten({ can: ['spill'] }), [100, 200, 400, 800, 1600, 3200]).exit(0),
    },
    fail: { forgotten },
    'n/a': {
      'does not spill': () => tries(ten(), [100]).exit(0),
      'no need': () => tries(ten({ can: ['spill'] }), [100]).exit(0),
    },
  },
  I20: {
    pass: { 'all confirmed': () => ten().attempt().exit(0) },
    fail: {
      'never sent': () => ten().attempt({ ids: first }).exit(0),
      'under way': () => ten().attempt({ written: 'open' }).exit(0),
      'waiting for a retry': () => ten().attempt(refused).exit(0),
    },
    'n/a': { 'no success claimed': () => ten().attempt(refused).exit(10) },
  },
  I21: {
    pass: { 'acked and landed': () => restart(kill(acked(ten({ rung: 'lines' }).attempt(), first))) },
    fail: {
      'acked and lost': () => restart(kill(acked(ten({ rung: 'lines' }).attempt({ ids: first }), second))),
      'durable, and lost': () => restart(kill(ten({ can: ['resume'] }).attempt({ ids: first }))),
    },
    'n/a': {
      'no kill': () => ten().attempt().exit(0),
      'no restart': () => kill(ten().attempt({ ids: first })),
      'nothing acked': () => restart(kill(ten().attempt({ ids: first }))),
    },
  },
  I22: {
    pass: { 'after the fault': () => two({ ...refused, fault: 'f' }).exit(0) },
    fail: { 'stands still': () => stuck(ten().attempt({ ids: first, fault: 'f', ...refused }), 30_000) },
    unknown: {
      'no end': () => ten().attempt(),
      'the fault lasts': () => stuck(ten().attempt({ struckBy: stall(), ...reset }), 30_000),
      'the last fault was just now': () =>
        stuck(ten().attempt({ at: 28_000, fault: 'f', ...refused }), 30_000),
    },
    'n/a': { 'no fault': () => ten().attempt().exit(0) },
  },
  I23: {
    pass: { 'the others came': () => two({ ids: first, status: 400 }, { ids: second }).exit(10) },
    fail: {
      blocked: () => ten().attempt({ ids: first, status: 400 }).exit(10),
      'blocked, beyond the most attempts': () => poisoned(7).exit(10),
    },
    'n/a': {
      'one batch': () => ten().attempt({ status: 400 }).exit(10),
      'perhaps an outage': () => poisoned(5).exit(10),
      denied: () => ten().attempt({ ids: first, status: 401 }).exit(10),
      'in order': () =>
        ten({ can: ['order'] })
          .attempt({ ids: first, status: 400 })
          .exit(10),
    },
  },
  I24: { 'n/a': { measured: () => ten().attempt().exit(0) } },
  X1: {
    pass: { 'an exit': () => ten().attempt().exit(10) },
    fail: { 'a crash': () => ten().attempt().exit(139), stuck: () => stuck(ten().attempt(), 30_000) },
    unknown: { 'no end': () => ten().attempt() },
    'n/a': { 'never came': () => ten().exit(0) },
  },
  X2: {
    pass: { closed: () => ten().open(1).attempt().close(1).exit(0).settled() },
    fail: { open: () => ten().open(1).attempt().exit(0).settled() },
    unknown: {
      'not settled': () => ten().open(1).attempt().close(1).exit(0),
      'an exchange without an end': () =>
        ten().open(1).attempt({ written: 'open' }).close(1).exit(0).settled(),
    },
    'n/a': { 'no connection': () => ten().exit(10) },
  },
  X3: {
    pass: { 'as it was': () => two({ ...reset, sha: 'a' }, { sha: 'a' }).exit(0) },
    fail: {
      bytes: () => two({ ...reset, sha: 'a' }, { sha: 'b' }).exit(0),
      token: () => two({ ...refused, head: { auth: true } }, { head: { auth: false } }).exit(0),
      credential: () => two({ ...refused, head: { credential: 'a' } }, { head: { credential: 'b' } }).exit(0),
      method: () => two(refused, { head: { method: 'PUT' } }).exit(0),
    },
    'n/a': { once: () => ten().attempt().exit(0) },
  },
  X4: {
    pass: { seen: () => ten().attempt().exit(0) },
    unknown: {
      'nothing came': () => ten().exit(0),
      'a fault did not strike': () => demanding().offer(10).attempt().exit(0),
      'a misfire': () => ten().attempt().write({ kind: 'fault', rule: 'f', planned: killed, emitted: stall() }).exit(0), // prettier-ignore
    },
  },
}

/** Fifteen batches, each retried seven times after so many milliseconds. */
function manyRetries(gapMs: number): LedgerOf {
  const of = ledger(judgedByAll()).offer(15)
  for (let i = 0; i <= 7; i += 1) {
    for (let seq = 0; seq < 15; seq += 1) {
      const at = 100 + i * gapMs + seq
      of.attempt({ ids: [[0, seq, seq]], at, answeredAt: at, ...(i < 7 ? refused : {}) })
    }
  }
  return of
}

function split(a: number, b: number, on413: 'any' | 'split'): LedgerOf {
  return ten({}, { on413 })
    .attempt({ status: 413, at: 10 })
    .attempt({ ids: first, bytes: a, at: 300 })
    .attempt({ ids: second, bytes: b, at: 301 })
}

function forgotten(): LedgerOf {
  const told = ten({ can: ['spill'] })
  for (const at of [100, 200, 400, 800, 1600, 3200]) told.attempt({ at, ...refused })
  return told.exit(0)
}

function poisoned(times: number): LedgerOf {
  const of = ten()
  for (let i = 0; i < times; i += 1) of.attempt({ ids: first, at: 100 * 2 ** i, ...refused })
  return of
}

function demanding(): LedgerOf {
  const { checks } = judgedByAll()
  return ledger(
    judgedByAll({ checks: [...checks, { id: 'fired', level: 'MUST', rules: [{ rule: 'f', min: 1 }] }] }),
  )
}

function found(of: LedgerOf, id: string): Finding {
  const check = of.judge().checks.find((one) => one.id === id)
  if (!check) throw new Error(`no check ${id}`)
  return check
}

const examples = ingestProperties.flatMap((id) =>
  Object.entries(judged[id]).flatMap(([verdict, ledgers]) =>
    Object.entries(ledgers).map(([name, of]) => ({ id, verdict, name, of })),
  ),
)

describe('the properties', () => {
  it.each(examples)('$id: $verdict, $name', ({ id, verdict, of }) => {
    const { verdict: got, because, witnesses } = found(of(), id)
    expect([got, because[0]]).toEqual([verdict, expect.stringMatching(/\.$/)])
    if (verdict === 'fail') expect(witnesses.length).toBeGreaterThan(0)
  })

  it('let a client that sends nothing pass nothing, whatever it says', () => {
    for (const code of [0, 10]) {
      const { checks } = ten().exit(code).judge()
      const passed = checks.filter(({ id, verdict }) => /^[IX]\d/.test(id) && verdict === 'pass')
      // A loss that was told is no loss; that something was to be sent is for I20 and the rules to say.
      expect(passed.map(({ id }) => id)).toEqual(code === 0 ? [] : ['I1'])
    }
  })

  it('are counted by X4 where they were exercised, and judged no second time for it', () => {
    const { checks } = two(refused).exit(0).judge()
    const exercised = checks.filter(({ id, verdict }) => {
      return /^[IX]\d/.test(id) && id !== 'X4' && (verdict === 'pass' || verdict === 'fail')
    })
    expect(exercised.length).toBeGreaterThan(10)
    expect(found(two(refused).exit(0), 'X4').measured).toEqual({ propertiesExercised: exercised.length })
  })

  it('measure what they do not judge', () => {
    const { measured } = found(two({ ...refused, at: 10 }).exit(0), 'I24')
    expect(measured).toEqual({ stalenessMsMax: 499 })
    expect(found(tries(ten(), [60, 120]).exit(0), 'I11').measured).toEqual({ gapMsMin: 60, gapMsMax: 120 })
    expect(found(two(refused).exit(0), 'I9').measured).toEqual({ retryableFailures: 1 })
  })

  it('say what a failure is about', () => {
    expect(found(two({ status: 404 }).exit(0), 'I8').because[0]).toBe(
      '1 request refused for good, 1 of them sent again as they were: request 1 was answered 404 and came again as request 2.',
    )
    expect(found(two({ ...reset, key: 'a' }, { key: 'b' }).exit(0), 'I5').because[0]).toBe(
      '1 request sent again, 1 of them under another key: request 1 under a, request 2 under b.',
    )
  })
})

/** The properties of what becomes of records, on ledgers that they are content with, are not, and cannot judge. */
import { describe } from 'vitest'
import type { PropertyName } from '../../promises.ts'
import { judgedByAll, ledger } from '../testing/ledgers.ts'
import {
  itJudges,
  first,
  second,
  refused,
  reset,
  ten,
  partial,
  tries,
  two,
  kill,
  restart,
  acked,
  stuck,
  stall,
  late,
  split,
  forgotten,
  poisoned,
} from './testing/stories.ts'
import type { Judged } from './testing/stories.ts'

const delivery: Readonly<
  Record<
    Exclude<PropertyName, 'I5' | 'I6' | 'I8' | 'I9' | 'I10' | 'I11' | 'I12' | 'X1' | 'X2' | 'X3' | 'X4'>,
    Judged
  >
> = {
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
}

describe('the properties of delivery', () => {
  itJudges(delivery)
})

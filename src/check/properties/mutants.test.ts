/**
 * What each broken client leaves in the ledger, on the smallest plan that shows it: which checks fail, and
 * no others. Attempts are counted from 0, as in the table of mutants.
 */
import { describe, expect, it } from 'vitest'
import type { Struck } from '../../entry.ts'
import type { IdRange } from '../../record.ts'
import { judgedByAll, ledger } from '../testing/ledgers.ts'
import type { LedgerOf, Told } from '../testing/ledgers.ts'

const first: IdRange[] = [[0, 0, 4]]
const second: IdRange[] = [[0, 5, 9]]
const refused: Told = { status: 503 }
const reset: Told = { status: 'none' }
const resetTaken: Told = { status: 'none', taken: true }
const wanted: Told = { head: { path: '/?wait=true' } }
const partial: Struck = {
  type: 'partial_batch',
  point: 'response-head',
  taken: true,
  from: 8,
  of: 10,
  as: 'retry',
}
const partly: Told = { status: 200, struckBy: partial, takes: [[0, 0, 7]] }

/** Attempts whose gaps are as said, in milliseconds. */
function tries(of: LedgerOf, gaps: readonly number[], told: (i: number) => Told, from = 100): LedgerOf {
  let at = from
  for (const [i, gap] of [0, ...gaps].entries()) {
    at += gap
    of.attempt({ at, answeredAt: at, ...told(i) })
  }
  return of
}

const growing = [100, 200, 400, 800, 1600, 3200] as const
const ten = (over = {}, profile = {}): LedgerOf => ledger(judgedByAll(over, profile)).offer(10)

/** What a loss without a word breaks, whatever else does. */
const silent = ['inv.no-loss', 'inv.no-false-success', 'I1', 'I2', 'I20']

interface Mutant {
  readonly breaks: string
  readonly killedBy: readonly string[]
  readonly ledger: () => LedgerOf
  readonly fails: readonly string[]
}

const mutants: Readonly<Record<string, Mutant>> = {
  M01: {
    breaks: 'retries 4xx',
    killedBy: ['I8'],
    ledger: () => tries(ten(), [200], (i) => (i === 0 ? { status: 400 } : {})).exit(0),
    fails: ['I7', 'I8'],
  },
  M02: {
    breaks: 'never retries 5xx',
    killedBy: ['I9', 'I1'],
    ledger: () => ten().attempt(refused).exit(10),
    fails: ['I9'],
  },
  M03: {
    breaks: 'ignores Retry-After',
    killedBy: ['I10'],
    ledger: () => tries(ten(), [200], (i) => (i === 0 ? { status: 429, retryAfterMs: 1000 } : {})).exit(0),
    fails: ['I10'],
  },
  M04: {
    breaks: 'fixed delay, no growth',
    killedBy: ['I11'],
    ledger: () => tries(ten(), [100, 101, 100, 102], (i) => (i < 4 ? refused : {})).exit(0),
    fails: ['I11'],
  },
  M05: {
    breaks: 'no jitter (fleet in lock-step)',
    killedBy: ['I11', 'I12'],
    ledger: () => {
      const of = ledger(judgedByAll())
      const fleet = [...Array(8).keys()]
      for (const client of fleet) of.write({ kind: 'offer', ids: [[client, 0, 4]], client }, 1)
      for (const client of fleet)
        of.attempt({ ids: [[client, 0, 4]], at: 100, sentAt: 110, conn: client, ...reset })
      for (const client of fleet) of.attempt({ ids: [[client, 0, 4]], at: 210, conn: 10 + client })
      for (const client of fleet) of.write({ kind: 'claim', what: 'exit', code: 0, client }, 300)
      return of
    },
    fails: ['I11'],
  },
  M06: {
    breaks: 'infinite retries, no cap',
    killedBy: ['I9'],
    ledger: () => tries(ten(), growing, () => refused).exit(10),
    fails: ['I9'],
  },
  M07: {
    breaks: 'drops buffer on 3rd failure',
    killedBy: ['I1'],
    ledger: () => tries(ten(), growing.slice(0, 2), () => refused).exit(0),
    fails: [...silent, 'I9'],
  },
  M08: {
    breaks: 'clears queue regardless of result',
    killedBy: ['I1'],
    ledger: () => ten().attempt({ ids: first, ...refused }).exit(0), // prettier-ignore
    fails: [...silent, 'I9', 'I18'],
  },
  M09: {
    breaks: 'treats 202 as committed',
    killedBy: ['I3'],
    ledger: () => ten().attempt({ lands: 0, ...wanted }).write({ kind: 'discard', ids: [[0, 0, 9]], why: 'injected', req: 1 }).exit(0), // prettier-ignore
    fails: ['I3'],
  },
  M10: {
    breaks: 'treats reset/EOF as success',
    killedBy: ['I2'],
    ledger: () => ten().attempt(reset).exit(0),
    fails: [...silent, 'I9'],
  },
  M11: {
    breaks: 'treats any 2xx/3xx incl. 302/204 as stored',
    killedBy: ['I2'],
    ledger: () => ten().attempt({ status: 302, taken: false }).exit(0),
    fails: silent.filter((id) => id !== 'I20'),
  },
  M12: {
    breaks: 'new idempotency key on each retry',
    killedBy: ['I5', 'I4'],
    ledger: () => tries(ten(), [200], (i) => (i === 0 ? { ...resetTaken, key: 'a' } : { key: 'b' })).exit(0),
    fails: ['I5'],
  },
  M13: {
    breaks: 'resends an acknowledged batch (index-based dequeue)',
    killedBy: ['I7'],
    ledger: () =>
      ten().attempt({ ids: first }).attempt({ ids: second }).attempt({ ids: first, at: 200 }).exit(0),
    fails: ['I7', 'I4', 'inv.no-double'],
  },
  M14: {
    breaks: 'removes by position, not by id',
    killedBy: ['I1'],
    ledger: () => tries(ten(), [200], (i) => ({ ids: first, ...(i === 0 ? refused : {}) })).exit(0),
    fails: [...silent, 'I18'],
  },
  M15: {
    breaks: 're-splits on retry under the same key',
    killedBy: ['I6'],
    ledger: () =>
      tries(ten(), [200], (i) =>
        i === 0 ? { ids: first, key: 'a', sha: '1', ...resetTaken } : { key: 'a', sha: '2' },
      ).exit(0),
    fails: ['I6', 'X3'],
  },
  M19: {
    breaks: 'retry with a consumed (empty) body',
    killedBy: ['I15'],
    ledger: () => tries(ten(), [200], (i) => (i === 0 ? reset : { ids: [], bytes: 0 })).exit(0),
    fails: [...silent, 'I9', 'I15'],
  },
  M20: {
    breaks: 'joins records with raw newlines inside a field',
    killedBy: ['I15'],
    ledger: () => ten({}, { body: 'ndjson' }).attempt({ lands: 0, head: { form: 'ndjson' } }).write({ kind: 'discard', ids: [[0, 0, 9]], why: 'quarantine', req: 1 }).exit(0), // prettier-ignore
    fails: ['I15'],
  },
  M21: {
    breaks: 'Content-Length counts characters, not bytes',
    killedBy: ['I15'],
    ledger: () =>
      ten()
        .attempt({ damaged: [{ id: [0, 9], at: '' }] })
        .attempt({ ids: [], status: 400, head: { malformed: 'Invalid method encountered' } })
        .exit(0),
    fails: ['I15', 'inv.integrity'],
  },
  M22: {
    breaks: 'partial accept: retries the whole batch',
    killedBy: ['I16', 'I4'],
    ledger: () => tries(ten(), [200], (i) => (i === 0 ? partly : {})).exit(0),
    fails: ['I16', 'I7', 'I4', 'inv.no-double'],
  },
  M23: {
    breaks: 'partial accept: treats as full success',
    killedBy: ['I16', 'I1'],
    ledger: () => ten().attempt(partly).exit(0),
    fails: ['I16', 'I1', 'inv.no-loss', 'inv.no-false-success'],
  },
  M24: {
    breaks: '413: drops batch instead of splitting',
    killedBy: ['I17', 'I1'],
    ledger: () => ten({}, { on413: 'split' }).attempt({ status: 413 }).exit(10),
    fails: ['I17'],
  },
  M25: {
    breaks: 'flush() resolves before retries end',
    killedBy: ['I20'],
    ledger: () => ten().attempt(refused).exit(0),
    fails: [...silent, 'I9'],
  },
  M26: {
    breaks: 'flush() never rejects',
    killedBy: ['I20', 'I2'],
    ledger: () => tries(ten(), growing.slice(0, 5), () => refused).exit(0),
    fails: silent,
  },
  M27: {
    breaks: 'last partial batch dropped at close',
    killedBy: ['I20', 'I1'],
    ledger: () => ten().attempt({ ids: first }).exit(0),
    fails: silent,
  },
  M28: {
    breaks: 'spill file forgotten after restart',
    killedBy: ['I19', 'I21'],
    ledger: () => {
      const kill: Struck = { type: 'client_stop', point: 'client', how: 'sigkill' }
      const of = ledger(judgedByAll({ can: ['spill'] })).write({ kind: 'offer', ids: [[0, 0, 9]], client: 0 })
      return tries(of, growing.slice(0, 5), () => ({ ids: [[0, 0, 9]], ...refused }))
        .write({ kind: 'fault', rule: 'kill', planned: kill, emitted: kill })
        .write({ kind: 'claim', what: 'signal', raw: 'SIGKILL', by: 'harness', client: 0 })
        .write({ kind: 'offer', ids: [[1, 0, 0]], client: 1 })
        .attempt({ ids: [[1, 0, 0]] })
        .write({ kind: 'claim', what: 'exit', code: 0, client: 1 })
    },
    fails: ['I19', 'I21'],
  },
  M29: {
    breaks: 'spill resends under a new key',
    killedBy: ['I19', 'I4'],
    ledger: () =>
      tries(ten({ can: ['spill'] }), growing, (i) =>
        i < 6 ? { ...refused, taken: true, key: 'a' } : { key: 'b' },
      ).exit(0),
    fails: ['I19', 'I5'],
  },
  M30: {
    breaks: 'unbounded buffer, oldest silently overwritten',
    killedBy: ['I18'],
    ledger: () => tries(ten(), [200], (i) => ({ ids: first, ...(i === 0 ? reset : {}) })).exit(0),
    fails: [...silent, 'I18'],
  },
  M31: {
    breaks: 'concurrent flush swaps order of batches',
    killedBy: ['I14'],
    ledger: () =>
      ten({ can: ['order'] })
        .attempt({ ids: first, at: 10, sentAt: 100, ...reset })
        .attempt({ ids: second, at: 12 })
        .attempt({ ids: first, at: 300 })
        .exit(0),
    fails: ['I14'],
  },
  M32: {
    breaks: 'one poison batch blocks the queue for ever',
    killedBy: ['I23', 'I22'],
    ledger: () =>
      ten()
        .attempt({ ids: first, status: 400, fault: 'poison' })
        .write({ kind: 'stall', who: 'client', ms: 30_000 }, 30_000)
        .write({ kind: 'claim', what: 'signal', raw: 'SIGTERM', by: 'harness' }),
    fails: ['I22', 'I23', 'I1', 'X1', 'inv.no-loss', 'inv.clean-exit'],
  },
  M33: {
    breaks: '429 then 503 loses the key',
    killedBy: ['I5', 'I4'],
    ledger: () =>
      tries(
        ten(),
        [1100, 200],
        (i) => [{ status: 429, key: 'a' }, { ...refused, taken: true, key: 'b' }, { key: 'b' }][i] as Told,
      ).exit(0),
    fails: ['I5'],
  },
  M34: {
    breaks: '401: retries with the stale token for ever',
    killedBy: ['I8', 'I9'],
    ledger: () =>
      tries(ten(), growing.slice(0, 3), () => ({ status: 401, head: { credential: 'c0ffee00' } })).exit(10),
    fails: ['I7', 'I8'],
  },
  M35: {
    breaks: 'success path leaks a socket per failure',
    killedBy: ['X2'],
    ledger: () => {
      const of = ledger(judgedByAll()).offer(20)
      for (let seq = 0; seq < 20; seq += 1) {
        const ids: IdRange[] = [[0, seq, seq]]
        const at = 100 + 200 * seq
        of.open(2 * seq, at).attempt({ ids, at, conn: 2 * seq, ...refused })
        of.open(2 * seq + 1, at + 100).attempt({ ids, at: at + 100, conn: 2 * seq + 1 })
      }
      for (let conn = 0; conn < 40; conn += 1) of.close(conn, 9000)
      return of.exit(0).settled()
    },
    fails: ['X2'],
  },
  M36: {
    breaks: 'reports fail after a full 200 (late timeout wins the race)',
    killedBy: ['I2'],
    ledger: () => ten().open(1).attempt({ at: 10, answeredAt: 10_100 }).close(1, 10_300).exit(10).settled(),
    fails: ['I2', 'inv.no-false-fail'],
  },
  M37: {
    breaks: 'dedups offered records by payload, not id',
    killedBy: ['I1'],
    ledger: () =>
      ten()
        .attempt({
          ids: [
            [0, 0, 6],
            [0, 8, 9],
          ],
        }) // prettier-ignore
        .exit(0),
    fails: silent,
  },
}

function having(wanted: string, of: LedgerOf): string[] {
  return of.judge().checks.filter(({ verdict }) => verdict === wanted).map(({ id }) => id) // prettier-ignore
}

const named = Object.entries(mutants).map(([name, mutant]) => [name, mutant.breaks, mutant] as const)

describe('a mutant', () => {
  it.each(named)('%s %s', (name, _, { ledger: made, killedBy, fails }) => {
    const found = having('fail', made())
    expect(found.sort()).toEqual([...fails].sort())
    expect(found.filter((id) => killedBy.includes(id))).not.toEqual([])
    // A client that was killed, and a process of which the end is not its own, leave the end untold.
    expect(having('unknown', made())).toEqual(name === 'M28' ? ['inv.clean-exit', 'X1'] : [])
  })

  it.each(['M12', 'M29', 'M33'])(
    '%s, where the profile promises effectively once, fails by I4, too',
    (name) => {
      const [run, ...rest] = (mutants[name] as Mutant).ledger().entries
      const can = run?.kind === 'run' ? run.can : []
      const of = ledger(judgedByAll({ can }, { duplicates: 'effectively-once' }))
      of.entries.push(...rest)
      expect(having('fail', of)).toEqual(expect.arrayContaining(['I4', 'inv.no-double']))
    },
  )
})

/**
 * The properties judged: a careful client fails none of them whatever went wrong, one planted fault fails
 * those that it breaks, a few agree with their formulas run naively, and the order of writing changes
 * nothing.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entry, EntryOf } from '../../entry.ts'
import { shuffled } from '../../random.ts'
import { idsIn, includesId } from '../../record.ts'
import type { IdRange, RecordId } from '../../record.ts'
import { judge } from '../judge.ts'
import type { Judgement } from '../judge.ts'
import { judgedByAll, ledger } from '../testing/ledgers.ts'
import type { LedgerOf, Told } from '../testing/ledgers.ts'

const offered = 12
const everyone: readonly RecordId[] = [...idsIn([[0, 0, offered - 1]])]

function having(judgement: Judgement, ...verdicts: string[]): string[] {
  return judgement.checks.filter(({ verdict }) => verdicts.includes(verdict)).map(({ id }) => id)
}

function verdictOf(judgement: Judgement, id: string): string | undefined {
  return judgement.checks.find((check) => check.id === id)?.verdict
}

const failures: readonly Told[] = [
  { status: 503 },
  { status: 503, taken: true },
  { status: 500 },
  { status: 429, retryAfterMs: 20 },
  { status: 'none' },
  { status: 'none', taken: true },
  { status: 202, written: 'partial' },
]

interface Batch {
  readonly ids: readonly IdRange[]
  readonly key: string
  readonly tries: readonly Told[]
}

/** Batches side by side, each sent again, after waits that double, until it is answered in full. */
const batches: fc.Arbitrary<readonly Batch[]> = fc
  .record({
    size: fc.integer({ min: 1, max: offered }),
    troubles: fc.array(fc.array(fc.constantFrom(...failures), { maxLength: 4 }), { maxLength: offered }),
  })
  .map(({ size, troubles }) => {
    const count = Math.ceil(offered / size)
    return Array.from({ length: count }, (_, batch): Batch => {
      const from = batch * size
      const ids: IdRange[] = [[0, from, Math.min(from + size, offered) - 1]]
      return { ids, key: `b${batch}`, tries: [...(troubles[batch] ?? []), {}] }
    })
  })

function history(
  all: readonly Batch[],
  change: (told: Told, batch: number, attempt: number) => Told,
): LedgerOf {
  const of = ledger(judgedByAll()).offer(offered)
  const conns = new Set<number>()
  all.forEach(({ ids, key, tries }, batch) => {
    const common = { ids, key, sha: `s${batch}`, conn: batch }
    conns.add(batch)
    of.open(batch, 5)
    tries.forEach((told, i) => {
      of.attempt(change({ ...common, at: 10 + batch + 100 * (2 ** i - 1), ...told }, batch, i))
    })
  })
  for (const conn of conns) of.close(conn, 5000)
  return of.exit(0).settled()
}

const careful = batches.map((all) => history(all, (told) => told))

/** A history in which the batch numbered `at` fails once, and is sent again. */
const retried = batches.chain((all) =>
  fc.record({
    at: fc.nat(all.length - 1),
    all: fc.constant(all),
    failure: fc.constantFrom(...failures.filter(({ status }) => status !== 429)),
  }),
)

/** The checks that fail once the second attempt of a batch is changed so. */
function afterPlanting(
  { all, at, failure }: { all: readonly Batch[]; at: number; failure: Told },
  change: (told: Told) => Told,
): string[] {
  const planted = all.map((batch, i) => (i === at ? { ...batch, tries: [failure, {}] } : batch))
  return having(
    history(planted, (told, batch, attempt) => (batch === at && attempt === 1 ? change(told) : told)).judge(),
    'fail',
  )
}

describe('the properties and good histories', () => {
  it('fail no careful client, whatever went wrong, and leave nothing open', () => {
    fc.assert(
      fc.property(careful, (of) => {
        expect(having(of.judge(), 'fail', 'unknown')).toEqual([])
      }),
    )
  })

  it('are the same in any order of writing', () => {
    fc.assert(
      fc.property(careful, fc.string(), (of, seed) => {
        const [run, offer, ...rest] = of.entries
        const order = [run, offer, ...shuffled(rest, seed, 'order')].flatMap((entry) => entry ?? [])
        const again = judge(order.map((entry, n) => ({ ...entry, n })))
        const told = (judgement: Judgement): unknown =>
          judgement.checks
            .filter(({ id }) => /^[IX]/.test(id))
            .map(({ id, verdict, because, measured }) => [id, verdict, because, measured])
        expect(told(again)).toEqual(told(of.judge()))
        expect(again.guarantee?.tier).toBe(of.judge().guarantee?.tier)
      }),
      { numRuns: 50 },
    )
  })

  it.each<[string, (told: Told) => Told, string[]]>([
    ['another key', (told) => ({ ...told, key: 'z' }), ['I5']],
    ['no key', ({ key: _, ...told }) => told, ['I5']],
    ['another body', (told) => ({ ...told, sha: 'z' }), ['X3']],
    ['another credential', (told) => ({ ...told, head: { credential: 'z' } }), []],
    ['damage', (told) => ({ ...told, damaged: [{ id: [0, 0], at: '/at' }] }), ['I15', 'inv.integrity']],
    ['a wait of no time', (told) => ({ ...told, at: 12 + (told.at ?? 0) - 110 }), ['I11']],
    ['an answer that never came whole', (told) => ({ ...told, written: 'partial' }), ['I2', 'I9', 'I20']],
  ])('find a second attempt with %s', (_, change, expected) => {
    fc.assert(
      fc.property(retried, (made) => {
        const found = afterPlanting(made, change)
        const waited = made.failure.status === 'none' || made.failure.written === 'partial'
        // After a cut the harness may have learned of the end later than the client: no gap convicts.
        const wanted = expected.filter((id) => id !== 'I11' || !waited)
        expect(found.sort()).toEqual([...wanted].sort())
      }),
      { numRuns: 40 },
    )
  })

  it('find a request that comes again after its full answer, and none after its removal', () => {
    fc.assert(
      fc.property(batches, fc.nat(), (all, pick) => {
        const { ids, key } = all[pick % all.length] as Batch
        const of = history(all, (told) => told)
        const again = of.attempt({ ids, key, at: 4000, conn: 99, status: 503 })
        expect(having(again.judge(), 'fail')).toEqual(['I7'])
      }),
      { numRuns: 40 },
    )
  })

  it('find every record that was never sent', () => {
    fc.assert(
      fc.property(batches, fc.nat(), (all, pick) => {
        fc.pre(all.length > 1)
        const left = all.filter((_, i) => i !== pick % all.length)
        const found = having(history(left, (told) => told).judge(), 'fail')
        expect(found).toEqual(expect.arrayContaining(['I1', 'I2', 'I20', 'inv.no-loss']))
      }),
      { numRuns: 40 },
    )
  })
})

/** Any history, good or bad: requests that overlap, under few keys, answered in any way. */
const anything: fc.Arbitrary<LedgerOf> = fc
  .array(
    fc.record({
      from: fc.nat(offered - 1),
      length: fc.nat(3),
      wait: fc.nat(120),
      bytes: fc.integer({ min: 10, max: 13 }),
      key: fc.constantFrom('a', 'b', undefined),
      status: fc.constantFrom(202, 400, 413, 503, 'none' as const),
      taken: fc.boolean(),
    }),
    { maxLength: 8 },
  )
  .map((made) => {
    const of = ledger(judgedByAll({ can: ['order'] })).offer(offered)
    let at = 10
    for (const { from, length, wait, key, status, ...told } of made) {
      const ids: IdRange[] = [[0, from, Math.min(from + length, offered - 1)]]
      at += wait
      of.attempt({ ids, at, answeredAt: at, status, ...told, ...(key === undefined ? {} : { key }) })
    }
    return of.exit(10)
  })

function requests(of: LedgerOf): EntryOf<'request'>[] {
  return of.entries.filter((entry): entry is EntryOf<'request'> => entry.kind === 'request')
}

function answer(of: LedgerOf, req: number): number | undefined {
  const found = of.entries.find(
    (entry): entry is EntryOf<'respond'> => entry.kind === 'respond' && entry.req === req,
  )
  return found?.status
}

const key = (ids: readonly IdRange[]): string => JSON.stringify(ids)
const carries = (request: EntryOf<'request'>, id: RecordId): boolean => includesId(request.ids, id)
const later = (a: EntryOf<'request'>, b: EntryOf<'request'>): boolean => b.t - a.t > 50e6

describe('the properties and their formulas', () => {
  it('I6: one key, one set of records', () => {
    fc.assert(
      fc.property(anything, (of) => {
        const keyed = requests(of).filter((request) => request.key !== undefined)
        const reused = keyed.some((a) => keyed.some((b) => a.key === b.key && key(a.ids) !== key(b.ids)))
        const verdict = keyed.length < 2 ? 'n/a' : reused ? 'fail' : 'pass'
        expect(verdictOf(of.judge(), 'I6')).toBe(verdict)
      }),
    )
  })

  it('I7: nothing acknowledged comes again 50 ms later', () => {
    fc.assert(
      fc.property(anything, (of) => {
        const all = requests(of)
        const again = all.some((a) => {
          if (answer(of, a.req) !== 202) return false
          return all.some((b) => later(a, b) && everyone.some((id) => carries(a, id) && carries(b, id)))
        })
        if (again) expect(verdictOf(of.judge(), 'I7')).toBe('fail')
        else if (all.every(({ req }) => ![400, 413].includes(answer(of, req) ?? 0))) {
          expect(['pass', 'n/a']).toContain(verdictOf(of.judge(), 'I7'))
        }
      }),
    )
  })

  it('I9: what only ever failed for now was tried at least four times', () => {
    fc.assert(
      fc.property(anything, (of) => {
        const all = requests(of)
        const owed = everyone.filter((id) => {
          const own = all.filter((request) => carries(request, id))
          const statuses = own.map(({ req }) => answer(of, req))
          const last = statuses.at(-1)
          return (
            own.length > 0 &&
            own.length < 4 &&
            !statuses.includes(202) &&
            (last === 503 || last === undefined)
          )
        })
        if (owed.length > 0) expect(verdictOf(of.judge(), 'I9')).toBe('fail')
        else expect(['pass', 'fail', 'n/a']).toContain(verdictOf(of.judge(), 'I9'))
        // No history here is long enough to be tried too often seven times in a row but the longest.
        if (owed.length === 0 && all.length <= 6)
          expect(['pass', 'n/a']).toContain(verdictOf(of.judge(), 'I9'))
      }),
    )
  })

  it('I14: first landings ascend', () => {
    fc.assert(
      fc.property(anything, (of) => {
        const lands = of.entries.filter((entry): entry is EntryOf<'land'> => entry.kind === 'land')
        const first = (id: RecordId): number =>
          Math.min(Infinity, ...lands.filter(({ ids }) => includesId(ids, id)).map(({ t }) => t))
        const times = everyone.map(first).filter((t) => t < Infinity)
        const ordered = times.every((t, i) => i === 0 || t >= (times[i - 1] as number))
        const verdict = verdictOf(of.judge(), 'I14')
        if (verdict !== 'n/a') expect(verdict).toBe(ordered ? 'pass' : 'fail')
        else expect(ordered).toBe(true)
      }),
    )
  })

  it('I17: nothing of what was too large comes next in a body as large', () => {
    fc.assert(
      fc.property(anything, (of) => {
        const all = requests(of)
        const nextOf = (a: EntryOf<'request'>, id: RecordId): EntryOf<'request'> | undefined =>
          all.slice(all.indexOf(a) + 1).find((b) => carries(b, id))
        const large = all
          .filter(({ req }) => answer(of, req) === 413)
          .some((a) =>
            everyone.some((id) => {
              const next = carries(a, id) ? nextOf(a, id) : undefined
              return next !== undefined && later(a, next) && next.bytes >= a.bytes
            }),
          )
        const met = all.some(({ req }) => answer(of, req) === 413)
        expect(verdictOf(of.judge(), 'I17')).toBe(!met ? 'n/a' : large ? 'fail' : 'pass')
      }),
    )
  })
})

describe('the properties and a run that shows nothing', () => {
  it('pass no history without a request', () => {
    const quiet: fc.Arbitrary<Entry[]> = fc.subarray(['stall', 'close', 'eof'] as const).map((kinds) => {
      const of = ledger(judgedByAll()).offer(offered)
      for (const kind of kinds) {
        if (kind === 'stall') of.write({ kind: 'stall', who: 'stdin', ms: 2000 })
        else if (kind === 'close') of.open(1).close(1)
        else of.write({ kind: 'act', what: 'eof' })
      }
      return of.exit(0).settled().entries
    })
    fc.assert(
      fc.property(quiet, (entries) => {
        const passed = having(judge(entries), 'pass').filter((id) => /^I\d/.test(id))
        expect(passed).toEqual([])
      }),
    )
  })
})

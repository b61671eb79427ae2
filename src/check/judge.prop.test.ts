/**
 * The judge judged: against the one-line formulas run naively on small histories, on histories that are good by
 * construction, under operators that plant one anomaly, and under any order of writing.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entry, EntryOf } from '../entry.ts'
import { shuffled } from '../random.ts'
import { idsIn, includesId, rangesOf } from '../record.ts'
import type { IdRange, RecordId } from '../record.ts'
import type { Outcome } from '../verdict.ts'
import { judge } from './judge.ts'
import type { Judgement } from './judge.ts'
import { ledger, ruled, runOf } from './testing/ledgers.ts'
import type { LedgerOf, Told } from './testing/ledgers.ts'

const offered = 12
const everyone: readonly RecordId[] = [...idsIn([[0, 0, offered - 1]])]

function kindsOf<K extends Entry['kind']>(entries: readonly Entry[], kind: K): EntryOf<K>[] {
  return entries.filter((entry): entry is EntryOf<K> => entry.kind === kind)
}

function check(of: Judgement, id: string): Judgement['checks'][number] {
  const found = of.checks.find((one) => one.id === id)
  if (!found) throw new Error(`no check ${id}`)
  return found
}

function outcomesOf(of: Judgement, id: string, outcome: Outcome): number[] {
  const records = check(of, id).records ?? []
  return records.filter((one) => one.outcome === outcome).map((one) => one.id[1])
}

const rows = (entries: readonly Entry[], id: RecordId): number =>
  kindsOf(entries, 'land').filter((land) => includesId(land.ids, id)).length

/** Any history, good or bad: requests that overlap, answers cut or whole, rows that land or do not. */
const anything: fc.Arbitrary<LedgerOf> = fc
  .record({
    attempts: fc.array(
      fc.record({
        from: fc.nat(offered - 1),
        length: fc.nat(5),
        at: fc.nat(300),
        answers: fc.nat(100),
        sends: fc.nat(20),
        status: fc.constantFrom(202, 202, 400, 503, 'none' as const),
        written: fc.constantFrom('full', 'full', 'partial', 'open'),
        taken: fc.boolean(),
      }),
      { maxLength: 8 },
    ),
    discarded: fc.option(fc.nat(offered - 1)),
    code: fc.constantFrom(0, 0, 10, 139, undefined),
  })
  .map(({ attempts, discarded, code }) => {
    const of = ledger(runOf()).offer(offered)
    for (const { from, length, at, answers, sends, status, written, taken } of attempts) {
      const ids: IdRange[] = [[0, from, Math.min(from + length, offered - 1)]]
      const times = { at, answeredAt: at + answers, sentAt: at + answers + sends }
      const cut = status === 'none' && written !== 'open' ? 'none' : written
      of.attempt({ ids, ...times, status, written: cut as 'full', taken })
    }
    if (discarded !== null) of.write({ kind: 'discard', ids: [[0, discarded, discarded]], why: 'injected' })
    return code === undefined ? of : of.exit(code)
  })

describe('the judge and the formulas', () => {
  it('agrees with: offered, neither landed nor discarded nor told', () => {
    fc.assert(
      fc.property(anything, (of) => {
        const judgement = of.judge()
        const code = kindsOf(of.entries, 'claim')[0]?.code
        const gone = everyone.filter(
          (id) =>
            rows(of.entries, id) === 0 && !kindsOf(of.entries, 'discard').some((d) => includesId(d.ids, id)),
        )
        const silent = code === 10 ? [] : gone
        const verdict = silent.length === 0 ? 'pass' : code === undefined ? 'unknown' : 'fail'
        expect(check(judgement, 'inv.no-loss').verdict).toBe(verdict)
        if (verdict === 'fail') {
          expect(outcomesOf(judgement, 'inv.no-loss', 'lost-silent')).toEqual(silent.map(([, seq]) => seq))
        }
        expect(check(judgement, 'inv.no-false-success').verdict).toBe(
          code !== 0 ? 'n/a' : gone.length > 0 ? 'fail' : 'pass',
        )
      }),
    )
  })

  it('agrees with: landed twice, after a full and final answer to an earlier taken attempt', () => {
    fc.assert(
      fc.property(anything, (of) => {
        const requests = kindsOf(of.entries, 'request')
        const took = (req: number): boolean => kindsOf(of.entries, 'take').some((take) => take.req === req)
        const settledAt = (req: number): number => {
          const status = kindsOf(of.entries, 'respond').find((one) => one.req === req)?.status
          const sent = kindsOf(of.entries, 'sent').find((one) => one.req === req)
          return sent?.written === 'full' && status !== 503 && status !== undefined ? sent.t : Infinity
        }
        const held = everyone.filter((id) => {
          const carriers = requests.filter(({ ids, req }) => took(req) && includesId(ids, id))
          const pairs = carriers.flatMap((a) => carriers.filter((b) => a !== b).map((b) => [a, b] as const))
          return rows(of.entries, id) >= 2 && pairs.some(([a, b]) => settledAt(a.req) <= b.t)
        })
        const judgement = of.judge()
        const landed = everyone.some((id) => rows(of.entries, id) > 0)
        expect(check(judgement, 'inv.no-double').verdict).toBe(
          !landed ? 'n/a' : held.length > 0 ? 'fail' : 'pass',
        )
        const doubles = everyone.filter((id) => rows(of.entries, id) >= 2).length
        expect(judgement.measured['doubles'] ?? 0).toBe(doubles)
      }),
    )
  })

  it('agrees with: the head of the next attempt less the first byte of a full error answer', () => {
    const call = { use: 'gaps', min_ms: 50, slack_ms: 10, count_min: 1 } as const
    fc.assert(
      fc.property(anything, (of) => {
        const [, ...rest] = of.entries
        const judgement = judge([ruled(call), ...rest])
        const requests = kindsOf(of.entries, 'request')
        const before = (a: EntryOf<'request'>, b: EntryOf<'request'>): boolean =>
          a.t < b.t || (a.t === b.t && a.req < b.req)
        const later = (a: EntryOf<'request'>, b: EntryOf<'request'>): boolean =>
          before(a, b) && [...idsIn(a.ids)].some((id) => includesId(b.ids, id))
        const gaps = requests.flatMap((request) => {
          const next = requests.find(
            (b) => later(request, b) && !requests.some((c) => later(request, c) && before(c, b)),
          )
          const answer = kindsOf(of.entries, 'respond').find(({ req }) => req === request.req)
          const whole = kindsOf(of.entries, 'sent').some(
            ({ req, written }) => req === request.req && written === 'full',
          )
          return next && answer && whole && answer.status >= 400 ? [Math.max(0, next.t - answer.t) / 1e6] : []
        })
        const verdict = gaps.length === 0 ? 'unknown' : gaps.some((gap) => gap < 50) ? 'fail' : 'pass'
        expect(check(judgement, 'rule').verdict).toBe(verdict)
        if (gaps.length > 0) expect(judgement.measured['gapMsMin']).toBe(Math.min(...gaps))
      }),
    )
  })

  it('finds the same in any order of writing', () => {
    fc.assert(
      fc.property(anything, fc.string(), (of, seed) => {
        const [run, offer, ...rest] = of.entries
        const order = [run, offer, ...shuffled(rest, seed, 'order')].flatMap((entry) => entry ?? [])
        const again = judge(order.map((entry, n) => ({ ...entry, n })))
        const told = (judgement: Judgement): unknown =>
          judgement.checks.map(({ id, verdict, because, records, measured }) => [
            id,
            verdict,
            because,
            records,
            measured,
          ])
        expect(told(again)).toEqual(told(of.judge()))
      }),
    )
  })
})

const failures: readonly Told[] = [
  { status: 503 },
  { status: 503, taken: true },
  { status: 429, retryAfterMs: 50 },
  { status: 'none' },
  { status: 'none', taken: true },
  { status: 202, written: 'partial' },
]

/** A careful client: batches of its own size, side by side, each sent again until it is answered in full. */
const careful = fc
  .record({
    size: fc.integer({ min: 1, max: offered }),
    troubles: fc.array(fc.array(fc.constantFrom(...failures), { maxLength: 3 }), { maxLength: offered }),
  })
  .map(({ size, troubles }) => {
    const of = ledger().offer(offered)
    for (let from = 0, batch = 0; from < offered; from += size, batch += 1) {
      const ids: IdRange[] = [[0, from, Math.min(from + size, offered) - 1]]
      const tries: Told[] = [...(troubles[batch] ?? []), {}]
      tries.forEach((told, i) => {
        of.attempt({
          ...told,
          ids,
          key: `b${batch}`,
          sha: `s${batch}`,
          conn: batch,
          at: 10 + batch + i * 100,
        })
      })
    }
    return of.exit(0)
  })

/** A good history in which each record lands exactly once. */
const clean = careful.filter((of) => everyone.every((id) => rows(of.entries, id) === 1))

/** Rewrites the rows of one record in one land entry. */
function inLand(of: LedgerOf, id: RecordId, into: readonly RecordId[]): Entry[] {
  return of.entries.map((entry) => {
    if (entry.kind !== 'land' || !includesId(entry.ids, id)) return entry
    const ids = [...idsIn(entry.ids)].flatMap((one) => (one[1] === id[1] ? into : [one]))
    return { ...entry, ids: rangesOf(ids) }
  })
}

function changed(before: Judgement, after: Judgement): string[] {
  return after.checks.filter(({ verdict }, i) => verdict !== before.checks[i]?.verdict).map(({ id }) => id)
}

const seq = fc.nat(offered - 1)

describe('the judge and good histories', () => {
  it('passes a careful client, whatever went wrong', () => {
    fc.assert(
      fc.property(careful, (of) => {
        const { verdict, checks, measured } = of.judge()
        expect(checks.filter((one) => one.verdict !== 'pass' && one.verdict !== 'n/a')).toEqual([])
        expect(verdict).toBe('pass')
        expect(measured['doubles']).toBe(everyone.filter((id) => rows(of.entries, id) > 1).length)
      }),
    )
  })

  it('finds exactly the record whose row is dropped', () => {
    fc.assert(
      fc.property(clean, seq, (of, lost) => {
        const judgement = judge(inLand(of, [0, lost], []))
        expect(changed(of.judge(), judgement)).toEqual(['inv.no-loss', 'inv.no-false-success'])
        expect(outcomesOf(judgement, 'inv.no-loss', 'lost-silent')).toEqual([lost])
      }),
    )
  })

  it('finds exactly the record whose row is doubled', () => {
    fc.assert(
      fc.property(clean, seq, (of, twice) => {
        const run = runOf({}, { duplicates: 'effectively-once' })
        const [, ...rest] = inLand(of, [0, twice], [[0, twice], [0, twice]]) // prettier-ignore
        const judgement = judge([run, ...rest])
        expect(changed(of.judge(), judgement)).toEqual(['inv.no-double'])
        expect(outcomesOf(judgement, 'inv.no-double', 'duplicated')).toEqual([twice])
        expect(judge([of.entries[0] as Entry, ...rest]).measured['doubles']).toBe(1)
      }),
    )
  })

  it('finds the record that is sent, taken and landed again after its full answer', () => {
    fc.assert(
      fc.property(clean, seq, (of, twice) => {
        const before = of.judge()
        const judgement = of.attempt({ ids: [[0, twice, twice]], at: 1000, conn: 99 }).judge()
        expect(changed(before, judgement)).toEqual(['inv.no-double'])
        expect(outcomesOf(judgement, 'inv.no-double', 'duplicated')).toEqual([twice])
      }),
    )
  })

  it('finds a record that landed in the place of another', () => {
    fc.assert(
      fc.property(clean, seq, seq, (of, lost, twice) => {
        fc.pre(lost !== twice)
        const judgement = judge(inLand(of, [0, lost], [[0, twice]]))
        expect(changed(of.judge(), judgement)).toEqual(['inv.no-loss', 'inv.no-false-success'])
        expect(outcomesOf(judgement, 'inv.no-loss', 'lost-silent')).toEqual([lost])
        expect(outcomesOf(judgement, 'inv.no-double', 'duplicated')).toEqual([twice])
      }),
    )
  })

  it('finds a row under a name that was never offered', () => {
    fc.assert(
      fc.property(clean, seq, (of, lost) => {
        const judgement = judge(inLand(of, [0, lost], [[0, 777]]))
        const expected = ['inv.no-loss', 'inv.no-false-success', 'inv.no-invention']
        expect(changed(of.judge(), judgement)).toEqual(expected)
        expect(outcomesOf(judgement, 'inv.no-loss', 'lost-silent')).toEqual([lost])
        expect(outcomesOf(judgement, 'inv.no-invention', 'phantom')).toEqual([777])
      }),
    )
  })
})

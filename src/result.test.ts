import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ledger, runOf as ledgerRun } from './check/testing/ledgers.ts'
import type { LedgerOf } from './check/testing/ledgers.ts'
import type { Entry } from './entry.ts'
import { limits } from './limits.ts'
import { around, notApplicable, resultOf } from './result.ts'
import type { CaseRun } from './run.ts'
import { caseOf } from './testing/cases.ts'

const context = { seed: '1', repeat: 2, ledger: 'ledger/x.ndjson', replay: 'tailrace replay x' }

function runOf(told: LedgerOf, over: Partial<CaseRun> = {}): CaseRun {
  return {
    level: 'MUST',
    judgement: told.judge(),
    failures: [],
    dropped: 0,
    entries: told.entries,
    durationMs: 12.6,
    phases: {},
    ...over,
  }
}

const runOfHttp2 = ledgerRun({ http2: true })
const good = (): LedgerOf => ledger().offer(3).attempt().exit(0)
const lossy = (): LedgerOf => ledger().offer(3).attempt({ status: 400 }).exit(0)

describe('a result', () => {
  it('holds the case, the run and the verdict', () => {
    expect(resultOf(caseOf('a'), runOf(good()), context)).toMatchObject({
      ...{ id: 'a', title: 'the promise of a', level: 'MUST', tier: 'quick' },
      ...{ verdict: 'pass', durationMs: 13, ...context },
    })
  })

  it('gives the first failing check as its reason, and its entries', () => {
    const result = resultOf(caseOf('a'), runOf(lossy()), context)
    expect(result.verdict).toBe('fail')
    expect(result.reason).toMatch(/^inv\.no-loss: .*0\.0–0\.2/)
    const loss = result.checks.find(({ id }) => id === 'inv.no-loss')
    expect(loss?.entries.map(({ kind }) => kind)).toContain('respond')
    for (const check of result.checks) if (check.verdict === 'pass') expect(check.entries).toEqual([])
  })

  it('adds what was wrong with the client’s output, which may be why', () => {
    const alert = (told: LedgerOf, raw: string): LedgerOf => told.write({ kind: 'claim', what: 'alert', raw })
    const bad = alert(alert(lossy(), 'a line that is no JSON: "{"'), 'left 1 processes behind: sleep')
    const { reason } = resultOf(caseOf('a'), runOf(bad), context)
    expect(reason).toMatch(/^inv\.no-loss: .* Alert: a line that is no JSON: "\{", and 1 more\.$/)
    expect(resultOf(caseOf('a'), runOf(alert(good(), 'x')), context).reason).toBeUndefined()
  })

  it('gives the first unknown check as its reason where none failed', () => {
    const result = resultOf(caseOf('a'), runOf(ledger().offer(3).attempt()), context) // no end is told
    expect(result.verdict).toBe('inconclusive')
    const unknown = result.checks.find(({ verdict }) => verdict === 'unknown')
    expect(result.reason).toBe(`${unknown?.id}: ${unknown?.because[0]}`)
  })

  it('says why the case tells nothing of this client', () => {
    const told = ledger(runOfHttp2).offer(3).open(1).attempt().exit(0)
    const { verdict, reason, guarantee } = resultOf(caseOf('a'), runOf(told), context)
    expect(verdict).toBe('n/a')
    expect(reason).toBe('The client spoke HTTP/1.1 where HTTP/2 was offered.')
    expect(guarantee).toBeUndefined()
  })

  it('tells what the client guarantees, unless the harness failed or the ledger is not whole', () => {
    expect(resultOf(caseOf('a'), runOf(good()), context).guarantee?.tier).toBe('effectively-once')
    const lost = resultOf(caseOf('a'), runOf(lossy()), context).guarantee
    expect(lost).toMatchObject({ tier: 'at-most-once', against: { records: [[0, 0]] } })
    for (const over of [{ failures: ['one'] }, { dropped: 1 }]) {
      expect(resultOf(caseOf('a'), runOf(lossy(), over), context)).not.toHaveProperty('guarantee')
    }
  })

  it('is a harness-error where the harness failed, whatever was judged', () => {
    const { judgement: _, ...unjudged } = runOf(good())
    expect(resultOf(caseOf('a'), runOf(good(), { failures: ['one', 'two'] }), context)).toMatchObject({
      verdict: 'harness-error',
      reason: 'one; two',
    })
    expect(resultOf(caseOf('a'), unjudged, context)).toMatchObject({ verdict: 'harness-error', checks: [] })
  })

  it('is not a verdict on what a full ledger did not keep', () => {
    for (const told of [good(), lossy()]) {
      const result = resultOf(caseOf('a'), runOf(told, { dropped: 7 }), context)
      expect(result.verdict).toBe('inconclusive')
      expect(result.reason).toContain('the ledger is full: 7 entries beyond 250000 were not kept')
      expect(new Set(result.checks.map(({ verdict }) => verdict))).toEqual(new Set(['unknown', 'n/a']))
    }
  })

  it('still is one on the hot loop that filled the ledger, and names no other reason', () => {
    let told = ledger().offer(3)
    for (let i = 0; i <= limits.hotLoopRepeatsMax + 1; i += 1) told = told.attempt({ status: 503, sha: 'a' })
    const result = resultOf(caseOf('a'), runOf(told, { dropped: 7 }), context)
    expect(result.verdict).toBe('fail')
    expect(result.reason).toMatch(/^inv\.no-hot-loop: /)
    const failing = result.checks.filter(({ verdict }) => verdict === 'fail')
    expect(failing.map(({ id }) => id)).toEqual(['inv.no-hot-loop'])
  })

  it('of a case that was not run says why', () => {
    expect(notApplicable(caseOf('a'), 'needs rung lines', context)).toMatchObject({
      ...{ id: 'a', verdict: 'n/a', reason: 'needs rung lines', checks: [], durationMs: 0, ...context },
    })
  })
})

/** A run of `count` entries, and which of them bear witness. */
const stories = fc
  .array(fc.record({ req: fc.nat(6), t: fc.nat(50), alone: fc.boolean() }), { maxLength: 60 })
  .chain((made) => {
    const entries = made.map(({ req, t, alone }, i): Entry => {
      const place = { n: i + 1, t }
      return alone
        ? { ...place, kind: 'open', conn: req, proto: 'h1' }
        : { ...place, kind: 'sent', req, written: 'full' }
    })
    const run = good().entries.slice(0, 1)
    return fc.record({
      entries: fc.constant([...run, ...entries]),
      witnesses: fc.subarray(entries.map(({ n }) => n)),
    })
  })

describe('the entries around the witnesses', () => {
  it('are at most fifteen, at least five where there are so many, in order of time, and hold the witnesses', () => {
    fc.assert(
      fc.property(stories, ({ entries, witnesses }) => {
        const shown = around(entries, witnesses)
        expect(shown.length).toBeLessThanOrEqual(limits.entriesShown)
        expect(shown.length).toBeGreaterThanOrEqual(Math.min(5, entries.length - 1))
        expect(shown).toEqual([...shown].sort((a, b) => a.t - b.t || a.n - b.n))
        const numbers = shown.map(({ n }) => n)
        expect(new Set(numbers).size).toBe(numbers.length)
        expect(numbers).toEqual(expect.arrayContaining(witnesses.slice(0, limits.entriesShown)))
        expect(shown.some(({ kind }) => kind === 'run')).toBe(false)
      }),
      { numRuns: 300 },
    )
  })

  it('tell the whole story of a witness’s request before that of its neighbours', () => {
    const { entries } = ledger().offer(3).attempt({ status: 503 }).attempt({ status: 503 }).attempt().exit(0)
    const asked = entries.filter((entry) => 'req' in entry && entry.req === 2)
    const shown = around(
      entries,
      asked.slice(0, 1).map(({ n }) => n),
    )
    expect(shown).toEqual(expect.arrayContaining(asked))
  })
})

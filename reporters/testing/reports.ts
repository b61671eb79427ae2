/** Small reports made by hand, for the tests of the reporters. */
import { recordSource } from '../../src/record.ts'
import type { CaseResult, CheckResult, Report } from '../../src/report.ts'
import { caseVerdicts } from '../../src/verdict.ts'
import type { CaseVerdict } from '../../src/verdict.ts'
import type { Entry } from '../../src/entry.ts'

export const nonce: string = recordSource('7', 'ing.retry.503').nonce

const ids = [[0, 0, 9]] as const
const site = { lane: 'ingest', logical: '0.0' } as const
const post = { conn: 1, method: 'POST', path: '/', ids, bytes: 1400, complete: true } as const
const struck = { type: 'http_error', point: 'response-head', status: 503, taken: false } as const
const reset = { type: 'reset_peer', point: 'response-head', taken: false } as const

/** A client that gave up after one 503. */
export const story: readonly Entry[] = [
  { n: 2, t: 1_000_000, kind: 'offer', ids },
  { n: 3, t: 90_400_000, kind: 'open', conn: 1, proto: 'h1' },
  { n: 4, t: 91_000_000, kind: 'request', req: 1, site: { ...site, attempt: 1 }, ...post },
  { n: 5, t: 91_200_000, kind: 'respond', req: 1, status: 503, ack: 'throttled', retryAfterMs: 2000 },
  { n: 6, t: 91_300_000, kind: 'sent', req: 1, written: 'full' },
  { n: 7, t: 91_350_000, kind: 'fault', rule: 'first', req: 1, planned: struck, emitted: struck },
  { n: 8, t: 95_000_000, kind: 'fault', rule: 'cut', planned: reset, emitted: { ...reset, type: 'none' } },
  { n: 9, t: 99_000_000, kind: 'close', conn: 1, by: 'client', how: 'fin' },
  { n: 10, t: 120_000_000, kind: 'claim', what: 'exit', code: 0 },
]

export function check(id: string, verdict: CheckResult['verdict'], because: string[] = []): CheckResult {
  const entries = verdict === 'fail' || verdict === 'unknown' ? story : []
  return { id, level: 'MUST', verdict, because, entries }
}

export function caseResult(id: string, verdict: CaseVerdict, more: Partial<CaseResult> = {}): CaseResult {
  return {
    id,
    title: `the promise of ${id}`,
    mode: 'ingest',
    level: 'MUST',
    tier: 'quick',
    source: 'RFC 9110 §15.6',
    seed: '7',
    repeat: 1,
    verdict,
    durationMs: 740,
    measured: { requests: 1 },
    checks: [],
    ledger: `ledger/${id}.ndjson`,
    replay: `tailrace replay .tailrace/r1/replay/${id}.json`,
    ...more,
  }
}

export function report(cases: readonly CaseResult[], more: Partial<Report> = {}): Report {
  const count = (verdict: CaseVerdict): number => cases.filter((c) => c.verdict === verdict).length
  return {
    schema: 1,
    tool: 'tailrace',
    version: '0.1.0',
    suite: 1,
    run: 'r1',
    exitCode: 0,
    seed: '7',
    mode: 'ingest',
    rung: 'pipe',
    profile: 'generic',
    protocol: 'generic',
    client: { command: 'python my_driver.py' },
    startedAt: '2026-01-01T00:00:00.000Z',
    durationMs: 12_340,
    phases: { drive: 700 },
    fitness: {
      control: 'pass',
      null: 'fail',
      latenessMs: { p50: 0.1, p99: 0.3, p999: 0.4 },
      eventLoopDelayMs: { p50: 0.1, p99: 0.3, p999: 0.4 },
    },
    totals: Object.fromEntries(caseVerdicts.map((v) => [v, count(v)])) as Record<CaseVerdict, number>,
    gates: ['MUST'],
    cases,
    ...more,
  }
}

/** One case of each ending. */
export const mixed: Report = report(
  [
    caseResult('ing.base.one', 'pass', { checks: [check('rule', 'pass')] }),
    caseResult('ing.retry.503', 'fail', {
      reason: 'rule: 0.0–0.9 was sent once',
      checks: [
        check('rule', 'fail', ['0.0–0.9 was sent once', 'the answer was 503']),
        check('inv.no-loss', 'fail', ['10 records never landed']),
      ],
    }),
    caseResult('ing.4xx.400', 'fail', { expected: true, checks: [check('rule', 'fail', ['sent twice'])] }),
    caseResult('ing.backoff.exists', 'inconclusive', {
      reason: 'fired: the fault never fired',
      checks: [check('fired', 'unknown', ['the fault never fired'])],
    }),
    caseResult('ing.stop.flushes', 'n/a', { reason: 'needs rung lines', durationMs: 0 }),
    caseResult('ing.413.terminates', 'flaky', { reason: 'failed in 1 of 3 repeats' }),
    caseResult('ing.base.many', 'harness-error', { reason: 'port 20000 is taken' }),
  ],
  { exitCode: 4, stale: ['ing.idem.ack-lost:rule'] },
)

/** From one run of a case to its line in the report. Pure. */
import type { Entry } from './entry.ts'
import { limits } from './limits.ts'
import type { CaseResult, CheckResult } from './report.ts'
import type { CaseRun } from './run.ts'
import type { Case } from './scenario.ts'
import { caseVerdict } from './verdict.ts'
import type { CaseVerdict } from './verdict.ts'

export interface ResultContext {
  readonly seed: string
  readonly repeat: number
  readonly ledger: string
  readonly replay: string
}

export function resultOf(c: Case, run: CaseRun, context: ResultContext): CaseResult {
  const checks = checkResults(run)
  const { verdict, reason } = verdictOf(run, checks)
  return {
    id: c.id,
    title: c.title,
    mode: c.mode,
    level: run.level,
    tier: c.tier,
    source: c.source,
    seed: context.seed,
    repeat: context.repeat,
    verdict,
    ...(reason === undefined ? {} : { reason }),
    durationMs: Math.round(run.durationMs),
    measured: run.judgement?.measured ?? {},
    checks,
    ...guaranteed(run),
    ledger: context.ledger,
    replay: context.replay,
  }
}

/** Nothing is inferred from a run that the harness spoiled, nor from a ledger that misses entries. */
function guaranteed({ judgement, failures, dropped }: CaseRun): Pick<CaseResult, 'guarantee'> {
  const guarantee = failures.length === 0 && dropped === 0 ? judgement?.guarantee : undefined
  return guarantee ? { guarantee } : {}
}

/** A case that was not run. */
export function notApplicable(c: Case, reason: string, context: ResultContext): CaseResult {
  const { id, title, mode, level, tier, source } = c
  const nothing = { durationMs: 0, measured: {}, checks: [] }
  return { id, title, mode, level, tier, source, verdict: 'n/a', reason, ...nothing, ...context }
}

function verdictOf(run: CaseRun, checks: readonly CheckResult[]): { verdict: CaseVerdict; reason?: string } {
  if (run.failures.length > 0) return { verdict: 'harness-error', reason: run.failures.join('; ') }
  if (!run.judgement) return { verdict: 'harness-error', reason: 'the case was not judged' }
  const verdict = caseVerdict(checks.map((check) => check.verdict))
  const wanted = verdict === 'inconclusive' ? 'unknown' : verdict
  if (wanted === 'n/a') return { verdict, ...excuse(checks) }
  if (wanted !== 'fail' && wanted !== 'unknown') return { verdict }
  const open = checks.filter((check) => check.verdict === wanted)
  // What is lost by a client that never came to its end is a consequence.
  const found = open.find(({ because }) => because[0]?.startsWith('stuck:')) ?? open[0]
  const why = found?.because[0]
  const reason = found && (why === undefined ? found.id : `${found.id}: ${why}`)
  return reason === undefined ? { verdict } : { verdict, reason: `${reason}${alerted(run.entries)}` }
}

function excuse([first]: readonly CheckResult[]): { reason?: string } {
  const because = first?.because[0]
  return because === undefined ? {} : { reason: because }
}

/** What was wrong with the client's output, or with what it left behind: it may be why. */
function alerted(entries: readonly Entry[]): string {
  const alerts = entries.filter((entry) => entry.kind === 'claim' && entry.what === 'alert')
  const [first] = alerts
  if (first?.kind !== 'claim') return ''
  return ` Alert: ${first.raw}${alerts.length > 1 ? `, and ${alerts.length - 1} more` : ''}.`
}

function checkResults(run: CaseRun): CheckResult[] {
  return (run.judgement?.checks ?? []).map((check) => {
    const { id, level, witnesses } = check
    const { verdict, because } = holdsDespite(run.dropped, check) ? check : missing(run.dropped)
    const entries = verdict === 'fail' || verdict === 'unknown' ? around(run.entries, witnesses) : []
    return { id, level, verdict, because, entries }
  })
}

/** Where entries are missing, what looks lost may have landed; only what was too much stays too much. */
function holdsDespite(dropped: number, { id, verdict }: Pick<CheckResult, 'id' | 'verdict'>): boolean {
  return dropped === 0 || verdict === 'n/a' || (id === 'inv.no-hot-loop' && verdict === 'fail')
}

function missing(dropped: number): Pick<CheckResult, 'verdict' | 'because'> {
  const because = `the ledger is full: ${dropped} entries beyond ${limits.ledgerEntriesMax} were not kept`
  return { verdict: 'unknown', because: [because] }
}

/**
 * The entries that tell the story of the witnesses: they themselves, what belongs to the same requests, and
 * neighbours in time until there are five.
 */
export function around(entries: readonly Entry[], witnesses: readonly number[]): Entry[] {
  const told = entries.filter((entry) => entry.kind !== 'run')
  const seen = new Set(witnesses)
  const chosen = new Set<Entry>(told.filter((entry) => seen.has(entry.n)).slice(0, limits.entriesShown))
  const requests = new Set([...chosen].map(requestOf).filter((req) => req !== undefined))
  for (const entry of told) {
    if (chosen.size >= limits.entriesShown) break
    const req = requestOf(entry)
    if (req !== undefined && requests.has(req)) chosen.add(entry)
  }
  const first = Math.max(
    0,
    told.findIndex((entry) => chosen.has(entry)),
  )
  for (let step = 0; chosen.size < 5 && step < told.length; step += 1) {
    for (const neighbour of [told[first - step], told[first + step]]) {
      if (neighbour && chosen.size < 5) chosen.add(neighbour)
    }
  }
  return [...chosen].sort((a, b) => a.t - b.t || a.n - b.n)
}

function requestOf(entry: Entry): number | undefined {
  return 'req' in entry ? entry.req : undefined
}

/**
 * The claims that a test can make of a run, one for each matcher: which checks stand for it, and what must have been
 * seen for it to mean anything. A claim about what did not happen is no more than n/a where nothing happened, so a
 * client that does nothing is never praised.
 */
import { isDeepStrictEqual } from 'node:util'
import { counted } from '../check/finding.ts'
import type { Entry, EntryOf } from '../entry.ts'
import { shown, TailraceError } from '../errors.ts'
import { History, failed } from '../history.ts'
import { limits } from '../limits.ts'
import type { Plan } from '../plan/plan.ts'
import { rangesOf, recordSource, tokensIn } from '../record.ts'
import type { IdRange, JsonObject } from '../record.ts'
import type { CheckCall } from '../scenario.ts'
import { worst } from '../verdict.ts'
import type { CheckVerdict } from '../verdict.ts'
import { judged, ruleCall } from './server-judge.ts'
import type { Found, Judging, Seen } from './server-judge.ts'

/** What became of a rule. */
export interface Fired {
  /** How often it was to strike. */
  readonly planned: number
  /** How often it did, as planned. */
  readonly emitted: number
  /** How often something else came of it. */
  readonly misfires: number
}

export interface Claim {
  /** `pass` when it holds, `fail` when it does not; anything else is neither. */
  readonly verdict: CheckVerdict
  readonly because: readonly string[]
  /** Entries that show it, by time. */
  readonly entries: readonly Entry[]
}

/** Records as a test has them: objects, lines of JSON, or a text of several. */
export type Records = string | JsonObject | Iterable<string | JsonObject>

/** Of each rule of `plan`, and of none other. */
export function firedBy(ledger: readonly Entry[], { rules }: Pick<Plan, 'rules'>): Record<string, Fired> {
  return Object.fromEntries(rules.map(({ id }) => [id, tally(strikes(ledger, id))]))
}

function tally(struck: readonly EntryOf<'fault'>[]): Fired {
  const misfires = struck.filter(misfired).length
  return { planned: struck.length, emitted: struck.length - misfires, misfires }
}

function strikes(ledger: readonly Entry[], rule: string | undefined): EntryOf<'fault'>[] {
  return ledger.filter(
    (entry): entry is EntryOf<'fault'> =>
      entry.kind === 'fault' && (rule === undefined || entry.rule === rule),
  )
}

function misfired({ planned, emitted }: EntryOf<'fault'>): boolean {
  return !isDeepStrictEqual(planned, emitted)
}

/** How often a rule is to have struck: `min` times at least, 1 when absent; `max` times at most. */
export interface Times {
  readonly min?: number
  readonly max?: number
}

/** The rule, or any of the plan, struck as planned so often. Throws `usage` where the plan has no such rule. */
export function fired(seen: Seen, rule?: string, { min = 1, max = Infinity }: Times = {}): Claim {
  const { entries: ledger } = seen
  checkRule(ledger, rule)
  const struck = strikes(ledger, rule)
  const { emitted, misfires } = tally(struck)
  const name = rule === undefined ? 'The rules of the plan' : `Rule ${rule}`
  const wanted = max === Infinity ? `at least ${min}` : `${min} to ${max}`
  const because = [`${name} struck ${emitted}×, ${wanted} wanted.`]
  const entries = struck.slice(0, limits.entriesShown)
  if (!touched(ledger)) return nothing('Nothing was seen on the wire.')
  if (emitted >= min && emitted <= max) return { verdict: 'pass', because, entries }
  if (misfires === 0) return { verdict: 'fail', because, entries }
  return { verdict: 'unknown', because: [...because, `It misfired ${misfires}×.`], entries }
}

function checkRule(ledger: readonly Entry[], rule: string | undefined): void {
  const [run] = ledger
  const plan = run?.kind === 'run' ? (run.plan as Plan) : { rules: [] }
  const names = plan.rules.map(({ id }) => id)
  if (rule === undefined || names.includes(rule)) return
  const expected = names.length > 0 ? `one of ${names.join(', ')}` : 'a plan with rules'
  throw new TailraceError('usage', 'the plan has no such rule', [{ at: 'rule', expected, got: shown(rule) }])
}

/** Some fault struck, and every one did what it was to do. */
export function noMisfires(seen: Seen): Claim {
  const struck = strikes(seen.entries, undefined)
  if (struck.length === 0) return nothing('No fault struck.')
  const missed = struck.filter(misfired)
  const because = [`${counted(struck.length, 'fault')} struck, ${missed.length} of them not as planned.`]
  return {
    verdict: missed.length === 0 ? 'pass' : 'fail',
    because,
    entries: missed.slice(0, limits.entriesShown),
  }
}

const integrity: CheckCall = { id: 'inv.integrity', level: 'MUST' }

/**
 * Every record offered, or each of `records`, landed as it was. What the server took and dropped again is neither
 * delivered nor lost by the client.
 */
export function deliveredAtLeastOnce(seen: Seen, records?: Records): Claim {
  const given = records === undefined ? {} : { offered: idsOf(seen.entries, records) }
  const { found, guarantee } = judged(seen, [{ id: 'inv.no-loss', level: 'MUST' }, integrity], given)
  const claim = claimOf(found)
  if (claim.verdict !== 'pass' || guarantee?.atLeast === 'landed') return claim
  const because = ['The server took records and dropped them again.', ...claim.because]
  const discards = seen.entries.filter(({ kind }) => kind === 'discard')
  return { verdict: 'unknown', because, entries: discards.slice(0, limits.entriesShown) }
}

/** Every record offered landed once, and as it was. */
export function deliveredExactlyOnce(seen: Seen): Claim {
  return claimOf(judged(seen, [ruleCall({ use: 'landed', times: 1 }), integrity]).found)
}

/** No record landed twice: as under a profile that promises effectively once, every double counts. */
export function noDuplicates(seen: Seen): Claim {
  const strict: Judging = { duplicates: 'effectively-once' }
  return claimOf(judged(seen, [{ id: 'inv.no-double', level: 'MUST' }], strict).found)
}

/** Records landed in the order in which they were offered. */
export function keptOrder(seen: Seen): Claim {
  return claimOf(judged(seen, [{ id: 'I14', level: 'MUST' }], { can: ['order'] }).found)
}

/** How much earlier than Retry-After an attempt may come: the wait is measured from before the answer's first byte. */
const retryAfterSlackMs = 50

/** No attempt came before the Retry-After of the answer before it had passed. */
export function honouredRetryAfter(seen: Seen): Claim {
  return claimOf(judged(seen, [ruleCall({ use: 'retry_after', slack_ms: retryAfterSlackMs })]).found)
}

/** After a failure the client did not hammer. */
export function noHotLoop(seen: Seen): Claim {
  const claim = claimOf(judged(seen, [{ id: 'inv.no-hot-loop', level: 'MUST' }]).found)
  if (claim.verdict !== 'pass' || failureSeen(seen.entries)) return claim
  return nothing('No request failed, so nothing could follow a failure.')
}

/** An exchange that was cut before its request was read leaves no more than its end in the ledger. */
function failureSeen(ledger: readonly Entry[]): boolean {
  const history = new History()
  for (const entry of ledger) history.step(entry)
  return (
    history.attempts().some((attempt) => attempt.sent !== undefined && failed(attempt)) ||
    ledger.some((entry) => entry.kind === 'sent' && entry.written !== 'full')
  )
}

function touched(ledger: readonly Entry[]): boolean {
  return ledger.some(({ kind }) => kind === 'open' || kind === 'request')
}

/** Of several findings the first is the claim's own: what it cannot tell, another may refute and not make good. */
function claimOf(found: readonly Found[]): Claim {
  const merged = worst(found.map((each) => each.verdict))
  const verdict = merged === 'pass' ? (found[0]?.verdict ?? 'n/a') : merged
  const deciding = found.filter((each) => each.verdict === verdict)
  const entries = new Map(deciding.flatMap((each) => each.entries).map((entry) => [entry.n, entry]))
  return { verdict, because: deciding.flatMap(({ because }) => because), entries: [...entries.values()] }
}

function nothing(because: string): Claim {
  return { verdict: 'n/a', because: [because], entries: [] }
}

/** The ids in `records`. Throws `usage` where one of them holds none of this run, or there are none. */
function idsOf(ledger: readonly Entry[], records: Records): IdRange[] {
  const [run] = ledger
  const nonce = run?.kind === 'run' ? recordSource(run.seed, run.case).nonce : ''
  const single = typeof records === 'string' || !(Symbol.iterator in records)
  const list: readonly (string | JsonObject)[] = single ? [records] : [...records]
  const found = list.map((one) => {
    const text = typeof one === 'string' ? one : JSON.stringify(one)
    return [...tokensIn(text)].filter((token) => token.nonce === nonce).map(({ id }) => id)
  })
  const strange = found.flatMap((ids, i) => (ids.length === 0 ? [i] : []))
  const problems = strange.slice(0, limits.problemsShown).map((i) => ({
    at: `records/${i}`,
    expected: 'a record of this run, as records() gives them',
    got: shown(list[i]),
  }))
  if (list.length === 0) problems.push({ at: 'records', expected: 'at least one record', got: 'none' })
  if (problems.length > 0) throw new TailraceError('usage', 'these are no records of this run', problems)
  return rangesOf(found.flat())
}

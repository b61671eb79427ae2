/**
 * What a test holds of a server: the records to send, what the faults did, the ledger, and the judge. The same for a
 * server on a socket and for answers through nock.
 */
import { watchLateness, within } from '../clock.ts'
import type { Clock } from '../clock.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Entry, PhaseName } from '../entry.ts'
import { shown, TailraceError } from '../errors.ts'
import { Ledger } from '../ledger.ts'
import { limits } from '../limits.ts'
import type { Plan } from '../plan/plan.ts'
import { ingestInvariants } from '../promises.ts'
import { hex } from '../random.ts'
import { recordAt, recordSource } from '../record.ts'
import type { JsonObject, RecordSource } from '../record.ts'
import { version } from './cli/version.ts'
import { firedBy } from './server-claims.ts'
import type { Fired } from './server-claims.ts'
import { checkCalls, judged } from './server-judge.ts'
import type { CheckName, Found } from './server-judge.ts'
import type { RunSettings } from './server-options.ts'

/** What the matchers ask of a run. */
export interface Watched {
  /** What was seen so far, in the order of writing. */
  ledger(): readonly Entry[]
  /** Why the ledger cannot be trusted: errors of our own, entries that had no room. Empty when it can. */
  failures(): readonly string[]
  /** Numbers of `sent` entries of answers that the client may not have been there for, where that is not seen. */
  unsure(): ReadonlySet<number>
  /** Resolves when no exchange is open and no flush is due, after 2 s at most. */
  quiet(): Promise<void>
}

export interface WatchedRun extends Watched {
  /** The token that the client is to send, where the protocol demands one. */
  readonly token: string
  /** The next `n` records, to be sent by the client; from here on they are offered, and expected. */
  records(n: number): JsonObject[]
  /** The first entry, written already or yet to come, that `wanted` accepts: a fact that a test can wait for. */
  until(wanted: (entry: Entry) => boolean): Promise<Entry>
  /** For each rule of the plan what was planned, and what came of it. */
  fired(): Readonly<Record<string, Fired>>
  /** Ends the rules still alive and lets go what they hold. */
  heal(): void
  /**
   * What these checks find: invariants and properties by id, rules as `{ use, … }`; every invariant when none is named.
   * By asking, the test says that its client is done. Throws `usage` with every name that is none.
   */
  check(...names: readonly CheckName[]): Promise<readonly Found[]>
}

/** The case that the records of a test belong to. */
const testCase = 'test'

/** A run that has begun, without its endpoint. */
export interface Begun {
  readonly plan: Plan
  readonly ledger: Ledger
  readonly clock: Clock
  readonly source: RecordSource
  readonly token: string
}

export function begin(
  { plan, protocol, profile, payload }: RunSettings,
  clock: Clock,
  ledger: Ledger = new Ledger(clock),
): Begun {
  const { seed } = plan
  ledger.write({
    kind: 'run',
    case: testCase,
    title: 'What a test asks of its client.',
    mode: 'ingest',
    level: 'MUST',
    source: 'the test itself',
    suite: 1,
    seed,
    protocol,
    rung: 'none',
    profile,
    knobs: [],
    can: [],
    checks: [],
    plan,
    tool: `tailrace ${version}`,
    schema: 1,
  })
  ledger.write({ kind: 'phase', name: 'start' })
  const source = recordSource(seed, testCase, payload)
  return { plan, ledger, clock, source, token: `tk_${hex(24, seed, 'token', testCase)}` }
}

/**
 * The face of a run whose endpoint is up, and its end: heal, settle, stop. `unsure` may grow with the ledger.
 */
export function watch(
  { plan, ledger, clock, source, token }: Begun,
  endpoint: Pick<Endpoint, 'failures' | 'heal' | 'quiet' | 'stop'>,
  unsure: ReadonlySet<number> = new Set(),
): { readonly run: WatchedRun; readonly end: () => Promise<void> } {
  const phase = (name: PhaseName): void => void ledger.write({ kind: 'phase', name })
  phase('drive')
  const lateness = enterLateness(ledger, clock)
  let offered = 0
  let [healed, ended]: [boolean, Promise<void> | undefined] = [false, undefined]

  const settled = (): Promise<void> => within(clock, limits.settleMs, endpoint.quiet(), undefined)
  const heal = (): void => {
    if (healed) return
    healed = true
    phase('heal')
    endpoint.heal()
  }
  const quiet = async (): Promise<void> => {
    await settled()
    if (!ended) lateness.lap()
  }
  const end = async (): Promise<void> => {
    heal()
    phase('settle')
    await settled()
    await endpoint.stop()
    lateness.stop()
    phase('stop')
  }

  const run: WatchedRun = {
    token,
    records: (n) => {
      checkCount(n, offered)
      const from = offered
      offered += n
      if (n > 0) ledger.write({ kind: 'offer', ids: [[0, from, offered - 1]] })
      return Array.from({ length: n }, (_, i) => recordAt(source, [0, from + i]))
    },
    ledger: () => ledger.entries,
    until: (wanted) => ledger.until(wanted),
    failures: () => [...endpoint.failures, ...full(ledger)],
    unsure: () => unsure,
    fired: () => firedBy(ledger.entries, plan),
    heal,
    quiet,
    check: async (...names) => {
      const calls = checkCalls(names.length > 0 ? names : ingestInvariants)
      await quiet()
      const { found } = judged({ entries: ledger.entries, unsure }, calls)
      return distrusted(run.failures(), found)
    },
  }
  return { run, end: () => (ended ??= end()) }
}

function checkCount(n: number, before: number): void {
  const left = limits.recordsMax - before
  if (Number.isInteger(n) && n >= 0 && n <= left) return
  const expected = `a whole number from 0 to ${left}`
  throw new TailraceError('usage', 'so many records cannot be made', [{ at: 'n', expected, got: shown(n) }])
}

function full({ dropped }: Ledger): string[] {
  if (dropped === 0) return []
  return [`the ledger is full: ${dropped} entries beyond ${limits.ledgerEntriesMax} were not kept`]
}

/** What was found in a ledger that is not to be trusted is not known. */
function distrusted(failures: readonly string[], found: readonly Found[]): readonly Found[] {
  if (failures.length === 0) return found
  return found.map((each) => ({ ...each, verdict: 'unknown', because: [...failures, ...each.because] }))
}

/** Enters how late the harness's timers come, lap by lap: what a wait is worth depends on it (design §4). */
function enterLateness(ledger: Ledger, clock: Clock): { lap(): void; stop(): void } {
  const probe = watchLateness()
  const lap = (): void => {
    next.cancel()
    ledger.write({ kind: 'lateness', ...probe.lap() })
    next = clock.after(limits.latenessLapMs, lap)
  }
  let next = clock.after(limits.latenessLapMs, lap)
  return {
    lap,
    stop: () => {
      next.cancel()
      ledger.write({ kind: 'lateness', ...probe.stop() })
    },
  }
}

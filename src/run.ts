/**
 * One case on the stage: start, drive, heal, settle, check, stop.
 *
 * The endpoint and the driver are handed in; nothing here knows whether they are fakes. The verdict is the
 * judge's, made from the ledger alone.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { watchLateness, within } from './clock.ts'
import type { Clock } from './clock.ts'
import { judge } from './check/judge.ts'
import type { Judgement } from './check/judge.ts'
import { budgetMs } from './budget.ts'
import { driveClients } from './drive.ts'
import type { Driven, Driver } from './driver.ts'
import type { Endpoint, EndpointFactory } from './endpoint.ts'
import type { Entry, PhaseName } from './entry.ts'
import { messageOf, TailraceError } from './errors.ts'
import { Ledger } from './ledger.ts'
import type { Sink } from './ledger.ts'
import { limits } from './limits.ts'
import type { Plan, Rule } from './plan/plan.ts'
import { levelUnder } from './profile.ts'
import type { Profile } from './profile.ts'
import { hex } from './random.ts'
import { recordSource } from './record.ts'
import type { Json } from './record.ts'
import { ingestInvariants, ingestProperties } from './promises.ts'
import type { Case, CheckCall, FiredCall } from './scenario.ts'
import { weaker } from './verdict.ts'
import type { Level } from './verdict.ts'

/** What a case is run with; the same for every case of a run. */
export interface Setup {
  readonly endpoint: EndpointFactory
  readonly driver: Driver
  /** A client of ours that serves as a measure in the cases that ask for one. */
  readonly metronome?: Driver
  readonly protocol: string
  readonly profile: Profile
  readonly seed: string
  readonly host: string
  /** Knobs that the client honours. */
  readonly knobs: readonly string[]
  /** What the client can, by its own word. */
  readonly can?: readonly string[]
  readonly clock: Clock
  /** The clock is no real one: nothing on it is ever late. */
  readonly virtual?: true
  readonly tool: string
  /** Then a client is stuck; as the case needs when absent (`budget.ts`). */
  readonly budgetMs?: number
}

/** What one run of a case has of its own. */
export interface Stage {
  /** A directory that survives restarts within the case. */
  readonly dir: string
  readonly sink?: Sink
  /** Ends the client before its time. */
  readonly signal?: AbortSignal
}

export interface CaseRun {
  readonly level: Level
  readonly judgement?: Judgement
  /** Errors of the harness; the judgement is then not to be trusted. */
  readonly failures: readonly string[]
  /** Entries that the full ledger had no room for; the judgement then misses facts. */
  readonly dropped: number
  readonly driven?: Driven
  readonly entries: readonly Entry[]
  readonly durationMs: number
  readonly phases: Readonly<Partial<Record<PhaseName, number>>>
}

/** Wishes that every case has, so that a client that honours them is quick. */
const wishes: Readonly<Record<string, Json>> = { 'retry.base_ms': 100, 'retry.max_ms': 1000 }

export async function runCase(c: Case, setup: Setup, stage: Stage): Promise<CaseRun> {
  const clock = fromNow(setup.clock)
  const ledger = new Ledger(clock, stage.sink)
  const level = levelUnder(setup.profile, c.id, c.level)
  const phases: Partial<Record<PhaseName, number>> = {}
  const failures: string[] = []
  let driven: Driven | undefined
  let judgement: Judgement | undefined
  let last: { name: PhaseName; at: number } | undefined

  const enter = (name: PhaseName | undefined): void => {
    const at = clock.now()
    if (last) phases[last.name] = (at - last.at) / 1e6
    last = name && { name, at }
    if (name) ledger.write({ kind: 'phase', name }, at)
  }

  ledger.write(runEntry(c, level, setup))
  try {
    enter('start')
    await using endpoint = await started(c, setup, ledger, clock)
    driven = await drive(c, setup, stage, { endpoint, ledger, clock, enter })
    failures.push(...endpoint.failures)
    enter('check')
    judgement = judge(ledger.entries)
    enter('stop')
  } catch (error) {
    if (error instanceof TailraceError && error.code === 'usage') throw error // as an address that is not ours
    failures.push(messageOf(error))
  }
  enter(undefined)
  await ledger.close().catch((error: unknown) => failures.push(messageOf(error)))
  return {
    level,
    failures,
    dropped: ledger.dropped,
    phases,
    entries: ledger.entries,
    durationMs: clock.now() / 1e6,
    ...(driven ? { driven } : {}),
    ...(judgement ? { judgement } : {}),
  }
}

interface Acting {
  endpoint: Endpoint
  ledger: Ledger
  clock: Clock
  enter: (name: PhaseName) => void
}

/** Drive, heal, settle. */
async function drive(c: Case, setup: Setup, stage: Stage, acting: Acting): Promise<Driven> {
  const { endpoint, ledger, clock, enter } = acting
  enter('drive')
  const stopWatch = setup.virtual ? enterPunctual(ledger) : enterLateness(ledger, clock)
  const source = recordSource(setup.seed, c.id, c.payload)
  const over = new AbortController()
  void ledger.full.then(() => over.abort())
  const signal = stage.signal ? AbortSignal.any([over.signal, stage.signal]) : over.signal
  const budget = setup.budgetMs ?? budgetMs(c, setup.profile, setup.knobs)
  const env = { ...environment(c, setup, stage, endpoint), ...(await trusting(endpoint, stage)) }
  const common = {
    ledger,
    clock,
    source,
    env,
    budgetMs: budget,
    signal,
    ...(c.steps ? { steps: c.steps } : {}),
  }
  const driven = await driveClients(c, setup, common)
  enter('heal')
  endpoint.heal()
  enter('settle')
  await within(clock, limits.settleMs, endpoint.deserted(), undefined)
  stopWatch()
  return driven
}

function enterPunctual(ledger: Ledger): () => void {
  return () => void ledger.write({ kind: 'lateness', p50: 0, p99: 0, p999: 0 })
}

/** Enters, lap by lap until it is stopped, how late the harness's timers come. */
function enterLateness(ledger: Ledger, clock: Clock): () => void {
  const watch = watchLateness()
  const lap = (): void => {
    ledger.write({ kind: 'lateness', ...watch.lap() })
    next = clock.after(limits.latenessLapMs, lap)
  }
  let next = clock.after(limits.latenessLapMs, lap)
  return () => {
    next.cancel()
    ledger.write({ kind: 'lateness', ...watch.stop() })
  }
}

async function started(
  c: Case,
  setup: Setup,
  ledger: Ledger,
  clock: Clock,
): Promise<Endpoint & AsyncDisposable> {
  const endpoint = await setup.endpoint({
    mode: c.mode,
    protocol: setup.protocol,
    profile: setup.profile,
    plan: planOf(c, setup.seed, setup.profile),
    ledger,
    clock,
    source: recordSource(setup.seed, c.id, c.payload),
    token: tokenOf(setup.seed, c),
    host: setup.host,
    ...(c.http2 ? { tls: true, h2: true, frames: true } : {}),
    ...(c.connections_cap ? { connectionsCap: c.connections_cap } : {}),
  })
  return Object.assign(Object.create(endpoint) as Endpoint, {
    [Symbol.asyncDispose]: () => endpoint.stop(),
  })
}

/** A clock that starts at zero now: the ledger's times count from the beginning of the case. */
function fromNow(clock: Clock): Clock {
  const start = clock.now()
  return {
    now: () => clock.now() - start,
    wall: () => clock.wall(),
    after: (ms, run) => clock.after(ms, run),
  }
}

/** The plan of a case, with the numbers that it leaves to the profile. */
export function planOf(c: Pick<Case, 'faults' | 'quiet'>, seed: string, profile: Profile): Plan {
  const rules = c.faults.map((rule): Rule => {
    const { when, ...rest } = rule
    if (!when) return rest
    const { attempt, ...others } = when
    if (attempt === undefined) return { ...rest, when: others }
    if (attempt !== 'below attempts.min') return { ...rest, when: { ...others, attempt } }
    const least = Array.from({ length: Math.max(1, profile.attempts.min - 1) }, (_, i) => i + 1)
    return { ...rest, when: { ...others, attempt: least } }
  })
  return { version: 1, seed, rules, ...(c.quiet ? { quiet: c.quiet } : {}) }
}

function tokenOf(seed: string, c: Case): string {
  return `tk_${hex(24, seed, 'token', c.id)}`
}

function environment(c: Case, setup: Setup, stage: Stage, endpoint: Endpoint): Record<string, string> {
  return {
    TAILRACE_CONTRACT: '1',
    TAILRACE_URL: endpoint.url,
    TAILRACE_BASE: endpoint.base,
    TAILRACE_MODE: c.mode,
    TAILRACE_TOKEN: tokenOf(setup.seed, c),
    TAILRACE_CASE: c.again ? 'case' : c.id,
    TAILRACE_SEED: setup.seed,
    TAILRACE_CONFIG: JSON.stringify({ ...wishes, ...c.config }),
    TAILRACE_DIR: stage.dir,
  }
}

/** By which runtimes and libraries are told of authorities, beside the one name that is ours. */
const authorityNames: readonly string[] = [
  'TAILRACE_CA',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
]

/** What has a client trust the endpoint, where that is behind TLS. */
async function trusting({ authority }: Endpoint, { dir }: Stage): Promise<Record<string, string>> {
  if (authority === undefined) return {}
  const file = join(dir, 'authority.pem')
  await writeFile(file, authority)
  return Object.fromEntries(authorityNames.map((name) => [name, file]))
}

function runEntry(c: Case, level: Level, setup: Setup): Parameters<Ledger['write']>[0] {
  return {
    kind: 'run',
    case: c.id,
    title: c.title,
    mode: c.mode,
    level,
    source: c.source,
    suite: c.suite,
    seed: setup.seed,
    protocol: setup.protocol,
    rung: setup.driver.rung,
    profile: setup.profile,
    knobs: setup.knobs,
    config: { ...wishes, ...c.config },
    can: setup.can ?? [],
    ...(c.http2 ? { http2: true } : {}),
    checks: checksOf(c, level),
    plan: planOf(c, setup.seed, setup.profile),
    tool: setup.tool,
    schema: 1,
  }
}

/** Levels of checks that are weaker than their case's. */
const weakerLevels: Readonly<Record<string, Level>> = { 'inv.no-false-fail': 'SHOULD' }

function checksOf(c: Case, level: Level): CheckCall[] {
  const demanded: FiredCall[] = c.faults.map((rule) => ({ rule: rule.id, min: 1, ...rule.expect?.fired }))
  return [
    { id: 'rule', level, rules: c.promises },
    { id: 'fired', level, rules: demanded },
    ...ingestInvariants.map((id) => ({ id, level: weaker(level, weakerLevels[id] ?? level) })),
    ...(c.properties ? ingestProperties.map((id) => ({ id, level })) : []),
  ]
}

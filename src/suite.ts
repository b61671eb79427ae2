/**
 * Many cases: the judge's own fitness first, then a probe of the client, then every case, some at a time.
 */
import { watchEventLoop, watchLateness } from './clock.ts'
import { applyBaseline, applyFlaky } from './baseline.ts'
import type { Baseline } from './baseline.ts'
import { mergeGuarantees } from './check/tier.ts'
import type { Driver, Hello } from './driver.ts'
import type { PhaseName } from './entry.ts'
import { exitCodes, TailraceError, worstExit } from './errors.ts'
import type { ExitCode } from './errors.ts'
import { limits } from './limits.ts'
import { shuffled } from './random.ts'
import type { CaseResult, Fitness, Report } from './report.ts'
import { repeatsOf } from './repeats.ts'
import { notApplicable, resultOf } from './result.ts'
import type { ResultContext } from './result.ts'
import { runCase } from './run.ts'
import type { CaseRun, Setup, Stage } from './run.ts'
import type { RuleName } from './promises.ts'
import type { Case } from './scenario.ts'
import type { Selected } from './select.ts'
import { caseExit, caseVerdicts, levelChoices } from './verdict.ts'
import type { CaseVerdict, LevelChoice, Mode } from './verdict.ts'

/** What a run of a case is for: its own verdict, or the fitness of the judge and of the client. */
export type Role = 'case' | 'probe' | 'control' | 'null'

export interface SuiteOptions {
  readonly selected: Selected
  /** `base.one` of the mode: judges the judge, and probes the client. */
  readonly probe: Case
  readonly control: Driver
  readonly nullClient: Driver
  readonly mode: Mode
  readonly level: LevelChoice
  readonly suite: number
  readonly parallel: number
  readonly shuffle: boolean
  readonly bail: boolean
  readonly baseline?: Baseline
  /** Cases whose failures are known to come and go: run, shown, and of no weight. */
  readonly flaky?: Baseline
  /** How often each case is run; once when absent. */
  readonly repeat?: number
  /** A case that runs another one again has it drawn already, in an earlier run. */
  readonly drawn?: true
  /** What the client says of itself. */
  readonly hello?: Hello
  readonly run: string
  readonly version: string
  /** Where a run of a case keeps its files. */
  stage(c: Case, role: Role, repeat: number): Stage
  /** Keeps what a run of a case leaves. */
  keep(c: Case, run: CaseRun, repeat: number): void
  context(c: Case, repeat: number): ResultContext
  onResult?(result: CaseResult): void
}

/** Runs everything. Throws when the client cannot be started at all. */
export async function runSuite(setup: Setup, options: SuiteOptions): Promise<Report> {
  const startedAt = new Date(setup.clock.wall()).toISOString()
  const start = setup.clock.now()
  const lateness = watchLateness()
  const eventLoop = watchEventLoop()
  const probeRole = options.selected.run.includes(options.probe) ? 'case' : 'probe'
  const [control, nullRun, probe] = await Promise.all([
    runCase(options.probe, { ...setup, driver: options.control }, options.stage(options.probe, 'control', 1)),
    runCase(options.probe, { ...setup, driver: options.nullClient }, options.stage(options.probe, 'null', 1)),
    runCase(options.probe, setup, options.stage(options.probe, probeRole, 1)),
  ])
  const fit = { control: soleVerdict(control), null: soleVerdict(nullRun) }
  const unfit = fit.control !== 'pass' || fit.null === 'pass'
  if (!unfit) refuseUnstartable(setup.driver.command, probe)
  const ran = unfit ? [] : await runAll(setup, options, probe)
  const judged = unfit ? [] : [...ran.map(({ result }) => result), ...notJudged(options)]
  const weighed = options.flaky ? applyFlaky(judged, options.flaky) : judged
  const { results, stale } = options.baseline
    ? applyBaseline(weighed, options.baseline)
    : { results: weighed, stale: [] }
  const repeats = repeatsOf(results)
  const guarantee = mergeGuarantees(results)
  const fitness: Fitness = { ...fit, latenessMs: lateness.stop(), eventLoopDelayMs: eventLoop.stop() }
  return {
    schema: 1,
    tool: 'tailrace',
    version: options.version,
    suite: options.suite,
    run: options.run,
    exitCode: unfit ? exitCodes.harness : exitOf(results, stale, options.level),
    seed: setup.seed,
    mode: options.mode,
    rung: setup.driver.rung,
    profile: setup.profile.name,
    protocol: setup.protocol,
    client: { command: setup.driver.command, ...named(options.hello), ...(unfit ? {} : silence(probe)) },
    startedAt,
    durationMs: Math.round((setup.clock.now() - start) / 1e6),
    phases: phaseSums(ran.map(({ run }) => run)),
    fitness,
    totals: totalsOf(results),
    gates: levelChoices[options.level].gates,
    ...(stale.length > 0 ? { stale } : {}),
    ...(repeats.length > 0 ? { repeats } : {}),
    ...(guarantee ? { guarantee } : {}),
    cases: results,
  }
}

interface Ran {
  readonly case: Case
  readonly repeat: number
  readonly run: CaseRun
  readonly result: CaseResult
}

/** One run of one case that is due. */
interface Due {
  readonly case: Case
  readonly repeat: number
}

/** Promises about time, which work of ours beside them would make doubtful. */
const timed: readonly RuleName[] = [
  'gaps',
  'retry_after',
  'gaps_capped',
  'limited_gap',
  'calm_after',
  'one_layer',
  'rate',
]

/**
 * Waves, one after the other. Cases with promises about time run among themselves: judging a thousand requests holds
 * the event loop up for long enough to make a wait uncertain. Cases that start a crowd of clients run alone. Cases
 * that run another one again need to know which has passed.
 */
const waves: readonly { readonly has: (c: Case) => boolean; readonly alone?: true }[] = [
  { has: (c) => !c.again && !isCrowd(c) && !isTimed(c) },
  { has: (c) => !c.again && !isCrowd(c) && isTimed(c) },
  { has: (c) => !c.again && isCrowd(c), alone: true },
  { has: (c) => c.again === true },
]

function isTimed(c: Case): boolean {
  return c.promises.some(({ use }) => timed.includes(use))
}

function isCrowd({ clients }: Case): boolean {
  return clients?.how === 'together' && clients.records.length > limits.clientsBeside
}

/** Every selected case, as often as asked; the probe's run stands for its own first. */
async function runAll(setup: Setup, options: SuiteOptions, probe: CaseRun): Promise<Ran[]> {
  const { selected, shuffle, bail, parallel, level, repeat = 1 } = options
  const inOrder = shuffle ? shuffled(selected.run, setup.seed, 'shuffle') : selected.run
  const held = soleVerdict(probe) === 'pass'
  const ran: Ran[] = []
  let stopped = false

  async function one({ case: listed, repeat }: Due): Promise<void> {
    const drawing = listed.again && !options.drawn
    const c = drawing ? anotherOne(listed, ran, options.probe, setup.seed) : listed
    const first = c === options.probe && repeat === 1
    const run = first ? probe : await runCase(c, setup, options.stage(c, 'case', repeat))
    const result = weighed(resultOf(c, run, options.context(c, repeat)), held, options.probe)
    ran.push({ case: listed, repeat, run, result })
    options.keep(c, run, repeat)
    options.onResult?.(marked(result, options))
    if (bail && caseExit(result.verdict, result.checks, levelChoices[level].gates) !== exitCodes.pass)
      stopped = true
  }

  async function worker(queue: Due[]): Promise<void> {
    for (let due = queue.shift(); due && !stopped; due = queue.shift()) await one(due)
  }

  for (const { has, alone } of waves) {
    const due = inOrder
      .filter(has)
      .flatMap((c) => Array.from({ length: repeat }, (_, i): Due => ({ case: c, repeat: i + 1 })))
    await Promise.all(Array.from({ length: alone ? 1 : Math.max(1, parallel) }, () => worker(due)))
  }
  const order = selected.run.map(({ id }) => id)
  return ran.sort((a, b) => order.indexOf(a.case.id) - order.indexOf(b.case.id) || a.repeat - b.repeat)
}

/** The faults and promises of a case that has passed, drawn by the seed; of the probe where none has. */
function anotherOne(listed: Case, ran: readonly Ran[], probe: Case, seed: string): Case {
  const passed = ran
    .filter(
      ({ case: c, result }) => result.verdict === 'pass' && c.tier === 'quick' && !c.clients && !isTimed(c),
    )
    .map(({ case: c }) => c)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  const [drawn = probe] = shuffled(passed, seed, 'again', listed.id)
  const { id, title, group, level, suite, tier, source, again } = listed
  return {
    ...drawn,
    id,
    title: `${title.slice(0, -1)}: ${drawn.id}.`,
    group,
    level,
    suite,
    tier,
    source,
    again: again ?? true,
  }
}

/** As the report will show it. */
function marked(result: CaseResult, { flaky, baseline }: SuiteOptions): CaseResult {
  const [weighed = result] = flaky ? applyFlaky([result], flaky) : [result]
  const [known = weighed] = baseline ? applyBaseline([weighed], baseline).results : [weighed]
  return known
}

/** A client that fails the baseline passes nothing. */
function weighed(result: CaseResult, held: boolean, probe: Case): CaseResult {
  if (held || result.verdict !== 'pass') return result
  return { ...result, verdict: 'inconclusive', reason: `baseline not held: ${probe.id} does not pass` }
}

function notJudged(options: SuiteOptions): CaseResult[] {
  const { notApplicable: rest } = options.selected
  return rest.map(({ case: c, reason }) => notApplicable(c, reason, options.context(c, 1)))
}

function soleVerdict(run: CaseRun): Exclude<CaseVerdict, 'flaky'> {
  if (run.failures.length > 0 || !run.judgement) return 'harness-error'
  return run.judgement.verdict as Exclude<CaseVerdict, 'flaky'>
}

function named(hello: Hello | undefined): Pick<Report['client'], 'name' | 'version'> {
  const { client: name, version } = hello ?? {}
  return { ...(name === undefined ? {} : { name }), ...(version === undefined ? {} : { version }) }
}

/** A command that could not be started says nothing about a client. */
function refuseUnstartable(command: string, { driven, entries }: CaseRun): void {
  if (driven?.ended !== 'not-started' || entries.some((entry) => entry.kind === 'open')) return
  const got = [driven.code === null ? 'no exit code' : `exit code ${driven.code}`, ...stderrLines(driven)]
  throw new TailraceError('client-start', 'the client could not be started', [
    { at: command, expected: 'a command that starts', got: got.join('\n    ') },
  ])
}

/** First lines of stderr of a client that never connected. */
function silence(probe: CaseRun): { stderr?: readonly string[] } {
  if (!probe.driven || probe.entries.some((entry) => entry.kind === 'open')) return {}
  const lines = stderrLines(probe.driven)
  return lines.length > 0 ? { stderr: lines } : {}
}

function stderrLines(driven: NonNullable<CaseRun['driven']>): string[] {
  const lines = driven.stderr.bytes.toString().split('\n')
  return lines.filter((line) => line.trim() !== '').slice(0, limits.stderrLinesShown)
}

function exitOf(results: readonly CaseResult[], stale: readonly string[], level: LevelChoice): ExitCode {
  const { gates } = levelChoices[level]
  const judged = results.filter(({ verdict }) => verdict !== 'n/a')
  return worstExit([
    ...(judged.length === 0 ? [exitCodes.nothingJudged] : []),
    ...(stale.length > 0 ? [exitCodes.failed] : []),
    ...judged
      .filter(({ expected }) => !expected)
      .map((result) => caseExit(result.verdict, result.checks, gates)),
  ])
}

function totalsOf(results: readonly CaseResult[]): Report['totals'] {
  const count = (wanted: CaseVerdict): number => results.filter(({ verdict }) => verdict === wanted).length
  return Object.fromEntries(caseVerdicts.map((name) => [name, count(name)])) as Report['totals']
}

function phaseSums(runs: readonly CaseRun[]): Report['phases'] {
  const sums: Partial<Record<PhaseName, number>> = {}
  for (const { phases } of runs) {
    for (const [name, ms] of Object.entries(phases) as [PhaseName, number][]) {
      sums[name] = Math.round((sums[name] ?? 0) + ms)
    }
  }
  return sums
}

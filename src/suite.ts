/**
 * Many cases: the judge's own fitness first, then a probe of the client, then every case, some at a time.
 */
import { watchEventLoop, watchLateness } from './clock.ts'
import { applyBaseline } from './baseline.ts'
import type { Baseline } from './baseline.ts'
import type { Driver } from './driver.ts'
import type { PhaseName } from './entry.ts'
import { exitCodes, TailraceError, worstExit } from './errors.ts'
import type { ExitCode } from './errors.ts'
import { limits } from './limits.ts'
import { shuffled } from './random.ts'
import type { CaseResult, Fitness, Report } from './report.ts'
import { notApplicable, resultOf } from './result.ts'
import type { ResultContext } from './result.ts'
import { runCase } from './run.ts'
import type { CaseRun, Setup, Stage } from './run.ts'
import type { Case, RuleName } from './scenario.ts'
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
  readonly run: string
  readonly version: string
  /** Where a run of a case keeps its files. */
  stage(c: Case, role: Role): Stage
  /** Keeps what a run of a case leaves. */
  keep(c: Case, run: CaseRun): void
  context(c: Case): ResultContext
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
    runCase(options.probe, { ...setup, driver: options.control }, options.stage(options.probe, 'control')),
    runCase(options.probe, { ...setup, driver: options.nullClient }, options.stage(options.probe, 'null')),
    runCase(options.probe, setup, options.stage(options.probe, probeRole)),
  ])
  const fit = { control: soleVerdict(control), null: soleVerdict(nullRun) }
  const unfit = fit.control !== 'pass' || fit.null === 'pass'
  if (!unfit) refuseUnstartable(setup.driver.command, probe)
  const runs = unfit ? [] : await runAll(setup, options, probe)

  const judged = unfit ? [] : finished(options, runs, probe)
  const { results, stale } = options.baseline
    ? applyBaseline(judged, options.baseline)
    : { results: judged, stale: [] }
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
    client: { command: setup.driver.command, ...(unfit ? {} : silence(probe)) },
    startedAt,
    durationMs: Math.round((setup.clock.now() - start) / 1e6),
    phases: phaseSums(runs.map(({ run }) => run)),
    fitness,
    totals: totalsOf(results),
    gates: levelChoices[options.level].gates,
    ...(stale.length > 0 ? { stale } : {}),
    cases: results,
  }
}

interface Ran {
  readonly case: Case
  readonly run: CaseRun
}

/** Promises about time, which work of ours beside them would make doubtful. */
const timed: readonly string[] = ['gaps', 'retry_after'] satisfies RuleName[]

/**
 * Every selected case; the probe's run stands for its own. Those with promises about time come last and among
 * themselves: judging a thousand requests holds the event loop up for long enough to make a wait uncertain.
 */
async function runAll(setup: Setup, options: SuiteOptions, probe: CaseRun): Promise<Ran[]> {
  const { selected, shuffle, bail, parallel, level } = options
  const inOrder = shuffle ? shuffled(selected.run, setup.seed, 'shuffle') : selected.run
  const isTimed = (c: Case): boolean => c.promises.some(({ use }) => timed.includes(use))
  const ran: Ran[] = []
  let stopped = false

  async function worker(queue: Case[]): Promise<void> {
    for (let c = queue.shift(); c && !stopped; c = queue.shift()) {
      const run = c === options.probe ? probe : await runCase(c, setup, options.stage(c, 'case'))
      ran.push({ case: c, run })
      options.keep(c, run)
      const result = resultOf(c, run, options.context(c))
      options.onResult?.(result)
      if (bail && caseExit(result.verdict, result.checks, levelChoices[level].gates) !== exitCodes.pass)
        stopped = true
    }
  }

  for (const wave of [inOrder.filter((c) => !isTimed(c)), inOrder.filter(isTimed)]) {
    await Promise.all(Array.from({ length: Math.max(1, parallel) }, () => worker(wave)))
  }
  const order = selected.run.map(({ id }) => id)
  return ran.sort((a, b) => order.indexOf(a.case.id) - order.indexOf(b.case.id))
}

/** Results in the suite's order. A client that fails the baseline passes nothing. */
function finished(options: SuiteOptions, runs: readonly Ran[], probe: CaseRun): CaseResult[] {
  const held = soleVerdict(probe) === 'pass'
  const results = runs.map(({ case: c, run }) => resultOf(c, run, options.context(c)))
  const judged = results.map((result): CaseResult => {
    if (held || result.verdict !== 'pass') return result
    return {
      ...result,
      verdict: 'inconclusive',
      reason: `baseline not held: ${options.probe.id} does not pass`,
    }
  })
  const rest = options.selected.notApplicable.map(({ case: c, reason }) =>
    notApplicable(c, reason, options.context(c)),
  )
  return [...judged, ...rest]
}

function soleVerdict(run: CaseRun): Exclude<CaseVerdict, 'flaky'> {
  if (run.failures.length > 0 || !run.judgement) return 'harness-error'
  return run.judgement.verdict as Exclude<CaseVerdict, 'flaky'>
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

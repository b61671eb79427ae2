/**
 * The report for the terminal: what failed, grouped by the promise that was broken, then what the run is worth,
 * and last the one command to run next.
 */
import { limits } from '../src/limits.ts'
import type { CaseResult, Repeated, Report, Reporter } from '../src/report.ts'
import { caseExit, caseVerdicts } from '../src/verdict.ts'
import type { CaseVerdict } from '../src/verdict.ts'
import { caseText, deciding, nameOf, why } from './case-text.ts'
import { counted, cut, duration, ink, plain, sign, typed } from './ink.ts'
import type { TextOptions } from './ink.ts'
import { nextCommand } from './next.ts'

export function textReporter(options: TextOptions): Reporter {
  return { name: 'text', render: (report) => render(report, options) }
}

/** One line for a case as it ends. */
export function progressLine(result: CaseResult, options: TextOptions): string {
  const expected = result.expected ? 'expected: ' : ''
  const parts = [nameOf(result), duration(result.durationMs), expected + why(result)]
  return signed(result, parts.filter(Boolean).join('  '), options)
}

function signed({ verdict }: CaseResult, text: string, options: TextOptions): string {
  return `${sign(verdict, options)} ${cut(text, options.width && options.width - 2)}`
}

function render(report: Report, options: TextOptions): string {
  const blocks = [
    stderr(report, options),
    failures(report, options),
    oneLiners(report, 'harness-error', options),
    oneLiners(report, 'flaky', options),
    totals(report, options),
    [guarantee(report), fitness(report)].filter(Boolean).join('\n'),
    closing(report, options),
  ]
  return `${blocks.filter(Boolean).join('\n\n')}\n`
}

/** A client that never connected has usually said why. */
function stderr({ client }: Report, options: TextOptions): string {
  if (!client.stderr?.length) return ''
  const lines = client.stderr.slice(0, limits.stderrLinesShown).map((line) => `  ${plain(line)}`)
  return [ink('bold', `stderr of ${plain(client.command)}`, options), ...lines].join('\n')
}

/** Failures under the promise they broke: an invariant where one is broken, else the case's own rule. */
function failures(report: Report, options: TextOptions): string {
  const unexpected = report.cases.filter((result) => result.verdict === 'fail' && !result.expected)
  const groups = new Map<string, CaseResult[]>()
  for (const result of gatingFirst(unexpected, report)) {
    const broken = deciding(result)
    const promise = broken.find((check) => check.id.startsWith('inv.')) ?? broken[0]
    const group = promise?.id ?? 'no check'
    groups.set(group, [...(groups.get(group) ?? []), result])
  }
  let inFull = 0
  const tell = (result: CaseResult): string =>
    inFull++ < limits.failuresShown ? `${caseText(result, options)}\n` : oneLine(result, options)
  const blocks = [...groups].map(([promise, results]) => {
    const name = promise === 'rule' ? "the case's own rule" : promise
    const head = ink('bold', `${name}: broken in ${counted(results.length, 'case')}`, options)
    return `${head}\n${results.map(tell).join('\n')}`.trimEnd()
  })
  return blocks.join('\n\n')
}

function gatingFirst(results: readonly CaseResult[], { gates }: Report): CaseResult[] {
  const gating = (result: CaseResult): boolean => caseExit(result.verdict, result.checks, gates) !== 0
  return [...results.filter(gating), ...results.filter((result) => !gating(result))]
}

function oneLine(result: CaseResult, options: TextOptions): string {
  return signed(result, `${nameOf(result)}  ${result.level}  ${why(result)}`, options)
}

function oneLiners(report: Report, verdict: CaseVerdict, options: TextOptions): string {
  const found = report.cases.filter((result) => result.verdict === verdict)
  return found.map((result) => oneLine(result, options)).join('\n')
}

function totals(report: Report, options: TextOptions): string {
  const expected = (verdict: CaseVerdict): number =>
    report.cases.filter((result) => result.expected && result.verdict === verdict).length
  const parts = caseVerdicts
    .filter((verdict) => report.totals[verdict] > 0)
    .map((verdict) => {
      const note = expected(verdict) > 0 ? ` (${expected(verdict)} expected)` : ''
      return `${sign(verdict, options)} ${report.totals[verdict]} ${verdict}${note}`
    })
  const head = `${counted(report.cases.length, 'case')} in ${duration(report.durationMs)}`
  return [
    [`${head}:`, ...parts].join('  '),
    ...reasons(report, 'inconclusive'),
    ...reasons(report, 'n/a'),
    ...(report.repeats ?? []).filter(({ passed, runs }) => passed < runs).map(repeated),
    ...(report.stale ?? []).map((id) => `  the baseline expects ${plain(id)} not to pass, and it does`),
  ].join('\n')
}

/** Of a case that did not pass each time: how often, and between which shares that lies at 95 %. */
function repeated({ id, runs, passed, interval: [low, high] }: Repeated): string {
  return `  ${plain(id)} passed ${passed} of ${runs} times (95 %: ${low.toFixed(2)}–${high.toFixed(2)})`
}

/** Why cases were not judged, each reason with how often it was given, the most frequent first. */
function reasons(report: Report, verdict: CaseVerdict): string[] {
  const counts = new Map<string, number>()
  for (const result of report.cases) {
    if (result.verdict === verdict) counts.set(why(result), (counts.get(why(result)) ?? 0) + 1)
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a)
  const lines = sorted.slice(0, limits.reasonsShown).map(([text, n]) => `  ${verdict}: ${n} × ${text}`)
  const rest = sorted.length - lines.length
  return rest > 0 ? [...lines, `  ${verdict}: ${counted(rest, 'more reason')} in the report`] : lines
}

/** The strongest guarantee that the cases left standing, and what speaks against the next one. */
function guarantee({ guarantee: seen }: Report): string {
  if (!seen) return ''
  const { tier, against } = seen
  if (!against) return `guarantee: ${tier}`
  const where = against.case === undefined ? '' : ` in ${plain(against.case)}`
  return `guarantee: ${tier}, not ${against.tier}: ${plain(against.because)}${where}`
}

/** Whether the judge was fit to judge: a good client passed, one that does nothing did not, timers were on time. */
function fitness({ fitness: fit, seed, suite, profile, protocol, rung }: Report): string {
  const late = `timers ${fit.latenessMs.p999} ms late at p99.9`
  return [
    `judge: control ${fit.control}, null ${fit.null}, ${late}`,
    `run: suite ${suite}, seed ${plain(seed)}, ${protocol} over ${rung}, profile ${profile}`,
  ].join('\n')
}

/** Why the run exits with this code (contract of the exit codes, design §7). */
const exits: Record<Report['exitCode'], string> = {
  0: 'nothing that gates failed',
  1: 'a case failed at a gating level, or the baseline is stale',
  2: 'usage or configuration',
  3: 'nothing judged, or a gating case is inconclusive',
  4: 'the harness failed; the client is not to blame',
  5: 'load invalid',
  6: 'load incorrect',
}

function closing(report: Report, options: TextOptions): string {
  const next = nextCommand(report, options.files, options.profile)
  const exit = `exit ${report.exitCode}: ${exits[report.exitCode]}`
  return next === undefined ? exit : `${exit}\nnext: ${ink('bold', typed(next, options), options)}`
}

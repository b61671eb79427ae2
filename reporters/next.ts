/** The one command to run after this report. */
import { profiles } from '../src/profile.ts'
import type { CaseResult, Report } from '../src/report.ts'
import { caseExit } from '../src/verdict.ts'

/** Replays what went wrong, the gravest first; where nothing did, asks more of the client than this run. */
export function nextCommand(
  report: Report,
  files: readonly string[] = [],
  profile: string = report.profile,
): string | undefined {
  const open = report.cases.filter((result) => !result.expected)
  const gating = (result: CaseResult): boolean => caseExit(result.verdict, result.checks, report.gates) !== 0
  const first = (verdict: string): CaseResult | undefined => {
    const found = open.filter((result) => result.verdict === verdict)
    return found.find(gating) ?? found[0]
  }
  const wrong = first('harness-error') ?? first('fail') ?? first('inconclusive')
  if (wrong) return wrong.replay
  return report.exitCode === 0 && report.totals.pass > 0 ? stricterRun(report, files, profile) : undefined
}

/** The same client under `--level may`, which also gates SHOULD; with other draws where it already does. */
function stricterRun(report: Report, files: readonly string[], profile: string): string | undefined {
  const { client, mode, protocol, rung, gates, run } = report
  if (rung !== 'pipe') return undefined
  if (profile === report.profile && !Object.hasOwn(profiles, profile)) return undefined // its file is not known
  const flag = (name: string, value: string, usual: string): string[] =>
    value === usual ? [] : [`--${name} ${value}`]
  return [
    ['tailrace run', ...files.map(quoted), '--client', quoted(client.command)].join(' '),
    ...flag('mode', mode, 'ingest'),
    ...flag('protocol', protocol, mode === 'export' ? 'export' : 'generic'),
    ...flag('profile', quoted(profile), protocol),
    '--level may',
    ...(gates.includes('SHOULD') ? [`--shuffle --seed ${quoted(run)}`] : []),
  ].join(' ')
}

/** One word of a POSIX shell. */
function quoted(text: string): string {
  return /^[\w./:=@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

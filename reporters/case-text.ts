/**
 * One case in words. A case that failed says what was promised and by whom, why it is held broken, the entries
 * that show it, and the command that runs it again (design §7).
 */
import type { Entry } from '../src/entry.ts'
import { limits } from '../src/limits.ts'
import type { CaseResult, CheckResult } from '../src/report.ts'
import { entryLine } from './entry-line.ts'
import { ink, plain, sign, typed } from './ink.ts'
import type { TextOptions } from './ink.ts'

/** The checks that made the verdict: those that failed, or else those that are unknown. */
export function deciding(result: CaseResult): readonly CheckResult[] {
  const failed = result.checks.filter((check) => check.verdict === 'fail')
  return failed.length > 0 ? failed : result.checks.filter((check) => check.verdict === 'unknown')
}

/** Why the verdict is what it is, in one sentence; empty for a pass. */
export function why(result: CaseResult): string {
  if (result.reason !== undefined) return plain(result.reason)
  if (result.verdict === 'pass') return ''
  const checks = result.verdict === 'n/a' ? result.checks : deciding(result)
  const sentence = checks.flatMap((check) => check.because)[0]
  return plain(sentence ?? (checks[0] ? `${checks[0].id} is ${checks[0].verdict}` : 'no reason given'))
}

/** `ing.retry.503`, with the number of the repeat from the second on. */
export function nameOf(result: CaseResult): string {
  return result.repeat > 1 ? `${result.id} (repeat ${result.repeat})` : result.id
}

/** The whole story of a case that did not pass, several lines. */
export function caseText(result: CaseResult, options: TextOptions): string {
  const { verdict, level, title, source, reason, replay } = result
  const checks = deciding(result)
  const said = checks.flatMap((check) => check.because).some((sentence) => reason?.endsWith(sentence))
  const row = (name: string, text: string): string =>
    `    ${ink('dim', name.padEnd(8), options)} ${plain(text)}`
  return [
    `${sign(verdict, options)} ${ink('bold', nameOf(result), options)}  ${level}  ${verdict}`,
    row('promise', title),
    row('source', source),
    ...(reason === undefined || said ? [] : [row('reason', reason)]),
    ...checks.flatMap((check) => checkLines(check, result, options)),
    ...entryLines(result),
    row('replay', typed(replay, options)),
  ].join('\n')
}

function checkLines(check: CheckResult, result: CaseResult, options: TextOptions): string[] {
  const weaker = check.level === result.level ? '' : `, ${check.level}`
  const because = check.because.slice(0, limits.becauseShown).map((sentence) => `      ${plain(sentence)}`)
  const rest = check.because.length - because.length
  if (rest > 0) because.push(`      … ${rest} more in the report`)
  return [`    ${sign(check.verdict, options)} ${check.id}${weaker}`, ...because]
}

/** The entries of the deciding checks, those of the first check first when there are too many; by time. */
function entryLines(result: CaseResult): string[] {
  const found = new Map<number, Entry>()
  for (const entry of deciding(result).flatMap((check) => check.entries)) found.set(entry.n, entry)
  const shown = [...found.values()].slice(0, limits.entriesShown).sort((a, b) => a.t - b.t || a.n - b.n)
  const lines = shown.map((entry) => `    ${plain(entryLine(entry))}`)
  if (found.size > shown.length)
    lines.push(`    … ${found.size - shown.length} more in ${plain(result.ledger)}`)
  return lines
}

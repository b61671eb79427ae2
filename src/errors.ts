/**
 * One error class. Every error a user can meet has a code from this table, and lists what was expected and what
 * came, all of it at once.
 */

/** One thing that is wrong, and where: a flag, a JSON pointer, a file and line. */
export interface Problem {
  at: string
  expected: string
  got: string
}

/** Exit codes of every verb. When several apply, the first of `exitPrecedence` wins. */
export const exitCodes = {
  pass: 0,
  failed: 1,
  usage: 2,
  nothingJudged: 3,
  harness: 4,
  loadInvalid: 5,
  loadIncorrect: 6,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

export const exitPrecedence: readonly ExitCode[] = [2, 4, 6, 1, 5, 3, 0]

/** The code that wins among `codes`; 0 when there are none. */
export function worstExit(codes: Iterable<ExitCode>): ExitCode {
  const all = new Set(codes)
  return exitPrecedence.find((code) => all.has(code)) ?? exitCodes.pass
}

export type ErrorCode =
  | 'usage'
  | 'plan'
  | 'case'
  | 'profile'
  | 'baseline'
  | 'ledger'
  | 'replay'
  | 'client-start'
  | 'selection'
  | 'harness'

/** What each error code exits with. */
const exitOf: Record<ErrorCode, ExitCode> = {
  usage: exitCodes.usage,
  plan: exitCodes.usage,
  case: exitCodes.usage,
  profile: exitCodes.usage,
  baseline: exitCodes.usage,
  ledger: exitCodes.usage,
  replay: exitCodes.usage,
  'client-start': exitCodes.usage,
  selection: exitCodes.nothingJudged,
  harness: exitCodes.harness,
}

export class TailraceError extends Error {
  override readonly name = 'TailraceError'
  readonly code: ErrorCode
  readonly problems: readonly Problem[]

  constructor(code: ErrorCode, summary: string, problems: readonly Problem[] = [], options?: ErrorOptions) {
    const lines = problems.map((p) => `  ${p.at}: expected ${p.expected}, got ${p.got}`)
    super([summary, ...lines].join('\n'), options)
    this.code = code
    this.problems = problems
  }

  get exitCode(): ExitCode {
    return exitOf[this.code]
  }
}

/** A value as shown in an error: JSON, cut at 80 characters. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : (JSON.stringify(value) ?? String(value))
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/**
 * Text for a terminal: colour where it is wanted, and nothing that a client wrote can move the cursor.
 *
 * Whether the output is a terminal, how wide it is and what NO_COLOR says is the caller's to find out.
 */
import { styleText } from 'node:util'
import type { CaseVerdict, CheckVerdict } from '../src/verdict.ts'

export interface TextOptions {
  color: boolean
  /** Columns; one-line texts are cut there. */
  width?: number
  /** How the program was called, for the commands that are shown; `tailrace` when absent. */
  program?: string
  /** The user's own cases that were run in place of the suite. */
  files?: readonly string[]
  /** The profile as it was asked for, where that was by a file. */
  profile?: string
}

export type Colour = 'green' | 'red' | 'yellow' | 'dim' | 'bold'

export function ink(colour: Colour, text: string, options: TextOptions): string {
  // Without validateStream it would look at stdout by itself.
  return options.color ? styleText(colour, text, { validateStream: false }) : text
}

const signs: Record<CaseVerdict | CheckVerdict, readonly [sign: string, colour: Colour]> = {
  pass: ['✓', 'green'],
  fail: ['✗', 'red'],
  inconclusive: ['?', 'yellow'],
  unknown: ['?', 'yellow'],
  'n/a': ['–', 'dim'],
  flaky: ['~', 'yellow'],
  'harness-error': ['!', 'red'],
}

export function sign(verdict: CaseVerdict | CheckVerdict, options: TextOptions): string {
  const [text, colour] = signs[verdict]
  return ink(colour, text, options)
}

/** One line of printable text: control characters, escape sequences among them, are shown by their code. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** A command of ours as its reader would type it. */
export function typed(command: string, { program = 'tailrace' }: TextOptions): string {
  return plain(command.replace(/^tailrace(?= )/, program))
}

/** `text` in at most `width` characters. */
export function cut(text: string, width: number = Infinity): string {
  const characters = [...text]
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`
}

/** `740 ms`, `12.3 s`. */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

/** `1 case`, `3 cases`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

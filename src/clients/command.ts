/** The shell commands that run the clients shipped here. */
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { linesCheats } from './cheats-lines.ts'
import type { LinesCheatName } from './cheats-lines.ts'
import { cheats } from './cheats.ts'
import type { CheatName } from './cheats.ts'

export type ClientName = 'reference' | 'metronome' | CheatName

/** Those that are judged; the metronome is a measure beside them. */
export const clientNames: readonly ClientName[] = ['reference', ...(Object.keys(cheats) as CheatName[])]

export function clientCommand(name: ClientName): string {
  const own = name === 'reference' || name === 'metronome'
  const words = own ? [program(`${name}-main`)] : [program('cheats-main'), name]
  return [process.execPath, ...words].map(quoted).join(' ')
}

export type LinesClientName = 'reference' | LinesCheatName

export const linesClientNames: readonly LinesClientName[] = [
  'reference',
  ...(Object.keys(linesCheats) as LinesCheatName[]),
]

/** The same on the lines rung. */
export function linesClientCommand(name: LinesClientName): string {
  const words =
    name === 'reference' ? [program('reference-lines-main')] : [program('cheats-lines-main'), name]
  return [process.execPath, ...words].map(quoted).join(' ')
}

/** A sibling of this file, compiled as this file is. */
function program(name: string): string {
  return fileURLToPath(new URL(`${name}${extname(import.meta.url)}`, import.meta.url))
}

/** POSIX sh, 2.2.2: within single quotes every character stands for itself. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}

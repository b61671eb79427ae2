/** The reporters by name: `--report text,json,junit`. */
import type { Reporter } from '../src/report.ts'
import type { TextOptions } from './ink.ts'
import { jsonReporter } from './json.ts'
import { junitReporter } from './junit.ts'
import { textReporter } from './text.ts'

export { progressLine } from './text.ts'
export type { TextOptions } from './ink.ts'

const reporters = {
  text: (options: TextOptions): Reporter => textReporter(options),
  json: (_options: TextOptions): Reporter => jsonReporter(),
  junit: (_options: TextOptions): Reporter => junitReporter(),
} as const

export type ReporterName = keyof typeof reporters

export const reporterNames: readonly ReporterName[] = Object.keys(reporters) as ReporterName[]

export function makeReporter(name: ReporterName, options: TextOptions): Reporter {
  return reporters[name](options)
}

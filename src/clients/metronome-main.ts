/** The metronome as a program for the pipe rung. */
import { realClock } from '../clock.ts'
import { metronome } from './metronome.ts'
import { settingsOf } from './reference-settings.ts'

const { TAILRACE_URL: url = '', TAILRACE_TOKEN: token = '', TAILRACE_CONFIG: config = '{}' } = process.env
const { 'retry.base_ms': waitMs } = settingsOf(JSON.parse(config) as Record<string, unknown>)
const stdin = process.stdin.setEncoding('utf8')
process.exitCode = await metronome({ url, token, stdin, waitMs, clock: realClock() })

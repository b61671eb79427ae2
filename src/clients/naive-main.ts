/** A naive client as a program for the pipe rung: `node naive-main.js NAME`. */
import { realClock, sleep } from '../clock.ts'
import { linesOf } from './lines.ts'
import { naive } from './naive.ts'
import type { NaiveName } from './naive.ts'

const clock = realClock()
const { TAILRACE_URL: url = '', TAILRACE_TOKEN: token = '' } = process.env
process.exitCode = await naive[process.argv[2] as NaiveName].run({
  url,
  token,
  lines: linesOf(process.stdin.setEncoding('utf8')),
  sleep: (ms) => sleep(clock, ms),
})

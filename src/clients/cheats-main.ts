/** One cheat as a program for the pipe rung, by its name. */
import { realClock } from '../clock.ts'
import { cheats } from './cheats.ts'
import type { Cheat } from './cheats.ts'

const [name = ''] = process.argv.slice(2)
const cheat = (cheats as Readonly<Record<string, Cheat>>)[name]
if (!cheat) throw new Error(`expected one of ${Object.keys(cheats).join(', ')}, got ${JSON.stringify(name)}`)
const { TAILRACE_URL: url = '', TAILRACE_TOKEN: token = '' } = process.env
const stdin = process.stdin.setEncoding('utf8')
process.exitCode = await cheat.run({ url, token, stdin, clock: realClock() })

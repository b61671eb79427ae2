/**
 * The reference client as a program for the pipe rung: exit 0 says that all is delivered, 10 that some is not, or that
 * it was stopped before the end of its input and cannot know.
 */
import { realClock } from '../clock.ts'
import { logged, sendAll } from './reference-program.ts'
import { ingestClient } from './reference.ts'

const { TAILRACE_URL: url = '', TAILRACE_TOKEN: token = '', TAILRACE_CONFIG: text = '{}' } = process.env
const config = JSON.parse(text) as Record<string, unknown>
const onExchange = logged((line) => void process.stderr.write(`${line}\n`))
const client = ingestClient({ url, token, config, ...(config['log'] === true ? { onExchange } : {}) })
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort()) // once: a second one ends the program
const stdin = process.stdin.setEncoding('utf8')
process.exitCode = (await sendAll({ stdin, client, clock: realClock(), stop: stop.signal })) ? 0 : 10

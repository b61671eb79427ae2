/** The reference client as a program for the pipe rung: exit 0 says that all is delivered, 10 that some is not. */
import { linesOf } from './lines.ts'
import { ingestClient } from './reference.ts'

const { TAILRACE_URL: url = '', TAILRACE_TOKEN: token = '', TAILRACE_CONFIG: config = '{}' } = process.env
const client = ingestClient({ url, token, config: JSON.parse(config) as Record<string, unknown> })
for await (const line of linesOf(process.stdin.setEncoding('utf8'))) await client.add(line)
const { dropped } = await client.close()
process.exitCode = dropped === 0 ? 0 : 10

// The reference client, from the package. Run: tailrace run --client 'node examples/ingest-reference.mjs'
import { ingestClient, linesOf } from 'tailrace/clients'

process.once('SIGTERM', () => {}) // the end of the input follows: what was offered is delivered first
const { TAILRACE_URL: url, TAILRACE_TOKEN: token, TAILRACE_CONFIG: config } = process.env
const client = ingestClient({ url, token, config: JSON.parse(config) })
for await (const line of linesOf(process.stdin.setEncoding('utf8'))) await client.add(line)
const { dropped } = await client.close()
process.exitCode = dropped === 0 ? 0 : 10

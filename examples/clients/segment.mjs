// @segment/analytics-node 3.1.0 (npm). It calls `error` listeners for each record that it gives up.
import { Analytics } from '@segment/analytics-node'
import split from 'split2'

const { TAILRACE_BASE: host, TAILRACE_TOKEN: writeKey, TAILRACE_CONFIG: config } = process.env
const flushAt = JSON.parse(config)['batch.max_events'] ?? 15 // the library's own default
const client = new Analytics({ host, writeKey, flushAt }).on('error', () => (process.exitCode = 10))
for await (const properties of process.stdin.pipe(split(JSON.parse)))
  client.track({ userId: 'u', event: 'record', properties })
await client.closeAndFlush()

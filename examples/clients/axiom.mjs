// @axiomhq/js 2.0.0 (npm). `onError` is its word that records were not delivered; by itself it only prints it.
import { Axiom } from '@axiomhq/js'
import split from 'split2'

const { TAILRACE_BASE: url, TAILRACE_TOKEN: token } = process.env
const client = new Axiom({ url, token, onError: () => (process.exitCode = 10) })
for await (const record of process.stdin.pipe(split(JSON.parse))) client.ingest('tailrace', record)
await client.flush()

// One POST, no retry. Run: tailrace run --client 'node examples/ingest-fetch.mjs'
import { text } from 'node:stream/consumers'

const { TAILRACE_URL, TAILRACE_TOKEN } = process.env
const response = await fetch(TAILRACE_URL, {
  method: 'POST',
  headers: { authorization: `Bearer ${TAILRACE_TOKEN}`, 'content-type': 'application/x-ndjson' },
  body: await text(process.stdin),
})
await response.text()
process.exitCode = response.ok ? 0 : 10

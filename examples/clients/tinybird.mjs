// @tinybirdco/sdk 0.0.84 (npm). One batch: it throws (Node exits with 1), or counts the rows in quarantine.
import { TinybirdApi } from '@tinybirdco/sdk'
import split from 'split2'

const { TAILRACE_BASE: baseUrl, TAILRACE_TOKEN: token } = process.env
const rows = await process.stdin.pipe(split(JSON.parse)).toArray()
const sent = await new TinybirdApi({ baseUrl, token }).ingestBatch('tailrace', rows, { maxRetries: 4 })
process.exitCode = sent.quarantined_rows > 0 ? 10 : 0

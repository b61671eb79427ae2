// The lines rung, without a library: one POST at each flush and stop, no retry.
// Run: tailrace run --rung lines --client 'node examples/lines-fetch.mjs'
import { createInterface } from 'node:readline'

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)
let start
let records = []

async function deliver() {
  const [sent, ids] = [records, records.map(({ id }) => id)]
  records = []
  if (ids.length === 0) return
  try {
    const response = await fetch(start.url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${start.token}`,
        'content-type': 'application/x-ndjson',
        connection: 'close',
      },
      body: sent.map((record) => `${JSON.stringify(record)}\n`).join(''),
    })
    await response.text() // an answer that breaks off acknowledges nothing
    say(response.ok ? { t: 'ack', ids } : { t: 'drop', ids, why: `HTTP ${response.status}` })
  } catch (error) {
    say({ t: 'drop', ids, why: String(error) })
  }
}

say({ t: 'hello', v: 1, client: 'fetch', version: process.version, can: ['ingest', 'flush'], knobs: [] })
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line)
  if (message.t === 'start') start = message
  if (message.t === 'send') records.push(message.data)
  if (message.t === 'flush' || message.t === 'stop') await deliver()
  if (message.t === 'stop') say({ t: 'done' })
}

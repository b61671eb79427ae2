// Driver for tailrace. Run: tailrace run --rung lines --client 'node driver.mjs'
import { createInterface } from 'node:readline'

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)

/** Undefined when the records were delivered, else why not. */
async function deliver({ url, token }, records) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' }
  const body = records.map(({ data }) => `${JSON.stringify(data)}\n`).join('')
  try {
    // Your library in place of fetch: give it each record as it comes, and say ack or drop when it does.
    const response = await fetch(url, { method: 'POST', headers, body })
    await response.text()
    return response.ok ? undefined : `http ${response.status}`
  } catch (error) {
    return String(error)
  }
}

let start
let records = []
say({ t: 'hello', v: 1, client: 'my-client', version: '0', lang: 'js', can: ['ingest'], knobs: [] })
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line)
  if (message.t === 'start') [start, records] = [message, []]
  if (message.t === 'send') records.push(message)
  if (message.t !== 'stop') continue
  const why = records.length > 0 ? await deliver(start, records) : undefined
  for (const { id } of records) say(why === undefined ? { t: 'ack', id } : { t: 'drop', id, why })
  records = []
  say({ t: 'done' })
}

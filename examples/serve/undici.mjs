// The plan is changed between two calls of the client, and in the end the server judges. Run beside:
//   tailrace serve --h2 --port 4040 --admin-port 4041
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'

const url = process.env.TAILRACE_URL ?? 'http://127.0.0.1:4040/'
const admin = process.env.TAILRACE_ADMIN ?? 'http://127.0.0.1:4041'
const ca = process.env.TAILRACE_CA // where it runs with --tls; only there undici speaks HTTP/2
const dispatcher = new Agent({ allowH2: true, connect: ca ? { ca: readFileSync(ca) } : {} })

async function send(body) {
  const headers = { 'content-type': 'application/x-ndjson' }
  const answer = await request(url, { method: 'POST', headers, body, dispatcher })
  await answer.body.dump()
  return answer.statusCode
}

async function steer(method, path, body) {
  const answer = await request(admin + path, { method, body: JSON.stringify(body) })
  const text = await answer.body.text()
  assert(answer.statusCode < 300, text)
  return text
}

const plan = (...rules) => ({ version: 1, seed: '1', rules })
const fault = { type: 'http_error', status: 503 }
const busy = { id: 'busy', key: 'global', on: 'response-head', taken: false, fault }

const records = await steer('POST', '/offer', { records: 10 })
await steer('PUT', '/plan', plan(busy))
const first = await send(records)
await steer('PUT', '/plan', plan())
const second = await send(records)
console.log(`${first}, then ${second}`)
assert.deepEqual([first, second], [503, 202])

const found = JSON.parse(await steer('POST', '/verify', { checks: ['inv.no-loss', 'inv.no-double'] }))
console.log(found.verdict)
assert.equal(found.verdict, 'pass')
await dispatcher.close()

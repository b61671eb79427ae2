// The reference client, from the package, on the lines rung: it says of each record what became of it.
// Run: tailrace run --rung lines --client 'node examples/lines-reference.mjs'
import { ingestClient, linesOf, referenceKnobs } from 'tailrace/clients'

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)
const idsOf = (lines) => lines.map((line) => JSON.parse(line).id)

process.once('SIGTERM', () => {}) // the stop follows: what was offered is delivered first
say({ t: 'hello', v: 1, client: 'reference', can: ['ingest', 'flush', 'gzip', 'h2'], knobs: referenceKnobs })
let client
for await (const line of linesOf(process.stdin.setEncoding('utf8'))) {
  const message = JSON.parse(line)
  if (message.t === 'start') {
    client = ingestClient({
      url: message.url,
      token: message.token,
      config: message.config,
      onDelivered: (lines) => say({ t: 'ack', ids: idsOf(lines) }),
      onDropped: (lines, why) => say({ t: 'drop', ids: idsOf(lines), why }),
    })
  }
  if (message.t === 'send') {
    const refused = (error) => say({ t: 'drop', id: message.id, why: String(error) })
    await client.add(JSON.stringify(message.data)).catch(refused)
  }
  if (message.t === 'flush') void client.flush()
  if (message.t === 'stop') void client.close().then(() => say({ t: 'done' }))
}

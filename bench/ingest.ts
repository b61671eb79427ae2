/**
 * How much of node:http's pace the reference server keeps: the same POSTs against a bare node:http server and
 * against the `generic` fake, interleaved in one run. A ratio, since absolute figures are the machine's.
 *
 *   npm run bench
 *
 * The bare server is paired with itself as well (A/A): where that ratio's interval does not hold 1, the machine
 * was too noisy and the figure is not resolved.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import autocannon from 'autocannon'
import { serveH1 } from '../fakes/server.ts'
import { realClock } from '../src/clock.ts'
import { Ledger } from '../src/ledger.ts'
import { profiles } from '../src/profile.ts'
import type { Profile } from '../src/profile.ts'
import { recordAt, recordSource } from '../src/record.ts'

const rounds = 5
const requestsPerRound = 10_000
/** The figure is as exact as the moment at which the last sample was taken. */
const sampleMs = 50
const recordsPerRequest = 20
const source = recordSource('1', 'bench')

const body = Array.from({ length: recordsPerRequest }, (_, seq) =>
  JSON.stringify(recordAt(source, [0, seq])),
).join('\n')

async function pace(url: string): Promise<number> {
  const result = await autocannon({
    url,
    method: 'POST',
    body,
    connections: 8,
    amount: requestsPerRound,
    sampleInt: sampleMs,
  })
  if (result['2xx'] !== requestsPerRound)
    throw new Error(`only ${result['2xx']} of ${requestsPerRound} were taken`)
  return result.requests.total / result.duration
}

async function bare(): Promise<{ url: string; stop: () => void }> {
  const server = createServer((request, response) => {
    request
      .resume()
      .on('end', () => response.writeHead(202, { 'content-type': 'application/json' }).end('{"ok":true}'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => void server.close(),
  }
}

/** Every round has a ledger, and so a server, of its own: a ledger is bounded. */
async function fake(): Promise<{ url: string; stop: () => Promise<void> }> {
  const clock = realClock()
  const endpoint = await serveH1({
    mode: 'ingest',
    protocol: 'generic',
    profile: profiles['generic'] as Profile,
    plan: { version: 1, seed: '1', rules: [] },
    ledger: new Ledger(clock),
    clock,
    source,
    token: 'tk_bench',
    host: '127.0.0.1',
  })
  return { url: endpoint.url, stop: () => endpoint.stop() }
}

/** The value below which this share of `ratios` lies. */
function at(ratios: readonly number[], share: number): number {
  const sorted = [...ratios].sort((a, b) => a - b)
  return sorted[Math.round(share * (sorted.length - 1))] as number
}

function interval(ratios: readonly number[]): string {
  const [low, middle, high] = [0.05, 0.5, 0.95].map((share) => at(ratios, share).toFixed(2))
  return `${middle} (90 %: ${low}–${high})`
}

const a = await bare()
const same: number[] = []
const kept: number[] = []
await pace(a.url) // warm up
for (let round = 0; round < rounds; round += 1) {
  const b = await fake()
  const [first, second] = [await pace(a.url), await pace(a.url)]
  same.push(second / first)
  kept.push((await pace(b.url)) / ((first + second) / 2))
  await b.stop()
}
a.stop()
process.stdout.write(`bare against itself        ${interval(same)}\n`)
process.stdout.write(
  `generic against bare       ${interval(kept)}  (${recordsPerRequest} records a request, read and entered)\n`,
)
if (at(same, 0.05) > 1 || at(same, 0.95) < 1)
  process.stdout.write('not resolved: the machine was too noisy\n')

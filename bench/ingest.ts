/**
 * What the reference server costs: `tailrace serve` with a full ledger to a file, against a node:http that discards
 * and against one that parses each line, at 1, 100 and 1000 records a request.
 *
 *   npm run bench                          all sizes
 *   node dist/bench/ingest.js 100          one of them
 *
 * Each server is a process of its own and says how much CPU it used; a ratio is that of the requests which one µs of
 * CPU carries. Where the generator is the slower side, its pace says nothing of the server, and CPU still does.
 * A client sends its records once or a few times, and the reference server compares what comes with what the records
 * are: `ledger` is sent bodies that it has seen, `ledger, new` such as never came before, which it has to make first.
 * Rounds are interleaved; the bare server is paired with another of its kind (A/A).
 */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { servedCase } from '../src/door/cli/serve-ledger.ts'
import { recordAt, recordSource } from '../src/record.ts'
import { at, atLeast, cpuUs, interval, isCalm, say, sayWhere } from './figures.ts'

const rounds = 11
/** Requests of one round, by records a request. */
const sizes = [
  { records: 1, requests: 4_000, bare: 0.45, parse: undefined },
  { records: 100, requests: 2_000, bare: 0.5, parse: 2 },
  { records: 1000, requests: 400, bare: 0.35, parse: 4 },
] as const
/** Bodies that differ, sent by turns. */
const bodies = 16
/** Bodies of new records in a round: as many as make so many records, within bounds. */
const newBodies = (records: number): number => Math.max(80, Math.min(2_000, 40_000 / records))
const connections = 8
const seed = '1'

interface Server {
  readonly name: string
  readonly url: string
  readonly child: ChildProcess
}

const built = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

async function started(name: string, program: string, args: readonly string[]): Promise<Server> {
  const child = fork(built(program), args, {
    execArgv: ['--import', new URL('./cpu-over-ipc.js', import.meta.url).href],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  if (!child.stdout) throw new Error('no stdout')
  const lines = createInterface({ input: child.stdout })
  const [line] = (await once(lines, 'line')) as [string]
  return { name, child, url: (JSON.parse(line) as { url: string }).url }
}

async function cpuOf({ child }: Server): Promise<number> {
  child.send('cpu')
  const [us] = (await once(child, 'message')) as [number]
  return us
}

/** NDJSON of records that `serve` knows, the token first, as the product's own clients send them. */
function bodiesOf(records: number, count: number): string[] {
  const source = recordSource(seed, servedCase)
  return Array.from({ length: count }, () =>
    Array.from({ length: records }, () => JSON.stringify(recordAt(source, [0, made++]))).join('\n'),
  )
}

/** Of the one producer, so that none comes again. */
let made = 0

interface Cost {
  /** CPU of the server a request, µs. */
  readonly us: number
  /** Of the generator. */
  readonly generatorUs: number
  readonly perSecond: number
}

/** Each connection sends its own share of the bodies, from the first on, by turns. */
async function cost(server: Server, sent: readonly string[], requests: number): Promise<Cost> {
  const share = Math.ceil(sent.length / connections)
  let clients = 0
  const before = await cpuOf(server)
  const since = process.cpuUsage()
  const result = await autocannon({
    url: server.url,
    method: 'POST',
    setupClient: (client) => {
      const from = share * clients++
      client.setRequests(sent.slice(from, from + share).map((body) => ({ method: 'POST', body })))
    },
    connections,
    amount: requests,
    sampleInt: 50,
  })
  const generatorUs = cpuUs(since) / requests
  const us = ((await cpuOf(server)) - before) / requests
  if (result['2xx'] !== requests) throw new Error(`only ${result['2xx']} of ${requests} were taken`)
  return { us, generatorUs, perSecond: result.requests.total / result.duration }
}

type Size = (typeof sizes)[number]

async function measure(servers: readonly Server[], { records, requests, ...goals }: Size): Promise<void> {
  const sent = bodiesOf(records, bodies)
  for (const server of servers) await cost(server, sent, requests) // warm up
  const costs = new Map<string, Cost[]>(servers.map(({ name }) => [name, []]))
  const fresh: Cost[] = []
  costs.set('ledger, new', fresh)
  for (let round = 0; round < rounds; round += 1) {
    const turn = servers.map((_, i) => servers[(i + round) % servers.length] as Server)
    for (const server of turn) costs.get(server.name)?.push(await cost(server, sent, requests))
    const first = bodiesOf(records, newBodies(records))
    const ledgerServer = servers.find(({ name }) => name === 'ledger') as Server
    fresh.push(await cost(ledgerServer, first, first.length))
    await cost(ledgerServer, sent, bodies * connections) // what it has seen is bounded, and the new has taken its place
    demandEntered(requests)
    truncateSync(ledger) // it would take gigabytes; the server goes on at its place, and the hole costs nothing
  }
  const of = (name: string): number[] => (costs.get(name) ?? []).map(({ us }) => us)
  const pair = of('bare').map((us, i) => (us + (of('bare again')[i] as number)) / 2)
  const ratio = (over: readonly number[], under: readonly number[]): number[] =>
    over.map((us, i) => us / (under[i] as number))
  const same = ratio(of('bare'), of('bare again'))
  say(`\n${records} records a request`)
  for (const [name, each] of costs) {
    const medians = [each.map(({ us }) => us), each.map((c) => c.generatorUs), each.map((c) => c.perSecond)]
    const [us, generator, pace] = medians.map((samples) => at(samples, 0.5).toFixed(0))
    say(`  ${name.padEnd(12)} ${us} µs CPU a request; generator ${generator} µs; ${pace} requests/s`)
  }
  say(`  bare / bare again   ${interval(same)}${isCalm(same) ? '' : '  not resolved: too noisy'}`)
  const calm = isCalm(same)
  report('ledger / bare', ratio(pair, of('ledger')), goals.bare, calm)
  report('ledger / parse', ratio(of('parse'), of('ledger')), goals.parse, calm)
  report('ledger, new / bare', ratio(pair, of('ledger, new')))
  report('ledger, new / parse', ratio(of('parse'), of('ledger, new')))
}

/** A server that entered less than it answered would win. A request takes five entries, of 40 bytes at least. */
function demandEntered(requests: number): void {
  const bytes = 512 * statSync(ledger).blocks
  if (bytes < 200 * requests) throw new Error(`only ${bytes} bytes of ledger for ${requests} requests`)
}

/** Capacities are the inverse of costs. */
function report(name: string, ratios: readonly number[], goal?: number, calm?: boolean): void {
  const verdict = goal === undefined ? '' : `  ≥ ${goal}: ${calm ? atLeast(goal, ratios) : 'not resolved'}`
  say(`  ${name.padEnd(19)} ${interval(ratios)}${verdict}`)
}

const directory = mkdtempSync(join(tmpdir(), 'tailrace-bench-'))
const ledger = join(directory, 'ledger.ndjson')
const servers: Server[] = []
try {
  sayWhere(loadavg(), cpus())
  const serve = ['serve', '--json', '--port', '0', '--seed', seed, '--ledger', ledger]
  servers.push(
    await started('bare', './plain-server.js', ['bare']),
    await started('ledger', '../src/door/bin.js', serve),
    await started('bare again', './plain-server.js', ['bare']),
    await started('parse', './plain-server.js', ['parse']),
  )
  const asked = process.argv.slice(2).map(Number)
  for (const size of sizes)
    if (asked.length === 0 || asked.includes(size.records)) await measure(servers, size)
  sayWhere(loadavg(), cpus())
} finally {
  for (const { child } of servers) child.disconnect()
  rmSync(directory, { recursive: true, force: true })
}

/**
 * What the checker's counting costs: ten million deliveries of 64 producers, with losses, doubles and swaps planted,
 * from typed columns and from the lines of a ledger, against a numeric Map.
 *
 *   npm run build && node dist/bench/check.js
 *
 * CPU time of this process, interleaved rounds. What the structures find is compared with what was planted, and
 * anything else ends the benchmark: a fast checker that misses one is no checker.
 */
import { cpus, loadavg } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { FirstOrder } from '../src/check/first-order.ts'
import { IdCounts, IdSet, keyOf } from '../src/check/sets.ts'
import { phases } from '../src/entry.ts'
import type { EntryBody } from '../src/entry.ts'
import { parseLedger } from '../src/ledger.ts'
import { profiles } from '../src/profile.ts'
import type { Profile } from '../src/profile.ts'
import { countIds, rangesOf } from '../src/record.ts'
import type { IdRange, RecordId } from '../src/record.ts'
import { atLeast, atMost, cpuUs, interval, isCalm, say, sayWhere } from './figures.ts'

const producers = 64
const deliveriesMax = 10_000_000
const mapDeliveries = 1_000_000
const rounds = 7
/** Records in a row of one landing: what a batch of a client is. */
const perLanding = 100
const planted = { lost: 100, doubled: 100, swapped: 100 } as const

/** Deliveries in the order of their landing, and what is wrong with them. */
interface History {
  readonly offered: IdSet
  readonly producers: Uint16Array
  readonly seqs: Uint32Array
  readonly wrong: Wrong
}

interface Wrong {
  readonly lost: readonly IdRange[]
  readonly doubled: readonly IdRange[]
  readonly late: readonly IdRange[]
}

/** xorshift32 (Marsaglia 2003): the same history on every machine. */
function draws(seed: number): () => number {
  let x = seed
  return () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return x >>> 0
  }
}

/**
 * Producers take turns by chance, `perLanding` records at a time. Of each producer's stream every planted thing has a
 * place of its own, apart from the others: a sequence left out, one that comes twice, two that come in exchange.
 */
function history(deliveries: number): History {
  const each = Math.floor(deliveries / producers)
  const draw = draws(0x9e37_79b9)
  const [lost, doubled, swapped] = [new Set<number>(), new Set<number>(), new Set<number>()]
  const places = new Set<number>()
  const place = (set: Set<number>, count: number): void => {
    while (set.size < count) {
      const [producer, tenth] = [draw() % producers, draw() % Math.floor(each / 10)]
      const spot = producer * each + tenth * 10
      if (places.has(spot)) continue
      places.add(spot)
      set.add(spot)
    }
  }
  place(lost, planted.lost)
  place(doubled, planted.doubled)
  place(swapped, planted.swapped)
  const rows = producers * each - planted.lost + planted.doubled
  const columns = { producers: new Uint16Array(rows), seqs: new Uint32Array(rows) }
  let row = 0
  const put = (producer: number, seq: number): void => {
    columns.producers[row] = producer
    columns.seqs[row] = seq
    row += 1
  }
  const next = new Array<number>(producers).fill(0)
  const open = Array.from({ length: producers }, (_, producer) => producer)
  while (open.length > 0) {
    const at = draw() % open.length
    const producer = open[at] as number
    const from = next[producer] as number
    const end = Math.min(each, from + perLanding)
    for (let seq = from; seq < end; seq += 1) {
      const spot = producer * each + seq
      if (lost.has(spot)) continue
      if (swapped.has(spot)) {
        put(producer, seq + 1)
        put(producer, seq)
        seq += 1
        continue
      }
      put(producer, seq)
      if (doubled.has(spot)) put(producer, seq)
    }
    next[producer] = end
    if (end === each) open.splice(at, 1)
  }
  const ranges = (spots: Set<number>): IdRange[] =>
    rangesOf([...spots].sort((a, b) => a - b).map((spot): RecordId => [Math.floor(spot / each), spot % each]))
  return {
    ...columns,
    offered: new IdSet(columns.producers.length > 0 ? all(each) : []),
    wrong: { lost: ranges(lost), doubled: ranges(doubled), late: ranges(swapped) },
  }
}

function all(each: number): IdRange[] {
  return Array.from({ length: producers }, (_, producer): IdRange => [producer, 0, each - 1])
}

/** A landing is a run of one producer that ascends: what lands together is in order, whatever the body said. */
function ledgerText({ offered, producers: by, seqs }: History): string {
  const head: EntryBody[] = [
    runEntry(),
    ...phases.map((name) => ({ kind: 'phase', name }) as const),
    { kind: 'lateness', p50: 0, p99: 0, p999: 0 },
    { kind: 'offer', ids: offered.ranges() },
  ]
  const lines = head.map((body, n) => JSON.stringify({ n, t: n, ...body }))
  for (let row = 0, block = 0; row < seqs.length; block += 1) {
    const [producer, ids] = [by[row] as number, [] as RecordId[]]
    do ids.push([producer, seqs[row++] as number])
    while (
      ids.length < perLanding &&
      by[row] === producer &&
      (seqs[row] as number) >= (seqs[row - 1] as number)
    )
    const n = lines.length
    lines.push(JSON.stringify({ n, t: n, kind: 'land', block, ids: rangesOf(ids) }))
  }
  return `${lines.join('\n')}\n`
}

function runEntry(): EntryBody {
  return {
    ...{ kind: 'run', case: 'bench', title: 'A benchmark.', mode: 'ingest', level: 'MAY', source: 'bench' },
    ...{ suite: 1, seed: '1', protocol: 'generic', rung: 'none', profile: profiles['generic'] as Profile },
    ...{ knobs: [], can: [], checks: [], plan: {}, tool: 'bench', schema: 1 },
  }
}

/** Loss and doubles by the counts, order by the first landings: what `check` asks of a history. */
function fromColumns({ offered, producers: by, seqs }: History): Wrong {
  const counts = new IdCounts(offered, deliveriesMax)
  const order = new FirstOrder(offered)
  counts.addColumns(by, seqs, order)
  held.push(counts, order)
  return wrongOf(offered, counts, order)
}

function wrongOf(offered: IdSet, counts: IdCounts, order: FirstOrder): Wrong {
  return {
    lost: counts.where(offered.ranges(), (times) => times === 0),
    doubled: counts.where(offered.ranges(), (times) => times > 1),
    late: order.late.ranges(),
  }
}

function fromLedger(text: string): Wrong {
  const offered = new IdSet()
  const counts = new IdCounts(offered, deliveriesMax)
  const order = new FirstOrder(offered)
  for (const entry of parseLedger(text, 'bench')) {
    if (entry.kind === 'offer') offered.add(entry.ids)
    else if (entry.kind === 'land' && entry.error === undefined) {
      counts.add(entry.ids)
      order.step(entry.t, entry.ids)
    }
  }
  return wrongOf(offered, counts, order)
}

/** The same by a Map from one number for each id to its count. */
function fromMap({ offered, producers: by, seqs }: History): Wrong {
  const counts = new Map<number, number>()
  const highest = new Map<number, number>()
  const late: RecordId[] = []
  for (let row = 0; row < seqs.length; row += 1) {
    const [producer, seq] = [by[row] as number, seqs[row] as number]
    const key = producer * 2 ** 32 + seq
    const before = counts.get(key) ?? 0
    counts.set(key, before + 1)
    if (before > 0) continue
    if (seq > (highest.get(producer) ?? -1)) highest.set(producer, seq)
    else late.push([producer, seq])
  }
  held.push(counts)
  const [lost, doubled]: [RecordId[], RecordId[]] = [[], []]
  for (const [producer, from, to] of offered.ranges()) {
    for (let seq = from; seq <= to; seq += 1) {
      const times = counts.get(producer * 2 ** 32 + seq) ?? 0
      if (times === 0) lost.push([producer, seq])
      else if (times > 1) doubled.push([producer, seq])
    }
  }
  return { lost: rangesOf(lost), doubled: rangesOf(doubled), late: new IdSet(rangesOf(late)).ranges() }
}

/** What was made last, so that it can be weighed. */
const held: unknown[] = []
setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** Array buffers are let go one collection after their last holder. */
function collect(): void {
  for (let times = 0; times < 3; times += 1) gc()
}

/** CPU that the fold takes, in µs. */
function measured(of: History, fold: () => Wrong): number {
  const since = process.cpuUsage()
  const wrong = fold()
  const us = cpuUs(since)
  for (const name of ['lost', 'doubled', 'late'] as const) demand(name, wrong[name], of.wrong[name])
  held.length = 0
  return us
}

/** MiB that its structures still take when it is done. Apart: collecting garbage throws compiled code away too. */
function weighed(fold: () => Wrong): number {
  held.length = 0
  collect()
  const before = taken()
  fold()
  collect()
  const mib = (taken() - before) / 2 ** 20
  if (held.length === 0 || mib <= 0) throw new Error('nothing was weighed')
  held.length = 0
  return mib
}

function taken(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function demand(name: string, found: readonly IdRange[], expected: readonly IdRange[]): void {
  if (JSON.stringify(found) === JSON.stringify(expected)) return
  const right = new IdSet(expected)
  const hits = countIds(right.within(found))
  throw new Error(`${name}: ${countIds(expected)} planted, ${hits} of them found among ${countIds(found)}`)
}

function columnsOf(large: History, small: History): void {
  const [same, ratio, ms, mapMs]: [number[], number[], number[], number[]] = [[], [], [], []]
  for (let round = -1; round < rounds; round += 1) {
    const one = measured(large, () => fromColumns(large))
    const map = measured(small, () => fromMap(small))
    const other = measured(large, () => fromColumns(large))
    if (round < 0) continue // warm up
    same.push(other / one)
    ratio.push((2 * map * (large.seqs.length / small.seqs.length)) / (one + other))
    ms.push((one + other) / 2e3)
    mapMs.push(map / 1e3)
  }
  const mib = weighed(() => fromColumns(large))
  say(`A/A: columns against themselves       ${interval(same)}${isCalm(same) ? '' : '  noisy'}`)
  say(`columns, ${large.seqs.length} deliveries: CPU ms    ${interval(ms, 0)}  ≤ 500: ${atMost(500, ms)}`)
  say(`columns: MiB of state                 ${mib.toFixed(1)}  ≤ 16: ${atMost(16, [mib])}`)
  say(`numeric Map, ${small.seqs.length} deliveries: CPU ms ${interval(mapMs, 0)}`)
  say(`Map, scaled by their number / columns ${interval(ratio, 0)}  ≥ 50: ${atLeast(50, ratio)}`)
}

function wholeMap(large: History): void {
  const map = measured(large, () => fromMap(large))
  const columns = measured(large, () => fromColumns(large))
  const mib = weighed(() => fromMap(large))
  say(
    `once, unscaled: Map ${(map / 1e6).toFixed(1)} s CPU, ${mib.toFixed(0)} MiB; ` +
      `columns ${(columns / 1e6).toFixed(2)} s; ratio ${(map / columns).toFixed(0)}`,
  )
}

function ledgerOf(large: History): void {
  const text = ledgerText(large)
  const ms: number[] = []
  for (let round = 0; round < rounds; round += 1) ms.push(measured(large, () => fromLedger(text)) / 1e3)
  const lines = text.split('\n').length - 1
  say(
    `ledger, ${lines} lines, ${perLanding} records a landing: CPU ms ${interval(ms, 0)}  ≤ 2000: ${atMost(2000, ms)}`,
  )
}

sayWhere(loadavg(), cpus())
const large = history(deliveriesMax)
const small = history(mapDeliveries)
if (keyOf([1, 0]) !== 2 ** 32) throw new Error('the Map of the benchmark has another key than the product')
columnsOf(large, small)
ledgerOf(large)
if (process.argv.includes('--whole-map')) wholeMap(large)
sayWhere(loadavg(), cpus())

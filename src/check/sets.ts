/**
 * Sets of records and how often each was seen. Record ids are dense per producer, which makes both linear in
 * time and small: runs of consecutive sequences, and two bits a record.
 */
import { TailraceError } from '../errors.ts'
import { limits } from '../limits.ts'
import type { IdRange, RecordId } from '../record.ts'

/** Ascending runs, none touching the next: `lo[i]` to `hi[i]`, inclusive. */
interface Runs {
  lo: number[]
  hi: number[]
}

export class IdSet {
  private readonly producers = new Map<number, Runs>()
  private count = 0

  constructor(ranges: Iterable<IdRange> = []) {
    this.add(ranges)
  }

  get size(): number {
    return this.count
  }

  add(ranges: Iterable<IdRange>): void {
    for (const range of ranges) this.addRange(range)
  }

  private addRange([producer, from, to]: IdRange): void {
    let runs = this.producers.get(producer)
    if (!runs) this.producers.set(producer, (runs = { lo: [], hi: [] }))
    const { lo, hi } = runs
    const first = firstEndingAt(hi, from - 1)
    let next = first
    let [start, end] = [from, to]
    for (; next < lo.length && (lo[next] as number) <= to + 1; next += 1) {
      start = Math.min(start, lo[next] as number)
      end = Math.max(end, hi[next] as number)
      this.count -= (hi[next] as number) - (lo[next] as number) + 1
    }
    this.count += end - start + 1
    if (first === lo.length) {
      lo.push(start)
      hi.push(end)
    } else if (next - first === 1) {
      lo[first] = start
      hi[first] = end
    } else {
      lo.splice(first, next - first, start)
      hi.splice(first, next - first, end)
    }
  }

  has([producer, seq]: RecordId): boolean {
    return this.within([[producer, seq, seq]]).length > 0
  }

  /** The run that holds an id, as its first and last sequence. */
  runAt(producer: number, seq: number): readonly [lo: number, hi: number] | undefined {
    const runs = this.producers.get(producer)
    if (!runs) return undefined
    const at = firstEndingAt(runs.hi, seq)
    const lo = runs.lo[at]
    return lo === undefined || lo > seq ? undefined : [lo, runs.hi[at] as number]
  }

  /** Ascending by producer and sequence. */
  ranges(): IdRange[] {
    return [...this.producers]
      .sort(([a], [b]) => a - b)
      .flatMap(([producer, { lo, hi }]) => lo.map((from, i): IdRange => [producer, from, hi[i] as number]))
  }

  /** The parts of `ranges` that are in the set, repeated ones repeated. */
  within(ranges: Iterable<IdRange>): IdRange[] {
    const found: IdRange[] = []
    for (const range of ranges) {
      for (const [from, to] of this.overlaps(range)) found.push([range[0], from, to])
    }
    return found
  }

  /** The parts of `ranges` that are not in the set, repeated ones repeated. */
  without(ranges: Iterable<IdRange>): IdRange[] {
    const found: IdRange[] = []
    for (const range of ranges) {
      const [producer, from, to] = range
      let next = from
      for (const [start, end] of this.overlaps(range)) {
        if (next < start) found.push([producer, next, start - 1])
        next = end + 1
      }
      if (next <= to) found.push([producer, next, to])
    }
    return found
  }

  private *overlaps([producer, from, to]: IdRange): Generator<[number, number]> {
    const { lo, hi } = this.producers.get(producer) ?? { lo: [], hi: [] }
    for (let i = firstEndingAt(hi, from); i < lo.length && (lo[i] as number) <= to; i += 1) {
      yield [Math.max(from, lo[i] as number), Math.min(to, hi[i] as number)]
    }
  }
}

/** Index of the first run whose end is `at` or later; the last run is tried first, because ids mostly ascend. */
function firstEndingAt(hi: readonly number[], at: number): number {
  let [low, high] = [0, hi.length]
  if (high === 0 || (hi[high - 1] as number) < at) return high
  if (high === 1 || (hi[high - 2] as number) < at) return high - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((hi[middle] as number) < at) low = middle + 1
    else high = middle
  }
  return low
}

/** Two bits a record: never, once, twice, or more often, and then the exact count stands in `many`. */
const more = 3
/** A byte of four records that were all seen once. */
const fourOnce = 0b01010101

/** What is known of one producer. */
interface Lane {
  cells: Uint8Array
  /** One more than the highest sequence counted. */
  extent: number
  /** The run of the set that was met last: a set only grows, so what was in it once stays in it. */
  lo: number
  hi: number
}

/**
 * How often each record of a set was seen. What is not in the set is not counted: memory follows what was
 * offered, never what a client invents.
 */
export class IdCounts {
  private readonly among: IdSet
  private readonly recordsMax: number
  private readonly lanes = new Map<number, Lane>()
  private readonly many = new Map<number, number>()
  private extent = 0
  /** Records seen never (always 0 here), once, twice, more often. */
  readonly tally: [number, number, number, number] = [0, 0, 0, 0]

  /** `recordsMax`: the bound on what is counted, sequences that were left out among it. */
  constructor(among: IdSet, recordsMax: number = limits.recordsMax) {
    this.among = among
    this.recordsMax = recordsMax
  }

  /** Records seen at least once. */
  get seen(): number {
    return this.tally[1] + this.tally[2] + this.tally[3]
  }

  /** Counts each id of `ranges`, a repeated one each time. */
  add(ranges: Iterable<IdRange>): void {
    for (const range of ranges) {
      const [producer, from, to] = range
      const lane = this.lanes.get(producer)
      if (lane && lane.lo <= from && to <= lane.hi) this.bumpRange(lane, producer, from, to)
      else this.addParts(range)
    }
  }

  private addParts(range: IdRange): void {
    for (const [producer, from, to] of this.among.within([range])) {
      const lane = this.laneFor(producer, from)
      if (lane) this.bumpRange(lane, producer, from, to)
    }
  }

  /**
   * Counts one id for each row of two columns of equal length, as `add` would one by one. `order` hears of each
   * that was not seen before.
   */
  addColumns(producers: Uint16Array, seqs: Uint32Array, order?: Order): void {
    const lanes: (Lane | undefined)[] = []
    for (let row = 0; row < seqs.length; row += 1) {
      const producer = producers[row] as number
      const seq = seqs[row] as number
      let lane = lanes[producer]
      if (lane === undefined || seq < lane.lo || seq > lane.hi) {
        lane = this.laneFor(producer, seq)
        if (lane === undefined) continue
        lanes[producer] = lane
      }
      if (seq >= lane.extent) this.extend(lane, seq)
      const { cells } = lane
      const byte = seq >>> 2
      const shift = (seq & 3) * 2
      const held = cells[byte] as number
      if (((held >>> shift) & 3) > 0) this.bump(cells, producer, seq)
      else {
        cells[byte] = held | (1 << shift)
        this.tally[1] += 1
        order?.next(producer, seq)
      }
    }
  }

  private bumpRange(lane: Lane, producer: number, from: number, to: number): void {
    if (to >= lane.extent) this.extend(lane, to)
    const { cells } = lane
    let seq = from
    while (seq <= to) {
      if ((seq & 3) === 0 && seq + 3 <= to && cells[seq >>> 2] === 0) {
        cells[seq >>> 2] = fourOnce
        this.tally[1] += 4
        seq += 4
      } else this.bump(cells, producer, seq++)
    }
  }

  private bump(cells: Uint8Array, producer: number, seq: number): void {
    const byte = seq >>> 2
    const shift = (seq & 3) * 2
    const held = cells[byte] as number
    const before = (held >>> shift) & 3
    if (before >= 2) {
      const key = keyFor(producer, seq)
      this.many.set(key, (this.many.get(key) ?? 2) + 1)
    }
    if (before === more) return
    cells[byte] = held + (1 << shift)
    if (before > 0) this.tally[before as 1 | 2] -= 1
    this.tally[(before + 1) as 1 | 2 | 3] += 1
  }

  private laneOf(producer: number): Lane {
    const known = this.lanes.get(producer)
    if (known) return known
    const lane: Lane = { cells: new Uint8Array(0), extent: 0, lo: 0, hi: -1 }
    this.lanes.set(producer, lane)
    return lane
  }

  /** Undefined where the set does not hold this id. Its run is kept, because ids mostly come in runs. */
  private laneFor(producer: number, seq: number): Lane | undefined {
    const run = this.among.runAt(producer, seq)
    if (!run) return undefined
    const lane = this.laneOf(producer)
    ;[lane.lo, lane.hi] = run
    return lane
  }

  private extend(lane: Lane, seq: number): void {
    this.extent += seq + 1 - lane.extent
    lane.extent = seq + 1
    if (this.extent > this.recordsMax) throw tooMany(this.extent, this.recordsMax)
    const need = (seq >>> 2) + 1
    if (lane.cells.length >= need) return
    const grown = new Uint8Array(Math.max(need, 2 * lane.cells.length))
    grown.set(lane.cells)
    lane.cells = grown
  }

  of([producer, seq]: RecordId): number {
    return this.count(this.lanes.get(producer)?.cells, producer, seq)
  }

  private count(cells: Uint8Array | undefined, producer: number, seq: number): number {
    const count = ((cells?.[seq >>> 2] ?? 0) >>> ((seq & 3) * 2)) & 3
    return count === more ? (this.many.get(keyFor(producer, seq)) ?? more) : count
  }

  /** The records of `ranges` whose count passes `test`, which goes by the count alone. */
  where(ranges: Iterable<IdRange>, test: (count: number) => boolean): IdRange[] {
    const found: IdRange[] = []
    const passes = [test(0), test(1), test(2)]
    for (const [producer, from, to] of ranges) {
      const cells = this.lanes.get(producer)?.cells ?? none
      let start = -1
      for (let seq = from; seq <= to;) {
        const count = this.count(cells, producer, seq)
        const passed = count < more ? passes[count] === true : test(count)
        if (passed && start < 0) start = seq
        else if (!passed && start >= 0) {
          found.push([producer, start, seq - 1])
          start = -1
        }
        seq += 1
        if ((seq & 3) === 0 && count < more) seq = pastAlike(cells, seq, to, count)
      }
      if (start >= 0) found.push([producer, start, to])
    }
    return found
  }
}

/** The first sequence from `from`, a multiple of four, to `to` that is not one of four which all have this count. */
function pastAlike(cells: Uint8Array, from: number, to: number, count: number): number {
  const wanted = count * fourOnce
  const end = Math.floor((to + 1) / 4)
  const known = Math.min(end, cells.length)
  let at = from / 4
  while (at < known && cells[at] === wanted) at += 1
  return 4 * (at >= known && count === 0 ? Math.max(at, end) : at)
}

const none = new Uint8Array(0)

/** What wants to know in which order records were first seen. */
export interface Order {
  next(producer: number, seq: number): void
}

/** One number for an id: 16 bits of producer above 32 of sequence. */
export function keyOf([producer, seq]: RecordId): number {
  return keyFor(producer, seq)
}

function keyFor(producer: number, seq: number): number {
  return producer * 2 ** 32 + seq
}

function tooMany(extent: number, recordsMax: number): TailraceError {
  const expected = `at most ${recordsMax} records`
  return new TailraceError('ledger', 'the ledger offers more records than a case may', [
    { at: 'offer /ids', expected, got: String(extent) },
  ])
}

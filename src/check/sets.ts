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
    } else {
      lo.splice(first, next - first, start)
      hi.splice(first, next - first, end)
    }
  }

  has([producer, seq]: RecordId): boolean {
    return this.within([[producer, seq, seq]]).length > 0
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
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((hi[middle] as number) < at) low = middle + 1
    else high = middle
  }
  return low
}

/** Two bits a record: never, once, twice, or more often, and then the exact count stands in `many`. */
const more = 3

/**
 * How often each record of a set was seen. What is not in the set is not counted: memory follows what was
 * offered, never what a client invents.
 */
export class IdCounts {
  private readonly among: IdSet
  private readonly cells = new Map<number, Uint8Array>()
  private readonly many = new Map<number, number>()
  private readonly extents = new Map<number, number>()
  private extent = 0
  /** Records seen never (always 0 here), once, twice, more often. */
  readonly tally: [number, number, number, number] = [0, 0, 0, 0]

  constructor(among: IdSet) {
    this.among = among
  }

  /** Records seen at least once. */
  get seen(): number {
    return this.tally[1] + this.tally[2] + this.tally[3]
  }

  /** Counts each id of `ranges`, a repeated one each time. */
  add(ranges: Iterable<IdRange>): void {
    for (const [producer, from, to] of this.among.within(ranges)) {
      const cells = this.cellsUpTo(producer, to)
      for (let seq = from; seq <= to; seq += 1) this.bump(cells, producer, seq)
    }
  }

  private bump(cells: Uint8Array, producer: number, seq: number): void {
    const [byte, shift] = [seq >>> 2, (seq & 3) * 2]
    const before = ((cells[byte] as number) >>> shift) & 3
    if (before >= 2) {
      const key = keyOf([producer, seq])
      this.many.set(key, (this.many.get(key) ?? 2) + 1)
    }
    if (before === more) return
    cells[byte] = (cells[byte] as number) + (1 << shift)
    if (before > 0) this.tally[before as 1 | 2] -= 1
    this.tally[(before + 1) as 1 | 2 | 3] += 1
  }

  private cellsUpTo(producer: number, seq: number): Uint8Array {
    const known = this.extents.get(producer) ?? 0
    if (seq >= known) {
      this.extent += seq + 1 - known
      this.extents.set(producer, seq + 1)
      if (this.extent > limits.recordsMax) throw tooMany(this.extent)
    }
    const cells = this.cells.get(producer)
    const need = (seq >>> 2) + 1
    if (cells && cells.length >= need) return cells
    const grown = new Uint8Array(Math.max(need, 2 * (cells?.length ?? 0)))
    if (cells) grown.set(cells)
    this.cells.set(producer, grown)
    return grown
  }

  of([producer, seq]: RecordId): number {
    return this.count(this.cells.get(producer), producer, seq)
  }

  private count(cells: Uint8Array | undefined, producer: number, seq: number): number {
    const count = ((cells?.[seq >>> 2] ?? 0) >>> ((seq & 3) * 2)) & 3
    return count === more ? (this.many.get(keyOf([producer, seq])) ?? more) : count
  }

  /** The records of `ranges` whose count passes `test`. */
  where(ranges: Iterable<IdRange>, test: (count: number) => boolean): IdRange[] {
    const found: IdRange[] = []
    for (const [producer, from, to] of ranges) {
      const cells = this.cells.get(producer)
      let start = from
      for (let seq = from; seq <= to + 1; seq += 1) {
        if (seq <= to && test(this.count(cells, producer, seq))) continue
        if (start < seq) found.push([producer, start, seq - 1])
        start = seq + 1
      }
    }
    return found
  }
}

/** One number for an id: 16 bits of producer above 32 of sequence. */
export function keyOf([producer, seq]: RecordId): number {
  return producer * 2 ** 32 + seq
}

function tooMany(extent: number): TailraceError {
  const expected = `at most ${limits.recordsMax} records`
  return new TailraceError('ledger', 'the ledger offers more records than a case may', [
    { at: 'offer /ids', expected, got: String(extent) },
  ])
}

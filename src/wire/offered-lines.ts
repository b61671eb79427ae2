/**
 * The short way to read a body that is nothing but records as they were offered, one on each line: its bytes are
 * compared with those that the records make, and nothing is parsed. Any other body is read in full.
 *
 * Lines are made when they are first asked for and kept a page at a time, those of a page one behind the other, so
 * that a batch of consecutive records is one comparison. Pages are bounded, and the oldest goes first.
 * What was read of a body is kept too, as long as its lines are few: a client that tries again sends the same.
 */
import { limits } from '../limits.ts'
import { idsIn, recordAt, tokenOf, tokensIn } from '../record.ts'
import type { IdRange, RecordId, RecordSource } from '../record.ts'

/** A record that stands whole on a line of its own. */
export interface OfferedRow {
  readonly ids: readonly [RecordId]
  readonly json: true
}

/** What a body of such lines brings. An object stands for the same bytes each time it is returned. */
export interface OfferedBody {
  readonly ids: readonly RecordId[]
  readonly damaged: readonly []
  readonly foreign: 0
  readonly rows: readonly OfferedRow[]
  readonly utf8: true
  readonly form: 'ndjson'
}

const lf = 0x0a
/** What a body takes beside its lines, in lines. */
const bodyLines = 16
const pageLines = 64
const before = '{"id":"'
const producerAt = before.length + 'tr00000000-'.length
const seqAt = producerAt + '0000-'.length
const shortest = before.length + tokenOf('00000000', [0, 0]).length

/** Lines of `pageLines` consecutive records, each with its LF; made from the first on, as far as was asked for. */
class Page {
  /** How many lines there are. */
  length = 0
  /** Where each line begins, and where the last one ends. */
  private readonly starts: number[] = [0]
  private bytes: Buffer = Buffer.alloc(0)

  /** Makes the lines that lack up to the one at `index`; `first` is the sequence of the page's first. */
  fill(source: RecordSource, producer: number, first: number, index: number): void {
    if (this.length > index) return
    const made: Buffer[] = [this.bytes]
    let end = this.bytes.length
    for (; this.length <= index; this.length += 1) {
      const line = Buffer.from(`${JSON.stringify(recordAt(source, [producer, first + this.length]))}\n`)
      made.push(line)
      this.starts.push((end += line.length))
    }
    this.bytes = Buffer.concat(made, end)
  }

  /** Bytes of the lines from `index` to `last`. */
  sizeOf(index: number, last: number): number {
    return (this.starts[last + 1] as number) - (this.starts[index] as number)
  }

  /** The last of the lines from `index` that fit into this many bytes, or lack only their LF; `index` at least. */
  lastWithin(index: number, bytes: number): number {
    let last = index
    while (last + 1 < this.length && this.sizeOf(index, last + 1) <= bytes + 1) last += 1
    return last
  }

  /** Whether `body` has these lines at `at`; the LF of its last line may be absent (NDJSON). */
  equals(index: number, last: number, body: Buffer, at: number): boolean {
    const from = this.starts[index] as number
    const size = this.sizeOf(index, last)
    const there = Math.min(size, body.length - at)
    if (there < size - 1) return false
    return body.compare(this.bytes, from, from + there, at, at + there) === 0
  }
}

/** The lines say every byte of a body, but for the LF of the last. */
function nameOf(runs: readonly IdRange[], ended: boolean): string {
  let name = ended ? ';' : ''
  for (const run of runs) name += `${run[0]},${run[1]},${run[2]};`
  return name
}

/** Bodies by name, a bounded number of lines of them; the oldest goes first. */
class Bodies {
  private readonly known = new Map<string, OfferedBody>()
  private lines = 0

  get(name: string, ranges: readonly IdRange[]): OfferedBody {
    const known = this.known.get(name)
    if (known) return known
    const ids = [...idsIn(ranges)]
    const rows = ids.map((id): OfferedRow => ({ ids: [id], json: true }))
    const made: OfferedBody = { ids, damaged: [], foreign: 0, rows, utf8: true, form: 'ndjson' }
    this.known.set(name, made)
    this.lines += bodyLines + ids.length
    for (const [oldest, { ids: gone }] of this.known) {
      if (this.lines <= limits.offeredLinesMax || this.known.size === 1) break
      this.known.delete(oldest)
      this.lines -= bodyLines + gone.length
    }
    return made
  }
}

export class OfferedLines {
  private readonly source: RecordSource
  private readonly isUsable: boolean
  private readonly head: Buffer
  private readonly pages = new Map<number, Page>()
  private readonly bodies = new Bodies()

  constructor(source: RecordSource) {
    this.source = source
    this.head = Buffer.from(`${before}tr${source.nonce}-`)
    const { pad_bytes = 0, pad_at } = source.payload ?? {}
    const isLong = Math.max(pad_bytes, pad_at?.bytes ?? 0) > limits.offeredPadBytesMax
    // The name of the case stands in every record: a token in it would be found there in full reading.
    const hasToken = !tokensIn(source.case).next().done
    this.isUsable = !isLong && !hasToken
  }

  /** What a body brings whose every line is a record as it was offered; undefined for any other. */
  read(body: Buffer): OfferedBody | undefined {
    if (!this.isUsable || body.length < shortest) return undefined
    const runs: [number, number, number][] = []
    for (let at = 0; at < body.length;) {
      const length = this.match(body, at, runs)
      if (length === 0) return undefined
      at += length
    }
    return this.bodies.get(nameOf(runs, body[body.length - 1] === lf), runs)
  }

  /** How many bytes at `at` are lines as they were offered, which are added to `runs`; 0 where it is another line. */
  private match(body: Buffer, at: number, runs: [number, number, number][]): number {
    const left = body.length - at
    const producer = hexAt(body, at + producerAt, 4)
    const seq = hexAt(body, at + seqAt, 8)
    if (left < shortest || producer < 0 || seq < 0) return 0
    for (let i = 0; i < this.head.length; i += 1) if (body[at + i] !== this.head[i]) return 0
    const index = seq % pageLines
    const first = seq - index
    const page = this.pageOf(producer, first)
    page.fill(this.source, producer, first, index)
    const isAlone = page.sizeOf(index, index) >= left
    if (!isAlone) page.fill(this.source, producer, first, pageLines - 1)
    // Where they are not all there one after the other, this one may be.
    const run = page.lastWithin(index, left)
    const last = page.equals(index, run, body, at) ? run : page.equals(index, index, body, at) ? index : -1
    if (last < 0) return 0
    const before = runs.at(-1)
    if (before && before[0] === producer && before[2] + 1 === seq) before[2] = first + last
    else runs.push([producer, seq, first + last])
    return Math.min(left, page.sizeOf(index, last))
  }

  private pageOf(producer: number, first: number): Page {
    const key = producer * 2 ** 32 + first
    const known = this.pages.get(key)
    if (known) return known
    const page = new Page()
    this.pages.set(key, page)
    const [oldest] = this.pages.keys()
    if (this.pages.size > limits.offeredLinesMax / pageLines && oldest !== undefined)
      this.pages.delete(oldest)
    return page
  }
}

/** A number of so many lower-case hexadecimal digits; -1 where there is another byte. */
function hexAt(body: Buffer, at: number, digits: number): number {
  let value = 0
  for (let i = at; i < at + digits; i += 1) {
    const code = body[i] ?? 0
    const digit = code >= 0x30 && code <= 0x39 ? code - 0x30 : code >= 0x61 && code <= 0x66 ? code - 0x57 : -1
    if (digit < 0) return -1
    value = value * 16 + digit
  }
  return value
}

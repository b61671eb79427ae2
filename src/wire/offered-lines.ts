/**
 * The short way to read a body that is nothing but records as they were offered, one on each line: its bytes are
 * compared with those that the records make, and nothing is parsed. Any other body is read in full.
 *
 * Lines are made when they are first asked for and kept a page at a time, those of a page one behind the other, so
 * that a batch of consecutive records is one comparison. Pages are bounded, and the oldest goes first.
 */
import { limits } from '../limits.ts'
import { recordAt, tokenOf, tokensIn } from '../record.ts'
import type { RecordId, RecordSource } from '../record.ts'

/** A record that stands whole on a line of its own. */
export interface OfferedRow {
  readonly ids: readonly [RecordId]
  readonly json: true
}

const pageLines = 64
const before = '{"id":"'
const producerAt = before.length + 'tr00000000-'.length
const seqAt = producerAt + '0000-'.length
const shortest = before.length + tokenOf('00000000', [0, 0]).length

/** Lines of `pageLines` consecutive records, each with its LF; made from the first on, as far as was asked for. */
class Page {
  readonly rows: OfferedRow[] = []
  /** Where each line begins, and where the last one ends. */
  private readonly starts: number[] = [0]
  private bytes: Buffer = Buffer.alloc(0)

  /** Makes the lines that lack up to the one at `index`; `first` is the sequence of the page's first. */
  fill(source: RecordSource, producer: number, first: number, index: number): void {
    if (this.rows.length > index) return
    const made: Buffer[] = [this.bytes]
    let end = this.bytes.length
    while (this.rows.length <= index) {
      const id: RecordId = [producer, first + this.rows.length]
      const line = Buffer.from(`${JSON.stringify(recordAt(source, id))}\n`)
      made.push(line)
      this.starts.push((end += line.length))
      this.rows.push({ ids: [id], json: true })
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
    while (last + 1 < this.rows.length && this.sizeOf(index, last + 1) <= bytes + 1) last += 1
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

export class OfferedLines {
  private readonly source: RecordSource
  private readonly isUsable: boolean
  private readonly head: Buffer
  private readonly pages = new Map<number, Page>()

  constructor(source: RecordSource) {
    this.source = source
    this.head = Buffer.from(`${before}tr${source.nonce}-`)
    const { pad_bytes = 0, pad_at } = source.payload ?? {}
    const isLong = Math.max(pad_bytes, pad_at?.bytes ?? 0) > limits.offeredPadBytesMax
    // The name of the case stands in every record: a token in it would be found there in full reading.
    const hasToken = !tokensIn(source.case).next().done
    this.isUsable = !isLong && !hasToken
  }

  /** The rows of a body whose every line is a record as it was offered; undefined for any other. */
  read(body: Buffer): OfferedRow[] | undefined {
    if (!this.isUsable || body.length < shortest) return undefined
    const rows: OfferedRow[] = []
    for (let at = 0; at < body.length;) {
      const length = this.match(body, at, rows)
      if (length === 0) return undefined
      at += length
    }
    return rows
  }

  /** How many bytes at `at` are lines as they were offered, which are put to `rows`; 0 where it is another line. */
  private match(body: Buffer, at: number, rows: OfferedRow[]): number {
    const left = body.length - at
    const producer = hexAt(body, at + producerAt, 4)
    const seq = hexAt(body, at + seqAt, 8)
    if (left < shortest || producer < 0 || seq < 0) return 0
    if (body.compare(this.head, 0, this.head.length, at, at + this.head.length) !== 0) return 0
    const index = seq % pageLines
    const page = this.pageOf(producer, seq - index)
    page.fill(this.source, producer, seq - index, index)
    const isAlone = page.sizeOf(index, index) >= left
    if (!isAlone) page.fill(this.source, producer, seq - index, pageLines - 1)
    // Where they are not all there one after the other, this one may be.
    const run = page.lastWithin(index, left)
    const last = page.equals(index, run, body, at) ? run : page.equals(index, index, body, at) ? index : -1
    for (let i = index; i <= last; i += 1) rows.push(page.rows[i] as OfferedRow)
    return last < 0 ? 0 : Math.min(left, page.sizeOf(index, last))
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

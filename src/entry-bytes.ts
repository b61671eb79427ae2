/**
 * Entries as bytes of NDJSON: what JSON.stringify and a line end make of them, byte for byte, in a fraction of the
 * time. Entries are small, and each request takes five; strings that are joined and encoded cost more than all else.
 */
import type { EntryBody } from './entry.ts'
import { limits } from './limits.ts'
import type { IdRange } from './record.ts'

const [zero, quote, backslash, comma, colon, lf] = [0x30, 0x22, 0x5c, 0x2c, 0x3a, 0x0a]
const [bracket, bracketEnd, brace, braceEnd] = [0x5b, 0x5d, 0x7b, 0x7d]
/** What a whole number takes at most; and a range, which is three of them with commas and brackets. */
const [numberBytes, rangeBytes] = [16, 52]
/** A large number is written in two parts. */
const [part, partDigits] = [1e9, 9]
/** Longer strings are left to the engine. */
const shortMax = 128

/** Gathers lines; its room grows where a line asks for it. */
export class EntryBytes {
  /** Bytes gathered. */
  size = 0
  private room: Buffer = made()

  add(n: number, t: number, body: EntryBody): void {
    this.byte(brace)
    this.member('n', n, true)
    this.member('t', t, false)
    this.members(body, false)
    this.byte(braceEnd)
    this.byte(lf)
  }

  /** Adds a line that is text already. */
  line(text: string): void {
    this.text(text)
    this.byte(lf)
  }

  /** What was gathered, in room that is given away; `next` takes its place. */
  take(next: Buffer = made()): Buffer {
    const lines = this.room.subarray(0, this.size)
    this.room = next
    this.size = 0
    return lines
  }

  private members(object: object, first: boolean): void {
    let isFirst = first
    for (const name in object) {
      const value: unknown = (object as Record<string, unknown>)[name]
      if (value === undefined) continue
      this.member(name, value, isFirst)
      isFirst = false
    }
  }

  private member(name: string, value: unknown, first: boolean): void {
    if (!first) this.byte(comma)
    this.string(name)
    this.byte(colon)
    if (typeof value === 'string') this.string(value)
    else if (typeof value === 'number') this.number(value)
    else if (typeof value === 'boolean') this.ascii(value ? 'true' : 'false')
    else if (name === 'ids' && Array.isArray(value)) this.ranges(value as readonly IdRange[])
    else if (name === 'site' && typeof value === 'object' && value !== null) {
      this.byte(brace)
      this.members(value, true)
      this.byte(braceEnd)
    } else this.text(JSON.stringify(value))
  }

  private ranges(ids: readonly IdRange[]): void {
    this.byte(bracket)
    for (let i = 0; i < ids.length; i += 1) {
      const range = ids[i] as IdRange
      this.reserve(rangeBytes)
      if (i > 0) this.byte(comma)
      this.byte(bracket)
      this.number(range[0])
      this.byte(comma)
      this.number(range[1])
      this.byte(comma)
      this.number(range[2])
      this.byte(bracketEnd)
    }
    this.byte(bracketEnd)
  }

  /** Character by character, unless there is one that JSON escapes or UTF-8 takes several bytes for. */
  private string(value: string): void {
    const { length } = value
    if (length > shortMax) return this.text(JSON.stringify(value))
    this.reserve(length + 2)
    const { room } = this
    let at = this.size
    room[at++] = quote
    for (let i = 0; i < length; i += 1) {
      const code = value.charCodeAt(i)
      if (code < 0x20 || code > 0x7e || code === quote || code === backslash)
        return this.text(JSON.stringify(value))
      room[at++] = code
    }
    room[at++] = quote
    this.size = at
  }

  private ascii(text: string): void {
    this.reserve(text.length)
    for (let i = 0; i < text.length; i += 1) this.room[this.size++] = text.charCodeAt(i)
  }

  private number(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) return this.text(JSON.stringify(value))
    this.reserve(numberBytes)
    if (value < part) return this.digits(value, 0)
    const high = Math.floor(value / part)
    this.digits(high, 0)
    this.digits(value - high * part, partDigits)
  }

  /** Of a number below 10^9, in as many digits as it takes, or in `width` with zeros before it. */
  private digits(value: number, width: number): void {
    let count = width
    if (count === 0) for (let rest = value | 0; rest > 0 || count === 0; count += 1) rest = (rest / 10) | 0
    const { room, size } = this
    let rest = value | 0
    for (let at = size + count - 1; at >= size; at -= 1) {
      const tens = (rest / 10) | 0
      room[at] = zero + rest - tens * 10
      rest = tens
    }
    this.size = size + count
  }

  private text(text: string): void {
    this.reserve(3 * text.length) // what UTF-8 takes at most
    this.size += this.room.write(text, this.size)
  }

  private byte(code: number): void {
    this.reserve(1)
    this.room[this.size++] = code
  }

  private reserve(bytes: number): void {
    if (this.size + bytes <= this.room.length) return
    const larger = Buffer.allocUnsafe(2 * (this.size + bytes))
    this.room.copy(larger, 0, 0, this.size)
    this.room = larger
  }
}

function made(): Buffer {
  return Buffer.allocUnsafe(2 * limits.sinkGatheredBytesMax)
}

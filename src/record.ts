/**
 * Records: one unit of user data, its name on the wire, and sets of them as ranges.
 *
 * A record is a function of (seed, case, producer, sequence), so the far side can tell what was offered without
 * being told. Its token, `tr7f3a91c0-000a-0000002a`, is nonce, producer and sequence in hexadecimal; any
 * envelope works, because tokens are found by scanning.
 */
import { digest, hex } from './random.ts'

export type Json = null | boolean | number | string | Json[] | { [member: string]: Json }
export type JsonObject = { [member: string]: Json }

/** Producer (16 bits) and sequence (32 bits). */
export type RecordId = readonly [producer: number, seq: number]

/** Inclusive at both ends. */
export type IdRange = readonly [producer: number, from: number, to: number]

/** What records hold beyond the ordinary; nothing when empty. */
export interface Payload {
  /** Characters that may be mistaken for a line end, or that are no ASCII, in members of their own. */
  readonly text?: 'newlines' | 'unicode'
  /** Length of a member of filling, in every record, or in the record of one sequence. */
  readonly pad_bytes?: number
  readonly pad_at?: { readonly seq: number; readonly bytes: number }
  /** Records of this sequence and later have members that the earlier ones lack. */
  readonly drift_from?: number
}

export interface RecordSource {
  readonly seed: string
  /** The case the records belong to; with the seed it makes the nonce. */
  readonly case: string
  /** 8 hexadecimal digits. */
  readonly nonce: string
  readonly payload?: Payload
}

export function recordSource(seed: string, caseId: string, payload?: Payload): RecordSource {
  const nonce = hex(8, seed, 'nonce', caseId)
  return { seed, case: caseId, nonce, ...(payload ? { payload } : {}) }
}

export function tokenOf(nonce: string, [producer, seq]: RecordId): string {
  return `tr${nonce}-${producer.toString(16).padStart(4, '0')}-${seq.toString(16).padStart(8, '0')}`
}

const token = /tr([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{8})/g

export interface FoundToken {
  nonce: string
  id: RecordId
  /** Index of its first character. */
  index: number
}

/** Every token in `text`, in order, of this run or not. */
export function* tokensIn(text: string): Generator<FoundToken> {
  for (const match of text.matchAll(token)) {
    const [, nonce, producer, seq] = match as unknown as [string, string, string, string]
    yield { nonce, id: [parseInt(producer, 16), parseInt(seq, 16)], index: match.index }
  }
}

const epochMs = Date.UTC(2026, 0, 1)
const cities = ['Zürich', 'København', '東京', 'São Paulo', 'Reykjavík', 'Łódź', 'Athens', 'Nairobi'] as const

/** The record itself. `id` first; `at` is 2026-01-01T00:00:00Z plus `seq` milliseconds. */
export function recordAt(source: RecordSource, [producer, seq]: RecordId): JsonObject {
  const drawn = digest(source.nonce, 'record', producer, seq) // one for all members: bodies are compared by the 100,000
  return {
    id: tokenOf(source.nonce, [producer, seq]),
    seq,
    at: new Date(epochMs + seq).toISOString(),
    city: cities[drawn.readUInt8(0) % cities.length] as string,
    reading: drawn.readUInt16BE(1) / 100,
    note: `reading ${seq} of "${source.case}"`,
    ...(source.payload ? extras(source.payload, seq) : {}),
  }
}

/** U+2028 and U+0085 end a line for some readers (node:readline, Python's splitlines), never for JSON. */
const newlines = {
  lines: 'one\ntwo\r\nthree\u2028four\u0085five\u000bsix',
  quoted: '"\\n" and \\ and "',
} as const
/** Four bytes, a combining mark, and a pair of surrogates that a sender may write as \\ud83e\\udded. */
const unicode = { beyond: '𝄞 🧭 👩🏽‍🚀', combining: 'e\u0301 n\u0303', wide: '豆腐 €' } as const

function extras({ text, pad_bytes, pad_at, drift_from }: Payload, seq: number): JsonObject {
  const bytes = pad_at?.seq === seq ? pad_at.bytes : pad_bytes
  return {
    ...(text === 'newlines' ? newlines : {}),
    ...(text === 'unicode' ? unicode : {}),
    ...(drift_from !== undefined && seq >= drift_from
      ? { added: `since ${drift_from}`, nested: { level: seq, list: [seq, null, true] } }
      : {}),
    ...(bytes === undefined ? {} : { pad: 'x'.repeat(bytes) }),
  }
}

/** `0.42`, or `0.40–0.45` for a range: how ids are shown to people. */
export function shownRange([producer, from, to]: IdRange): string {
  return from === to ? `${producer}.${from}` : `${producer}.${from}–${producer}.${to}`
}

/**
 * Ids as runs of consecutive sequences, in the order given. A multiset: a repeated id begins a second range.
 */
export function rangesOf(ids: Iterable<RecordId>): IdRange[] {
  const ranges: [number, number, number][] = []
  let last: [number, number, number] | undefined
  for (const id of ids) {
    // No destructuring: that of arrays goes through iterators, and bodies have thousands of ids.
    const producer = id[0]
    const seq = id[1]
    if (last && last[0] === producer && last[2] + 1 === seq) last[2] = seq
    else ranges.push((last = [producer, seq, seq]))
  }
  return ranges
}

export function* idsIn(ranges: Iterable<IdRange>): Generator<RecordId> {
  for (const [producer, from, to] of ranges) {
    for (let seq = from; seq <= to; seq += 1) yield [producer, seq]
  }
}

/** How many ids, repeated ones counted each time. */
export function countIds(ranges: Iterable<IdRange>): number {
  let count = 0
  for (const [, from, to] of ranges) count += to - from + 1
  return count
}

export function compareIds(a: RecordId, b: RecordId): number {
  return a[0] - b[0] || a[1] - b[1]
}

/** The lowest id, undefined when there is none. */
export function lowestId(ranges: Iterable<IdRange>): RecordId | undefined {
  let lowest: RecordId | undefined
  for (const [producer, from] of ranges) {
    if (!lowest || compareIds([producer, from], lowest) < 0) lowest = [producer, from]
  }
  return lowest
}

export function includesId(ranges: Iterable<IdRange>, [producer, seq]: RecordId): boolean {
  for (const [p, from, to] of ranges) if (p === producer && from <= seq && seq <= to) return true
  return false
}

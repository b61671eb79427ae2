/**
 * Finds the records of a run in a body, whatever envelope they stand in: NDJSON, one JSON document, a form, or
 * bytes of any other kind. Never throws; linear in the length of the body.
 */
import { isUtf8 } from 'node:buffer'
import type { RecordId, RecordSource } from '../record.ts'
import { bodyForm, isFormLine } from './body-form.ts'
import type { BodyForm } from './body-form.ts'
import { isContainer, piecesOf } from './json-text.ts'
import type { Piece } from './json-text.ts'
import { OfferedLines } from './offered-lines.ts'
import { Sightings } from './sightings.ts'
import type { Tokens } from './sightings.ts'

export interface Row {
  /** The records it brings; one that stands in several rows belongs to those that hold it whole. */
  readonly ids: readonly RecordId[]
  readonly json: boolean
}

/** The same object again only for the same bytes. */
export interface BodyRecords {
  /** In order, a record as often as it is there. */
  readonly ids: readonly RecordId[]
  /** Records of which no copy is whole, with the JSON pointer of the first member that differs. */
  readonly damaged: readonly { readonly id: RecordId; readonly at: string }[]
  /** Rows of a JSON body without a token of this run, and tokens of another run. */
  readonly foreign: number
  /** Lines of NDJSON, elements of an array, or the body as a whole. */
  readonly rows: readonly Row[]
  readonly utf8: boolean
  /** How it is written; absent when it is empty. */
  readonly form?: BodyForm
}

export function readBody(body: Uint8Array, source: RecordSource): BodyRecords {
  return linesOf(source).read(asBuffer(body)) ?? readFully(body, source)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

const lines = new WeakMap<RecordSource, OfferedLines>()

function linesOf(source: RecordSource): OfferedLines {
  const known = lines.get(source)
  if (known) return known
  const made = new OfferedLines(source)
  lines.set(source, made)
  return made
}

/** The same for any body, by parsing it. */
export function readFully(body: Uint8Array, source: RecordSource): BodyRecords {
  const text = textOf(body)
  const pieces = piecesOf(text)
  const json = pieces.some(({ value }) => isContainer(value))
  const form = json ? undefined : formOf(text)
  const parts = rowsOf(pieces)
  const sightings = new Sightings(source)
  let foreign = 0
  parts.forEach((part, row) => {
    const tokens = form ? sightings.addForm(form, row) : look(sightings, part, row, json)
    foreign += json && tokens.own === 0 ? Math.max(tokens.foreign, 1) : tokens.foreign
  })
  const { ids, damaged, rows } = sightings.result(parts.length)
  const writtenAs = bodyForm(text, pieces)
  return {
    ids,
    damaged,
    foreign,
    rows: parts.map(({ value }, row) => ({ ids: rows[row] ?? [], json: value !== undefined })),
    utf8: isUtf8(body),
    ...(writtenAs === undefined ? {} : { form: writtenAs }),
  }
}

/** Without the byte order mark that some senders put first (RFC 8259 §8.1 lets a parser ignore it). */
function textOf(body: Uint8Array): string {
  const text = asBuffer(body).toString()
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}

/** An array that is the whole body brings its elements as rows. */
function rowsOf(pieces: Piece[]): Piece[] {
  const [only] = pieces
  if (pieces.length !== 1 || !Array.isArray(only?.value)) return pieces
  return only.value.map((value) => ({ text: '', value }))
}

/** A scalar by itself makes no JSON body: `"a"` may as well be a line of CSV. */
function look(sightings: Sightings, { text, value }: Piece, row: number, json: boolean): Tokens {
  return json && value !== undefined ? sightings.addJson(value, row) : sightings.addText(text, row)
}

function formOf(text: string): URLSearchParams | undefined {
  const line = text.trim()
  return isFormLine(line) ? new URLSearchParams(line) : undefined
}

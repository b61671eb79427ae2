/** The rows of a body for a data source that has columns: lines of NDJSON, or one JSON document; pure. */
import { rangesOf, tokensIn, tokenOf } from '../../src/record.ts'
import type { IdRange, Json, JsonObject, RecordId, RecordSource } from '../../src/record.ts'
import { piecesOf } from '../../src/wire/json-text.ts'

export interface TypedRow {
  /** From 1; of a document, which element. */
  readonly line: number
  readonly text: string
  /** Absent where the text is no JSON object. */
  readonly value?: JsonObject
}

/** A row as it is shown to people: its first 80 characters. */
export function cut(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

export type RowFormat = 'ndjson' | 'json'

/** A document brings one row, or one for each element of an array. Undefined where the text is not one document. */
export function readRows(body: Buffer, format: RowFormat): TypedRow[] | undefined {
  const text = body.toString().replace(/^\uFEFF/, '')
  if (format === 'ndjson') {
    return text.split('\n').flatMap((line, index) => {
      const shown = line.replace(/\r$/, '')
      return shown.trim() === '' ? [] : [row(index + 1, shown, piecesOf(shown)[0]?.value)]
    })
  }
  const [piece, ...more] = piecesOf(text)
  if (piece?.value === undefined || more.length > 0) return undefined
  const values = Array.isArray(piece.value) ? piece.value : [piece.value]
  return values.map((value, index) => row(index + 1, JSON.stringify(value), value))
}

function row(line: number, text: string, value: Json | undefined): TypedRow {
  const object = typeof value === 'object' && value !== null && !Array.isArray(value)
  return { line, text, ...(object ? { value } : {}) }
}

/** The records that these rows bring, each row's each once. */
export function recordsIn(rows: readonly TypedRow[], { nonce }: RecordSource): IdRange[] {
  return rangesOf(rows.flatMap(({ text }) => ownIds(text, nonce)))
}

function ownIds(text: string, nonce: string): RecordId[] {
  const found = new Map<string, RecordId>()
  for (const token of tokensIn(text)) if (token.nonce === nonce) found.set(tokenOf(nonce, token.id), token.id)
  return [...found.values()]
}

/** How a body is written: a protocol that asks for NDJSON must be able to tell it from what else is JSON. */
import type { Piece } from './json-text.ts'

export type BodyForm = 'ndjson' | 'json' | 'array' | 'form' | 'other'

/**
 * `ndjson`: each line that is not blank is a JSON object, one line alone too; `json`: one document over several
 * lines, or a scalar; `array`; `form`, urlencoded (WHATWG URL §5.1); else `other`. Undefined when there is nothing.
 */
export function bodyForm(text: string, pieces: readonly Piece[]): BodyForm | undefined {
  if (text === '') return undefined
  const [only] = pieces
  const line = text.trim()
  if (pieces.length === 1 && only?.value !== undefined) {
    if (Array.isArray(only.value)) return 'array'
    return isObject(only) && !line.includes('\n') ? 'ndjson' : 'json'
  }
  if (pieces.length > 0 && pieces.every(isObject)) return 'ndjson'
  return isFormLine(line) ? 'form' : 'other'
}

/** A form is one line that begins with a name and `=`. */
export function isFormLine(line: string): boolean {
  return /^[\w.*+%[\]-]+=/.test(line) && !line.includes('\n')
}

function isObject({ value }: Piece): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

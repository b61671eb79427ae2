/** Text that is JSON: one document, or one on each line. */
import { limits } from '../limits.ts'
import type { Json, JsonObject } from '../record.ts'

/** A piece of text, and its value where it is JSON. */
export interface Piece {
  readonly text: string
  readonly value?: Json
}

/** The text as one JSON document where it is one, else its lines, ended by LF or CRLF; blank ones are nothing. */
export function piecesOf(text: string): Piece[] {
  const value = jsonOf(text)
  if (value !== undefined) return [{ text, value }]
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines.length === 1 ? [{ text }] : lines.map(pieceOf)
}

function pieceOf(line: string): Piece {
  const value = jsonOf(line)
  return value === undefined ? { text: line } : { text: line, value }
}

export function isContainer(value: Json | undefined): value is Json[] | JsonObject {
  return typeof value === 'object' && value !== null
}

const ends: Readonly<Record<string, string>> = { '{': '}', '[': ']', '"': '"' }

/** Most text that is no JSON shows it at its ends; a parse that fails costs a stack trace. */
function mayBeJson(text: string): boolean {
  const trimmed = text.trim()
  const end = ends[trimmed.charAt(0)]
  return end === undefined ? /^(-?\d|true$|false$|null$)/.test(trimmed) : trimmed.endsWith(end)
}

/** Undefined when `text` is no JSON, or nested deeper than is searched. */
function jsonOf(text: string): Json | undefined {
  if (!mayBeJson(text) || isDeep(text)) return undefined
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

const [quote, escape] = [0x22, 0x5c]
const [bracket, bracketEnd, brace, braceEnd] = [0x5b, 0x5d, 0x7b, 0x7d]

/** Whether JSON text is nested deeper than the limit. Asked before it is parsed: millions of brackets take seconds. */
function isDeep(text: string): boolean {
  let depth = 0
  let quoted = false
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (quoted) {
      if (code === escape) at += 1
      else if (code === quote) quoted = false
    } else if (code === quote) quoted = true
    else if (code === bracket || code === brace) {
      depth += 1
      if (depth > limits.jsonDepthMax) return true
    } else if (code === bracketEnd || code === braceEnd) depth -= 1
  }
  return false
}

/** The head of an answer, byte for byte: node adds nothing of its own to what stands here. */
import { STATUS_CODES } from 'node:http'
import type { Framing, Header } from '../../src/exchange.ts'
import { headerValue } from '../../src/exchange.ts'

export function reasonOf(status: number): string {
  return STATUS_CODES[status] ?? 'Unknown'
}

export function headBytes(status: number, fields: readonly Header[]): Buffer {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`HTTP/1.1 ${status} ${reasonOf(status)}\r\n${lines.join('')}\r\n`, 'latin1')
}

/** IMF-fixdate (RFC 9110 §5.6.7). */
export function httpDate(wallMs: number): string {
  const second = Math.floor(wallMs / 1000)
  if (second !== dated.second) dated = { second, text: new Date(second * 1000).toUTCString() }
  return dated.text
}

/** The date of the last answer is mostly that of the next. */
let dated = { second: NaN, text: '' }

/** Whether an answer with this status can have content (RFC 9110 §6.4.1). */
export function bodied(status: number): boolean {
  return status !== 204 && status !== 304
}

export interface Ending {
  readonly framing: Framing
  readonly closes: boolean
  readonly wallMs: number
}

/** The caller's fields, followed by those that date and frame the answer and that the caller did not give. */
export function answerFields(status: number, headers: readonly Header[], ending: Ending): Header[] {
  const { framing, closes, wallMs } = ending
  const own: Header[] = [['Date', httpDate(wallMs)]]
  if (closes) own.push(['Connection', 'close'])
  if (bodied(status) && framing === 'chunked') own.push(['Transfer-Encoding', 'chunked'])
  if (bodied(status) && typeof framing === 'object') own.push(['Content-Length', String(framing.length)])
  return [...headers, ...own.filter(([name]) => headerValue(headers, name) === undefined)]
}

export function saysClose(headers: readonly Header[]): boolean {
  return headers.some(([name, value]) => name.toLowerCase() === 'connection' && /\bclose\b/i.test(value))
}

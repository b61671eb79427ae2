/**
 * The lines protocol: one JSON object a line, told apart by `t`. What the harness writes is ASCII; what a client
 * prints is read with patience: a line that is no such object is its log, unknown `t` and members are passed over.
 */
import type { Drive, Hello } from '../driver.ts'
import { shown } from '../errors.ts'
import { limits } from '../limits.ts'
import type { Schema } from '../parameters.ts'
import { idsIn, recordAt } from '../record.ts'
import type { IdRange, Json, RecordSource } from '../record.ts'
import { problemsOf } from '../schema.ts'
import { lineSplitter } from './byte-lines.ts'
import type { ByteLine } from './byte-lines.ts'

export const protocolVersion = 1

/** For the client to plan its end by; the budget of the case is what holds it to one. */
const stopDeadlineMs = 5_000

/** A record by its token, as it was sent, or the first and the last of a range. */
export type Named = string | readonly [first: string, last: string]

/** A client's message as it was read. */
export type Message =
  | { readonly t: 'hello'; readonly v: unknown; readonly hello: Hello }
  | { readonly t: 'ack'; readonly names: readonly Named[] }
  | { readonly t: 'drop'; readonly names: readonly Named[]; readonly why: string }
  | { readonly t: 'error'; readonly why: string }
  | { readonly t: 'done' }
  /** Handed to the application; bytes that are no text as `base64:…`. */
  | { readonly t: 'msg'; readonly raw: string }
  | { readonly t: 'gap'; readonly raw: string }

/** One line of a client's output, where it is more than its log. `quote`: the line, cut for people. */
export type Heard =
  { readonly message: Message; readonly quote: string } | { readonly wrong: string; readonly quote: string }

export interface MessageReader {
  push(chunk: Buffer): Heard[]
  /** At the end of the output: a last line needs no line end. */
  rest(): Heard[]
}

export function messageReader(): MessageReader {
  const lines = lineSplitter(limits.lineBytesMax, limits.quotedBytes)
  return {
    push: (chunk) => lines.push(chunk).flatMap(read),
    rest: () => lines.rest().flatMap(read),
  }
}

const text: Schema = { type: 'string' }
const texts: Schema = { type: 'array', items: text }
const range: Schema = { type: 'array', items: text, minItems: 2, maxItems: 2 }
const names = {
  properties: {
    id: text,
    ids: { type: 'array', items: { anyOf: [text, range] } },
    ranges: { type: 'array', items: range },
    why: text,
  },
  anyOf: [{ required: ['id'] }, { required: ['ids'] }, { required: ['ranges'] }],
}

/** What each message must hold; any other `t` is for somebody else. */
const schemas: ReadonlyMap<string, Schema> = new Map<string, Schema>([
  ['hello', { properties: { client: text, version: text, can: texts, knobs: texts } }],
  ['ack', names],
  ['drop', names],
  ['error', { properties: { fatal: { type: 'boolean' }, why: text } }],
  ['done', {}],
  ['msg', { properties: { data: text, b64: text }, anyOf: [{ required: ['data'] }, { required: ['b64'] }] }],
  ['gap', { properties: { from: text, to: text } }],
])

const utf8 = new TextDecoder('utf-8', { fatal: true })
const [brace, space, tab] = [0x7b, 0x20, 0x09]

function read(line: ByteLine): Heard[] {
  const wrong = (what: string): Heard[] => [{ wrong: what, quote: quoted(line) }]
  if (line.length > limits.lineBytesMax) return wrong(`a line of ${line.length} bytes, which was dropped`)
  if (!opensObject(line.bytes)) return []
  let whole: string
  try {
    whole = utf8.decode(line.bytes)
  } catch {
    return wrong('a line that is no UTF-8')
  }
  let value: unknown
  try {
    value = JSON.parse(whole)
  } catch {
    return wrong('a line that is no JSON')
  }
  const { t } = value as { t?: unknown }
  const schema = typeof t === 'string' ? schemas.get(t) : undefined
  if (!schema) return []
  const [problem] = problemsOf(schema, value)
  if (problem) {
    return wrong(`${shown(t)} with ${problem.got} at ${problem.at}, where ${problem.expected} was expected`)
  }
  return [{ message: understood(value as Raw), quote: quoted(line) }]
}

/** Whether the first byte that is no blank is `{`; a byte order mark before it is passed over (RFC 8259 §8.1). */
function opensObject(bytes: Buffer): boolean {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  while (bytes[at] === space || bytes[at] === tab) at += 1
  return bytes[at] === brace
}

function quoted({ bytes }: ByteLine): string {
  return shown(bytes.subarray(0, limits.quotedBytes).toString())
}

/** A message that fits its schema. */
interface Raw {
  readonly t: Message['t']
  readonly v?: unknown
  readonly client?: string
  readonly version?: string
  readonly can?: readonly string[]
  readonly knobs?: readonly string[]
  readonly id?: string
  readonly ids?: readonly Named[]
  readonly ranges?: readonly Named[]
  readonly why?: string
  readonly data?: string
  readonly b64?: string
  readonly from?: string
  readonly to?: string
}

function understood(raw: Raw): Message {
  const { t, v, client, version, can = [], knobs = [] } = raw
  switch (t) {
    case 'hello': {
      const names = {
        ...(client === undefined ? {} : { client }),
        ...(version === undefined ? {} : { version }),
      }
      return { t, v, hello: { ...names, can, knobs } }
    }
    case 'ack':
      return { t, names: namesOf(raw) }
    case 'drop':
      return { t, names: namesOf(raw), why: raw.why ?? '' }
    case 'error':
      return { t, why: raw.why ?? '' }
    case 'done':
      return { t }
    case 'msg':
      return { t, raw: raw.data ?? `base64:${raw.b64}` }
    case 'gap':
      return { t, raw: JSON.stringify({ from: raw.from, to: raw.to }) }
  }
}

function namesOf({ id, ids = [], ranges = [] }: Raw): Named[] {
  return [...(id === undefined ? [] : [id]), ...ids, ...ranges]
}

/** Begins a case: what the environment says on the pipe rung, under the same names in lower case. */
export function startLine({ env }: Drive): string {
  return lineOf({
    t: 'start',
    v: protocolVersion,
    case: env['TAILRACE_CASE'] ?? '',
    mode: env['TAILRACE_MODE'] ?? '',
    url: env['TAILRACE_URL'] ?? '',
    base: env['TAILRACE_BASE'] ?? '',
    token: env['TAILRACE_TOKEN'] ?? '',
    seed: env['TAILRACE_SEED'] ?? '',
    dir: env['TAILRACE_DIR'] ?? '',
    config: JSON.parse(env['TAILRACE_CONFIG'] ?? '{}') as Json,
  })
}

export function* sendLines(ids: readonly IdRange[], source: RecordSource): Generator<string> {
  for (const id of idsIn(ids)) {
    const data = recordAt(source, id)
    yield lineOf({ t: 'send', id: data['id'] as string, seq: data['seq'] as number, data })
  }
}

export const flushLine: string = lineOf({ t: 'flush' })
export const stopLine: string = lineOf({ t: 'stop', deadline_ms: stopDeadlineMs })

/** ASCII: a runtime whose pipes have another encoding reads it all the same. */
function lineOf(message: Json): string {
  const ascii = JSON.stringify(message).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `${ascii}\n`
}

/** `docs/faults.observed.json`: what was seen, by whom, and with which versions. */
import type { Seen } from './asking.ts'
import type { LayerName } from './catalogue.ts'

export interface Observation extends Seen {
  /** Where several requests were sent at once: how many were answered whole; the rest says what the first other met. */
  readonly answered?: number
  /** Requests that the server saw, those before the observed ones not counted. */
  readonly attempts: number
  /** More of them than were asked for. */
  readonly retried?: true
  /** What the server says it did; `misfire: why` where that is not what was planned. */
  readonly fault: string
}

/** The fault cannot strike this client; why. */
export interface NotApplicable {
  readonly notApplicable: string
}

export interface Row {
  readonly fault: string
  readonly layer: LayerName
  readonly on: string
  readonly taken?: boolean
  /** Whose answer the fault leaves; `doubtful`: a client is held neither to take it nor to refuse it. */
  readonly answer: 'own' | 'protocol' | 'none' | 'doubtful'
  readonly parameters: Readonly<Record<string, unknown>>
  /** Of the client: requests at once, bytes of a request, what came before, what it asks. */
  readonly client?: Readonly<Record<string, unknown>>
  /** By client. */
  readonly seen: Readonly<Record<string, Observation | NotApplicable>>
}

export interface ObservedDocument {
  readonly schema: 1
  readonly versions: Readonly<Record<string, string>>
  /** Milliseconds, and bytes of an answer in normal service. */
  readonly conditions: {
    readonly timeout_ms: number
    /** When the wait ended for clients without timers, and for those with. */
    readonly bound_ms: number
    readonly timed_bound_ms: number
    readonly answer_bytes: number
  }
  /** Faults that the wire does not show, and why. */
  readonly unseen: Readonly<Record<string, string>>
  readonly rows: readonly Row[]
}

export const jsonPath = 'docs/faults.observed.json'
export const pagePath = 'docs/faults.observed.md'

const columnsMax = 110

/** JSON in which an object that fits is one line. */
export function documentText(document: ObservedDocument): string {
  return `${laidOut(document, 0)}\n`
}

function laidOut(value: unknown, depth: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const line = oneLine(value)
  if (line.length + 2 * depth + keyRoom <= columnsMax) return line
  const [pad, end] = ['  '.repeat(depth + 1), '  '.repeat(depth)]
  const members = Array.isArray(value)
    ? value.map((each) => pad + laidOut(each, depth + 1))
    : Object.entries(value).map(([key, each]) => `${pad}${JSON.stringify(key)}: ${laidOut(each, depth + 1)}`)
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  return `${open}\n${members.join(',\n')}\n${end}${close}`
}

/** For the key before it. */
const keyRoom = 30

function oneLine(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`
  const members = Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}: ${oneLine(each)}`)
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
}

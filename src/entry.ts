/**
 * The ledger's one language: what each part saw, one line each. Additive only.
 *
 * `n` counts from 0 without a gap and orders writing; `t` is nanoseconds since the run began on the harness's
 * monotonic clock and orders facts. Folds join by `req` and compare `t`, never `n`. `vt` is the run's own clock
 * where it differs. Ids are inclusive ranges; as a multiset, a repeated id begins a second range.
 */
import type { Percentiles } from './clock.ts'
import type { Ack, Protocol } from './exchange.ts'
import type { IdRange, Json, RecordId } from './record.ts'
import type { Profile } from './profile.ts'
import type { CheckCall } from './scenario.ts'
import type { Level, Mode } from './verdict.ts'
import type { Schema } from './parameters.ts'

export const phases = ['start', 'drive', 'heal', 'settle', 'check', 'stop'] as const
export type PhaseName = (typeof phases)[number]

/** Which request it was, by content: the lowest record id of its body, and how often that has been seen. */
export interface Site {
  readonly lane: 'ingest' | 'stream' | 'export' | 'control'
  /** `0.42`: producer and sequence of the lowest id; absent where the body holds no record. */
  readonly logical?: string
  /** From 1. */
  readonly attempt: number
}

export type EntryBody =
  | {
      /** First entry; `check` needs nothing else. */
      kind: 'run'
      case: string
      title: string
      mode: Mode
      level: Level
      source: string
      suite: number
      seed: string
      protocol: string
      rung: string
      profile: Profile
      /** Knobs that the client honours. */
      knobs: readonly string[]
      /** What the client was asked to be like, by the wish's name. */
      config?: Readonly<Record<string, Json>>
      can: readonly string[]
      /** The case is judged where the client spoke HTTP/2. */
      http2?: true
      checks: readonly CheckCall[]
      plan: unknown
      tool: string
      schema: 1
    }
  | { kind: 'phase'; name: PhaseName }
  | {
      /** `client`: which of the clients of the case, from 0; absent where there is one. */
      kind: 'offer'
      ids: readonly IdRange[]
      client?: number
      /** To a client of ours that serves as a measure. */
      control?: true
    }
  | {
      /** What the harness did to the client. */
      kind: 'act'
      what: 'eof' | 'flush' | 'stop' | 'pause' | 'signal'
      client?: number
      ms?: number
      raw?: string
    }
  | {
      /** The client's word. An exit has `code`, a signal its name in `raw` and who sent it. */
      kind: 'claim'
      what:
        | 'ack'
        | 'drop'
        | 'message'
        | 'gap'
        | 'error'
        | 'token'
        | 'usage'
        | 'alert'
        | 'done'
        | 'exit'
        | 'signal'
      ids?: readonly IdRange[]
      raw?: string
      code?: number
      by?: 'client' | 'harness'
      client?: number
    }
  | { kind: 'open'; conn: number; proto: Protocol }
  | {
      kind: 'close'
      conn: number
      by: 'client' | 'server'
      how: 'fin' | 'rst' | 'goaway' | 'timeout'
      /** Why no connection came of the TLS handshake, in the words of OpenSSL. */
      handshake?: string
    }
  | {
      /** A frame of HTTP/2, on request. `type` is its name, or its number where it has none. */
      kind: 'frame'
      conn: number
      dir: 'in' | 'out'
      type: string
      stream: number
      /** Bytes of its payload. */
      bytes: number
      ack?: true
      /** It ends its stream. */
      end?: true
      /** Error code of RST_STREAM and GOAWAY. */
      code?: number
      /** Last stream of GOAWAY. */
      last?: number
      /** Of SETTINGS. */
      settings?: Readonly<Record<string, number>>
    }
  | {
      /** `t`: head parsed; entered when the body is whole or cut. */
      kind: 'request'
      req: number
      conn: number
      stream?: number
      site: Site
      method: string
      path: string
      ids: readonly IdRange[]
      /** Ids whose members differ from what was offered, with the pointer to the first that does. */
      damaged?: readonly { id: RecordId; at: string }[]
      /** Objects, or tokens, that are not of this run: how many. */
      foreign?: number
      /** Body bytes as received. */
      bytes: number
      complete: boolean
      key?: string
      auth?: boolean
      /** SHA-256 of the body, 16 hexadecimal digits; absent when the body is empty or cut. */
      sha?: string
      /** First 8 digits of the SHA-256 of what it authenticates by: tells credentials apart without keeping them. */
      credential?: string
      /** Sent to another origin than ours, as its Host says. */
      elsewhere?: true
      /** How the decoded body is written; absent when it is empty. */
      form?: 'ndjson' | 'json' | 'array' | 'form' | 'other'
      /** The decoded body is no UTF-8. */
      utf8?: false
      /** Content codings of the body. */
      coding?: string
      /** Sent on a connection that the server had said it would close. */
      afterClose?: true
      /** Why the bytes were no request. */
      malformed?: string
    }
  | {
      /** A misfire has planned ≠ emitted. */
      kind: 'fault'
      rule: string
      req?: number
      conn?: number
      message?: number
      /** Another order of arrival could have decided otherwise. */
      orderDependent?: true
      /** What the rule counted by, the value of a header as a digest; and its count, from 1. */
      key?: string
      count?: number
      /** The place by a name that another run gives the same place (`plan/trace.ts`). */
      spot?: string
      /** Of the plan, where that has been edited. */
      generation?: number
      planned: Struck
      emitted: Struck
    }
  | { kind: 'take'; req: number; ids: readonly IdRange[] }
  | { kind: 'discard'; ids: readonly IdRange[]; why: 'quarantine' | 'injected' | 'overflow'; req?: number }
  | {
      /** `t` is read before the first write. */
      kind: 'respond'
      req: number
      status: number
      ack: Ack
      retryAfterMs?: number
    }
  | { kind: 'sent'; req: number; written: 'none' | 'partial' | 'full' }
  | { kind: 'flush'; block: number; partition?: string; ids: readonly IdRange[]; error?: string }
  | { kind: 'land'; block: number; partition?: string; ids: readonly IdRange[]; error?: string }
  | { kind: 'stall'; who: 'client' | 'server' | 'stdin'; ms: number; client?: number }
  | ({ kind: 'lateness' } & Percentiles)

/** What a fault was to do, or did: flat, so that the two can be compared member by member. */
export interface Struck {
  readonly type: string
  readonly point: string
  readonly taken?: boolean
  readonly [argument: string]: unknown
}

export type Entry = EntryBody & { readonly n: number; readonly t: number; readonly vt?: number }
export type EntryKind = Entry['kind']
export type EntryOf<K extends EntryKind> = Extract<Entry, { kind: K }>

const count: Schema = { type: 'integer', minimum: 0 }
const text: Schema = { type: 'string' }
const ids: Schema = {
  type: 'array',
  items: { type: 'array', items: count, minItems: 3, maxItems: 3 },
}
const oneOf = (...values: string[]): Schema => ({ enum: values })
const struck: Schema = {
  type: 'object',
  properties: { type: text, point: text, taken: { type: 'boolean' } },
  required: ['type', 'point'],
}
const site: Schema = {
  type: 'object',
  properties: { lane: oneOf('ingest', 'stream', 'export', 'control'), logical: text, attempt: count },
  required: ['lane', 'attempt'],
}

/** For each kind its members; a trailing `?` marks one that may be absent. */
const members: Record<EntryKind, Record<string, Schema>> = {
  run: {
    case: text,
    title: text,
    mode: oneOf('ingest', 'stream', 'export'),
    level: oneOf('MUST', 'SHOULD', 'MAY'),
    source: text,
    suite: count,
    seed: text,
    protocol: text,
    rung: text,
    profile: { type: 'object' },
    knobs: { type: 'array', items: text },
    'config?': { type: 'object' },
    can: { type: 'array', items: text },
    'http2?': { const: true },
    checks: { type: 'array', items: { type: 'object', properties: { id: text }, required: ['id'] } },
    plan: {},
    tool: text,
    schema: { const: 1 },
  },
  phase: { name: { enum: phases } },
  offer: { ids, 'client?': count, 'control?': { const: true } },
  act: {
    what: oneOf('eof', 'flush', 'stop', 'pause', 'signal'),
    'client?': count,
    'ms?': { type: 'number', minimum: 0 },
    'raw?': text,
  },
  claim: {
    what: oneOf(
      ...['ack', 'drop', 'message', 'gap', 'error', 'token', 'usage', 'alert', 'done', 'exit', 'signal'],
    ),
    'ids?': ids,
    'raw?': text,
    'code?': { type: 'integer' },
    'by?': oneOf('client', 'harness'),
    'client?': count,
  },
  open: { conn: count, proto: oneOf('h1', 'h2c', 'h2', 'tls') },
  close: {
    conn: count,
    by: oneOf('client', 'server'),
    how: oneOf('fin', 'rst', 'goaway', 'timeout'),
    'handshake?': text,
  },
  frame: {
    conn: count,
    dir: oneOf('in', 'out'),
    type: text,
    stream: count,
    bytes: count,
    'ack?': { const: true },
    'end?': { const: true },
    'code?': count,
    'last?': count,
    'settings?': { type: 'object' },
  },
  request: {
    req: count,
    conn: count,
    'stream?': count,
    site,
    method: text,
    path: text,
    ids,
    'damaged?': { type: 'array', items: { type: 'object', required: ['id', 'at'] } },
    'foreign?': count,
    bytes: count,
    complete: { type: 'boolean' },
    'key?': text,
    'auth?': { type: 'boolean' },
    'sha?': text,
    'credential?': text,
    'elsewhere?': { const: true },
    'form?': oneOf('ndjson', 'json', 'array', 'form', 'other'),
    'utf8?': { const: false },
    'coding?': text,
    'afterClose?': { const: true },
    'malformed?': text,
  },
  fault: {
    rule: text,
    'req?': count,
    'conn?': count,
    'message?': count,
    'orderDependent?': { const: true },
    'key?': text,
    'count?': count,
    'spot?': text,
    'generation?': count,
    planned: struck,
    emitted: struck,
  },
  take: { req: count, ids },
  discard: { ids, why: oneOf('quarantine', 'injected', 'overflow'), 'req?': count },
  respond: {
    req: count,
    status: count,
    ack: oneOf('none', 'accepted', 'landed', 'rejected', 'throttled', 'error'),
    'retryAfterMs?': { type: 'number' },
  },
  sent: { req: count, written: oneOf('none', 'partial', 'full') },
  flush: { block: count, 'partition?': text, ids, 'error?': text },
  land: { block: count, 'partition?': text, ids, 'error?': text },
  stall: {
    who: oneOf('client', 'server', 'stdin'),
    ms: { type: 'number', minimum: 0 },
    'client?': count,
  },
  lateness: { p50: { type: 'number' }, p99: { type: 'number' }, p999: { type: 'number' } },
}

export const entryKinds: readonly EntryKind[] = Object.keys(members) as EntryKind[]

function kindSchema(kind: EntryKind): Schema {
  const all = Object.entries(members[kind])
  return {
    type: 'object',
    properties: {
      n: count,
      t: { type: 'number', minimum: 0 },
      vt: { type: 'number', minimum: 0 },
      kind: { const: kind },
      ...Object.fromEntries(all.map(([name, schema]) => [name.replace('?', ''), schema])),
    },
    required: ['n', 't', 'kind', ...all.map(([name]) => name).filter((name) => !name.endsWith('?'))],
  }
}

/** JSON Schema of one line of a ledger; shipped as `schema/entry.v1.json`. */
export const entrySchema: Schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'tailrace ledger entry',
  type: 'object',
  required: ['kind'],
  discriminator: { propertyName: 'kind' },
  oneOf: entryKinds.map(kindSchema),
}

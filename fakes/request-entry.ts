/** What the ledger learns of a request: how it was sent, who it says it is, and what its body holds. */
import { createHash } from 'node:crypto'
import type { EntryOf, Site } from '../src/entry.ts'
import { headerValue, headerValues } from '../src/exchange.ts'
import type { Exchange, Head } from '../src/exchange.ts'
import { limits } from '../src/limits.ts'
import type { IdRange } from '../src/record.ts'
import type { BodyRecords } from '../src/wire/records.ts'

/** A request as it was read. */
export interface Received {
  readonly records: BodyRecords
  /** Of `records`, as ranges. */
  readonly ids: readonly IdRange[]
  /** Whether its content codings could be undone, within the bounds. */
  readonly readable: boolean
  /** Bytes as received. */
  readonly total: number
  /** SHA-256 of them, 16 hexadecimal digits. */
  readonly sha: string
}

/** What the server knows beside the request. */
export interface Known {
  /** The token of the endpoint. */
  readonly token: string
  /** Host and port of the endpoint; absent while nobody can know them. */
  readonly authority?: string | undefined
  readonly afterClose?: boolean
}

/** Which of the attempts it is, and what the protocol says of it. */
export interface Place {
  readonly site: Site
  /** Whether it authenticated; whether the endpoint's token stands in it, where the protocol does not say. */
  readonly auth?: boolean | undefined
}

type RequestBody = Omit<EntryOf<'request'>, 'n' | 't'>

export function requestEntry(
  exchange: Pick<Exchange, 'id' | 'connection' | 'stream' | 'head' | 'complete'>,
  { records, ids, readable, total, sha }: Received,
  known: Known,
  { site, auth }: Place,
): RequestBody {
  const { head, connection, complete } = exchange
  const { damaged, foreign, form } = records
  const key = headerValue(head.headers, 'idempotency-key')
  const credential = credentialOf(head)
  const coding = codingOf(head)
  // Member by member: one is made for each request, and most lack most of these.
  const entry: { -readonly [K in keyof RequestBody]: RequestBody[K] } = {
    kind: 'request',
    req: exchange.id,
    conn: connection.id,
    site,
    method: head.method,
    path: head.path,
    ids,
    bytes: total,
    complete,
    auth: auth ?? ((credential !== undefined || head.path.includes('?')) && presents(head, known.token)),
  }
  if (exchange.stream !== undefined) entry.stream = exchange.stream
  if (damaged.length > 0) entry.damaged = damaged.slice(0, limits.witnessesMax)
  if (foreign > 0) entry.foreign = foreign
  if (key !== undefined) entry.key = key
  if (complete && total > 0) entry.sha = sha
  if (credential !== undefined) entry.credential = digestOf(credential)
  if (isElsewhere(head, known.authority)) Object.assign(entry, awayFromHome(head, known.token))
  // Neither a part of a body nor one that could not be decoded says how the whole is written.
  if (complete && readable) {
    if (form !== undefined) entry.form = form
    if (!records.utf8) entry.utf8 = false
  }
  if (coding !== undefined) entry.coding = coding
  if (known.afterClose) entry.afterClose = true
  return entry
}

const keyHeaders = ['x-api-key', 'api-key']
const credentialHeaders = ['authorization', ...keyHeaders]

/** Whether the token stands where clients put one: Authorization, plain or in base64, a key header, the query. */
export function presents({ headers, path }: Head, token: string): boolean {
  const authorization = headerValues(headers, 'authorization').map((value) => value.trim())
  const words = authorization.flatMap((value) => [value, value.slice(value.indexOf(' ') + 1).trim()])
  // RFC 7617 §2: user and password joined by a colon; ApiKey has id and key in the same form.
  const parts = words.flatMap((word) => Buffer.from(word, 'base64').toString().split(':'))
  const keys = keyHeaders.flatMap((name) => headerValues(headers, name))
  return [...words, ...parts, ...keys, ...queryOf(path).values()].includes(token)
}

/** At another origin the token has no place at all, wherever it stands. */
function awayFromHome({ headers, path }: Head, token: string): { elsewhere: true; auth?: true } {
  const said = [...headers.map(([, value]) => value), ...queryOf(path).values()]
  return {
    elsewhere: true,
    ...(said.some((value) => value.split(/[^\w~.-]+/).includes(token)) ? { auth: true } : {}),
  }
}

function credentialOf({ headers, path }: Head): string | undefined {
  for (const name of credentialHeaders) {
    const value = headerValue(headers, name)
    if (value !== undefined) return value
  }
  return path.includes('?') ? (queryOf(path).get('token') ?? undefined) : undefined
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}

function queryOf(path: string): URLSearchParams {
  const at = path.indexOf('?')
  return new URLSearchParams(at < 0 ? '' : path.slice(at + 1))
}

/** A target in absolute form goes before Host (RFC 9112 §3.2.2). Names compare without case. */
function isElsewhere({ headers, path }: Head, authority: string | undefined): boolean {
  const named = path.startsWith('/') ? undefined : /^https?:\/\/([^/?#]*)/i.exec(path)?.[1]
  const host = named ?? headerValue(headers, 'host')
  if (authority === undefined || host === undefined || host === authority) return false
  return host.trim().toLowerCase() !== authority.toLowerCase()
}

/** Content codings as they were named, without those that do nothing. */
function codingOf({ headers }: Head): string | undefined {
  if (headerValue(headers, 'content-encoding') === undefined) return undefined
  const names = headerValues(headers, 'content-encoding')
    .join(',')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity')
  return names.length > 0 ? names.join(', ').slice(0, limits.keyCharsMax) : undefined
}

/**
 * From request bytes to records: reads the body, decodes it, finds the tokens in it, enters the request, and
 * has the gate draw its rule. Every ingest protocol begins here; what they make of it is theirs.
 */
import { createHash, hash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { headerValue } from '../src/exchange.ts'
import type { Exchange, Head } from '../src/exchange.ts'
import type { Site } from '../src/entry.ts'
import type { Ledger } from '../src/ledger.ts'
import { limits } from '../src/limits.ts'
import { idsIn, lowestId, rangesOf, shownRange, tokensIn } from '../src/record.ts'
import type { IdRange, RecordSource } from '../src/record.ts'
import { decodeContent } from '../src/wire/content-coding.ts'
import { readBody } from '../src/wire/records.ts'
import type { BodyRecords } from '../src/wire/records.ts'
import type { Admission, GatedExchange } from './gated-exchange.ts'
import type { Pipeline } from './pipeline/pipeline.ts'
import { requestEntry } from './request-entry.ts'
import type { Known, Received } from './request-entry.ts'

/** Why a body could not be read, with the status that says so (RFC 9110 §15.5). */
export interface Refusal {
  readonly status: 400 | 413 | 415
  readonly message: string
}

export interface Intake {
  readonly records: BodyRecords
  /** Of `records`, as ranges. */
  readonly ids: readonly IdRange[]
  /** With its content codings undone. */
  readonly body: Buffer
  readonly refusal?: Refusal
  /** Whether what is taken is to be visible in the end: the plan may say otherwise. */
  readonly lands: boolean
  /**
   * Takes these records, and quarantines those, unless the plan says otherwise; the protocol answers as if it had
   * either way, but for what `partial` says.
   */
  take(good: readonly IdRange[], bad?: readonly IdRange[]): Taken
}

export interface Taken {
  /** Resolves to whether the good are visible. */
  readonly landed: Promise<boolean>
  /** Of the good: the answer is to say of these that they were quarantined, or refused. */
  readonly partial?: Partial
}

export type Partial = NonNullable<Admission['partial']>

/** `0.42`: the name of the logical request whose lowest record this is. */
export function logicalName(ids: readonly IdRange[]): string | undefined {
  const [only] = ids
  const lowest = ids.length === 1 ? only : lowestId(ids)
  return lowest && shownRange([lowest[0], lowest[1], lowest[1]])
}

/** The first token of this run in a part of a body. */
export function firstToken(bytes: Uint8Array, source: RecordSource): string | undefined {
  for (const { nonce, id } of tokensIn(Buffer.from(bytes).toString('latin1'))) {
    if (nonce === source.nonce) return shownRange([id[0], id[1], id[1]])
  }
  return undefined
}

/** Counts attempts per logical request. */
export class Sites {
  private readonly attempts = new Map<string, number>()

  next(lane: Site['lane'], logical: string | undefined): Site {
    if (logical === undefined) return { lane, attempt: 1 }
    const attempt = (this.attempts.get(logical) ?? 0) + 1
    this.attempts.delete(logical) // so that it becomes the last
    this.attempts.set(logical, attempt)
    // A server may run for days: the one heard of longest ago begins anew.
    if (this.attempts.size > limits.logicalsMax) this.attempts.delete(this.attempts.keys().next().value ?? '')
    return { lane, logical, attempt }
  }
}

interface Read {
  readonly bytes: Buffer
  readonly total: number
  /** Of all that came, where not all was kept. */
  readonly sum: Hash | undefined
}

/** Reads the whole body, and keeps what the limit allows. */
async function readWhole(exchange: Pick<Exchange, 'body' | 'read'>): Promise<Read> {
  const chunks: Uint8Array[] = []
  let total = 0
  let sum: Hash | undefined
  const add = (chunk: Uint8Array): void => {
    if (chunk.length === 0) return
    if (total <= limits.bodyBytesMax) chunks.push(chunk)
    else {
      sum ??= hashOf(chunks)
      sum.update(chunk)
    }
    total += chunk.length
  }
  if (exchange.read) await exchange.read(add)
  else for await (const chunk of exchange.body) add(chunk)
  return { bytes: joined(chunks), total, sum }
}

function hashOf(chunks: readonly Uint8Array[]): Hash {
  const sum = createHash('sha256')
  for (const chunk of chunks) sum.update(chunk)
  return sum
}

function joined(chunks: readonly Uint8Array[]): Buffer {
  const [only] = chunks
  if (only === undefined) return nothing
  if (chunks.length > 1) return Buffer.concat(chunks)
  return Buffer.isBuffer(only) ? only : Buffer.from(only.buffer, only.byteOffset, only.length)
}

const nothing = Buffer.alloc(0)

/** What is made of the records of a body, and of its bytes. */
interface Made {
  readonly ids: readonly IdRange[]
  readonly logical: string | undefined
  /** Of a body that came without content codings. */
  sha: string | undefined
}

/** Bodies that come again, and are known as the same bytes, have the same made of them. */
const known = new WeakMap<BodyRecords, Made>()

function madeOf(records: BodyRecords): Made {
  const before = known.get(records)
  if (before) return before
  const ids = rangesOf(records.ids)
  const made: Made = { ids, logical: logicalName(ids), sha: undefined }
  known.set(records, made)
  return made
}

/** SHA-256 of what came, 16 hexadecimal digits. `body`: what was made of it by its content codings. */
function digestOf({ bytes, sum }: Read, body: Buffer, made: Made): string {
  const isPlain = bytes === body && sum === undefined
  if (isPlain && made.sha !== undefined) return made.sha
  const sha = (sum?.digest('hex') ?? hash('sha256', bytes)).slice(0, 16)
  if (isPlain) made.sha = sha
  return sha
}

function decoded(head: Head, { bytes, total }: Read): { body: Buffer; refusal?: Refusal } {
  const tooLarge = { status: 413, message: `body larger than ${limits.bodyBytesMax} bytes` } as const
  if (total > limits.bodyBytesMax) return { body: bytes, refusal: tooLarge }
  const coding = headerValue(head.headers, 'content-encoding')
  if (coding === undefined) return { body: bytes }
  const content = decodeContent(bytes, coding, limits.bodyBytesMax)
  if (content.ok) return { body: content.bytes }
  const none = Buffer.alloc(0)
  if (content.why === 'too-large') return { body: none, refusal: tooLarge }
  return content.why === 'unknown'
    ? { body: none, refusal: { status: 415, message: `unknown content coding ${coding}` } }
    : { body: none, refusal: { status: 400, message: `body is not ${coding}` } }
}

export interface IntakeServices extends Known {
  readonly ledger: Ledger
  readonly source: RecordSource
  readonly pipeline: Pipeline
  readonly sites: Sites
}

/** What the protocol says of a request before it is read. */
export interface Asked {
  readonly lane: Site['lane']
  /** Whether it authenticated, where the protocol says so; else whether the endpoint's token stands in it. */
  readonly auth?: boolean
}

interface Got extends Received {
  readonly logical: string | undefined
  readonly body: Buffer
  readonly refusal: Refusal | undefined
}

function received(read: Read, head: Head, source: RecordSource): Got {
  const { body, refusal } = decoded(head, read)
  const records = readBody(body, source)
  const made = madeOf(records)
  const sha = digestOf(read, body, made)
  const { ids, logical } = made
  return { records, ids, logical, body, refusal, total: read.total, sha, readable: refusal === undefined }
}

/** Undefined when the client went away, or a fault ended the exchange or refused it, before the body was whole. */
export async function intake(
  exchange: GatedExchange,
  services: IntakeServices,
  asked: Asked,
): Promise<Intake | undefined> {
  const got = received(await readWhole(exchange), exchange.head, services.source)
  const { records, ids, body, refusal, total } = got
  const site = services.sites.next(asked.lane, got.logical)
  services.ledger.write(requestEntry(exchange, got, services, { site, auth: asked.auth }), exchange.head.at)
  if (!exchange.complete || exchange.refused) return undefined
  const content = { site, ids, bytes: total, ...(got.logical === undefined ? {} : { content: got.logical }) }
  const admission = exchange.admit(content, body)
  return {
    records,
    ids,
    body,
    lands: admission.allowed && !admission.loses,
    ...(refusal ? { refusal } : {}),
    take: (good, bad = []) => takeAs(admission, exchange, services, good, bad),
  }
}

function takeAs(
  { allowed, partial, loses }: Admission,
  exchange: GatedExchange,
  { ledger, pipeline }: IntakeServices,
  good: readonly IdRange[],
  bad: readonly IdRange[],
): Taken {
  if (!allowed) return { landed: Promise.resolve(true) }
  if (loses) {
    ledger.write({ kind: 'take', req: exchange.id, ids: [...good, ...bad] })
    if (bad.length > 0) ledger.write({ kind: 'discard', req: exchange.id, ids: bad, why: 'quarantine' })
    exchange.tookRecords(good)
    return { landed: Promise.resolve(true) }
  }
  exchange.tookRecords()
  if (!partial) return pipeline.take(exchange.id, good, bad)
  const named = new Set(Array.from(idsIn(partial.struck), String))
  const all = [...idsIn(good)]
  const rest = rangesOf(all.filter((id) => !named.has(String(id))))
  const struck = rangesOf(all.filter((id) => named.has(String(id))))
  const { landed } = pipeline.take(
    exchange.id,
    rest,
    partial.fault.as === 'retry' ? bad : [...bad, ...struck],
  )
  return { landed, partial: { fault: partial.fault, struck } }
}

/** Reads what comes of a request that nobody serves, and enters it, so that it counts as an attempt. */
export async function enterUnserved(
  exchange: Exchange,
  services: Omit<IntakeServices, 'pipeline'>,
): Promise<void> {
  const got = received(await readWhole(exchange), exchange.head, services.source)
  const site = services.sites.next(got.logical === undefined ? 'control' : 'ingest', got.logical)
  services.ledger.write(requestEntry(exchange, got, services, { site }), exchange.head.at)
}

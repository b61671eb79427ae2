/**
 * From request bytes to records: reads the body, decodes it, finds the tokens in it, enters the request, and
 * has the gate draw its rule. Every ingest protocol begins here; what they make of it is theirs.
 */
import { createHash } from 'node:crypto'
import { headerValue } from '../src/exchange.ts'
import type { Head } from '../src/exchange.ts'
import type { EntryOf, Site } from '../src/entry.ts'
import type { Ledger } from '../src/ledger.ts'
import { limits } from '../src/limits.ts'
import { lowestId, rangesOf, shownRange, tokensIn } from '../src/record.ts'
import type { IdRange, RecordSource } from '../src/record.ts'
import { decodeContent } from '../src/wire/content-coding.ts'
import { readBody } from '../src/wire/records.ts'
import type { BodyRecords } from '../src/wire/records.ts'
import type { GatedExchange } from './gate.ts'
import type { Pipeline } from './pipeline/pipeline.ts'

/** Why a body could not be read, with the status that says so (RFC 9110 §15.5). */
export interface Refusal {
  readonly status: 400 | 413 | 415
  readonly message: string
}

export interface Intake {
  readonly records: BodyRecords
  readonly refusal?: Refusal
  /**
   * Takes these records, and quarantines those, unless the plan says otherwise; the protocol answers as if it had
   * either way. `landed` resolves to whether they are visible.
   */
  take(good: readonly IdRange[], bad?: readonly IdRange[]): { readonly landed: Promise<boolean> }
}

/** `0.42`: the name of the logical request whose lowest record this is. */
export function logicalName(ids: readonly IdRange[]): string | undefined {
  const lowest = lowestId(ids)
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
    this.attempts.set(logical, attempt)
    return { lane, logical, attempt }
  }
}

interface Read {
  readonly bytes: Buffer
  readonly total: number
  readonly sha: string
}

/** Reads the whole body, keeps what the limit allows, and hashes all of it. */
async function readWhole(exchange: GatedExchange): Promise<Read> {
  const chunks: Uint8Array[] = []
  const hash = createHash('sha256')
  let total = 0
  for await (const chunk of exchange.body) {
    hash.update(chunk)
    if (total <= limits.bodyBytesMax) chunks.push(chunk)
    total += chunk.length
  }
  return { bytes: Buffer.concat(chunks), total, sha: hash.digest('hex').slice(0, 16) }
}

function decoded(head: Head, { bytes, total }: Read): { body: Buffer; refusal?: Refusal } {
  const tooLarge = { status: 413, message: `body larger than ${limits.bodyBytesMax} bytes` } as const
  if (total > limits.bodyBytesMax) return { body: bytes, refusal: tooLarge }
  const coding = headerValue(head.headers, 'content-encoding')
  const content = decodeContent(bytes, coding, limits.bodyBytesMax)
  if (content.ok) return { body: content.bytes }
  const none = Buffer.alloc(0)
  if (content.why === 'too-large') return { body: none, refusal: tooLarge }
  return content.why === 'unknown'
    ? { body: none, refusal: { status: 415, message: `unknown content coding ${coding}` } }
    : { body: none, refusal: { status: 400, message: `body is not ${coding}` } }
}

export interface IntakeServices {
  ledger: Ledger
  source: RecordSource
  pipeline: Pipeline
  sites: Sites
  lane: Site['lane']
  /** Whether a token was presented. */
  auth?: boolean
}

/** Undefined when the client went away, or a fault ended the exchange, before the body was whole. */
export async function intake(exchange: GatedExchange, services: IntakeServices): Promise<Intake | undefined> {
  const { ledger, source, sites, lane } = services
  const read = await readWhole(exchange)
  const { body, refusal } = decoded(exchange.head, read)
  const records = readBody(body, source)
  const ids = rangesOf(records.ids)
  const logical = logicalName(ids)
  const site = sites.next(lane, logical)
  ledger.write(requestEntry(exchange, services, read, records, site), exchange.head.at)
  if (!exchange.complete) return undefined
  const allowed = exchange.admit({ site, ...(logical === undefined ? {} : { content: logical }) }, body)
  return {
    records,
    ...(refusal ? { refusal } : {}),
    take: (good, bad = []) => {
      if (!allowed) return { landed: Promise.resolve(true) }
      exchange.tookRecords()
      return services.pipeline.take(exchange.id, good, bad)
    },
  }
}

function requestEntry(
  exchange: GatedExchange,
  { auth }: IntakeServices,
  { total, sha }: Read,
  { damaged, foreign, ids }: BodyRecords,
  site: Site,
): Omit<EntryOf<'request'>, 'n' | 't'> {
  const { head, connection, complete } = exchange
  const key = headerValue(head.headers, 'idempotency-key')
  return {
    kind: 'request',
    req: exchange.id,
    conn: connection.id,
    site,
    method: head.method,
    path: head.path,
    ids: rangesOf(ids),
    ...(damaged.length > 0 ? { damaged: damaged.slice(0, limits.witnessesMax) } : {}),
    ...(foreign > 0 ? { foreign } : {}),
    bytes: total,
    complete,
    ...(key === undefined ? {} : { key }),
    ...(auth === undefined ? {} : { auth }),
    ...(complete && total > 0 ? { sha } : {}),
  }
}

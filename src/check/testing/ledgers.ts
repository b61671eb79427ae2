/**
 * Ledgers for tests, written as one tells them: `ledger().offer(10).attempt({ status: 503 }).attempt().exit(0)`.
 *
 * Time runs a millisecond per step unless an attempt says when it happened.
 */
import type { Entry, EntryBody, EntryOf, Struck } from '../../entry.ts'
import { profiles } from '../../profile.ts'
import type { Profile } from '../../profile.ts'
import { lowestId } from '../../record.ts'
import type { IdRange } from '../../record.ts'
import { ingestInvariants, ingestProperties } from '../../promises.ts'
import type { RuleCall } from '../../promises.ts'
import type { CheckCall } from '../../scenario.ts'
import type { CheckVerdict } from '../../verdict.ts'
import { judge } from '../judge.ts'
import type { Judgement } from '../judge.ts'

export interface Told {
  ids?: readonly IdRange[]
  /** When the head was parsed, when the answer began, when it ended: milliseconds. */
  at?: number
  answeredAt?: number
  sentAt?: number
  /** None: the exchange was cut before an answer. */
  status?: number | 'none'
  written?: 'none' | 'partial' | 'full' | 'open'
  /** Whether its records were taken and landed; true for a 2xx. */
  taken?: boolean
  lands?: number
  conn?: number
  key?: string
  sha?: string
  bytes?: number
  damaged?: readonly { id: readonly [number, number]; at: string }[]
  foreign?: number
  retryAfterMs?: number
  fault?: string
  /** What struck it, in place of the 503 that `fault` stands for. */
  struckBy?: Struck
  /** What was taken of it, and landed, where that is a part. */
  takes?: readonly IdRange[]
  /** Further members of the request, or others than those above say. */
  head?: Partial<EntryOf<'request'>>
}

export const struck: Struck = { type: 'http_error', point: 'response-head', taken: false, status: 503 }

export function runOf(over: Partial<EntryOf<'run'>> = {}, profile: Partial<Profile> = {}): EntryOf<'run'> {
  return {
    n: 0,
    t: 0,
    kind: 'run',
    case: 'ing.test',
    title: 'A promise.',
    mode: 'ingest',
    level: 'MUST',
    source: 'S0',
    suite: 1,
    seed: '42',
    protocol: 'generic',
    rung: 'pipe',
    profile: { ...(profiles['generic'] as Profile), ...profile },
    knobs: [],
    can: [],
    checks: ingestInvariants.map((id): CheckCall => ({
      id,
      level: id === 'inv.no-false-fail' ? 'SHOULD' : 'MUST',
    })),
    plan: {},
    tool: 'test',
    schema: 1,
    ...over,
  }
}

/** A run that is judged by every invariant and every property. */
export function judgedByAll(
  over: Partial<EntryOf<'run'>> = {},
  profile: Partial<Profile> = {},
): EntryOf<'run'> {
  const { checks } = runOf()
  const all = ingestProperties.map((id): CheckCall => ({ id, level: 'MUST' }))
  return runOf({ checks: [...checks, ...all], ...over }, profile)
}

/** A run that is judged by rules alone. */
export function ruled(...rules: RuleCall[]): EntryOf<'run'> {
  return runOf({ checks: [{ id: 'rule', level: 'MUST', rules }] })
}

export class LedgerOf {
  readonly entries: Entry[]
  private nowMs = 0
  private req = 0
  private offered: readonly IdRange[] = []
  private readonly attemptsOf = new Map<string, number>()

  constructor(run: EntryOf<'run'>) {
    this.entries = [run]
  }

  write(body: EntryBody, atMs: number = (this.nowMs += 1)): this {
    this.nowMs = Math.max(this.nowMs, atMs)
    this.entries.push({ ...body, n: this.entries.length, t: atMs * 1e6 })
    return this
  }

  offer(records: number): this {
    this.offered = records > 0 ? [[0, 0, records - 1]] : []
    return this.write({ kind: 'offer', ids: this.offered })
  }

  attempt(told: Told = {}): this {
    const { ids = this.offered, status = 202, conn = 1, bytes = 100, damaged, foreign, key, sha } = told
    const { written = status === 'none' ? 'none' : 'full', retryAfterMs } = told
    const { taken = typeof status === 'number' && status < 300, lands = taken ? 1 : 0 } = told
    const at = told.at ?? this.nowMs + 1
    const answeredAt = told.answeredAt ?? at + 1
    const req = (this.req += 1)
    const lowest = lowestId(ids)
    const logical = lowest ? lowest.join('.') : ''
    const attempt = (this.attemptsOf.get(logical) ?? 0) + 1
    this.attemptsOf.set(logical, attempt)
    const site = { lane: 'ingest' as const, attempt, ...(lowest ? { logical } : {}) }
    const facts = {
      ...(damaged && { damaged }),
      ...(foreign && { foreign }),
      ...(key && { key }),
      ...(sha && { sha }),
    }
    const head = { method: 'POST', path: '/', complete: true, ids, bytes, conn, req, site }
    this.write({ kind: 'request', ...head, ...facts, ...told.head }, at)
    const { struckBy = struck, takes = ids } = told
    if (told.fault || told.struckBy) {
      this.write({ kind: 'fault', rule: told.fault ?? 'f', req, planned: struckBy, emitted: struckBy }, at)
    }
    if (taken) this.write({ kind: 'take', req, ids: takes }, at)
    for (let i = 0; i < lands; i += 1) this.land(takes, at)
    if (status !== 'none') {
      const ack = status < 300 ? 'accepted' : 'error'
      this.write({ kind: 'respond', req, status, ack, ...(retryAfterMs && { retryAfterMs }) }, answeredAt)
    }
    if (written === 'open') return this
    return this.write({ kind: 'sent', req, written }, told.sentAt ?? answeredAt)
  }

  land(ids: readonly IdRange[], atMs?: number): this {
    return this.write({ kind: 'land', block: 1, ids }, atMs)
  }

  open(conn: number, atMs?: number): this {
    return this.write({ kind: 'open', conn, proto: 'h1' }, atMs)
  }

  close(conn: number, atMs?: number): this {
    return this.write({ kind: 'close', conn, by: 'client', how: 'fin' }, atMs)
  }

  exit(code: number, atMs?: number): this {
    return this.write({ kind: 'claim', what: 'exit', code }, atMs)
  }

  /** The run has settled, and the check begins. */
  settled(): this {
    return this.write({ kind: 'phase', name: 'check' })
  }

  judge(): Judgement {
    return judge(this.entries)
  }

  /** The verdict of one check. */
  verdict(id: string): CheckVerdict | undefined {
    return this.judge().checks.find((check) => check.id === id)?.verdict
  }
}

export function ledger(run: EntryOf<'run'> = runOf()): LedgerOf {
  return new LedgerOf(run)
}

/** What an answer means to the reference client. Pure. */
import { retryAfterMs } from '../wire/retry-after.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** As far as it came. */
  readonly body: string
  /** Why the answer broke off, where it did. */
  readonly cut?: string
}

/** What it is the answer to. */
export interface Question {
  readonly lines: readonly string[]
  /** One result per record is expected (Elasticsearch _bulk). */
  readonly bulk: boolean
  /** The server was asked to answer once the records have landed. */
  readonly durable: boolean
  /** The body was compressed. */
  readonly coded: boolean
  /** Milliseconds since the epoch, for a server that does not say its own time. */
  readonly wall: number
}

/** What becomes of one record; `unnamed`: the server lost some and does not say which. */
export type Fate = 'delivered' | 'again' | 'refused' | 'unnamed'

/** What one attempt came to. */
export interface Outcome {
  readonly kind: 'answered' | 'too large' | 'coding refused' | 'denied' | 'retryable' | 'final'
  readonly why: string
  /** `answered`: for each record. */
  readonly fates?: readonly Fate[]
  /** `answered`: how many of the unnamed are lost. */
  readonly lost?: number
  /** The least that the server wants us to wait. */
  readonly waitMs?: number
  /** No request was made at all: nobody listens. */
  readonly unsent?: boolean
  /** The server says that it did nothing with the request. */
  readonly unprocessed?: boolean
  /** The records may have been taken all the same. */
  readonly unsure?: boolean
}

/** After a 429 that does not say for how long: the plans of the Events API begin at one request per second. */
const limitedMs = 1_000

/** RFC 9110 §15: what was not understood now will not be understood later, with the exceptions named here. */
export function outcomeOf(answer: Answer, asked: Question): Outcome {
  const { status, cut } = answer
  const why = `HTTP ${status}`
  if (status >= 200 && status < 300) {
    if (cut !== undefined) return { kind: 'retryable', why: `${why}, then ${cut}`, unsure: true }
    if (asked.durable && status !== 200) return { kind: 'final', why: `${why}: taken, not confirmed to land` }
    return { kind: 'answered', why, ...fatesOf(answer.body, asked) }
  }
  const waitMs = waitOf(answer, asked.wall)
  const waits = waitMs === undefined ? {} : { waitMs }
  switch (status) {
    case 401:
    case 403:
      return { kind: 'denied', why }
    case 408:
      return { kind: 'retryable', why, ...waits }
    case 409: // to a request with a key: the server has it (draft-ietf-httpapi-idempotency-key-header §2.6)
      return { kind: 'answered', why, fates: asked.lines.map(() => 'delivered') }
    case 413:
      return { kind: 'too large', why, ...waits }
    case 415: // RFC 9110 §15.5.16: it may be for the coding
      return { kind: asked.coded ? 'coding refused' : 'final', why }
    case 429:
      return { kind: 'retryable', why, waitMs: waitMs ?? limitedMs }
    default:
      return status < 500 ? { kind: 'final', why } : { kind: 'retryable', why, ...waits }
  }
}

/** A moment is measured against the answer's own Date, so that a server whose clock is off is still understood. */
function waitOf({ headers }: Answer, wall: number): number | undefined {
  const date = Date.parse([headers['date'] ?? ''].flat()[0] ?? '')
  const waits = [headers['retry-after'] ?? []]
    .flat()
    .map((value) => retryAfterMs(value, Number.isNaN(date) ? wall : date))
    .filter((ms) => ms !== undefined)
  return waits.length > 0 ? Math.max(...waits) : undefined
}

/** After a 2xx the status wins, unless the body says in a form that we know that not all was taken. */
function fatesOf(body: string, { lines, bulk }: Question): Required<Pick<Outcome, 'fates' | 'lost'>> {
  const said = parsed(body)
  const all = (fate: Fate): Fate[] => lines.map(() => fate)
  if (bulk && Array.isArray(said['items'])) {
    const items: unknown[] = said['items']
    return { fates: lines.map((_, at) => fateOf(items[at])), lost: 0 }
  }
  const again = namesIn(said['retry'])
  const refused = namesIn(said['quarantined'])
  const rows = said['quarantined_rows']
  const lost = typeof rows === 'number' ? rows : 0
  if (again.size === 0 && lost <= 0) return { fates: all('delivered'), lost: 0 }
  const fates = lines.map((line): Fate => {
    const { id } = parsed(line)
    if (again.has(id)) return 'again'
    return refused.has(id) ? 'refused' : 'delivered'
  })
  const times = (fate: Fate): number => fates.filter((each) => each === fate).length
  const unnamed = Math.min(lost - times('refused'), times('delivered'))
  if (unnamed <= 0) return { fates, lost: 0 }
  return { fates: fates.map((fate) => (fate === 'delivered' ? 'unnamed' : fate)), lost: unnamed }
}

/** `{"create":{"status":201,"result":"created"}}`. What is not known to be a success is none, and final. */
function fateOf(item: unknown): Fate {
  const [given] = Object.values(objectOf(item))
  const { status, result = 'created', error } = objectOf(given)
  if (typeof status !== 'number') return 'refused'
  if (status === 429 || (status >= 500 && status < 600)) return 'again'
  const good = (status === 200 || status === 201) && error === undefined
  return good && (result === 'created' || result === 'updated') ? 'delivered' : 'refused'
}

function namesIn(list: unknown): ReadonlySet<unknown> {
  return new Set(Array.isArray(list) ? (list as unknown[]) : [])
}

/** The members of a JSON object; none where `text` is anything else. */
function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return objectOf(JSON.parse(text))
  } catch {
    return {}
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

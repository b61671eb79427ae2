/**
 * The history: entries folded into attempts. One attempt is one request and all that is known of its answer,
 * joined by `req`, whatever the order in which the entries were written.
 */
import type { Entry, EntryOf } from './entry.ts'
import { faultNames, faultSpec } from './fault.ts'
import type { IdRange } from './record.ts'

export interface Attempt {
  readonly request: EntryOf<'request'>
  /** Empty when the server did not make itself responsible for any of it. */
  readonly takes: readonly EntryOf<'take'>[]
  readonly faults: readonly EntryOf<'fault'>[]
  readonly respond?: EntryOf<'respond'>
  /** Absent while the exchange is open. */
  readonly sent?: EntryOf<'sent'>
  /**
   * Another fault broke the HTTP/2 connection when the answer had only just gone out: the client may have dropped it
   * with the rest.
   */
  readonly isDisturbed?: boolean
}

/** From the last byte of an answer to when an application must have been handed it, in nanoseconds. */
const handedOverNs = 50e6
/** From a fault that breaks a connection to the connection's end, in nanoseconds. */
const brokenNs = 1e9

interface Draft {
  request?: EntryOf<'request'>
  takes: EntryOf<'take'>[]
  faults: EntryOf<'fault'>[]
  respond?: EntryOf<'respond'>
  sent?: EntryOf<'sent'>
}

/** A connection of HTTP/2, which carries several exchanges at a time. */
interface Shared {
  readonly faults: EntryOf<'fault'>[]
  close?: EntryOf<'close'>
}

export class History {
  private readonly drafts = new Map<number, Draft>()
  private readonly opens: EntryOf<'open'>[] = []
  private readonly closes: EntryOf<'close'>[] = []
  private readonly ofConnections: EntryOf<'fault'>[] = []

  step(entry: Entry): void {
    switch (entry.kind) {
      case 'request':
        this.draft(entry.req).request = entry
        break
      case 'respond':
        this.draft(entry.req).respond = entry
        break
      case 'sent':
        this.draft(entry.req).sent = entry
        break
      case 'take':
        this.draft(entry.req).takes.push(entry)
        break
      case 'fault':
        if (entry.req !== undefined) this.draft(entry.req).faults.push(entry)
        else if (entry.conn !== undefined) this.ofConnections.push(entry)
        break
      case 'open':
        if (entry.proto === 'h2' || entry.proto === 'h2c') this.opens.push(entry)
        break
      case 'close':
        this.closes.push(entry)
        break
      default:
    }
  }

  private draft(req: number): Draft {
    let draft = this.drafts.get(req)
    if (!draft) this.drafts.set(req, (draft = { takes: [], faults: [] }))
    return draft
  }

  /** In the order in which their heads were parsed. */
  attempts(): Attempt[] {
    const whole = [...this.drafts.values()].filter(
      (draft): draft is Draft & Attempt => draft.request !== undefined,
    )
    whole.sort((a, b) => a.request.t - b.request.t || a.request.req - b.request.req)
    if (this.opens.length === 0) return whole
    const shared = this.shared(whole)
    return whole.map((attempt) =>
      isDisturbed(attempt, shared.get(attempt.request.conn)) ? { ...attempt, isDisturbed: true } : attempt,
    )
  }

  private shared(attempts: readonly Attempt[]): Map<number, Shared> {
    const all = new Map<number, Shared>(this.opens.map(({ conn }) => [conn, { faults: [] }]))
    for (const { request, faults } of attempts) all.get(request.conn)?.faults.push(...faults)
    for (const fault of this.ofConnections) all.get(fault.conn as number)?.faults.push(fault)
    for (const close of this.closes) {
      const connection = all.get(close.conn)
      if (connection) connection.close = close
    }
    return all
  }
}

function isDisturbed({ request, sent }: Attempt, connection: Shared | undefined): boolean {
  const end = connection?.close?.t
  if (!sent || !connection || end === undefined) return false
  return connection.faults.some(
    ({ req, t, emitted }) =>
      req !== request.req &&
      (breaking.has(emitted.type) || emitted['then'] === 'rst') &&
      Math.abs(t - sent.t) <= handedOverNs &&
      end - t <= brokenNs,
  )
}

/**
 * The answer, where all of it was handed over; what follows a lesser one, the client cannot know, nor what follows one
 * that breaks the rules.
 */
export function fullAnswer(attempt: Attempt): EntryOf<'respond'> | undefined {
  return attempt.sent?.written === 'full' && !isDoubtful(attempt) ? attempt.respond : undefined
}

const breaking: ReadonlySet<string> = new Set(faultNames.filter((name) => faultSpec(name).breaks))
const doubtful: ReadonlySet<string> = new Set(faultNames.filter((name) => faultSpec(name).doubtful))

/** Whether a fault made the answer one that a client may read as whole or refuse, or may never have seen. */
export function isDoubtful({ faults, isDisturbed }: Pick<Attempt, 'faults' | 'isDisturbed'>): boolean {
  return isDisturbed === true || faults.some(({ emitted }) => doubtful.has(emitted.type))
}

/** Whether it ended in anything but a full 2xx: another answer, a cut, or none. */
export function failed(attempt: Attempt): boolean {
  const status = fullAnswer(attempt)?.status
  return status === undefined || status < 200 || status > 299
}

/** Records that the server made itself responsible for, as a multiset. */
export function takenIds(attempt: Attempt): IdRange[] {
  return attempt.takes.flatMap((take) => take.ids)
}

/** Numbers of its entries. */
export function entriesOf(attempt: Attempt): number[] {
  const { request, faults, takes, respond, sent } = attempt
  return [request, ...faults, ...takes, respond, sent].flatMap((entry) => (entry ? [entry.n] : []))
}

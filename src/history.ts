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
}

interface Draft {
  request?: EntryOf<'request'>
  takes: EntryOf<'take'>[]
  faults: EntryOf<'fault'>[]
  respond?: EntryOf<'respond'>
  sent?: EntryOf<'sent'>
}

export class History {
  private readonly drafts = new Map<number, Draft>()

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
    return whole.sort((a, b) => a.request.t - b.request.t || a.request.req - b.request.req)
  }
}

/**
 * The answer, where all of it was handed over; what follows a lesser one, the client cannot know, nor what follows one
 * that breaks the rules.
 */
export function fullAnswer(attempt: Attempt): EntryOf<'respond'> | undefined {
  return attempt.sent?.written === 'full' && !isDoubtful(attempt) ? attempt.respond : undefined
}

const doubtful: ReadonlySet<string> = new Set(faultNames.filter((name) => faultSpec(name).doubtful))

/** Whether a fault made the answer one that a client may read as whole or refuse. */
export function isDoubtful({ faults }: Pick<Attempt, 'faults'>): boolean {
  return faults.length > 0 && faults.some(({ emitted }) => doubtful.has(emitted.type))
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

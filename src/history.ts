/**
 * The history: entries folded into attempts. One attempt is one request and its answer, joined by `req`.
 *
 * Memory is what is in flight: an attempt leaves the fold when its `sent` entry is seen, or at the end.
 */
import type { Entry, EntryOf, Struck } from './entry.ts'
import type { Ack } from './exchange.ts'
import type { IdRange } from './record.ts'

export interface Attempt {
  readonly request: EntryOf<'request'>
  /** Records taken by it; empty when it was not. */
  readonly taken: readonly IdRange[]
  readonly answer?: {
    readonly status: number
    readonly ack: Ack
    readonly at: number
    readonly n: number
    readonly retryAfterMs?: number
  }
  /** How much of the answer was handed over; `none` where there was no answer. */
  readonly written: 'none' | 'partial' | 'full'
  /** When the last byte was handed over or the exchange was cut; absent while it is open. */
  readonly sentAt?: number
  /** What struck it. */
  readonly struck: readonly Struck[]
}

type Draft = { -readonly [K in keyof Attempt]: Attempt[K] extends readonly (infer T)[] ? T[] : Attempt[K] }

export class Attempts {
  private readonly open = new Map<number, Draft>()
  /** Facts that came before the request entry: a fault may strike before the body is whole. */
  private readonly early = new Map<number, Entry[]>()

  /** Takes one entry; returns the attempt that it ended, if it ended one. */
  step(entry: Entry): Attempt | undefined {
    if (entry.kind === 'request') {
      this.open.set(entry.req, { request: entry, taken: [], written: 'none', struck: [] })
      const early = this.early.get(entry.req) ?? []
      this.early.delete(entry.req)
      let ended: Attempt | undefined
      for (const fact of early) ended = this.step(fact) ?? ended
      return ended
    }
    if (!('req' in entry) || entry.req === undefined) return undefined
    const draft = this.open.get(entry.req)
    if (!draft) {
      // Only these can precede their request; anything else speaks of an attempt that has left the fold.
      if (entry.kind === 'fault' || entry.kind === 'respond' || entry.kind === 'sent') {
        this.early.set(entry.req, [...(this.early.get(entry.req) ?? []), entry])
      }
      return undefined
    }
    return this.add(draft, entry)
  }

  private add(draft: Draft, entry: Entry): Attempt | undefined {
    switch (entry.kind) {
      case 'take':
        draft.taken.push(...entry.ids)
        return undefined
      case 'fault':
        draft.struck.push(entry.emitted)
        return undefined
      case 'respond': {
        const { status, ack, t, n, retryAfterMs } = entry
        draft.answer = { status, ack, at: t, n, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
        return undefined
      }
      case 'sent':
        draft.written = entry.written
        draft.sentAt = entry.t
        this.open.delete(entry.req)
        return draft
      default:
        return undefined
    }
  }

  /** The attempts that have not ended, in order of their requests. */
  rest(): Attempt[] {
    return [...this.open.values()]
  }
}

/** The names of `attempt`'s records, for the join of attempts of one logical. */
export function logicalOf(attempt: Attempt): string | undefined {
  return attempt.request.site.logical
}

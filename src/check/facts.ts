/**
 * What the checkers of a run have in common, gathered once: what was offered, what became of it, what was sent,
 * and the client's word. Expectation comes from what was offered, never from what arrived (design §4).
 */
import type { Entry, EntryOf } from '../entry.ts'
import { History } from '../history.ts'
import type { Attempt } from '../history.ts'
import type { IdRange } from '../record.ts'
import { IdCounts, IdSet } from './sets.ts'
import { Word } from './word.ts'

/** Kinds that few checkers ask for, and those by the whole. */
const kept = ['open', 'close', 'land', 'fault', 'phase', 'stall', 'discard'] as const
type Kept = (typeof kept)[number]

/** An attempt that carries records of the run, and which, each once. */
export interface Carrier {
  readonly attempt: Attempt
  readonly ids: readonly IdRange[]
}

export class Facts {
  readonly run: EntryOf<'run'>
  readonly offered: IdSet = new IdSet()
  /** K(i): rows of each record offered. */
  readonly landed: IdCounts = new IdCounts(this.offered)
  readonly discarded: IdSet = new IdSet()
  readonly word: Word = new Word()
  /** What was offered, and what was done to clients, in order. */
  readonly offers: EntryOf<'offer'>[] = []
  readonly acts: EntryOf<'act'>[] = []
  /** 99.9th percentile of how late the harness's own timers came. */
  latenessMs = 0
  /** Laps of that, in order: until when, and the 99.9th percentile within. */
  private readonly laps: { readonly until: number; readonly ms: number }[] = []
  private readonly history = new History()
  private readonly others: { readonly [K in Kept]: EntryOf<K>[] } = {
    ...{ open: [], close: [], land: [], fault: [], phase: [], stall: [], discard: [] },
  }
  private known: { attempts: readonly Attempt[]; carriers: readonly Carrier[] } | undefined

  constructor(run: EntryOf<'run'>) {
    this.run = run
  }

  step(entry: Entry): void {
    this.known = undefined
    this.history.step(entry)
    this.word.step(entry)
    if (isKept(entry)) (this.others[entry.kind] as Entry[]).push(entry)
    if (entry.kind === 'offer') {
      this.offers.push(entry)
      this.offered.add(entry.ids)
    } else if (entry.kind === 'act') this.acts.push(entry)
    else if (entry.kind === 'land' && entry.error === undefined) this.landed.add(entry.ids)
    else if (entry.kind === 'discard') this.discarded.add(entry.ids)
    else if (entry.kind === 'lateness') {
      this.latenessMs = Math.max(this.latenessMs, entry.p999)
      this.laps.push({ until: entry.t, ms: entry.p999 })
    }
  }

  /**
   * How late the harness may have been in seeing what came at `t`: the worst of the laps that a hold-up ending at
   * `t` shows in, which are its own and, as the probe may run after what it delayed, the one behind it.
   */
  latenessMsAt(t: number): number {
    const own = this.laps.findIndex(({ until }) => until >= t)
    if (own < 0) return this.latenessMs
    return Math.max(...this.laps.slice(own, own + 2).map(({ ms }) => ms))
  }

  /** All entries of a kind, by time. */
  all<K extends Kept>(kind: K): readonly EntryOf<K>[] {
    return [...this.others[kind]].sort((a, b) => a.t - b.t || a.n - b.n)
  }

  /** In the order of their heads. */
  attempts(): readonly Attempt[] {
    return this.joined().attempts
  }

  /** R: the requests that carry records, in the order of their heads. */
  carriers(): readonly Carrier[] {
    return this.joined().carriers
  }

  private joined(): { attempts: readonly Attempt[]; carriers: readonly Carrier[] } {
    if (this.known) return this.known
    const attempts = this.history.attempts()
    const carriers = attempts.flatMap((attempt) => {
      const ids = new IdSet(this.offered.within(attempt.request.ids)).ranges()
      return ids.length > 0 ? [{ attempt, ids }] : []
    })
    return (this.known = { attempts, carriers })
  }

  /** |R(i)|: how many of `carriers` carry each record. */
  carried(carriers: Iterable<Carrier>): IdCounts {
    const counts = new IdCounts(this.offered)
    for (const { ids } of carriers) counts.add(ids)
    return counts
  }

  /** Records offered to clients of ours that serve as a measure. */
  controls(): IdSet {
    return new IdSet(this.offers.filter(({ control }) => control).flatMap(({ ids }) => ids))
  }

  /** Offered, and neither landed nor discarded by the server. */
  missing(): IdRange[] {
    return this.discarded.without(this.landed.where(this.offered.ranges(), (rows) => rows === 0))
  }
}

function isKept(entry: Entry): entry is EntryOf<Kept> {
  return (kept as readonly string[]).includes(entry.kind)
}

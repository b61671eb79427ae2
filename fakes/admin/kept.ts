/**
 * What a server that runs for days remembers of its ledger: the last entries, a bounded number of them, and for each
 * rule how often it struck. Entries pass by here on their way to a file, or to nowhere.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Entry, EntryKind, EntryOf } from '../../src/entry.ts'
import { limits } from '../../src/limits.ts'

/** What became of a rule since the ledger was last emptied. */
export interface Struck {
  /** As planned. */
  fired: number
  /** Otherwise than planned. */
  misfired: number
  last: EntryOf<'fault'>
}

export class Kept {
  private readonly max: number
  /** Entry n stands at n modulo `max`. */
  private readonly slots: Entry[] = []
  private readonly struck = new Map<string, Struck>()
  private readonly followers = new Set<(entry: Entry) => void>()
  private first: EntryOf<'run'> | undefined
  private opened: EntryOf<'open'> | undefined
  private since = 0
  /** Number of the next entry. */
  next = 0

  constructor(max: number = limits.ledgerEntriesMax) {
    this.max = max
  }

  /** The beginning of the run, which is never forgotten. */
  get run(): EntryOf<'run'> | undefined {
    return this.first
  }

  /** Some connection, if there has been one. */
  get open(): EntryOf<'open'> | undefined {
    return this.opened
  }

  /** Number of the first entry that is still there. */
  get from(): number {
    return Math.max(this.since, this.next - this.max)
  }

  /** How many entries have made room since the ledger was last emptied. */
  get dropped(): number {
    return this.from - this.since
  }

  enter(entry: Entry): void {
    if (entry.kind === 'run') this.first ??= entry
    else if (entry.kind === 'open') this.opened ??= entry
    else if (entry.kind === 'fault') this.strike(entry)
    this.slots[entry.n % this.max] = entry
    this.next = entry.n + 1
    for (const tell of this.followers) tell(entry)
  }

  /**
   * Those still there, from number `from` on; what comes while they are read is read too. Throws where one that was
   * to be read next has made room.
   */
  *entries(from = 0): Generator<Entry> {
    for (let n = Math.max(from, this.from); n < this.next; n += 1) {
      if (n < this.from) throw new Error(`entry ${n} has made room before it was read`)
      yield this.slots[n % this.max] as Entry
    }
  }

  *ofKind<K extends EntryKind>(kind: K, from = 0): Generator<EntryOf<K>> {
    for (const entry of this.entries(from)) if (entry.kind === kind) yield entry as EntryOf<K>
  }

  /** `tell` is called with each entry from now on, until what is returned is called. */
  follow(tell: (entry: Entry) => void): () => void {
    this.followers.add(tell)
    return () => void this.followers.delete(tell)
  }

  /** By rule; those that struck longest ago come first. */
  get rules(): ReadonlyMap<string, Struck> {
    return this.struck
  }

  /** Forgets the entries so far, but not the beginning of the run. */
  reset(): void {
    this.since = this.next
    this.slots.length = 0
    this.struck.clear()
  }

  private strike(entry: EntryOf<'fault'>): void {
    const { rule, planned, emitted } = entry
    const struck = this.struck.get(rule) ?? { fired: 0, misfired: 0, last: entry }
    if (isDeepStrictEqual(planned, emitted)) struck.fired += 1
    else struck.misfired += 1
    struck.last = entry
    this.struck.delete(rule) // so that it becomes the last
    this.struck.set(rule, struck)
    if (this.struck.size > limits.reportRulesMax) this.struck.delete(this.struck.keys().next().value ?? '')
  }
}

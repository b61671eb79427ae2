/**
 * In which order records were first seen, per producer: which of them came after a later one of their producer.
 * One number a producer, and what came late. What comes at the same time is in order.
 */
import type { IdRange } from '../record.ts'
import { IdSet } from './sets.ts'
import type { Order } from './sets.ts'

/** What a landing brought that had not been seen before, ascending, and which of it came late. */
export interface Firsts {
  readonly ids: readonly IdRange[]
  readonly late: readonly IdRange[]
}

export class FirstOrder implements Order {
  /** Records that were first seen after a later one of their producer. */
  readonly late: IdSet = new IdSet()
  private readonly among: IdSet
  private readonly seen = new IdSet()
  /** The highest sequence seen before this moment, by producer. */
  private readonly highest: number[] = []
  private moment = -Infinity
  private pending: (readonly IdRange[])[] = []

  /** Of the records of `among`; others have no order. */
  constructor(among: IdSet) {
    this.among = among
  }

  /** What lands at `t`, which never falls. To be used alone, or `next` alone. */
  step(t: number, landed: Iterable<IdRange>): Firsts {
    if (t > this.moment) this.raise()
    this.moment = t
    const found = this.seen.without(this.among.within(landed))
    this.seen.add(found)
    const ids = found.length > 1 ? new IdSet(found).ranges() : found
    this.pending.push(ids)
    const late = ids.flatMap(([producer, from, to]): IdRange[] => {
      const end = Math.min(to, (this.highest[producer] ?? -1) - 1)
      return from <= end ? [[producer, from, end]] : []
    })
    this.late.add(late)
    return { ids, late }
  }

  /** The next record that was not seen before, each at a moment of its own. */
  next(producer: number, seq: number): void {
    if (seq > (this.highest[producer] ?? -1)) this.highest[producer] = seq
    else this.late.add([[producer, seq, seq]])
  }

  private raise(): void {
    for (const ids of this.pending) {
      for (const [producer, , to] of ids) {
        this.highest[producer] = Math.max(this.highest[producer] ?? -1, to)
      }
    }
    this.pending = []
  }
}

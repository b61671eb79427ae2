/** Streams of one connection that a rule strikes and that wait for each other, to be struck together. */
import type { Frames } from '../../../src/exchange.ts'

export class Gathering<T> {
  /** Enough have come, and were struck: others of this connection go their way. */
  over = false
  private readonly waiting = new Map<number, (what: Promise<T> | undefined) => void>()

  /**
   * Resolves to what `strike` makes of the streams, ascending, once so many are here; it is called once. Undefined
   * where this stream leaves before, because a signal aborts.
   */
  join(
    stream: number,
    many: number,
    leave: AbortSignal,
    strike: (streams: readonly number[]) => Promise<T>,
  ): Promise<T | undefined> {
    return new Promise((resolve) => {
      this.waiting.set(stream, resolve)
      if (leave.aborted) return this.leave(stream)
      leave.addEventListener('abort', () => this.leave(stream), { once: true })
      if (this.waiting.size >= many) this.strike(strike)
    })
  }

  private strike(strike: (streams: readonly number[]) => Promise<T>): void {
    this.over = true
    const all = [...this.waiting].sort(([a], [b]) => a - b)
    this.waiting.clear()
    const struck = strike(all.map(([stream]) => stream))
    for (const [, resolve] of all) resolve(struck)
  }

  private leave(stream: number): void {
    this.waiting.get(stream)?.(undefined)
    this.waiting.delete(stream)
  }
}

const all = new WeakMap<Frames, Map<string, Gathering<unknown>>>()

/** The one of this rule on this connection. */
export function gatheringOf<T>(frames: Frames, rule: string): Gathering<T> {
  const ofConnection = all.get(frames) ?? new Map<string, Gathering<unknown>>()
  all.set(frames, ofConnection)
  const gathering = ofConnection.get(rule) ?? new Gathering<unknown>()
  ofConnection.set(rule, gathering)
  return gathering as Gathering<T>
}

/** When the reference client sends: the waits between attempts, and the calm that a server asks for. */

/**
 * Milliseconds before the attempt after this one, counted from 1. Doubles from the base to the cap; the jitter, from
 * 0 to 1, takes off up to half, so that it is never below half the base.
 */
export function backoffMs(attempt: number, baseMs: number, maxMs: number, jitter: number): number {
  const fullMs = Math.min(baseMs * 2 ** (attempt - 1), Math.max(baseMs, maxMs))
  return Math.ceil(fullMs * (0.5 + jitter / 2))
}

interface Waiting {
  readonly age: number
  readonly enter: () => void
}

/**
 * What every request passes. While a server asks for calm none does, whichever batch it said so to; after it they go
 * one at a time until two in a row have succeeded, then as many at a time as have succeeded. The oldest batch goes
 * first, so that the same one does not meet the limit again and again and run out of attempts.
 */
export class Turnstile {
  private calms = 0
  private underWay = 0
  /** Requests that may be under way, and successes since the server last asked for calm. */
  private streak = Infinity
  private waiting: Waiting[] = []

  /** Resolves when a request may be sent; `leave` must follow. A smaller `age` is an older batch. */
  enter(age: number): Promise<void> {
    return new Promise((enter) => {
      this.waiting.push({ age, enter })
      this.admit()
    })
  }

  leave(succeeded: boolean): void {
    this.underWay -= 1
    if (succeeded) this.streak += 1
    else if (this.streak < Infinity) this.streak = 0
    this.admit()
  }

  /** Nothing is sent until `over`. */
  calm(over: Promise<unknown>): void {
    this.calms += 1
    this.streak = 0
    void over.then(() => {
      this.calms -= 1
      this.admit()
    })
  }

  private admit(): void {
    this.waiting.sort((a, b) => a.age - b.age)
    while (this.calms === 0 && this.underWay < Math.max(1, this.streak)) {
      const next = this.waiting.shift()
      if (!next) return
      this.underWay += 1
      next.enter()
    }
  }
}

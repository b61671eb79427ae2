/** Counts what is under way, and tells when nothing is. */
export class Tally {
  private count = 0
  private waiting: (() => void)[] = []

  get value(): number {
    return this.count
  }

  add(): void {
    this.count += 1
  }

  remove(): void {
    this.count -= 1
    if (this.count > 0) return
    for (const wake of this.waiting.splice(0)) wake()
  }

  /** Resolves when the count is, or becomes, zero. */
  zero(): Promise<void> {
    return this.count === 0 ? Promise.resolve() : new Promise((resolve) => this.waiting.push(resolve))
  }
}

/** Records that wait to be sent by the reference client, and how much of them makes a batch. */

/** When a batch is full; the first record goes out whatever its size. */
export interface Fullness {
  readonly records: number
  readonly bytes: number
}

export class Queue {
  /** Records that have left, for a request or for good. */
  left = 0
  private readonly bytesOf: (line: string) => number
  private lines: string[] = []
  private bytes = 0
  /** So many of the oldest go out, whether or not they fill a batch. */
  private due = 0

  constructor(bytesOf: (line: string) => number) {
    this.bytesOf = bytesOf
  }

  get length(): number {
    return this.lines.length
  }

  push(line: string): void {
    this.lines.push(line)
    this.bytes += this.bytesOf(line)
  }

  /** What waits now goes out without waiting for more. */
  press(): void {
    this.due = this.lines.length
  }

  ready({ records, bytes }: Fullness): boolean {
    return this.due > 0 || this.lines.length >= records || (this.lines.length > 0 && this.bytes >= bytes)
  }

  /** Removes the oldest record. */
  takeOne(): string[] {
    return this.take({ records: 1, bytes: Infinity })
  }

  /** Removes the oldest records, as many as make a full batch. */
  take({ records, bytes }: Fullness): string[] {
    let count = 0
    let size = 0
    for (const line of this.lines) {
      size += this.bytesOf(line)
      if (count === records || (count > 0 && size > bytes)) break
      count += 1
    }
    const taken = this.lines.splice(0, count)
    this.bytes -= taken.reduce((sum, line) => sum + this.bytesOf(line), 0)
    this.due = Math.max(0, this.due - count)
    this.left += count
    return taken
  }
}

/**
 * What a server has shown to be too large (413). From then on a batch is as large as one that it took, or half as
 * large as the smallest that it refused. A refusal below what it took before speaks of the record, not of the size.
 */
export class SizeLimit {
  private took = 0
  private refused = Infinity

  /** Bytes. */
  get most(): number {
    return Math.max(this.took, Math.floor(this.refused / 2))
  }

  /** Whether a body of this size would be refused for certain. */
  excludes(bytes: number): boolean {
    return bytes >= this.refused
  }

  accept(bytes: number): void {
    this.took = Math.max(this.took, bytes)
    if (bytes >= this.refused) this.refused = Infinity
  }

  refuse(bytes: number): void {
    if (bytes > this.took) this.refused = Math.min(this.refused, bytes)
  }
}

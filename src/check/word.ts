/**
 * The client's word: what it claimed, and how it ended.
 *
 * It has told of a failure by a non-zero exit of its own, or by claims of drops, gaps and errors (contract,
 * "Signs"). A crash tells nothing, and neither does the end of a client that the harness had to end.
 */
import type { Entry, EntryOf } from '../entry.ts'
import type { IdRange } from '../record.ts'
import { IdSet } from './sets.ts'

type Claim = EntryOf<'claim'>

/** ILL, ABRT, BUS, FPE, KILL, SEGV: a shell reports them of its child as 128 plus the number. */
const crashCodes: readonly number[] = [4, 6, 7, 8, 9, 11].map((signal) => 128 + signal)

export class Word {
  readonly acked: IdSet = new IdSet()
  readonly acks: Claim[] = []
  /** Exits and signals; one, in a run that went well. */
  readonly ends: Claim[] = []
  /** It outlived its budget and was ended. */
  stuck: EntryOf<'stall'> | undefined
  /** Claims that something was not delivered. */
  private readonly refusals: Claim[] = []
  private readonly named = new IdSet()
  private done = false

  step(entry: Entry): void {
    if (entry.kind === 'stall' && entry.who === 'client') this.stuck = entry
    if (entry.kind !== 'claim') return
    switch (entry.what) {
      case 'exit':
      case 'signal':
        this.ends.push(entry)
        break
      case 'done':
        this.done = true
        break
      case 'ack':
        this.acks.push(entry)
        this.acked.add(entry.ids ?? [])
        break
      case 'drop':
      case 'gap':
      case 'error':
        this.refusals.push(entry)
        this.named.add(entry.ids ?? [])
        break
      default:
    }
  }

  /** Whether the client has ended, in whatever way; before that nothing can be held against its silence. */
  get over(): boolean {
    return this.ends.length > 0 || this.done || this.stuck !== undefined
  }

  /** The exit code, where it is the client's own word. */
  get code(): number | undefined {
    const [end] = this.ends
    if (!end || this.ends.length > 1 || this.stuck || this.crash) return undefined
    return end.what === 'exit' && end.by !== 'harness' ? end.code : undefined
  }

  /** The claim by which it crashed. */
  get crash(): Claim | undefined {
    return this.ends.find(({ what, by, code }) => {
      if (by === 'harness') return false
      return what === 'signal' || (code !== undefined && crashCodes.includes(code))
    })
  }

  /** Whether it said, of whatever, that it was not delivered. */
  get told(): boolean {
    return this.refusals.length > 0 || this.toldByExit
  }

  private get toldByExit(): boolean {
    return this.code !== undefined && this.code !== 0
  }

  /** The records of `ranges` that it kept silent about. A claim that names no record speaks of all. */
  untold(ranges: Iterable<IdRange>): IdRange[] {
    const ofAll = this.toldByExit || this.refusals.some((claim) => claim.ids === undefined)
    return ofAll ? [] : this.named.without(ranges)
  }

  /** How it ended, for people. */
  get shown(): string {
    if (this.stuck) return `the client was still running after ${this.stuck.ms} ms and was ended`
    if (this.crash) return `the client crashed (${this.crash.raw ?? `exit ${this.crash.code}`})`
    if (this.code !== undefined) return `the client exited with ${this.code}`
    if (this.ends.length > 0) return 'the client was ended by the harness'
    return this.done ? 'the client said that it was done' : 'the ledger does not say how the client ended'
  }

  /** Numbers of the entries that show it. */
  get witnesses(): number[] {
    return [...this.refusals, ...this.ends, ...(this.stuck ? [this.stuck] : [])].map((entry) => entry.n)
  }
}

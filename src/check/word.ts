/**
 * The client's word: what it claimed, and how it ended; of each client, where a case has several.
 *
 * It has told of a failure by a non-zero exit of its own, or by claims of drops, gaps and errors (contract,
 * "Signs"). A crash tells nothing, and neither does the end of a client that the harness had to end. A client
 * speaks of the records that it was offered, and of no others.
 */
import type { Entry, EntryOf } from '../entry.ts'
import type { IdRange } from '../record.ts'
import { IdSet } from './sets.ts'

type Claim = EntryOf<'claim'>

/** ILL, ABRT, BUS, FPE, KILL, SEGV: a shell reports them of its child as 128 plus the number. */
const crashCodes: readonly number[] = [4, 6, 7, 8, 9, 11].map((signal) => 128 + signal)

/** What one client said. */
export class Voice {
  readonly offered: IdSet = new IdSet()
  /** Exits and signals; one, in a run that went well. */
  readonly ends: Claim[] = []
  /** It outlived its budget and was ended. */
  stuck: EntryOf<'stall'> | undefined
  /** Claims that something was not delivered. */
  readonly refusals: Claim[] = []
  /** Its word that it is done, which is its end where the process goes on to other cases. */
  done: Claim | undefined

  /** Whether it has ended, in whatever way; before that nothing can be held against its silence. */
  get over(): boolean {
    return this.ends.length > 0 || this.done !== undefined || this.stuck !== undefined
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

  get toldByExit(): boolean {
    return this.code !== undefined && this.code !== 0
  }

  /** Whether it said, without a name, that something was not delivered: then it speaks of all it had. */
  get speaksOfAll(): boolean {
    return this.toldByExit || this.refusals.some((claim) => claim.ids === undefined)
  }

  /** How it ended, for people. */
  get shown(): string {
    if (this.stuck) return `the client was still running after ${this.stuck.ms} ms and was ended`
    if (this.crash) return `the client crashed (${this.crash.raw ?? `exit ${this.crash.code}`})`
    if (this.code !== undefined) return `the client exited with ${this.code}`
    if (this.ends.length > 0) return 'the client was ended by the harness'
    return this.done ? 'the client said that it was done' : 'the ledger does not say how the client ended'
  }
}

export class Word {
  readonly acked: IdSet = new IdSet()
  readonly acks: Claim[] = []
  readonly voices: Map<number, Voice> = new Map()
  private readonly named = new IdSet()

  step(entry: Entry): void {
    if (entry.kind === 'offer') this.voice(entry.client).offered.add(entry.ids)
    if (entry.kind === 'stall' && entry.who === 'client') this.voice(entry.client).stuck = entry
    if (entry.kind !== 'claim') return
    const voice = this.voice(entry.client)
    switch (entry.what) {
      case 'exit':
      case 'signal':
        voice.ends.push(entry)
        break
      case 'done':
        voice.done ??= entry
        break
      case 'ack':
        this.acks.push(entry)
        this.acked.add(entry.ids ?? [])
        break
      case 'drop':
      case 'gap':
      case 'error':
        voice.refusals.push(entry)
        this.named.add(entry.ids ?? [])
        break
      default:
    }
  }

  private voice(client = 0): Voice {
    const known = this.voices.get(client)
    if (known) return known
    const voice = new Voice()
    this.voices.set(client, voice)
    return voice
  }

  private get all(): Voice[] {
    return this.voices.size > 0 ? [...this.voices.values()] : [new Voice()]
  }

  /** The worst of the voices: what is said of a run that had several clients is said of this one. */
  private get speaker(): Voice {
    const { all } = this
    const worst =
      all.find(({ stuck }) => stuck) ??
      all.find(({ crash }) => crash) ??
      all.find(({ over }) => !over) ??
      all.find(({ code }) => code === undefined) ??
      all.find(({ code }) => code !== 0)
    return worst ?? (all[0] as Voice)
  }

  /** Exits and signals, of every client. */
  get ends(): Claim[] {
    return this.all.flatMap(({ ends }) => ends)
  }

  /** The claim by which a client ended that goes on as a process, where none has exited. */
  get farewell(): Claim | undefined {
    return this.ends.length > 0 ? undefined : this.all.find(({ done }) => done)?.done
  }

  /** A client has ended more than once, if the ledger is to be believed. */
  get endless(): boolean {
    return this.all.some(({ ends }) => ends.length > 1)
  }

  get stuck(): EntryOf<'stall'> | undefined {
    return this.speaker.stuck
  }

  get crash(): Claim | undefined {
    return this.speaker.crash
  }

  /** Whether every client has ended. */
  get over(): boolean {
    return this.all.every(({ over }) => over)
  }

  /** The exit code, where it is the client's own word; of several, the first that is not 0. */
  get code(): number | undefined {
    return this.speaker.code
  }

  /** Whether one said, of whatever, that it was not delivered. */
  get told(): boolean {
    return this.all.some(({ refusals, toldByExit }) => refusals.length > 0 || toldByExit)
  }

  /** The records of `ranges` that were kept silent about. */
  untold(ranges: Iterable<IdRange>): IdRange[] {
    let left = this.named.without(ranges)
    for (const voice of this.all) if (voice.speaksOfAll) left = voice.offered.without(left)
    return left
  }

  /** The records offered to clients that claim success by exit code 0. */
  claimedDelivered(): IdSet {
    return new IdSet(this.all.filter(({ code }) => code === 0).flatMap(({ offered }) => offered.ranges()))
  }

  /** Whether this record was named as not delivered. */
  names(ranges: Iterable<IdRange>): IdRange[] {
    return this.named.within(ranges)
  }

  /** How it ended, for people. */
  get shown(): string {
    return this.speaker.shown
  }

  /** Numbers of the entries that show it. */
  get witnesses(): number[] {
    const entries = this.all.flatMap(({ refusals, ends, done, stuck }) => [
      ...refusals,
      ...(ends.length === 0 && done ? [done] : ends),
      ...(stuck ? [stuck] : []),
    ])
    return entries.map((entry) => entry.n)
  }
}

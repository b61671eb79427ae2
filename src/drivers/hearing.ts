/**
 * What one case makes of what its client says on the lines rung: claims, and alerts for what is wrong in form. What
 * stands around a wrong line counts all the same.
 */
import type { Drive } from '../driver.ts'
import type { EntryOf } from '../entry.ts'
import { shown } from '../errors.ts'
import { limits } from '../limits.ts'
import { tokenOf, tokensIn } from '../record.ts'
import type { IdRange, RecordId } from '../record.ts'
import type { Heard, Message, Named } from './messages.ts'
import { whichOf } from './watch.ts'

type Claim = EntryOf<'claim'>

/** Claims of one kind that came together are one entry. */
interface Pending {
  readonly what: 'ack' | 'drop'
  readonly raw: string | undefined
  readonly ids: IdRange[]
}

export class Hearing {
  /** Resolves when the client says that it is done. */
  readonly done: Promise<void>
  isDone = false
  private readonly drive: Drive
  private readonly earlier: ReadonlySet<string>
  private markDone: () => void = () => {}
  private isOpen = false
  private isStopping = false
  private pending: Pending | undefined
  private alerts = 0
  private readonly offered: IdRange[] = []
  private scanned = 0

  /** `earlier`: nonces of the cases that the same process has served before. */
  constructor(drive: Drive, earlier: ReadonlySet<string>) {
    this.drive = drive
    this.earlier = earlier
    this.done = new Promise((resolve) => (this.markDone = resolve))
  }

  /** The client is told to start: what it claimed before, it claimed too early. */
  open(): void {
    this.isOpen = true
  }

  /** The client is asked to stop: before that it cannot be done. */
  stopping(): void {
    this.isStopping = true
  }

  hear(heard: readonly Heard[]): void {
    for (const one of heard) {
      if ('message' in one) this.take(one.message, one.quote)
      else this.alert(one.wrong, one.quote)
    }
    this.enterPending()
  }

  /** Enters that something is wrong with what the client says; `quote` is the line, where there is one. */
  alert(what: string, quote?: string): void {
    this.alerts += 1
    if (this.alerts <= limits.alertsMax)
      this.write('alert', { raw: quote === undefined ? what : `${what}: ${quote}` })
  }

  /** Nothing more is heard. */
  close(): void {
    const more = this.alerts - limits.alertsMax
    if (more > 0) this.write('alert', { raw: `and ${more} more of this kind` })
  }

  private take(message: Message, quote: string): void {
    const { t } = message
    if (t === 'hello') return
    if (!this.isOpen) this.alert(`${t} before start`, quote)
    if (this.isDone) this.alert(`${t} after done`, quote)
    switch (t) {
      case 'ack':
        return this.takeAck(message.names, quote)
      case 'drop':
        return this.takeDrop(message.names, message.why, quote)
      case 'error':
        return this.write('error', { raw: message.why })
      case 'msg':
        return this.write('message', { raw: message.raw })
      case 'gap':
        return this.write('gap', { raw: message.raw })
      case 'done':
        return this.takeDone(quote)
    }
  }

  private takeDone(quote: string): void {
    if (this.isDone) return
    if (this.isOpen && !this.isStopping) this.alert('done before stop', quote)
    this.isDone = true
    this.write('done')
    this.markDone()
  }

  /** An ack of what is no record of this run is false, and there are no ids to say it by: `raw` does. */
  private takeAck(names: readonly Named[], quote: string): void {
    const { ids, strange } = this.sorted(names, 'ack', quote)
    if (strange.length > 0) this.enter('ack', [], `no record of this run: ${strange.join(', ')}`)
    this.enter('ack', this.clipped(ids, 'ack', quote))
  }

  private takeDrop(names: readonly Named[], why: string, quote: string): void {
    const { ids } = this.sorted(names, 'drop', quote)
    this.enter('drop', this.clipped(ids, 'drop', quote), why)
  }

  /** Of what was not offered, only so much that the judge can see it: a range is as long as a client likes. */
  private clipped(ids: readonly IdRange[], t: string, quote: string): readonly IdRange[] {
    const outside = without(ids, this.offeredSoFar())
    if (outside.length === 0) return ids
    this.alert(`${t} of what was not offered`, quote)
    const shown = this.alerts <= limits.alertsMax ? outside.slice(0, namesShown) : []
    return [...without(ids, outside), ...shown.map(([p, from]): IdRange => [p, from, from])]
  }

  /** The records of this case, and names that are of none; those of a case before come late and say nothing. */
  private sorted(
    names: readonly Named[],
    t: string,
    quote: string,
  ): { ids: IdRange[]; strange: readonly string[] } {
    const ids: IdRange[] = []
    const strange: string[] = []
    let late = false
    for (const name of names) {
      const [first, last] = typeof name === 'string' ? [name, name] : name
      const [from, to] = [recordNamed(first), recordNamed(last)]
      const isRange =
        from && to && from.nonce === to.nonce && from.id[0] === to.id[0] && from.id[1] <= to.id[1]
      if (isRange && from.nonce === this.drive.source.nonce) append(ids, [...from.id, to.id[1]])
      else if (isRange && this.earlier.has(from.nonce)) late = true
      else if (strange.push(shown(name)) > namesShown) strange.pop()
    }
    if (late) this.alert(`${t} of a record of an earlier case`, quote)
    if (strange.length > 0) this.alert(`${t} of what is no record of this run`, quote)
    return { ids, strange }
  }

  private offeredSoFar(): readonly IdRange[] {
    const { entries } = this.drive.ledger
    for (; this.scanned < entries.length; this.scanned += 1) {
      const entry = entries[this.scanned]
      if (entry?.kind === 'offer') for (const range of entry.ids) append(this.offered, range)
    }
    return this.offered
  }

  /** A claim about records; without ids it would speak of all, so then there is none, unless `raw` names others. */
  private enter(what: 'ack' | 'drop', ids: readonly IdRange[], raw?: string): void {
    if (ids.length === 0 && what === 'drop') return
    if (ids.length === 0 && raw === undefined) return
    if (this.pending?.what !== what || this.pending.raw !== raw) {
      this.enterPending()
      this.pending = { what, raw, ids: [] }
    }
    for (const range of ids) append(this.pending.ids, range)
  }

  private enterPending(): void {
    if (!this.pending) return
    const { what, ids, raw } = this.pending
    this.pending = undefined
    this.write(what, { ids, ...(raw === undefined ? {} : { raw }) })
  }

  private write(what: Claim['what'], more: Pick<Claim, 'ids' | 'raw'> = {}): void {
    this.enterPending()
    this.drive.ledger.write({ kind: 'claim', what, ...more, ...whichOf(this.drive) })
  }
}

/** Of the names in one message that are no record of the case, those that are entered. */
const namesShown = 4

function recordNamed(text: string): { nonce: string; id: RecordId } | undefined {
  const [found] = tokensIn(text)
  return found && tokenOf(found.nonce, found.id) === text ? found : undefined
}

/** Adds a range; one that follows the last is joined to it. */
function append(ranges: IdRange[], range: IdRange): void {
  const [producer, from, to] = range
  const last = ranges.at(-1)
  if (last && last[0] === producer && last[2] + 1 === from)
    ranges[ranges.length - 1] = [producer, last[1], to]
  else ranges.push(range)
}

/** The parts of `ranges` that are in none of `others`. */
function without(ranges: readonly IdRange[], others: readonly IdRange[]): IdRange[] {
  let left = [...ranges]
  for (const [producer, from, to] of others) {
    left = left.flatMap((range): IdRange[] => {
      const [p, first, last] = range
      if (p !== producer || last < from || first > to) return [range]
      const [before, after]: IdRange[] = [
        [p, first, from - 1],
        [p, to + 1, last],
      ]
      return [before, after].filter((part): part is IdRange => part !== undefined && part[1] <= part[2])
    })
  }
  return left
}

/**
 * What is done to a client, step by step: records offered, facts awaited, the end. On every rung the same; how it is
 * told to the client is in the driver's hands.
 */
import { within } from '../clock.ts'
import type { Drive, Fact, Step } from '../driver.ts'
import type { Entry } from '../entry.ts'
import type { IdRange } from '../record.ts'
import { countIds } from '../record.ts'

/** How a driver does it. Each call resolves when the client has been handed it, or will take no more. */
export interface Hands {
  offer(ids: readonly IdRange[]): Promise<void>
  /** Absent where the rung cannot ask for it. */
  flush?(): Promise<void>
  /** The end of the input; may come more than once, and records may follow where the rung allows it. */
  stop(): Promise<void>
}

/** Offers and acts are entered before they are done: a client that reads nothing has been offered everything. */
export async function walk(drive: Drive, hands: Hands): Promise<void> {
  const { ledger, client, control } = drive
  const left = [...drive.ids]
  const which = client === undefined ? {} : { client }
  let since = ledger.entries.length
  let stopped = false

  async function offer(ids: readonly IdRange[]): Promise<void> {
    ledger.write({ kind: 'offer', ids, ...which, ...(control ? { control } : {}) })
    await hands.offer(ids)
  }

  async function stop(what: 'eof' | 'stop'): Promise<void> {
    stopped = true
    ledger.write({ kind: 'act', what, ...which })
    await hands.stop()
  }

  async function take(step: Step): Promise<void> {
    const before = ledger.entries.length
    if (step.do === 'offer') await offer(takeFirst(left, step.records))
    else if (step.do === 'stop') await stop('stop')
    else if (step.do === 'flush') {
      ledger.write({ kind: 'act', what: 'flush', ...which })
      await hands.flush?.()
    } else {
      const seen = fact(drive, step.for, since)
      await within(drive.clock, step.at_most_ms, ended(drive, seen), undefined)
      return
    }
    since = before
  }

  for (const step of drive.steps ?? []) await take(step)
  if (drive.steps === undefined || left.length > 0) await offer(left.splice(0))
  if (!stopped) await stop('eof')
}

/** Removes the first `count` records. */
function takeFirst(left: IdRange[], count: number): IdRange[] {
  const taken: IdRange[] = []
  let wanted = count
  while (wanted > 0 && left[0]) {
    const [producer, from, to] = left[0]
    const last = Math.min(to, from + wanted - 1)
    taken.push([producer, from, last])
    wanted -= last - from + 1
    if (last === to) left.shift()
    else left[0] = [producer, last + 1, to]
  }
  return taken
}

/** Resolves when the fact is in the ledger, at `since` or later. */
async function fact({ ledger, ids }: Drive, wanted: Fact, since: number): Promise<void> {
  if (wanted === 'landed') return landed(ledger, countIds(ids))
  const carriers = new Set<number>()
  await ledger.until((entry) => {
    if (entry.kind === 'request' && entry.ids.length > 0) carriers.add(entry.req)
    return entry.n >= since && isFact(entry, wanted, carriers)
  })
}

function isFact(entry: Entry, wanted: Fact, carriers: ReadonlySet<number>): boolean {
  switch (wanted) {
    case 'request':
      return entry.kind === 'request' && entry.ids.length > 0
    case 'answer':
      return entry.kind === 'sent' && carriers.has(entry.req)
    case 'fault':
      return entry.kind === 'fault'
    case 'close':
      return entry.kind === 'close' && entry.by === 'server'
    case 'landed':
      return false
  }
}

/** So many rows have landed: doubles count, so this is no verdict, only a reason to go on. */
async function landed(ledger: Drive['ledger'], wanted: number): Promise<void> {
  let rows = 0
  await ledger.until((entry) => {
    if (entry.kind === 'land' && entry.error === undefined) rows += countIds(entry.ids)
    return rows >= wanted
  })
}

/** Whichever comes first: the fact, or the end of the client, after which none can come. */
function ended({ ledger, client }: Drive, seen: Promise<void>): Promise<unknown> {
  const over = ledger.until(
    (entry) =>
      entry.kind === 'claim' && (entry.what === 'exit' || entry.what === 'signal') && entry.client === client,
  )
  return Promise.race([seen, over])
}

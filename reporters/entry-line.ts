/** One entry of a ledger as one plain line for people: what happened, in the words of the ledger. */
import { isDeepStrictEqual } from 'node:util'
import type { Entry, EntryOf, Struck } from '../src/entry.ts'
import { shown } from '../src/errors.ts'
import { limits } from '../src/limits.ts'
import { shownRange } from '../src/record.ts'
import type { IdRange } from '../src/record.ts'

/** `  1203.4 ms  request 3  POST / 0.0–0.9 attempt 2`. */
export function entryLine(entry: Entry): string {
  return `${(entry.t / 1e6).toFixed(1).padStart(8)} ms  ${sayEntry(entry)}`
}

function sayEntry(entry: Entry): string {
  switch (entry.kind) {
    case 'run':
      return `run ${entry.case}, seed ${entry.seed}, ${entry.protocol} over ${entry.rung}`
    case 'phase':
      return `phase ${entry.name}`
    case 'offer':
      return `offer ${sayIds(entry.ids)}`
    case 'claim':
      return sayClaim(entry)
    case 'open':
      return `open connection ${entry.conn}, ${entry.proto}`
    case 'close':
      return `close connection ${entry.conn}, ${entry.how} by the ${entry.by}`
    case 'request':
      return sayRequest(entry)
    case 'fault':
      return sayFault(entry)
    case 'take':
      return `take ${sayIds(entry.ids)} of request ${entry.req}`
    case 'discard':
      return `discard ${sayIds(entry.ids)}, ${entry.why}`
    case 'respond': {
      const wait = entry.retryAfterMs === undefined ? '' : `, Retry-After ${entry.retryAfterMs} ms`
      return `respond ${entry.status} ${entry.ack} to request ${entry.req}${wait}`
    }
    case 'sent':
      return `sent answer to request ${entry.req}: ${entry.written}`
    case 'flush':
    case 'land':
      return `${entry.kind} ${sayIds(entry.ids)}${entry.error === undefined ? '' : `, error ${entry.error}`}`
    case 'stall':
      return `stall of the ${entry.who}, ${entry.ms} ms`
    case 'lateness':
      return `lateness of timers, p99.9 ${entry.p999} ms`
  }
}

function sayIds(ids: readonly IdRange[]): string {
  const first = ids.slice(0, limits.rangesShown).map(shownRange)
  const rest = ids.length - first.length
  if (rest > 0) first.push(`… ${rest} more ranges`)
  return first.join(', ') || 'no records'
}

function sayClaim({ what, ids, raw, code, by }: EntryOf<'claim'>): string {
  const parts: string[] = ['claim', what]
  if (code !== undefined) parts.push(String(code))
  if (raw !== undefined) parts.push(what === 'signal' ? raw : shown(raw))
  if (ids !== undefined) parts.push(sayIds(ids))
  if (by !== undefined) parts.push(`by the ${by}`)
  return parts.join(' ')
}

function sayRequest(entry: EntryOf<'request'>): string {
  const { req, method, path, ids, site } = entry
  if (entry.malformed !== undefined) return `request ${req}  malformed: ${entry.malformed}`
  const notes = [
    ...(entry.complete ? [] : [`cut after ${entry.bytes} bytes`]),
    ...(entry.damaged?.length ? [`${entry.damaged.length} damaged`] : []),
    ...(entry.foreign ? [`${entry.foreign} foreign`] : []),
  ]
  const line = `request ${req}  ${method} ${path} ${sayIds(ids)} attempt ${site.attempt}`
  return [line, ...notes].join(', ')
}

function sayFault({ rule, planned, emitted }: EntryOf<'fault'>): string {
  const plan = sayStruck(planned)
  const misfire = isDeepStrictEqual(planned, emitted) ? '' : `, misfired: ${sayStruck(emitted)}`
  return `fault ${plan} (${rule})${misfire}`
}

function sayStruck({ type, point, taken, ...rest }: Struck): string {
  const given = Object.entries(rest).map(([name, value]) => `${name} ${shown(value)}`)
  const took = taken === undefined ? [] : [taken ? 'taken' : 'not taken']
  return [`${type} at ${point}`, ...given, ...took].join(', ')
}

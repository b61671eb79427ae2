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
      return `offer ${sayIds(entry.ids)}${sayClient(entry)}`
    case 'act':
      return sayAct(entry)
    case 'claim':
      return sayClaim(entry)
    case 'open':
      return `open connection ${entry.conn}, ${entry.proto}`
    case 'close':
      return sayClose(entry)
    case 'frame':
      return sayFrame(entry)
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
      return `stall of the ${entry.who}${sayClient(entry)}, ${entry.ms} ms`
    case 'lateness':
      return `lateness of timers, p99.9 ${entry.p999} ms`
  }
}

function sayClose({ conn, how, by, handshake }: EntryOf<'close'>): string {
  const why = handshake === undefined ? '' : `, no TLS: ${handshake}`
  return `close connection ${conn}, ${how} by the ${by}${why}`
}

/** `frame in RST_STREAM code 8, stream 3 of connection 0`. */
function sayFrame({ dir, type, conn, stream, ack, end, code, last }: EntryOf<'frame'>): string {
  const more = [
    ...(ack ? ['ACK'] : []),
    ...(end ? ['END_STREAM'] : []),
    ...(code === undefined ? [] : [`code ${code}`]),
    ...(last === undefined ? [] : [`last stream ${last}`]),
  ]
  const where = stream === 0 ? `connection ${conn}` : `stream ${stream} of connection ${conn}`
  return `frame ${dir} ${[type, ...more].join(' ')}, ${where}`
}

function sayIds(ids: readonly IdRange[]): string {
  const first = ids.slice(0, limits.rangesShown).map(shownRange)
  const rest = ids.length - first.length
  if (rest > 0) first.push(`… ${rest} more ranges`)
  return first.join(', ') || 'no records'
}

/** Which of several clients, or that it is one of ours. */
function sayClient({ client, control }: { readonly client?: number; readonly control?: true }): string {
  const which = client === undefined ? '' : `, client ${client}`
  return control ? `${which}, as a measure` : which
}

function sayAct(entry: EntryOf<'act'>): string {
  const { what, ms, raw } = entry
  const parts = [
    `act ${what}`,
    ...(raw === undefined ? [] : [raw]),
    ...(ms === undefined ? [] : [`${ms} ms`]),
  ]
  return parts.join(' ') + sayClient(entry)
}

function sayClaim(entry: EntryOf<'claim'>): string {
  const { what, ids, raw, code, by } = entry
  const parts: string[] = ['claim', what]
  if (code !== undefined) parts.push(String(code))
  if (raw !== undefined) parts.push(what === 'signal' ? raw : shown(raw))
  if (ids !== undefined) parts.push(sayIds(ids))
  if (by !== undefined) parts.push(`by the ${by}`)
  return parts.join(' ') + sayClient(entry)
}

function sayRequest(entry: EntryOf<'request'>): string {
  const { req, method, path, ids, site } = entry
  if (entry.malformed !== undefined) return `request ${req}  malformed: ${entry.malformed}`
  const notes = [
    ...(entry.complete ? [] : [`cut after ${entry.bytes} bytes`]),
    ...(entry.damaged?.length ? [`${entry.damaged.length} damaged`] : []),
    ...(entry.foreign ? [`${entry.foreign} foreign`] : []),
    ...(entry.form === undefined ? [] : [entry.form]),
    ...(entry.coding === undefined ? [] : [entry.coding]),
    ...(entry.utf8 === false ? ['not UTF-8'] : []),
    ...(entry.credential === undefined ? [] : [`credential ${entry.credential}`]),
    ...(entry.elsewhere ? ['sent elsewhere'] : []),
    ...(entry.afterClose ? ['after Connection: close'] : []),
  ]
  const line = `request ${req}  ${method} ${path} ${sayIds(ids)} attempt ${site.attempt}`
  return [line, ...notes].join(', ')
}

function sayFault({ rule, planned, emitted, orderDependent }: EntryOf<'fault'>): string {
  const plan = sayStruck(planned)
  const order = orderDependent ? ', by order of arrival' : ''
  const misfire = isDeepStrictEqual(planned, emitted) ? '' : `, misfired: ${sayStruck(emitted)}`
  return `fault ${plan} (${rule})${order}${misfire}`
}

function sayStruck({ type, point, taken, ids, ...rest }: Struck): string {
  const struck = Array.isArray(ids) ? [`on ${sayIds(ids as IdRange[])}`] : []
  const given = [...struck, ...Object.entries(rest).map(([name, value]) => `${name} ${shown(value)}`)]
  const took = taken === undefined ? [] : [taken ? 'taken' : 'not taken']
  return [`${type} at ${point}`, ...given, ...took].join(', ')
}

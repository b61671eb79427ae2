/** Faults that answer wrongly, late, too early, or as usual. */
import { headerValue } from '../../src/exchange.ts'
import type { Head, Header } from '../../src/exchange.ts'
import type { FaultOf } from '../../src/fault.ts'
import { give } from '../answer.ts'
import type { Answer } from '../answer.ts'
import { leaving, sleepUnless } from './pace-wait.ts'
import { done } from './strike.ts'
import type { Performer, Strike } from './strike.ts'

export const none: Performer<'none'> = (strike) => {
  strike.emit(strike.fault)
  return Promise.resolve('proceed')
}

export const http_error: Performer<'http_error'> = async (strike) => {
  const emitted = await give(strike.exchange, errorAnswer(strike))
  strike.emit(done(strike.fault, emitted))
  return 'over'
}

function errorAnswer(strike: Strike<'http_error'>): Answer {
  const { fault } = strike
  const own = strike.errorAnswer(fault.status)
  const said = fault.body === undefined ? own.body : Buffer.from(fault.body)
  const body = Buffer.concat([said, Buffer.alloc(Math.max(0, (fault.body_bytes ?? 0) - said.length), ' ')])
  const headers: Header[] = [
    ...own.headers,
    ...Object.entries(fault.headers ?? {}),
    ...datesOf(fault, strike.clock.wall()),
    ...(fault.location === undefined
      ? []
      : [['location', location(strike.exchange.head, fault.location)] as const]),
  ]
  // RFC 9110 §15.3.5, §15.4.5: 204 and 304 have no content.
  const bare = fault.status === 204 || fault.status === 304
  return { status: fault.status, headers: lastOf(headers), body: bare ? Buffer.alloc(0) : body }
}

/** The last header of each name: a plan's own header replaces the protocol's. */
function lastOf(headers: readonly Header[]): Header[] {
  return [...new Map(headers.map((header) => [header[0].toLowerCase(), header])).values()]
}

/** Retry-After as a date is a whole number of seconds after the answer's own Date, which then is always given. */
function datesOf(fault: FaultOf<'http_error'>, wallMs: number): Header[] {
  const { retry_after_s: afterS, retry_after_form: form = 'seconds', date_skew_s: skewS } = fault
  const ownMs = wallMs + (skewS ?? 0) * 1000
  const isDate = afterS !== undefined && form === 'date'
  const wait = isDate ? httpDate(ownMs + afterS * 1000) : String(afterS)
  return [
    ...(afterS === undefined ? [] : [['retry-after', wait] as const]),
    ...(isDate || skewS !== undefined ? [['date', httpDate(ownMs)] as const] : []),
  ]
}

/** IMF-fixdate, down to the second (RFC 9110 §5.6.7). */
function httpDate(wallMs: number): string {
  return new Date(wallMs).toUTCString()
}

/** `other` is the same listener by another host name: another origin (RFC 6454 §4) that is still ours to watch. */
function location(head: Head, where: 'same' | 'other'): string {
  const host = headerValue(head.headers, 'host')
  const url = new URL(head.path, `http://${host ?? 'localhost'}`)
  // A client of HTTP/1.0 need not say by which name it knows us: to it the reference is relative (RFC 9110 §10.2.2).
  if (where === 'same') return (host === undefined ? '' : url.origin) + url.pathname + moved(url.search)
  url.hostname = url.hostname === 'localhost' ? '127.0.0.1' : 'localhost'
  return url.origin + url.pathname + withoutToken(url.search)
}

/** The query with `moved` counted up, and otherwise to the letter. */
function moved(query: string): string {
  const [member, before, count] = /([?&]moved=)(\d{1,9})(?=&|$)/.exec(query) ?? []
  if (member !== undefined) return query.replace(member, `${before}${Number(count) + 1}`)
  return `${query.length > 1 ? `${query}&` : '?'}moved=1`
}

/** A client that goes where it is sent, to the letter, has not carried its token there by itself. */
function withoutToken(query: string): string {
  const members = query.slice(1).split('&')
  const kept = members.filter((member) => member !== '' && !member.startsWith('token='))
  return kept.length > 0 ? `?${kept.join('&')}` : ''
}

export const rate_limit: Performer<'rate_limit'> = async (strike) => {
  const { fault, clock, opensAtS = 0 } = strike
  const leftS = opensAtS - clock.now() / 1e9
  const inWords = {
    none: undefined,
    seconds: String(Math.max(0, Math.ceil(leftS))),
    // Rounded up as well: a date that was rounded down would call for the window that is over.
    date: httpDate(Math.ceil(clock.wall() / 1000 + leftS) * 1000),
  }
  const wait = inWords[fault.retry_after ?? 'seconds']
  const own = strike.errorAnswer(429)
  const headers = lastOf([...own.headers, ...(wait === undefined ? [] : [['retry-after', wait] as const])])
  strike.emit(done(fault, await give(strike.exchange, { ...own, headers })))
  return 'over'
}

/** RFC 8297 §2 gives it as its example. */
const hint: Header = ['link', '</style.css>; rel=preload; as=style']

export const early_hints: Performer<'early_hints'> = async (strike) => {
  const { fault, exchange } = strike
  const headers = fault.headers ? Object.entries(fault.headers) : [hint]
  strike.emit(done(fault, await exchange.inform(fault.status ?? 103, headers)))
  return 'proceed'
}

/** The body stands unread: with `close` the rest of it is drained behind our FIN (RFC 9112 §9.6), else dropped. */
export const early_response: Performer<'early_response'> = async (strike) => {
  const { fault, exchange } = strike
  const own = strike.errorAnswer(fault.status)
  const headers = fault.close ? lastOf([...own.headers, ['connection', 'close']]) : own.headers
  const emitted = await give(exchange, { ...own, headers })
  strike.emit(done(fault, emitted))
  return emitted.ok ? 'answered' : 'over'
}

export const header_delay: Performer<'header_delay'> = async (strike) => {
  const { fault, exchange, clock, healed } = strike
  const left = leaving(exchange)
  await sleepUnless(clock, fault.delay_ms, [healed, left])
  const gone = left.aborted
  strike.emit(gone ? { type: 'none', why: 'gone' } : fault)
  return gone ? 'over' : 'proceed'
}

/** Faults that answer wrongly, late, or as usual. */
import { sleep } from '../../src/clock.ts'
import type { Clock } from '../../src/clock.ts'
import { headerValue } from '../../src/exchange.ts'
import type { Head, Header } from '../../src/exchange.ts'
import { give } from '../answer.ts'
import type { Answer } from '../answer.ts'
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
  const body = fault.body === undefined ? own.body : Buffer.from(fault.body)
  const headers: Header[] = [
    ...own.headers,
    ...Object.entries(fault.headers ?? {}),
    ...(fault.retry_after_s === undefined ? [] : [['retry-after', String(fault.retry_after_s)] as const]),
    ...(fault.date_skew_s === undefined
      ? []
      : [['date', skewedDate(strike.clock, fault.date_skew_s)] as const]),
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

function skewedDate(clock: Clock, skewS: number): string {
  return new Date(clock.wall() + skewS * 1000).toUTCString()
}

/** `other` is the same listener by another host name: another origin (RFC 6454 §4) that is still ours to watch. */
function location(head: Head, where: 'same' | 'other'): string {
  const host = headerValue(head.headers, 'host') ?? '127.0.0.1'
  const url = new URL(head.path, `http://${host}`)
  if (where === 'other') url.hostname = url.hostname === 'localhost' ? '127.0.0.1' : 'localhost'
  return url.href
}

export const header_delay: Performer<'header_delay'> = async (strike) => {
  const { fault, exchange, clock, healed } = strike
  const gone = await Promise.race([
    sleep(clock, fault.delay_ms, healed).then(() => false),
    exchange.gone.then(() => true),
  ])
  strike.emit(gone ? { type: 'none', why: 'gone' } : fault)
  return gone ? 'over' : 'proceed'
}

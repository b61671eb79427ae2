/** What is wrong about interim answers, and about Expect. */
import { sleep } from '../../src/clock.ts'
import { headerValues } from '../../src/exchange.ts'
import type { Header } from '../../src/exchange.ts'
import { give } from '../answer.ts'
import { isHttp1, misfire } from './malformed-answer.ts'
import { aborted, leaving } from './pace-wait.ts'
import { done } from './strike.ts'
import type { Performer } from './strike.ts'

/** The body is read meanwhile: a client need not wait for ever (RFC 9110 §10.1.1). */
export const expect_continue_withheld: Performer<'expect_continue_withheld'> = (strike) => {
  const { fault, exchange, clock, healed } = strike
  const { for_ms: forMs } = fault
  const isHeld = exchange.withhold?.((over) => {
    const either = AbortSignal.any([healed, over])
    return forMs === undefined ? aborted([either]) : sleep(clock, forMs, either)
  })
  if (!isHeld) return misfire(strike, isHeld === undefined ? 'unsupported' : 'unasked')
  strike.emit(fault)
  return Promise.resolve('proceed')
}

/** The body may never come, so the answer says how it goes on (RFC 9110 §10.1.1), and what comes is drained. */
export const expectation_failed: Performer<'expectation_failed'> = async (strike) => {
  const { fault, exchange } = strike
  if (!isHttp1(exchange.connection)) return misfire(strike, 'unsupported')
  // RFC 9110 §10.1.1: a client of HTTP/1.0 has no say in it.
  const asks = !exchange.head.http10 && headerValues(exchange.head.headers, 'expect').length > 0
  if (!asks) return misfire(strike, 'unasked')
  const own = strike.errorAnswer(417)
  const headers = own.headers.filter(([name]) => name.toLowerCase() !== 'connection')
  const emitted = await give(exchange, { ...own, headers: [...headers, ['connection', 'close']] })
  strike.emit(done(fault, emitted))
  return emitted.ok ? 'answered' : 'over'
}

export const unasked_continue: Performer<'unasked_continue'> = async (strike) => {
  strike.emit(done(strike.fault, await strike.exchange.inform(100, [])))
  return 'proceed'
}

const upgrade: readonly Header[] = [
  ['connection', 'upgrade'],
  ['upgrade', 'websocket'],
]

/** From here on this is no HTTP any more (RFC 9110 §7.8): nothing else is said until the faults are healed. */
export const unexpected_101: Performer<'unexpected_101'> = async (strike) => {
  const { fault, exchange, healed } = strike
  if (!isHttp1(exchange.connection)) return misfire(strike, 'unsupported') // RFC 9113 §8.6
  const emitted = await exchange.inform(101, upgrade)
  strike.emit(done(fault, emitted))
  if (!emitted.ok) return emitted.why === 'unsupported' ? 'proceed' : 'over'
  await aborted([healed, leaving(exchange)])
  await exchange.cut({ fin: true })
  return 'over'
}

/** Faults that end, or hold, the connection. */
import type { Cut, Emitted, Framing } from '../../src/exchange.ts'
import type { FaultName, FaultOf } from '../../src/fault.ts'
import { limits } from '../../src/limits.ts'
import { isBare, misfire } from './malformed-answer.ts'
import { aborted, leaving, sleepUnless } from './pace-wait.ts'
import { done, untouched } from './strike.ts'
import type { Aftermath, DueHead, Performer, Rest, Strike } from './strike.ts'

export const empty_response: Performer<'empty_response'> = (strike) => cutBy(strike, { fin: true })

async function cutBy<N extends FaultName>(strike: Strike<N>, how: Cut): Promise<Aftermath> {
  strike.emit(done(strike.fault, await strike.exchange.cut(how)))
  return 'over'
}

export const reset_peer: Performer<'reset_peer'> = (strike) => {
  return cutBy(strike, { rst: true, linger_ms: strike.fault.linger_ms ?? limits.lingerMs })
}

export const upload_reset: Performer<'upload_reset'> = (strike) => cutBy(strike, { rst: true, linger_ms: 0 })

/** Which requests come on a kept connection is known where the rule is drawn (`plan/decide.ts`). */
export const keepalive_race: Performer<'keepalive_race'> = (strike) => {
  return cutBy(strike, strike.fault.how === 'rst' ? { rst: true, linger_ms: 0 } : { fin: true })
}

/** The transport sends FIN behind an answer that says so, and goes on reading. */
export const connection_close: Performer<'connection_close'> = async (strike) => {
  if (!strike.due) return 'proceed'
  const { status, framing, ack } = strike.due
  const headers = strike.due.headers.filter(([name]) => name.toLowerCase() !== 'connection')
  const head = await strike.exchange.respond(status, [...headers, ['connection', 'close']], framing, ack)
  strike.emit(done(strike.fault, head))
  return head.ok ? untouched(strike.exchange) : 'over'
}

/** Entered when it begins: a stall without end has no other moment. */
export const stall: Performer<'stall'> = async (strike) => {
  const { fault, exchange, clock, healed } = strike
  strike.emit(fault)
  const left = leaving(exchange)
  const signals = [healed, left]
  await (fault.for_ms === undefined ? aborted(signals) : sleepUnless(clock, fault.for_ms, signals))
  return left.aborted ? 'over' : 'proceed'
}

export const limit_data: Performer<'limit_data'> = async (strike) => {
  if (strike.due) {
    const { status, headers } = strike.due
    if (isBare(strike.exchange.head.method, status)) return misfire(strike, 'no-body')
    const head = await strike.exchange.respond(status, headers, framingOf(strike.fault, strike.due))
    if (!head.ok) {
      strike.emit(done(strike.fault, head))
      return 'over'
    }
  }
  return cutAfter(strike)
}

function framingOf(fault: FaultOf<'limit_data'>, due: DueHead): Framing {
  const framing = fault.framing ?? 'length'
  if (framing !== 'length') return framing
  const own = typeof due.framing === 'object' ? due.framing.length : fault.bytes
  return { length: fault.of_bytes ?? own }
}

/** Lets `bytes` of the answer through, spaces where it is shorter, then cuts. */
function cutAfter(strike: Strike<'limit_data'>): Rest {
  const { fault, exchange } = strike
  const how: Cut =
    fault.end === 'fin' ? { fin: true } : { rst: true, linger_ms: fault.linger_ms ?? limits.lingerMs }
  let left = fault.bytes
  let over = false

  async function pass(bytes: Uint8Array): Promise<Emitted> {
    if (over) return { ok: false, why: 'ended' }
    const part = bytes.subarray(0, left)
    const emitted: Emitted = part.length > 0 ? await exchange.write(part) : { ok: true, bytes: 0 }
    left -= emitted.ok ? emitted.bytes : left
    if (left > 0) return emitted
    over = true
    const cut = await exchange.cut(how)
    strike.emit(done(fault, emitted, cut))
    return emitted
  }

  return { write: pass, end: () => pass(Buffer.alloc(left, ' ')) }
}

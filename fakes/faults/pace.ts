/** Faults of pace that strike one exchange: an answer that drips, a FIN that is late, an upload that nobody reads. */
import { headerValue } from '../../src/exchange.ts'
import type { Connection, Emitted, Exchange } from '../../src/exchange.ts'
import type { Fault } from '../../src/fault.ts'
import { aborted, leaving, sleepUnless } from './pace-wait.ts'
import { done } from './strike.ts'
import type { Done, DueHead, Performer, Rest, Strike } from './strike.ts'

/** HTTP/2 has neither chunks, nor a FIN for each answer, nor a socket for each request. */
const notHere = { type: 'none', why: 'unsupported' } as const
const noBody = { type: 'none', why: 'no body' } as const

function isH2({ proto }: Connection): boolean {
  return proto === 'h2' || proto === 'h2c'
}

export const chunked_dribble: Performer<'chunked_dribble'> = async (strike) => {
  const { fault, due, exchange } = strike
  if (!due) return 'proceed'
  if (isH2(exchange.connection) || exchange.head.http10) {
    strike.emit(notHere)
    return 'proceed'
  }
  const head = await exchange.respond(due.status, due.headers, 'chunked', due.ack)
  if (head.ok) return dribble(strike)
  strike.emit(done(fault, head))
  return 'over'
}

/** Entered with its first chunk: an answer without end has no other moment. Once healed it goes out as it comes. */
function dribble(strike: Strike<'chunked_dribble'>): Rest {
  const { fault, exchange, clock, healed } = strike
  const signals = [leaving(exchange), healed]
  let entered = false

  function enter(deed: Done): void {
    if (!entered) strike.emit(deed)
    entered = true
  }

  async function write(bytes: Uint8Array): Promise<Emitted> {
    let written = 0
    for (let at = 0; at < bytes.length;) {
      await sleepUnless(clock, fault.interval_ms, signals)
      const part = bytes.subarray(at, healed.aborted ? undefined : at + fault.chunk_bytes)
      const emitted = await exchange.write(part)
      enter(emitted.ok && emitted.bytes === 0 ? noBody : done(fault, emitted)) // as to HEAD
      if (!emitted.ok) return emitted
      written += emitted.bytes
      at += part.length
    }
    return { ok: true, bytes: written }
  }

  return {
    write,
    end: () => {
      enter(noBody)
      return exchange.end()
    },
  }
}

/** The head that a fault at the end of an answer needs before it. */
export function foretold(fault: Fault | undefined, due: DueHead, connection: Connection): DueHead {
  if (fault?.type !== 'slow_close' || isH2(connection)) return due
  const headers = due.headers.filter(([name]) => name.toLowerCase() !== 'connection')
  return { ...due, headers: [...headers, ['connection', 'close']] }
}

/** The answer ends on time, and our half of the connection with it (RFC 9112 §9.6); only the FIN is late. */
export const slow_close: Performer<'slow_close'> = async (strike) => {
  const { fault, exchange, clock, healed } = strike
  const { connection } = exchange
  if (!connection.finAfter) {
    strike.emit(notHere)
    return 'proceed'
  }
  connection.finAfter((closed) => sleepUnless(clock, fault.delay_ms, [closed, healed]))
  strike.emit(done(fault, await exchange.end()))
  return 'over'
}

/** Entered when it begins, as a stall. A client that gives up is not heard of meanwhile: nothing is read. */
export const upload_stall: Performer<'upload_stall'> = async (strike) => {
  const { fault, exchange, clock, healed } = strike
  const { connection } = exchange
  const release = hasBody(exchange) ? connection.stopReading?.() : undefined
  if (!release) {
    strike.emit(connection.stopReading ? noBody : notHere) // of HTTP/2 a body needs no length (RFC 9113 §8.1.1)
    return 'proceed'
  }
  strike.emit(fault)
  const signals = [leaving(exchange), healed]
  await (fault.for_ms === undefined ? aborted(signals) : sleepUnless(clock, fault.for_ms, signals))
  release()
  return 'proceed'
}

/** RFC 9112 §6.3. */
function hasBody({ head: { headers } }: Exchange): boolean {
  const length = headerValue(headers, 'content-length')
  return headerValue(headers, 'transfer-encoding') !== undefined || Number(length ?? 0) > 0
}

/** Faults of an answer that strike the socket under TLS. */
import type { Beneath, Emitted, Exchange } from '../../src/exchange.ts'
import { limits } from '../../src/limits.ts'
import { aborted, leaving } from './pace-wait.ts'
import { done } from './strike.ts'
import type { Aftermath, Performer, Rest, Strike } from './strike.ts'

/** Application data (RFC 8446 §5.2) of 32 bytes that no key has made: whoever decrypts it finds that out. */
const corruptRecord: Buffer = Buffer.concat([Buffer.from([23, 3, 3, 0, 32]), Buffer.alloc(32, 0xa5)])

type UnderTls = 'tls_corrupt_record' | 'tls_no_close_notify' | 'tls_reset_mid_body'

export const tls_corrupt_record: Performer<'tls_corrupt_record'> = async (strike) => {
  const { fault, exchange, healed } = strike
  const { below } = exchange.connection
  if (!below) return withoutTls(strike)
  const emitted = await below.write(corruptRecord)
  strike.emit(done(fault, emitted))
  // A client that has to be told by an end does not mind the record.
  if (emitted.ok) await aborted([healed, leaving(exchange)])
  return 'over'
}

export const tls_reset_mid_body: Performer<'tls_reset_mid_body'> = async (strike) => {
  const { fault, exchange } = strike
  const { below } = exchange.connection
  if (!below) return withoutTls(strike)
  strike.emit(done(fault, await below.cut({ rst: true, linger_ms: fault.linger_ms ?? limits.lingerMs })))
  return 'over'
}

/**
 * From the head on the end of the body is marked by that of the connection alone, which without close_notify may be
 * anybody's (RFC 9112 §9.8). In HTTP/2 the stream has an end of its own.
 */
export const tls_no_close_notify: Performer<'tls_no_close_notify'> = async (strike) => {
  const { exchange, due, fault, point } = strike
  const { below, proto } = exchange.connection
  if (!below) return withoutTls(strike)
  if (due) {
    const framing = proto === 'h2' ? due.framing : 'close'
    const head = await exchange.respond(due.status, due.headers, framing, due.ack)
    if (!head.ok) {
      strike.emit(done(fault, head))
      return 'over'
    }
  }
  const rest = quietEnd(strike, below)
  if (point.name !== 'response-end') return rest
  await rest.end()
  return 'over'
}

/** Lets `bytes` of the answer through, or all, then ends the connection under it. */
function quietEnd(strike: Strike<'tls_no_close_notify'>, below: Beneath): Rest {
  const { fault, exchange } = strike
  let rest = fault.bytes ?? Infinity
  let over = false

  async function write(bytes: Uint8Array): Promise<Emitted> {
    if (over) return { ok: false, why: 'ended' }
    const part = bytes.subarray(0, Math.min(rest, bytes.length))
    const emitted: Emitted = part.length > 0 ? await exchange.write(part) : { ok: true, bytes: 0 }
    rest -= part.length
    return emitted.ok && rest > 0 ? emitted : cut(emitted)
  }

  async function cut(before: Emitted): Promise<Emitted> {
    over = true
    const emitted = before.ok ? await below.cut({ fin: true }) : before
    strike.emit(done(fault, emitted))
    return before
  }

  async function end(): Promise<Emitted> {
    if (over) return { ok: false, why: 'ended' }
    return cut(await endOfStream(exchange))
  }

  return { write, end }
}

/** Only a stream of HTTP/2 can end and leave its connection open; elsewhere the FIN that follows is the end. */
function endOfStream(exchange: Exchange): Promise<Emitted> {
  return exchange.connection.proto === 'h2' ? exchange.end() : Promise.resolve({ ok: true, bytes: 0 })
}

/** Without TLS there is nothing under the answer: it goes on as it is. */
function withoutTls<N extends UnderTls>(strike: Strike<N>): Aftermath {
  strike.emit({ type: 'none', why: 'unsupported' })
  return 'proceed'
}

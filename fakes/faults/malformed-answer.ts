/** What the faults of malformed answers have in common: whether they can be performed, and how they are written. */
import type { Clock } from '../../src/clock.ts'
import type { AnswerHead, Connection, Emitted, Exchange } from '../../src/exchange.ts'
import type { FaultName, FaultOf } from '../../src/fault.ts'
import { limits } from '../../src/limits.ts'
import { answerFields, bodied, headBytes, saysClose } from '../transport/h1-head.ts'
import { done } from './strike.ts'
import type { Done, DueHead, Performer, Rest, Strike } from './strike.ts'

/** What a fault is made of: bytes of HTTP/1.1, a body in them, or chunks. */
export type Matter = 'bytes' | 'body' | 'chunks'

/** Why the fault cannot be performed; undefined where it can. */
export function hindrance({ connection, head }: Exchange, due: DueHead, matter: Matter): string | undefined {
  if (!isHttp1(connection) || (matter === 'chunks' && head.http10)) return 'unsupported'
  return matter !== 'bytes' && isBare(head.method, due.status) ? 'no-body' : undefined
}

/** Be it within TLS. */
export function isHttp1({ proto }: Connection): boolean {
  return proto === 'h1' || proto === 'tls'
}

/** Whether the answer has no body, whatever the protocol writes (RFC 9112 §6.3). */
export function isBare(method: string, status: number): boolean {
  return method === 'HEAD' || !bodied(status)
}

/** The answer as it should be. */
export interface Plain {
  /** Status line and fields, without the ends of the lines. */
  readonly lines: readonly string[]
  readonly body: Uint8Array
}

/** `closes`: it says so though the client has not asked for it. */
export function plainAnswer(
  { head }: Exchange,
  { status, headers }: DueHead,
  body: Uint8Array,
  { closes, clock }: { closes: boolean; clock: Clock },
): Plain {
  const ending = {
    framing: { length: body.length },
    closes: closes || head.http10 === true || saysClose(head.headers),
    wallMs: clock.wall(),
  }
  const text = headBytes(status, answerFields(status, headers, ending)).toString('latin1')
  return { lines: text.split('\r\n').slice(0, -2), body: isBare(head.method, status) ? nothing : body }
}

const nothing = new Uint8Array(0)

export function bytesOf({ lines, body }: Plain, lineEnd = '\r\n'): Buffer {
  return Buffer.concat([Buffer.from([...lines, '', ''].join(lineEnd), 'latin1'), body])
}

/** Of a strike at an exchange, what it takes to do the deed and to say so. */
type Doing = Pick<Strike, 'exchange' | 'emit'> & { readonly fault: Done }

export interface Rewriting<N extends FaultName> {
  readonly matter: Matter
  /** Whether the answer says that the connection closes, though the client has not asked for it. */
  readonly closes: boolean
  /** Whether a client can read a status in it; always when absent. */
  readonly isAnswer?: (fault: FaultOf<N>) => boolean
}

/** Waits for the protocol's whole answer, writes what `make` makes of it, and ends our half. */
export function rewriting<N extends FaultName>(
  { matter, closes, isAnswer = () => true }: Rewriting<N>,
  make: (plain: Plain, fault: FaultOf<N>) => Uint8Array,
): Performer<N> {
  return (strike) => {
    const { due, exchange, fault, clock } = strike
    if (!due) return Promise.resolve('proceed')
    const why = hindrance(exchange, due, matter)
    if (why) return misfire(strike, why)
    const as = isAnswer(fault) ? due : undefined
    const write = (body: Buffer): Promise<Emitted> =>
      writeLast(strike, make(plainAnswer(exchange, due, body, { closes, clock }), fault), as)
    return Promise.resolve(gathered(strike, due, write))
  }
}

/** What cannot be done is said, and the answer goes its way. */
export function misfire(strike: Pick<Strike, 'emit'>, why: string): Promise<'proceed'> {
  strike.emit({ type: 'none', why })
  return Promise.resolve('proceed')
}

/**
 * The last bytes of the connection, and what a client may read them as. They are the deed: a client that has all it
 * wants may close before we do.
 */
export async function writeLast(strike: Doing, bytes: Uint8Array, as?: AnswerHead): Promise<Emitted> {
  const { exchange, fault } = strike
  const emitted = as ? await exchange.answerRaw?.(bytes, as) : await exchange.connection.raw(bytes)
  if (!emitted) return misfire(strike, 'unsupported').then(() => ({ ok: false, why: 'unsupported' }))
  if (emitted.ok) await exchange.cut({ fin: true })
  strike.emit(done(fault, emitted))
  return emitted
}

/** Hands the body to `write` once it is whole; one larger than any that is read is let through as it is. */
export function gathered(
  strike: Doing,
  { status, headers, framing, ack }: DueHead,
  write: (body: Buffer) => Promise<Emitted>,
): Rest {
  const { exchange } = strike
  const parts: Uint8Array[] = []
  let total = 0
  let passes = false
  return {
    write: async (bytes) => {
      if (passes) return exchange.write(bytes)
      parts.push(Buffer.from(bytes))
      total += bytes.length
      if (total <= limits.bodyBytesMax) return { ok: true, bytes: bytes.length }
      passes = true
      strike.emit({ type: 'none', why: 'too-large' })
      const head = await exchange.respond(status, headers, framing, ack)
      return head.ok ? exchange.write(Buffer.concat(parts.splice(0))) : head
    },
    end: () => (passes ? exchange.end() : write(Buffer.concat(parts))),
  }
}

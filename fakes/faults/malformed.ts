/**
 * Answers that break the rules of HTTP/1.1 in their head or framing. What node's writer can be made to write goes
 * through the exchange; the rest goes past it, and the ledger is told what a client may read in it.
 */
import { gzipSync } from 'node:zlib'
import type { Cut, Emitted } from '../../src/exchange.ts'
import type { FaultOf } from '../../src/fault.ts'
import { limits } from '../../src/limits.ts'
import { give } from '../answer.ts'
import {
  bytesOf,
  gathered,
  hindrance,
  isBare,
  misfire,
  plainAnswer,
  rewriting,
  writeLast,
} from './malformed-answer.ts'
import { done, untouched } from './strike.ts'
import type { Performer, Rest, Strike } from './strike.ts'

const crlf = Buffer.from('\r\n')

export const missing_terminator: Performer<'missing_terminator'> = async (strike) => {
  const { due, exchange, fault } = strike
  if (!due) return 'proceed'
  const why = hindrance(exchange, due, 'chunks')
  if (why) return misfire(strike, why)
  const how: Cut =
    fault.end === 'fin' ? { fin: true } : { rst: true, linger_ms: fault.linger_ms ?? limits.lingerMs }
  const head = await exchange.respond(due.status, due.headers, 'chunked', due.ack)
  if (!head.ok) {
    strike.emit(done(fault, head))
    return 'over'
  }
  const end = async (): Promise<Emitted> => {
    const cut = await exchange.cut(how)
    strike.emit(done(fault, cut))
    return cut
  }
  return { write: (bytes) => exchange.write(bytes), end }
}

export const malformed_chunk: Performer<'malformed_chunk'> = async (strike) => {
  const { due, exchange } = strike
  if (!due) return 'proceed'
  const why = hindrance(exchange, due, 'chunks')
  if (why) return misfire(strike, why)
  const head = await exchange.respond(due.status, due.headers, 'chunked', due.ack)
  if (head.ok) return afterBadChunk(strike)
  strike.emit(done(strike.fault, head))
  return 'over'
}

/** What no decoder can go on from is the end; an extension is to be ignored (RFC 9112 §7.1.1), so the rest follows. */
function afterBadChunk(strike: Strike<'malformed_chunk'>): Rest {
  const { fault, exchange } = strike
  let struck = false
  const strikeWith = async (data: Uint8Array): Promise<Emitted> => {
    struck = true
    const emitted = await exchange.connection.raw(badChunk(fault.how, data))
    if (emitted.ok && fault.how !== 'extension') await exchange.cut({ fin: true })
    strike.emit(done(fault, emitted))
    return emitted.ok ? { ok: true, bytes: data.length } : emitted
  }
  return {
    write: (bytes) => (struck || bytes.length === 0 ? exchange.write(bytes) : strikeWith(bytes)),
    end: async () => {
      const emitted = struck ? undefined : await strikeWith(Buffer.from(' '))
      return emitted && !emitted.ok ? emitted : exchange.end()
    },
  }
}

function badChunk(how: FaultOf<'malformed_chunk'>['how'], data: Uint8Array): Buffer {
  const size = data.length.toString(16)
  const line = { size: 'zz', mismatch: size, extension: `${size};="` }[how]
  const more = how === 'mismatch' ? 'more' : ''
  return Buffer.concat([Buffer.from(`${line}\r\n`), data, Buffer.from(`${more}\r\n`)])
}

export const random_data_then_close: Performer<'random_data_then_close'> = async (strike) => {
  const { due, exchange, fault } = strike
  const why = due && hindrance(exchange, due, 'bytes')
  if (why) return misfire(strike, why)
  const blocks = Array.from({ length: Math.ceil(fault.bytes / 32) }, (_, i) => strike.digest('bytes', i))
  await writeLast(strike, Buffer.concat(blocks).subarray(0, fault.bytes))
  return 'over'
}

/** Lines that break a rule each: RFC 9112 §5.1, §5, RFC 9110 §5.5, RFC 9112 §5.2. */
const brokenLines = {
  space_before_colon: 'x-broken : 1',
  no_colon: 'x-broken 1',
  nul: 'x-broken: 1\u00002',
  obs_fold: 'x-broken: 1\r\n 2',
} as const

export const malformed_header: Performer<'malformed_header'> = rewriting(
  { matter: 'bytes', closes: true, isAnswer: ({ how }) => how !== 'bad_status_line' },
  ({ lines: [first = '', ...fields], body }, { how }) => {
    const lines =
      how === 'bad_status_line'
        ? [first.replace(/ \d{3} /, ' '), ...fields]
        : [first, brokenLines[how], ...fields]
    return bytesOf({ lines, body })
  },
)

export const bare_lf: Performer<'bare_lf'> = rewriting({ matter: 'bytes', closes: true }, (plain) =>
  bytesOf(plain, '\n'),
)

/** Nothing is wrong about it but its size. */
export const oversized_headers: Performer<'oversized_headers'> = async (strike) => {
  const { due, exchange, fault } = strike
  if (!due) return 'proceed'
  const why = hindrance(exchange, due, 'bytes')
  if (why) return misfire(strike, why)
  const headers = [...due.headers, ['x-oversized', 'x'.repeat(fault.bytes)] as const]
  const head = await exchange.respond(due.status, headers, due.framing, due.ack)
  strike.emit(done(fault, head))
  return head.ok ? untouched(exchange) : 'over'
}

export const content_length_too_small: Performer<'content_length_too_small'> = rewriting(
  { matter: 'body', closes: false },
  (plain, { extra_bytes }) => Buffer.concat([bytesOf(plain), Buffer.alloc(extra_bytes, 'x')]),
)

export const conflicting_content_length: Performer<'conflicting_content_length'> = rewriting(
  { matter: 'body', closes: true },
  ({ lines, body }) => bytesOf({ lines: [...lines, `Content-Length: ${body.length + 1}`], body }),
)

export const cl_and_te: Performer<'cl_and_te'> = rewriting(
  { matter: 'chunks', closes: true },
  ({ lines, body }) => {
    const chunk = body.length > 0 ? [Buffer.from(`${body.length.toString(16)}\r\n`), body, crlf] : []
    const chunks = Buffer.concat([...chunk, Buffer.from('0\r\n\r\n')])
    return bytesOf({ lines: [...lines, 'Transfer-Encoding: chunked'], body: chunks })
  },
)

export const double_response: Performer<'double_response'> = rewriting(
  { matter: 'bytes', closes: false },
  (plain) => Buffer.concat([bytesOf(plain), bytesOf(plain)]),
)

/** A refusal stays one: 204 in its place would promise what is not so. */
export const no_content_with_body: Performer<'no_content_with_body'> = async (strike) => {
  const { due, exchange, clock } = strike
  if (!due) return 'proceed'
  const refused = due.status < 200 || due.status > 299 ? 'refused' : undefined
  const why = hindrance(exchange, due, 'bytes') ?? refused
  if (why) return misfire(strike, why)
  const head = { ...due, status: 204 }
  return gathered(strike, due, (body) => {
    const { lines } = plainAnswer(exchange, head, body, { closes: false, clock })
    return writeLast(strike, bytesOf({ lines, body: body.length > 0 ? body : Buffer.from('x') }), head)
  })
}

export const truncated_encoding: Performer<'truncated_encoding'> = async (strike) => {
  const { due, exchange, fault } = strike
  if (!due) return 'proceed'
  if (isBare(exchange.head.method, due.status)) return misfire(strike, 'no-body')
  return gathered(strike, due, async (body) => {
    const coded = gzipSync(body)
    const kept = coded.subarray(0, Math.max(0, coded.length - fault.drop_bytes))
    const headers = [...due.headers, ['content-encoding', fault.coding] as const]
    const emitted = await give(exchange, { ...due, headers, body: kept })
    strike.emit(done({ ...fault, drop_bytes: coded.length - kept.length }, emitted))
    return emitted
  })
}

/** Answers whose frames, fields or length break a rule of HTTP/2, or do what few do. */
import type { Header } from '../../../src/exchange.ts'
import { limits } from '../../../src/limits.ts'
import { literalBlock } from '../../../src/wire/hpack-literal.ts'
import { dataFrame, frameBytes, headersFrame } from '../../../src/wire/h2-frames.ts'
import { isBare, misfire } from '../malformed-answer.ts'
import { done } from '../strike.ts'
import type { Performer } from '../strike.ts'
import { ofAnswer } from './h2.ts'
import { legal, remade } from './whole.ts'
import type { Whole } from './whole.ts'

export const uppercase_header: Performer<'uppercase_header'> = remade((whole) =>
  legal({ ...whole, fields: [...whole.fields, ['X-Uppercase', '1']] }),
)

export const connection_header: Performer<'connection_header'> = remade((whole) =>
  legal({ ...whole, fields: [...whole.fields, ['connection', 'close']] }),
)

export const missing_status: Performer<'missing_status'> = remade(
  (whole) => legal({ ...whole, fields: whole.fields.filter(([name]) => name !== ':status') }),
  { silent: true },
)

export const content_length_mismatch: Performer<'content_length_mismatch'> = remade(
  (whole, { extra_bytes }) => legal({ ...whole, fields: sized(whole, whole.body.length + extra_bytes) }),
  { ofBody: true },
)

export const padding: Performer<'padding'> = remade((whole, { bytes }) => legal(whole, bytes))

/** The connection's window may be the narrower one, and is then the one that overflows. */
export const window_overflow: Performer<'window_overflow'> = remade(
  (whole, { bytes }) => {
    const { stream, frames } = whole
    const size = Math.max(whole.body.length, Math.max(0, frames.window(stream)) + bytes)
    if (size > limits.overflowBytesMax) return { why: 'too-large' }
    const body = filled(whole.body, size)
    const head = headersFrame(stream, literalBlock(sized(whole, size)))
    return Buffer.concat([head, ...inFrames(stream, body, frameBytesOf(whole))])
  },
  { ofBody: true },
)

export const frame_too_large: Performer<'frame_too_large'> = remade(
  (whole, { bytes }) => {
    const { stream, frames } = whole
    const size = frameBytesOf(whole) + bytes
    if (size > frameBytesMax) return { why: 'too-large' }
    if (Math.max(size, whole.body.length) > frames.window(stream)) return { why: 'window' }
    const body = filled(whole.body, size)
    const head = headersFrame(stream, literalBlock(sized(whole, body.length)))
    return Buffer.concat([head, ...inFrames(stream, body, size)])
  },
  { ofBody: true },
)

/** The length of a frame has 24 bits (RFC 9113 §4.1). */
const frameBytesMax = 0xffffff

/** Payload that this client takes (RFC 9113 §6.5.2). */
function frameBytesOf({ frames }: Whole): number {
  return frames.settings['MAX_FRAME_SIZE'] ?? 16_384
}

function filled(body: Uint8Array, size: number): Buffer {
  return Buffer.concat([body, Buffer.alloc(Math.max(0, size - body.length), ' ')])
}

function inFrames(stream: number, body: Buffer, step: number): Buffer[] {
  const all: Buffer[] = []
  for (let at = 0; at < body.length; at += step) {
    all.push(dataFrame(stream, body.subarray(at, at + step), { end: at + step >= body.length }))
  }
  return all
}

function sized({ fields }: Whole, length: number): Header[] {
  return [...fields.filter(([name]) => name !== 'content-length'), ['content-length', String(length)]]
}

/** An indexed field whose index is 0 (RFC 7541 §6.1). */
const undecodable = Buffer.of(0x80)

export const bad_hpack: Performer<'bad_hpack'> = ofAnswer(
  async ({ exchange, fault, emit }, _due, { stream }) => {
    const emitted = await exchange.answerRaw?.(headersFrame(stream, undecodable, { end: true }))
    emit(emitted ? done(fault, emitted) : { type: 'none', why: 'unsupported' })
    return 'over'
  },
)

export const data_on_stream_0: Performer<'data_on_stream_0'> = ofAnswer(
  async ({ fault, emit }, _due, { connection }) => {
    const emitted = await connection.raw(dataFrame(0, Buffer.from(' ')))
    emit(done(fault, emitted))
    return emitted.ok ? 'proceed' : 'over'
  },
)

/** A type that nobody has defined. */
const unknownType = 0x2a

export const unknown_frame: Performer<'unknown_frame'> = ofAnswer(
  async ({ fault, emit }, _due, { connection, stream }) => {
    const payload = Buffer.from('ignore')
    const frames = [0, stream].map((each) =>
      frameBytes({ type: unknownType, flags: 0xff, stream: each, payload }),
    )
    const emitted = await connection.raw(Buffer.concat(frames))
    emit(done(fault, emitted))
    return emitted.ok ? 'proceed' : 'over'
  },
)

export const trailers: Performer<'trailers'> = ofAnswer(async (strike, due) => {
  const { exchange, fault, emit } = strike
  if (isBare(exchange.head.method, due.status)) return misfire(strike, 'no-body')
  const head = await exchange.respond(due.status, due.headers, due.framing, due.ack)
  if (!head.ok) {
    emit(done(fault, head))
    return 'over'
  }
  return {
    write: (bytes) => exchange.write(bytes),
    end: async () => {
      const emitted = await exchange.trailers(Object.entries(fault.headers))
      emit(done(fault, emitted))
      return emitted
    },
  }
})

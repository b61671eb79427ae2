/** Answers of HTTP/2 that stop short of their end, within a frame or before the last, or go on behind it. */
import type { Cut, Emitted } from '../../../src/exchange.ts'
import { limits } from '../../../src/limits.ts'
import { literalBlock } from '../../../src/wire/hpack-literal.ts'
import { dataFrame, headersFrame } from '../../../src/wire/h2-frames.ts'
import { answerFields } from '../../transport/h2-exchange.ts'
import { done } from '../strike.ts'
import type { Performer, Strike } from '../strike.ts'
import { ofStream } from './h2.ts'
import type { Struck } from './h2.ts'

export const no_end_stream: Performer<'no_end_stream'> = ofStream(async ({ exchange, fault, emit }) => {
  emit(done(fault, await exchange.cut({ fin: true })))
  return 'over'
})

export const late_data: Performer<'late_data'> = ofStream(
  async ({ exchange, fault, emit }, { connection, stream }) => {
    const end = await exchange.end()
    const late = end.ok ? await connection.raw(dataFrame(stream, Buffer.alloc(fault.bytes, ' '))) : end
    emit(done(fault, late))
    return 'over'
  },
)

export const frame_cut: Performer<'frame_cut'> = ofStream(async (strike, struck) => {
  const { due, clock } = strike
  const { stream } = struck
  if (due) {
    const fields = answerFields(due.status, due.headers, due.framing, clock.wall())
    await cutWithin(strike, struck, headersFrame(stream, literalBlock(fields)))
    return 'over'
  }
  const cut = (rest: Uint8Array): Promise<Emitted> =>
    cutWithin(strike, struck, dataFrame(stream, rest.subarray(0, payloadBytes), { end: true }))
  return { write: cut, end: () => cut(new Uint8Array(0)) }
})

/** Payload that every receiver takes (RFC 9113 §4.2). */
const payloadBytes = 16_384

/** What the session would say is held: it would complete the frame. */
async function cutWithin(
  { exchange, fault, emit }: Strike<'frame_cut'>,
  { connection, frames }: Struck,
  frame: Buffer,
): Promise<Emitted> {
  const how: Cut =
    fault.end === 'fin' ? { fin: true } : { rst: true, linger_ms: fault.linger_ms ?? limits.lingerMs }
  frames.hold()
  const part = await connection.raw(frame.subarray(0, Math.min(fault.bytes, frame.length - 1)))
  const cut = await exchange.cut(how)
  emit(done(fault, part, cut))
  return cut.ok ? { ok: false, why: 'ended' } : cut
}

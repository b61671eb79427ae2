/** The protocol's whole answer as frames by hand, with something about it that no session would write. */
import type { Emitted, Frames, Header } from '../../../src/exchange.ts'
import type { FaultName, FaultOf } from '../../../src/fault.ts'
import { literalBlock } from '../../../src/wire/hpack-literal.ts'
import { dataFrame, headersFrame } from '../../../src/wire/h2-frames.ts'
import { give } from '../../answer.ts'
import { answerFields } from '../../transport/h2-exchange.ts'
import { gathered, isBare } from '../malformed-answer.ts'
import { done } from '../strike.ts'
import type { Performer } from '../strike.ts'
import { ofAnswer } from './h2.ts'

export interface Whole {
  readonly fields: readonly Header[]
  readonly body: Uint8Array
  readonly stream: number
  readonly frames: Frames
}

/** Why an answer cannot be made into what was planned. */
export interface Unfit {
  readonly why: string
}

export interface Making {
  /** It is about the body, and there must be one. */
  readonly ofBody?: true
  /** No client can read a status in it. */
  readonly silent?: true
}

/** Waits for the whole answer and sends what `make` makes of it; where it can make nothing, the answer as it is. */
export function remade<N extends FaultName>(
  make: (whole: Whole, fault: FaultOf<N>) => Uint8Array | Unfit,
  { ofBody, silent }: Making = {},
): Performer<N> {
  return ofAnswer((strike, due, { frames, stream }) => {
    const { exchange, fault, emit, clock } = strike
    const bare = isBare(exchange.head.method, due.status)
    const write = async (body: Buffer): Promise<Emitted> => {
      const fields = answerFields(due.status, due.headers, { length: body.length }, clock.wall())
      const whole = { fields, body: bare ? nothing : body, stream, frames }
      const made = bare && ofBody ? { why: 'no-body' } : make(whole, fault)
      if ('why' in made) {
        emit({ type: 'none', why: made.why })
        return give(exchange, { ...due, body })
      }
      const emitted = (await exchange.answerRaw?.(made, silent ? undefined : due)) ?? unsupported
      emit(done(fault, emitted))
      return emitted
    }
    return Promise.resolve(gathered(strike, due, write))
  })
}

const nothing = new Uint8Array(0)
const unsupported: Emitted = { ok: false, why: 'unsupported' }

/** Payload that every receiver takes (RFC 9113 §4.2). */
const payloadBytes = 16_384

/** The answer in frames that break no rule, if the client's window takes it; `pad`: bytes of padding in each. */
export function legal({ fields, body, stream, frames }: Whole, pad?: number): Buffer | Unfit {
  const padding = pad === undefined ? {} : { pad }
  const step = payloadBytes - (pad === undefined ? 0 : pad + 1)
  const head = headersFrame(stream, literalBlock(fields), { ...padding, end: body.length === 0 })
  const data: Buffer[] = []
  for (let at = 0; at < body.length; at += step) {
    const end = at + step >= body.length
    data.push(dataFrame(stream, body.subarray(at, at + step), { ...padding, end }))
  }
  const charged = body.length + data.length * (payloadBytes - step)
  return charged > frames.window(stream) ? { why: 'window' } : Buffer.concat([head, ...data])
}

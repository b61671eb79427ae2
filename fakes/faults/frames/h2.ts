/** What the faults of HTTP/2 have in common: they need frames. */
import type { Connection, Frames } from '../../../src/exchange.ts'
import type { FaultName, FaultOf } from '../../../src/fault.ts'
import { errorCodes } from '../../../src/wire/h2-frames.ts'
import { misfire } from '../malformed-answer.ts'
import { aborted } from '../pace-wait.ts'
import type {
  Aftermath,
  ConnectionPerformer,
  ConnectionStrike,
  DueHead,
  Performer,
  Strike,
} from '../strike.ts'

/** The stream that is struck, and its connection below it. */
export interface Struck {
  readonly frames: Frames
  readonly stream: number
  readonly connection: Connection
}

export function codeOf(code: FaultOf<'rst_stream'>['code']): number {
  return typeof code === 'number' ? code : errorCodes[code]
}

/** A misfire on a connection that has no frames. */
export function ofStream<N extends FaultName>(
  perform: (strike: Strike<N>, struck: Struck) => Promise<Aftermath>,
): Performer<N> {
  return (strike) => {
    const { connection, stream } = strike.exchange
    const { frames } = connection
    if (!frames || stream === undefined) return misfire(strike, 'unsupported')
    return perform(strike, { frames, stream, connection })
  }
}

/** Of a fault at the head of an answer. */
export function ofAnswer<N extends FaultName>(
  perform: (strike: Strike<N>, due: DueHead, struck: Struck) => Promise<Aftermath>,
): Performer<N> {
  return ofStream((strike, struck) => {
    return strike.due ? perform(strike, strike.due, struck) : Promise.resolve('proceed')
  })
}

/** Of a fault that strikes a connection between exchanges. */
export function ofConnection<N extends FaultName>(
  perform: (strike: ConnectionStrike<N>, frames: Frames) => Promise<void>,
): ConnectionPerformer<N> {
  return (strike) => {
    const { frames } = strike.connection
    if (frames) return perform(strike, frames)
    strike.emit({ type: 'none', why: 'unsupported' })
    return Promise.resolve()
  }
}

/** Waits until the first answer on the connection is over: whether that was before its end and the healing. */
export async function warmed(frames: Frames, { closed, healed }: Waiting): Promise<boolean> {
  await Promise.race([frames.warm, aborted([closed, healed])])
  return !closed.aborted && !healed.aborted
}

type Waiting = Pick<ConnectionStrike, 'closed' | 'healed'>

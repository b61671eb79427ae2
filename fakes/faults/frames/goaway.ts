/**
 * GOAWAY (RFC 9113 §6.8), by hand: node puts the last stream that it has processed where another was named. What it
 * names is then served, and nothing above it.
 */
import type { Connection, Cut, Emitted, Frames } from '../../../src/exchange.ts'
import type { FaultOf } from '../../../src/fault.ts'
import { limits } from '../../../src/limits.ts'
import { errorCodes, goawayFrame, streamMax } from '../../../src/wire/h2-frames.ts'
import { leaving, sleepUnless } from '../pace-wait.ts'
import { done } from '../strike.ts'
import type { Aftermath, ConnectionPerformer, ConnectionStrike, Performer, Strike } from '../strike.ts'
import { gatheringOf } from './gathering.ts'
import { codeOf, ofConnection, ofStream, warmed } from './h2.ts'
import type { Struck } from './h2.ts'

type Goaway = FaultOf<'goaway'>

/** What was said, and how the connection went on from there. */
interface Said {
  readonly last: number
  readonly emitted: readonly Emitted[]
}

export const goaway: Performer<'goaway'> = ofStream(async (strike, struck) => {
  const { fault, exchange, clock, healed } = strike
  const { frames, connection, stream } = struck
  if (fault.streams !== undefined) return together(strike, struck)
  if (fault.two_step_ms === undefined) {
    return aftermath(strike, stream, await say(connection, frames, fault, lastOf(fault, stream)))
  }
  const emitted = await announce(connection)
  strike.emit(done(fault, emitted))
  if (!emitted.ok) return 'over'
  void sayAfter(fault.two_step_ms, { fault, connection, clock, healed, closed: leaving(exchange) }, frames)
  return 'proceed'
})

/** Strikes with the others that the rule strikes on this connection. */
async function together(
  strike: Strike<'goaway'>,
  { frames, connection, stream }: Struck,
): Promise<Aftermath> {
  const { fault, rule, exchange, clock, healed } = strike
  const { streams = 0, keep = 0, within_ms = gatherMs } = fault
  const gathering = gatheringOf<Said>(frames, rule)
  if (gathering.over) return 'proceed'
  const left = leaving(exchange)
  const late = new AbortController()
  void sleepUnless(clock, within_ms, [left, healed, late.signal]).then(() => late.abort())
  const said = await gathering.join(stream, streams, late.signal, (all) => {
    const [first = stream] = all
    return say(connection, frames, fault, keep === 0 ? before(first) : (all[keep - 1] ?? first))
  })
  late.abort()
  if (said) return aftermath(strike, stream, said)
  strike.emit({ type: 'none', why: left.aborted ? 'gone' : 'few-streams' })
  return left.aborted ? 'over' : 'proceed'
}

const gatherMs = 1_000

/** What is above the last stream has been given up; of its request what comes is read, where nothing has been. */
function aftermath({ fault, point, emit }: Strike<'goaway'>, stream: number, said: Said): Aftermath {
  emit(done(fault, ...said.emitted))
  if (fault.then !== 'finish' || said.emitted.some(({ ok }) => !ok)) return 'over'
  if (stream <= said.last) return 'proceed'
  return point.name === 'request' ? 'answered' : 'over'
}

export const idleGoaway: ConnectionPerformer<'goaway'> = ofConnection((strike, frames) =>
  strikeIdle(strike, frames),
)

export const sessionGoaway: ConnectionPerformer<'goaway'> = ofConnection(async (strike, frames) => {
  if (await warmed(frames, strike)) await strikeIdle(strike, frames)
})

async function strikeIdle(strike: ConnectionStrike<'goaway'>, frames: Frames): Promise<void> {
  const { fault, connection, emit } = strike
  if (fault.two_step_ms === undefined) {
    const { emitted } = await say(connection, frames, fault, lastOf(fault, frames.last))
    emit(done(fault, ...emitted))
    return
  }
  const emitted = await announce(connection)
  emit(done(fault, emitted))
  if (emitted.ok) await sayAfter(fault.two_step_ms, strike, frames)
}

function lastOf({ last }: Goaway, stream: number): number {
  switch (last) {
    case 'below':
      return before(stream)
    case 'none':
      return 0
    case 'max':
      return streamMax
    default:
      return stream
  }
}

/** Those of a client are odd (§5.1.1). */
function before(stream: number): number {
  return Math.max(0, stream - 2)
}

/** The first step of two: nothing is refused, and nothing new is to come (§6.8). */
function announce(connection: Connection): Promise<Emitted> {
  return connection.raw(goawayFrame(streamMax, errorCodes.NO_ERROR))
}

/** The second step: by now the client has heard of the first, and what it had sent until then is here. */
async function sayAfter(
  ms: number,
  { fault, connection, clock, healed, closed }: Omit<ConnectionStrike<'goaway'>, 'emit'>,
  frames: Frames,
): Promise<void> {
  await sleepUnless(clock, ms, [healed, closed])
  await say(connection, frames, fault, frames.last)
}

async function say(connection: Connection, frames: Frames, fault: Goaway, last: number): Promise<Said> {
  const { code, debug, then } = fault
  frames.refuseAbove(last)
  const emitted = await connection.raw(goawayFrame(last, codeOf(code), debug))
  if (!emitted.ok) return { last, emitted: [emitted] }
  if (then !== 'finish') {
    const cut = await connection.cut(ends[then])
    const isGone = !cut.ok && cut.why === 'gone' // it has read the GOAWAY, and was the faster to leave
    return { last, emitted: isGone ? [emitted] : [emitted, cut] }
  }
  void frames.drained().then(() => connection.cut(ends.fin))
  return { last, emitted: [emitted] }
}

const ends: Readonly<Record<'fin' | 'rst', Cut>> = {
  fin: { fin: true },
  rst: { rst: true, linger_ms: limits.lingerMs },
}

/**
 * Rules on the frames of HTTP/2: goaway_honoured, resent_unprocessed, streams_kept, pings_acked. They read the frame
 * entries, which say what crossed the wire and when the server saw it.
 */
import type { EntryOf } from '../../entry.ts'
import type { Finding } from '../../verdict.ts'
import type { RuleChecker } from '../checker.ts'
import type { Carrier, Facts } from '../facts.ts'
import { counted, finding, merge, reporter, shownMs } from '../finding.ts'
import { IdSet } from '../sets.ts'
import { tested } from './answers.ts'
import { oneShot } from './carriers.ts'
import { unseen } from './unseen.ts'

type Frame = EntryOf<'frame'>

/** RFC 9113 §7. */
const refusedStream = 0x7

/** A checker over all frames of a run, in the order of their times. */
function overFrames<C>(judge: (facts: Facts, frames: readonly Frame[], call: C) => Finding) {
  return (facts: Facts, call: C): ReturnType<RuleChecker<'pings_acked'>> => {
    const frames: Frame[] = []
    return {
      step: (entry) => {
        if (entry.kind === 'frame') frames.push(entry)
      },
      finish: () => {
        if (tested(facts).length === 0) return unseen
        return judge(
          facts,
          [...frames].sort((a, b) => a.t - b.t || a.n - b.n),
          call,
        )
      },
    }
  }
}

/** Of each stream, the frame that began it. */
function beginnings(frames: readonly Frame[]): Frame[] {
  const known = new Set<string>()
  return frames.filter(({ conn, dir, type, stream }) => {
    const name = `${conn}/${stream}`
    if (dir !== 'in' || type !== 'HEADERS' || known.has(name)) return false
    known.add(name)
    return true
  })
}

/** The first GOAWAY of ours on each connection. */
function firstGoaways(frames: readonly Frame[]): Map<number, Frame> {
  const first = new Map<number, Frame>()
  for (const frame of frames) {
    if (frame.dir === 'out' && frame.type === 'GOAWAY' && !first.has(frame.conn)) first.set(frame.conn, frame)
  }
  return first
}

/** A stream that begins later than the grace after a GOAWAY, on its connection, is one too many (RFC 9113 §6.8). */
export const goawayHonoured: RuleChecker<'goaway_honoured'> = overFrames((facts, frames, { grace_ms }) => {
  const goaways = firstGoaways(frames)
  if (goaways.size === 0) {
    return finding(oneShot(facts, tested(facts)) ? 'n/a' : 'unknown', 'No GOAWAY was sent.')
  }
  const late = beginnings(frames).flatMap((begun) => {
    const goaway = goaways.get(begun.conn)
    const afterMs = goaway ? (begun.t - goaway.t) / 1e6 : 0
    return goaway && afterMs > grace_ms ? [{ goaway, begun, afterMs }] : []
  })
  const sure = late.filter(({ begun, afterMs }) => afterMs - facts.latenessMsAt(begun.t) > grace_ms)
  const [first] = sure.length > 0 ? sure : late
  if (first) {
    const { goaway, begun, afterMs } = first
    const because = `Stream ${begun.stream} began ${afterMs.toFixed(1)} ms after GOAWAY on connection ${begun.conn}`
    const many = `; ${counted(late.length, 'stream')} in all.`
    return finding(sure.length > 0 ? 'fail' : 'unknown', because + many, { witnesses: [goaway.n, begun.n] })
  }
  const firstT = Math.min(...[...goaways.values()].map(({ t }) => t))
  const later = tested(facts).filter(({ attempt }) => attempt.request.t > firstT)
  const came = counted(later.length, 'request')
  const because = `${counted(goaways.size, 'connection')} ended by GOAWAY; ${came} came after.`
  if (later.length > 0) return finding('pass', because)
  return finding(oneShot(facts, tested(facts)) ? 'n/a' : 'unknown', because)
})

/** A request whose stream was refused by name, or stood above the last of a GOAWAY, and did not get an answer. */
interface Refused {
  readonly carrier: Carrier
  readonly by: Frame
}

function refusedOnes(facts: Facts, frames: readonly Frame[]): Refused[] {
  const out = frames.filter(({ dir }) => dir === 'out')
  return tested(facts).flatMap((carrier): Refused[] => {
    const { conn, stream } = carrier.attempt.request
    if (stream === undefined || carrier.attempt.respond) return []
    const by = out.find((frame) => {
      if (frame.conn !== conn) return false
      if (frame.type === 'RST_STREAM') return frame.stream === stream && frame.code === refusedStream
      return frame.type === 'GOAWAY' && stream > (frame.last ?? Infinity)
    })
    return by ? [{ carrier, by }] : []
  })
}

/** Each record of such a request comes again; what stood above a GOAWAY, on another connection (RFC 9113 §8.7). */
export const resentUnprocessed: RuleChecker<'resent_unprocessed'> = overFrames((facts, frames) => {
  const refused = refusedOnes(facts, frames)
  if (refused.length === 0) return finding('unknown', 'Nothing was refused without being processed.')
  const carriers = tested(facts)
  const [silent, same] = [new IdSet(), new IdSet()]
  for (const { carrier, by } of refused) {
    const later = carriers.filter(({ attempt }) => attempt.request.t > carrier.attempt.request.t)
    const again = new IdSet(later.flatMap(({ ids }) => ids))
    silent.add(again.without(carrier.ids))
    if (by.type !== 'GOAWAY') continue
    const next = later.find(({ ids, attempt }) => {
      return attempt.request.t > by.t && new IdSet(carrier.ids).within(ids).length > 0
    })
    const isLate = next?.attempt.request.conn === by.conn
    if (next && isLate) same.add(new IdSet(carrier.ids).within(next.ids))
  }
  const report = reporter(facts.attempts(), facts.word)
  const witnesses = refused.flatMap(({ carrier, by }) => [by.n, carrier.attempt.request.n])
  return merge([
    finding('pass', `${counted(refused.length, 'request')} refused without being processed.`, { witnesses }),
    ...report(facts.word.over ? 'fail' : 'unknown', 'Not processed, and not sent again', silent.ranges()),
    ...report('fail', 'Not processed after GOAWAY, and sent again on the same connection', same.ranges()),
  ])
})

/** What is open on one connection, and what the client has agreed to. */
interface Session {
  /** Streams, each with the sides that have ended. */
  readonly open: Map<number, Set<'in' | 'out'>>
  readonly due: (number | undefined)[]
  agreed: boolean
}

/** Never more streams than `max` once the client has acknowledged SETTINGS that say so (RFC 9113 §5.1.2). */
export const streamsKept: RuleChecker<'streams_kept'> = overFrames((_, frames, { max }) => {
  const sessions = new Map<number, Session>()
  let most = 0
  for (const frame of frames) {
    const known = sessions.get(frame.conn)
    const session: Session = known ?? { open: new Map(), due: [], agreed: false }
    if (!known) sessions.set(frame.conn, session)
    const isNew = frame.dir === 'in' && frame.type === 'HEADERS' && !session.open.has(frame.stream)
    follow(session, frame, max)
    if (!isNew || !session.agreed) continue
    most = Math.max(most, session.open.size)
    if (session.open.size <= max) continue
    const streams = [...session.open.keys()].join(', ')
    const because = `Streams ${streams} were open at ${shownMs(frame.t)} on connection ${frame.conn}; ${max} allowed.`
    return finding('fail', because, { witnesses: [frame.n], measured: { streamsMax: session.open.size } })
  }
  if (![...sessions.values()].some(({ agreed }) => agreed)) {
    return finding('unknown', `No SETTINGS that allow ${counted(max, 'stream')} were acknowledged.`)
  }
  const measured = { streamsMax: most }
  return finding('pass', `At most ${counted(most, 'stream')} open at a time.`, { measured })
})

function follow(session: Session, { dir, type, stream, ack, end, settings }: Frame, max: number): void {
  if (type === 'SETTINGS') {
    if (dir === 'out' && !ack) session.due.push(settings?.['MAX_CONCURRENT_STREAMS'])
    if (dir !== 'in' || !ack) return
    const said = session.due.shift()
    if (said !== undefined) session.agreed = said <= max
    return
  }
  if (dir === 'in' && type === 'HEADERS' && !session.open.has(stream)) session.open.set(stream, new Set())
  const ended = session.open.get(stream)
  if (!ended) return
  if (end) ended.add(dir)
  if (type === 'RST_STREAM' || ended.size === 2) session.open.delete(stream)
}

/** Each PING of ours has its acknowledgement, unless the connection ended before one was due (RFC 9113 §6.7). */
export const pingsAcked: RuleChecker<'pings_acked'> = overFrames((facts, frames, { grace_ms }) => {
  const pings = frames.filter(({ dir, type, ack }) => dir === 'out' && type === 'PING' && !ack)
  if (pings.length === 0) return finding('unknown', 'No PING was sent.')
  const closes = new Map(facts.all('close').map(({ conn, t }) => [conn, t]))
  const acks = new Map<number, number>()
  for (const { conn, dir, type, ack } of frames) {
    if (dir === 'in' && type === 'PING' && ack) acks.set(conn, (acks.get(conn) ?? 0) + 1)
  }
  const unacked = pings.filter(({ conn }) => {
    const left = acks.get(conn) ?? 0
    acks.set(conn, left - 1)
    return left <= 0
  })
  const late = unacked.filter(({ conn, t }) => {
    const livedMs = ((closes.get(conn) ?? Infinity) - t) / 1e6
    return livedMs - facts.latenessMsAt(t + grace_ms * 1e6) > grace_ms
  })
  const because = `${counted(pings.length, 'PING')} sent, ${pings.length - unacked.length} acknowledged`
  const witnesses = unacked.map(({ n }) => n)
  if (late.length > 0) return finding('fail', `${because}.`, { witnesses })
  if (unacked.length === 0) return finding('pass', `${because}.`)
  const excuse = 'the connection ended before the others were due.'
  const some = unacked.length < pings.length
  return finding(some ? 'pass' : 'n/a', `${because}; ${excuse}`, { witnesses })
})

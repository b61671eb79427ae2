import { describe, expect, it } from 'vitest'
import type { EntryOf } from '../../entry.ts'
import type { RuleCall } from '../../promises.ts'
import { ledger, ruled } from '../testing/ledgers.ts'
import type { LedgerOf, Told } from '../testing/ledgers.ts'

type Frame = Partial<EntryOf<'frame'>> & Pick<EntryOf<'frame'>, 'type'>

const by = (call: RuleCall): LedgerOf => ledger(ruled(call)).offer(4)
const half: Told = { ids: [[0, 0, 1]] }
const rest: Told = { ids: [[0, 2, 3]] }

/** Enters a frame of connection 1. */
function frame(
  of: LedgerOf,
  { conn = 1, dir = 'out', stream = 0, bytes = 0, ...more }: Frame,
  at?: number,
): LedgerOf {
  return of.write({ kind: 'frame', conn, dir, stream, bytes, ...more }, at)
}
const opens = (of: LedgerOf, stream: number, at?: number, conn = 1): LedgerOf =>
  frame(of, { type: 'HEADERS', dir: 'in', stream, conn }, at)
const onStream = (stream: number, conn = 1): Told => ({ conn, head: { stream } })
/** A request that got no answer. */
const cut: Told = { status: 'none' }
const with_ = (told: Told, more: Told): Told => ({ ...told, ...more, head: { ...told.head, ...more.head } })

describe('goaway_honoured', () => {
  const call = { use: 'goaway_honoured', grace_ms: 100 } as const
  const goaway = (at: number): LedgerOf => {
    const of = opens(by(call), 1, 1).attempt(with_(half, { ...onStream(1), at: 2 }))
    return frame(of, { type: 'GOAWAY', code: 0, last: 1 }, at)
  }

  it('wants no stream on the connection once the client can know', () => {
    const elsewhere = opens(goaway(10), 1, 300, 2).attempt(with_(rest, { ...onStream(1, 2), at: 300 }))
    expect(elsewhere.exit(0).verdict('rule')).toBe('pass')
    const same = opens(goaway(10), 3, 300).attempt(with_(rest, { ...onStream(3), at: 300 }))
    expect(same.exit(0).verdict('rule')).toBe('fail')
  })

  it('lets pass what was on its way, and doubts what the harness may have seen late', () => {
    const soon = opens(goaway(10), 3, 60).attempt(with_(rest, { ...onStream(3), at: 60 }))
    expect(soon.exit(0).verdict('rule')).toBe('pass')
    const late = opens(goaway(10), 3, 150).attempt(with_(rest, { ...onStream(3), at: 150 }))
    late.write({ kind: 'lateness', p50: 0, p99: 0, p999: 80 }, 200)
    expect(late.exit(0).verdict('rule')).toBe('unknown')
  })

  it('is not about a trailer of a stream that goes on', () => {
    const trailer = opens(goaway(10), 1, 300).attempt(with_(rest, { ...onStream(1, 2), at: 301 }))
    expect(trailer.exit(0).verdict('rule')).toBe('pass')
  })

  it('is n/a where all went in one request, unknown where nothing followed or was said', () => {
    const all = frame(opens(by(call), 1).attempt(onStream(1)), { type: 'GOAWAY', code: 0, last: 1 })
    expect(all.exit(0).verdict('rule')).toBe('n/a')
    expect(goaway(10).exit(0).verdict('rule')).toBe('unknown')
    expect(by(call).attempt(half).attempt(rest).exit(0).verdict('rule')).toBe('unknown')
    expect(by(call).attempt().exit(0).verdict('rule')).toBe('n/a')
    expect(by(call).exit(0).verdict('rule')).toBe('unknown')
  })
})

describe('resent_unprocessed', () => {
  const call = { use: 'resent_unprocessed' } as const
  const refused = (): LedgerOf => {
    const of = by(call)
      .attempt(with_(half, onStream(1)))
      .attempt(with_(with_(rest, cut), onStream(3)))
    return frame(of, { type: 'GOAWAY', code: 0, last: 1 })
  }

  it('wants what stood above the last stream sent again, on another connection', () => {
    expect(
      refused()
        .attempt(with_(rest, onStream(1, 2)))
        .exit(0)
        .verdict('rule'),
    ).toBe('pass')
    expect(
      refused()
        .attempt(with_(rest, onStream(5)))
        .exit(0)
        .verdict('rule'),
    ).toBe('fail')
    expect(refused().exit(10).verdict('rule')).toBe('fail')
    expect(refused().verdict('rule')).toBe('unknown')
  })

  it('wants what was refused by name sent again, on whichever', () => {
    const reset = (code: number): LedgerOf =>
      frame(by(call).attempt(with_(cut, onStream(1))), { type: 'RST_STREAM', stream: 1, code })
    expect(reset(7).attempt(onStream(3)).exit(0).verdict('rule')).toBe('pass')
    expect(reset(7).exit(10).verdict('rule')).toBe('fail')
    expect(
      reset(7)
        .attempt(with_(half, onStream(3)))
        .exit(10)
        .verdict('rule'),
    ).toBe('fail')
    expect(reset(8).attempt(onStream(3)).exit(0).verdict('rule')).toBe('unknown')
  })

  it('is not about what was answered, on another connection, or without streams', () => {
    const answered = frame(by(call).attempt(onStream(3)), { type: 'GOAWAY', code: 0, last: 1 })
    expect(answered.exit(0).verdict('rule')).toBe('unknown')
    const other = frame(by(call).attempt(with_(cut, onStream(3, 2))), { type: 'GOAWAY', code: 0, last: 1 })
    expect(other.exit(0).verdict('rule')).toBe('unknown')
    const h1 = frame(by(call).attempt(cut), { type: 'GOAWAY', code: 0, last: 0 })
    expect(h1.exit(0).verdict('rule')).toBe('unknown')
    expect(by(call).exit(0).verdict('rule')).toBe('unknown')
  })
})

describe('streams_kept', () => {
  const call = { use: 'streams_kept', max: 1 } as const
  const agreed = (of: LedgerOf = by(call).attempt(), allowed = 1): LedgerOf => {
    frame(of, { type: 'SETTINGS', settings: { MAX_CONCURRENT_STREAMS: allowed } })
    return frame(of, { type: 'SETTINGS', dir: 'in', ack: true })
  }
  const ends = (of: LedgerOf, stream: number, dir: 'in' | 'out'): LedgerOf =>
    frame(of, { type: 'DATA', dir, stream, end: true })

  it('wants a stream over before the next begins', () => {
    const whole = (of: LedgerOf, stream: number): LedgerOf =>
      ends(ends(opens(of, stream), stream, 'in'), stream, 'out')
    expect(whole(whole(agreed(), 1), 3).verdict('rule')).toBe('pass')
    expect(opens(ends(opens(agreed(), 1), 1, 'in'), 3).verdict('rule')).toBe('fail')
    expect(opens(ends(opens(agreed(), 1), 1, 'out'), 3).verdict('rule')).toBe('fail')
  })

  it.each(['in', 'out'] as const)('knows a stream that was reset %s as over', (dir) => {
    const reset = frame(opens(agreed(), 1), { type: 'RST_STREAM', dir, stream: 1, code: 8 })
    expect(opens(reset, 3).verdict('rule')).toBe('pass')
  })

  it('counts those from before, and each connection by itself', () => {
    const before = agreed(opens(opens(by(call).attempt(), 1), 3))
    expect(before.verdict('rule')).toBe('pass')
    expect(opens(before, 5).verdict('rule')).toBe('fail')
    expect(opens(opens(agreed(), 1), 1, undefined, 2).verdict('rule')).toBe('pass')
  })

  it('goes by the last SETTINGS that were acknowledged', () => {
    const more = agreed(agreed(), 100)
    expect(opens(opens(more, 1), 3).verdict('rule')).toBe('unknown')
    const other = frame(by(call).attempt(), { type: 'SETTINGS', settings: { INITIAL_WINDOW_SIZE: 9 } })
    const second = frame(other, { type: 'SETTINGS', settings: { MAX_CONCURRENT_STREAMS: 1 } })
    const first = frame(second, { type: 'SETTINGS', dir: 'in', ack: true })
    expect(opens(opens(first, 1), 3).verdict('rule')).toBe('unknown')
  })

  it('is unknown where nothing was agreed or sent', () => {
    expect(opens(opens(by(call).attempt(), 1), 3).verdict('rule')).toBe('unknown')
    expect(agreed(by(call)).exit(0).verdict('rule')).toBe('unknown')
  })
})

describe('pings_acked', () => {
  const call = { use: 'pings_acked', grace_ms: 500 } as const
  const ping = (of: LedgerOf, at?: number): LedgerOf => frame(of, { type: 'PING', bytes: 8 }, at)
  const ack = (of: LedgerOf, at?: number): LedgerOf =>
    frame(of, { type: 'PING', dir: 'in', ack: true, bytes: 8 }, at)
  const pinged = (): LedgerOf => ping(ping(by(call).attempt(), 10), 11)

  it('wants an acknowledgement for each', () => {
    expect(ack(ack(pinged())).close(1, 900).verdict('rule')).toBe('pass')
    expect(ack(pinged()).close(1, 900).verdict('rule')).toBe('fail')
    expect(ack(pinged()).verdict('rule')).toBe('fail')
  })

  it('excuses a connection that ended before they were due', () => {
    expect(pinged().close(1, 100).verdict('rule')).toBe('n/a')
    expect(ack(pinged()).close(1, 100).verdict('rule')).toBe('pass')
  })

  it('does not count those of the client, nor take them for an acknowledgement', () => {
    const own = frame(pinged(), { type: 'PING', dir: 'in' })
    expect(frame(own, { type: 'PING', dir: 'out', ack: true }).verdict('rule')).toBe('fail')
    expect(frame(by(call).attempt(), { type: 'PING', dir: 'out', ack: true }).verdict('rule')).toBe('unknown')
    expect(ping(by(call)).exit(0).verdict('rule')).toBe('unknown')
  })
})

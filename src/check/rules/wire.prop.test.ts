/**
 * Rules on connections, frames and stalls, as one family: they compare times and not places in the ledger, a client that
 * keeps to all of it fails none, and one thing more that it does wrong makes the difference.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entry, EntryOf } from '../../entry.ts'
import type { RuleCall } from '../../promises.ts'
import { shuffled } from '../../random.ts'
import type { CheckVerdict } from '../../verdict.ts'
import { judge } from '../judge.ts'
import { ledger, runOf } from '../testing/ledgers.ts'
import type { LedgerOf, Told } from '../testing/ledgers.ts'

const calls: readonly RuleCall[] = [
  { use: 'goaway_honoured', grace_ms: 100 },
  { use: 'resent_unprocessed' },
  { use: 'streams_kept', max: 1 },
  { use: 'pings_acked', grace_ms: 500 },
  { use: 'live_connections', max: 2 },
  { use: 'settles', live: 2, more_max: 2 },
  { use: 'calm_connections', min_ms: 25 },
  { use: 'gives_up_waiting' },
]

function judgedBy(rules: readonly RuleCall[]): EntryOf<'run'> {
  return runOf({ checks: rules.map((call) => ({ id: 'rule', level: 'MUST', rules: [call] }) as const) })
}

function verdicts(rules: readonly RuleCall[], entries: readonly Entry[]): CheckVerdict[] {
  return judge([judgedBy(rules), ...entries.slice(1)]).checks.map(({ verdict }) => verdict)
}

type Frame = Partial<EntryOf<'frame'>> & Pick<EntryOf<'frame'>, 'type' | 'dir'>

const stall = { type: 'stall', point: 'response-head', taken: false }
const [noError, refused, calm] = [0, 7, 11]

/** A story of one client, entry by entry; time passes as told. */
class Story {
  readonly of: LedgerOf = ledger(judgedBy(calls)).offer(6)
  conn = 0
  at = 10
  private stream = -1

  frame({ conn = this.conn, stream = 0, bytes = 0, ...more }: Frame): this {
    this.of.write({ kind: 'frame', conn, stream, bytes, ...more }, (this.at += 1))
    return this
  }

  open(): this {
    this.conn += 1
    this.stream = -1
    this.of.open(this.conn, (this.at += 1))
    this.frame({ type: 'SETTINGS', dir: 'out', settings: { MAX_CONCURRENT_STREAMS: 1 } })
    return this.frame({ type: 'SETTINGS', dir: 'in', ack: true })
  }

  close(): this {
    this.of.close(this.conn, (this.at += 1))
    return this
  }

  wait(ms: number): this {
    this.at += ms
    return this
  }

  begin(): number {
    this.stream += 2
    this.frame({ type: 'HEADERS', dir: 'in', stream: this.stream })
    return this.stream
  }

  /** A request that is answered, or of which `told` says what becomes. */
  request(told: Told = {}): number {
    const stream = this.begin()
    this.frame({ type: 'DATA', dir: 'in', stream, end: true })
    this.of.attempt({ ids: [[0, 0, 5]], at: this.at, ...told, conn: this.conn, head: { stream } })
    this.at += 3
    if (told.status === undefined) this.frame({ type: 'DATA', dir: 'out', stream, end: true })
    return stream
  }

  refused(code: number): this {
    const stream = this.request({ status: 'none' })
    return this.frame({ type: 'RST_STREAM', dir: 'out', stream, code })
  }

  goaway(code: number, last: number): this {
    return this.frame({ type: 'GOAWAY', dir: 'out', code, last })
  }

  ping(): this {
    return this.frame({ type: 'PING', dir: 'out' })
  }
}

type Step = 'answered' | 'refused' | 'goaway' | 'unprocessed' | 'calm' | 'ping' | 'stalled'
const step = fc.constantFrom<Step>(
  ...(['answered', 'refused', 'goaway', 'unprocessed', 'calm', 'ping', 'stalled'] as const),
)

/** A client that keeps to all of it: whatever happens to a request, the next one carries its records. */
const careful: fc.Arbitrary<Story> = fc.array(step, { maxLength: 8 }).map((steps) => {
  const story = new Story().open()
  let calms = 0
  for (const each of steps) {
    if (each === 'answered') story.request()
    if (each === 'refused') story.refused(refused)
    if (each === 'ping') story.ping().frame({ type: 'PING', dir: 'in', ack: true })
    if (each === 'stalled') {
      const stream = story.request({ status: 'none', written: 'open', struckBy: stall })
      story.frame({ type: 'RST_STREAM', dir: 'in', stream, code: 8 })
    }
    if (each === 'goaway') story.goaway(noError, story.request()).close().open()
    if (each === 'unprocessed') {
      const stream = story.request({ status: 'none' })
      story
        .goaway(noError, stream - 2)
        .close()
        .open()
    }
    if (each === 'calm') {
      calms += 1
      story.goaway(calm, story.request()).close()
      story.wait(50 * 2 ** calms).open()
    }
  }
  story.request()
  return story
})

/** What breaks each rule behind such a history. */
const breaches: readonly (readonly [RuleCall['use'], (story: Story) => unknown])[] = [
  ['goaway_honoured', (story) => story.goaway(noError, 999).wait(200).request()],
  ['resent_unprocessed', (story) => story.refused(refused)],
  ['streams_kept', (story) => [story.begin(), story.begin()]],
  ['pings_acked', (story) => story.ping().wait(1000).close()],
  ['live_connections', (story) => story.open().open().wait(1000).close()],
  ['settles', (story) => [1, 2, 3, 4, 5].map(() => story.open().wait(200))],
  ['calm_connections', (story) => story.goaway(calm, 999).close().open()],
  ['gives_up_waiting', (story) => story.request({ status: 'none', written: 'open', struckBy: stall })],
]

const frame = fc.record({
  conn: fc.integer({ min: 1, max: 3 }),
  dir: fc.constantFrom('in' as const, 'out' as const),
  type: fc.constantFrom('HEADERS', 'DATA', 'RST_STREAM', 'GOAWAY', 'PING', 'SETTINGS'),
  stream: fc.constantFrom(0, 1, 3, 5),
  code: fc.constantFrom(0, 7, 8, 11),
  last: fc.constantFrom(0, 1, 3),
  ack: fc.boolean(),
  end: fc.boolean(),
  most: fc.constantFrom(1, 100, undefined),
})

/** Any history, good or bad; no two of its facts at the same time. */
const anything: fc.Arbitrary<LedgerOf> = fc
  .record({
    frames: fc.array(frame, { maxLength: 20 }),
    requests: fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom(1, 3, 5), fc.boolean()), {
      maxLength: 5,
    }),
    opens: fc.array(fc.tuple(fc.nat(30), fc.nat(30)), { maxLength: 6 }),
    late: fc.constantFrom(0, 5, 60),
    code: fc.constantFrom(0, 10, undefined),
    order: fc.string(),
  })
  .map(({ frames, requests, opens, late, code, order }) => {
    const of = ledger(judgedBy(calls)).offer(6)
    const times = shuffled(
      Array.from({ length: 60 }, (_, i) => 20 + 17 * i),
      order,
      'times',
    )
    const time = (): number => times.pop() ?? 0
    for (const [i, [conn, stream, good]] of requests.entries()) {
      const at = time()
      const told: Told = good ? {} : { status: 'none', struckBy: stall }
      const when = { at, answeredAt: at + 1, sentAt: at + 2 }
      of.attempt({ ids: [[0, i, 5]], conn, ...when, ...told, head: { stream } })
    }
    for (const { most, ack, end, ...rest } of frames) {
      const settings = most === undefined ? {} : { settings: { MAX_CONCURRENT_STREAMS: most } }
      const marks = { ...(ack && { ack: true as const }), ...(end && { end: true as const }) }
      of.write({ kind: 'frame', bytes: 0, ...rest, ...settings, ...marks }, time())
    }
    opens.forEach(([from, length], i) => {
      of.open(i + 1, 21 + 17 * from)
      of.close(i + 1, 22 + 17 * (from + length))
    })
    of.write({ kind: 'lateness', p50: 0, p99: 0, p999: late }, 2000)
    return code === undefined ? of : of.exit(code)
  })

describe('rules on the wire', () => {
  it('find the same in any order of writing', () => {
    fc.assert(
      fc.property(anything, fc.string(), (of, seed) => {
        const [run, offer, ...rest] = of.entries
        const order = [run, offer, ...shuffled(rest, seed, 'order')].flatMap((entry) => entry ?? [])
        const again = judge(order.map((entry, n) => ({ ...entry, n }))).checks
        of.judge().checks.forEach(({ verdict, because, measured }, i) => {
          const other = again[i]
          const found = [calls[i], other?.verdict, other?.because, other?.measured]
          expect(found).toEqual([calls[i], verdict, because, measured])
        })
      }),
    )
  })

  it('say nothing good of a client that sent nothing', () => {
    fc.assert(
      fc.property(anything, (of) => {
        const unsent = of.entries.filter(({ kind }) => !['request', 'take', 'land', 'respond'].includes(kind))
        expect(verdicts(calls, unsent)).not.toContain('pass')
      }),
    )
  })

  it('fail no client that keeps to all of it', () => {
    fc.assert(
      fc.property(careful, ({ of }) => {
        of.exit(0)
          .judge()
          .checks.forEach(({ verdict, because }, i) => {
            expect([calls[i], verdict, because]).not.toEqual([calls[i], 'fail', because])
          })
      }),
    )
  })

  it.each(breaches)('%s fails by one thing more', (use, breach) => {
    const call = calls.filter((each) => each.use === use)
    fc.assert(
      fc.property(careful, (story) => {
        expect(verdicts(call, story.of.entries)).not.toContain('fail')
        breach(story)
        expect(verdicts(call, story.of.exit(0).entries)).toEqual(['fail'])
      }),
    )
  })
})

import { describe, expect, it } from 'vitest'
import { HandClock, sleep } from '../src/clock.ts'
import type { Cut, Emitted, Exchange, Header } from '../src/exchange.ts'
import { Ledger } from '../src/ledger.ts'
import { ackOf, witness } from './witness.ts'
import type { Witness } from './witness.ts'

const gone: Emitted = { ok: false, why: 'gone' }
const none: readonly Header[] = []

interface Scene extends Witness {
  readonly clock: HandClock
  readonly ledger: Ledger
  readonly told: () => unknown[]
}

/** An exchange whose every call takes a second and emits what it is given, unless `over` says otherwise. */
function scene(over: Partial<Exchange> = {}): Scene {
  const clock = new HandClock()
  const ledger = new Ledger(clock)
  const emitted = async (bytes = 0): Promise<Emitted> => {
    await sleep(clock, 1000)
    return { ok: true, bytes }
  }
  const inner: Exchange = {
    id: 7,
    connection: { id: 1, ordinal: 0, proto: 'h1', open: true, raw: () => emitted(), cut: () => emitted() },
    head: { method: 'POST', path: '/', headers: [], at: 0 },
    body: (async function* () {})(),
    complete: true,
    gone: new Promise(() => {}),
    inform: () => emitted(),
    respond: () => emitted(),
    write: ({ length }) => emitted(length),
    trailers: () => emitted(),
    end: () => emitted(),
    cut: () => emitted(),
    ...over,
  }
  const told = (): unknown[] => ledger.entries.map(({ n: _, ...rest }) => rest)
  return { ...witness(inner, ledger, clock), clock, ledger, told }
}

const kindsAndExtent = ({ ledger }: Scene): unknown[] =>
  ledger.entries.map((entry) => (entry.kind === 'sent' ? entry.written : entry.kind))

describe('a witness', () => {
  it('dates an answer before its first byte, and its end after the last', async () => {
    const { exchange, clock, told } = scene()
    const work = async (): Promise<void> => {
      await exchange.respond(202, none, { length: 2 })
      await exchange.write(Buffer.from('ok'))
      await exchange.end()
    }
    await clock.until(work())
    expect(told()).toEqual([
      { kind: 'respond', req: 7, status: 202, ack: 'accepted', t: 0 },
      { kind: 'sent', req: 7, written: 'full', t: 3_000_000_000 },
    ])
  })

  it('enters Retry-After in milliseconds, and the ack that the protocol gives', async () => {
    const { exchange, clock, told } = scene()
    const date = new Date(clock.wall() + 5000).toUTCString()
    await clock.until(exchange.respond(503, [['Retry-After', '2']], 'chunked'))
    await clock.until(exchange.respond(503, [['retry-after', date]], 'chunked'))
    await clock.until(exchange.respond(200, none, 'chunked', 'landed'))
    expect(told()).toMatchObject([
      { status: 503, ack: 'throttled', retryAfterMs: 2000 },
      { status: 503, retryAfterMs: 4000 }, // a second has passed
      { status: 200, ack: 'landed' },
    ])
  })

  it("measures a date against the answer's own Date, however wrong that is", async () => {
    const { exchange, clock, told } = scene()
    const date = (agoMs: number): string => new Date(clock.wall() - agoMs).toUTCString()
    const headers = (agoMs: number): Header[] => [
      ['Retry-After', date(agoMs - 3000)],
      ['Date', date(agoMs)],
    ]
    await clock.advance(700)
    await clock.until(exchange.respond(429, headers(3_600_000), 'chunked'))
    await clock.until(exchange.respond(429, headers(-60_000), 'chunked'))
    await clock.until(
      exchange.respond(
        429,
        [
          ['Retry-After', date(-3000)],
          ['Date', 'never'],
        ],
        'chunked',
      ),
    )
    expect(told()).toMatchObject([{ retryAfterMs: 3000 }, { retryAfterMs: 3000 }, { retryAfterMs: 2300 }])
  })

  const cut: Cut = { rst: true, linger_ms: 0 }

  it.each<[string, (exchange: Exchange) => Promise<unknown>, 'none' | 'partial' | 'full']>([
    ['cut before an answer', (e) => e.cut(cut), 'none'],
    ['cut within its body', (e) => e.respond(202, none, { length: 9 }).then(() => e.cut(cut)), 'partial'],
    [
      'cut once the promised bytes are out',
      async (e) => {
        await e.respond(202, none, { length: 2 })
        await e.write(Buffer.from('ok'))
        await e.cut(cut)
      },
      'full',
    ],
    [
      'cut where only the end could say that it is whole',
      async (e) => {
        await e.respond(202, none, 'chunked')
        await e.write(Buffer.from('ok'))
        await e.cut(cut)
      },
      'partial',
    ],
    ['ended', (e) => e.respond(202, none, 'chunked').then(() => e.end()), 'full'],
  ])('knows how much was sent of an answer that is %s', async (_, act, written) => {
    const scenery = scene()
    await scenery.clock.until(act(scenery.exchange))
    scenery.close()
    expect(kindsAndExtent(scenery).at(-1)).toBe(written)
  })

  it('does not count what was not handed over', async () => {
    const lost = scene({ respond: () => Promise.resolve(gone) })
    await lost.exchange.respond(202, none, { length: 0 })
    lost.close()
    expect(kindsAndExtent(lost)).toEqual(['respond', 'none'])
    const half = scene({ write: () => Promise.resolve(gone), end: () => Promise.resolve(gone) })
    await half.clock.until(half.exchange.respond(202, none, { length: 2 }))
    await half.exchange.write(Buffer.from('ok'))
    await half.exchange.end()
    expect(kindsAndExtent(half)).toEqual(['respond', 'partial'])
  })

  it('enters the end once, whoever ends it first', async () => {
    const scenery = scene()
    await scenery.clock.until(scenery.exchange.cut({ fin: true }))
    await scenery.clock.until(scenery.exchange.end())
    scenery.close()
    expect(kindsAndExtent(scenery)).toEqual(['none'])
  })
})

describe('what a status claims', () => {
  const wait: Header = ['Retry-After', '1']
  it.each<[number, readonly Header[], ReturnType<typeof ackOf>]>([
    [103, [], 'none'],
    [200, [], 'accepted'],
    [204, [], 'accepted'],
    [307, [], 'none'],
    [400, [], 'rejected'],
    [429, [], 'throttled'],
    [503, [], 'error'],
    [503, [wait], 'throttled'],
    [500, [wait], 'error'],
  ])('%i with %j: %s', (status, headers, ack) => expect(ackOf(status, headers)).toBe(ack))
})

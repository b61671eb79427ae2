/** Shapers in virtual time, over an exchange that keeps what it is given: bytes, order, sizes and pace. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HandClock } from '../src/clock.ts'
import type { Connection, Emitted, Exchange } from '../src/exchange.ts'
import { Shaping } from './shaping.ts'
import type { Shaper } from './shaping.ts'

interface Written {
  readonly what: 'head' | 'body' | 'raw'
  readonly bytes: Buffer
  readonly atMs: number
}

const headBytes = 60

/** What an HTTP/1.1 exchange does, as far as it tells of pace. */
class Kept implements Exchange {
  readonly id = 7
  readonly head = { method: 'POST', path: '/', headers: [], at: 0 }
  readonly complete = true
  readonly gone = new Promise<never>(() => {})
  readonly connection: Connection
  readonly written: Written[] = []
  readonly body: AsyncIterable<Uint8Array>
  private readonly clock: HandClock

  constructor(clock: HandClock, proto: Connection['proto'] = 'h1', body: readonly Uint8Array[] = []) {
    this.clock = clock
    this.body = (async function* () {
      for (const chunk of body) yield await Promise.resolve(chunk)
    })()
    const raw = (bytes: Uint8Array): Promise<Emitted> => this.keep('raw', bytes)
    this.connection = {
      id: 1,
      ordinal: 1,
      proto,
      open: true,
      raw,
      cut: () => this.keep('body', Buffer.alloc(0)),
    }
  }

  respond = (): Promise<Emitted> => this.keep('head', Buffer.alloc(headBytes))
  inform = (): Promise<Emitted> => this.keep('head', Buffer.alloc(headBytes))
  write = (bytes: Uint8Array): Promise<Emitted> => this.keep('body', bytes)
  trailers = (): Promise<Emitted> => this.end()
  end = (): Promise<Emitted> => Promise.resolve({ ok: true, bytes: 0 })
  cut = (): Promise<Emitted> => this.end()

  private keep(what: Written['what'], bytes: Uint8Array): Promise<Emitted> {
    this.written.push({ what, bytes: Buffer.from(bytes), atMs: this.clock.now() / 1e6 })
    return Promise.resolve({ ok: true, bytes: bytes.length })
  }
}

interface Shaped {
  readonly clock: HandClock
  readonly kept: Kept
  readonly exchange: Exchange
  readonly healing: AbortController
}

function shaped(
  faults: readonly Shaper['fault'][],
  kept: (clock: HandClock) => Kept = (c) => new Kept(c),
): Shaped {
  const clock = new HandClock()
  const healing = new AbortController()
  const shapers = faults.map((fault, i) => ({ rule: `r${i % 2}`, fault }))
  const inner = kept(clock)
  const shaping = new Shaping({
    clock,
    healed: healing.signal,
    seed: () => '1',
    shapersOf: () => (healing.signal.aborted ? [] : shapers),
  })
  return { clock, kept: inner, exchange: shaping.shaped(inner), healing }
}

const latency = fc.record({
  type: fc.constant('latency' as const),
  delay_ms: fc.integer({ min: 0, max: 500 }),
})
const bandwidth = fc.record({
  type: fc.constant('bandwidth' as const),
  bytes_per_s: fc.integer({ min: 20, max: 3000 }),
})
const slicer = fc
  .tuple(fc.integer({ min: 1, max: 300 }), fc.nat({ max: 299 }), fc.integer({ min: 1, max: 50 }))
  .map(([bytes, variation, gap_ms]) => ({
    type: 'slicer' as const,
    bytes,
    variation_bytes: Math.min(variation, bytes - 1),
    gap_ms,
  }))
const shapers = fc.array(fc.oneof(latency, bandwidth, slicer), { maxLength: 4 })
const bodies = fc.array(fc.uint8Array({ minLength: 0, maxLength: 400 }), { maxLength: 3 })

function of<T extends Shaper['fault']['type']>(
  faults: readonly Shaper['fault'][],
  type: T,
): Extract<Shaper['fault'], { type: T }>[] {
  return faults.filter((fault): fault is Extract<Shaper['fault'], { type: T }> => fault.type === type)
}

async function answer({ clock, exchange }: Shaped, parts: readonly Uint8Array[]): Promise<void> {
  const work = async (): Promise<void> => {
    await exchange.respond(200, [], 'chunked')
    for (const part of parts) {
      const emitted = await exchange.write(part)
      expect(emitted).toEqual({ ok: true, bytes: part.length })
    }
  }
  await clock.until(work())
}

describe('shapers of any number and order', () => {
  it('leave the bytes and their order as they are, and keep their pace', async () => {
    await fc.assert(
      fc.asyncProperty(shapers, bodies, async (faults, parts) => {
        const scene = shaped(faults)
        await answer(scene, parts)
        const { written } = scene.kept
        expect(Buffer.concat(written.slice(1).map(({ bytes }) => bytes))).toEqual(Buffer.concat(parts))
        inSlices(faults, written, parts)
        inPace(faults, written)
        inTime(faults, written, parts.length)
      }),
      { numRuns: 30 },
    )
  }, 60_000)

  it('do the same for the same seed, in any order of the plan where each stands in a rule of its own', async () => {
    const three = [
      { type: 'latency', delay_ms: 30, jitter_ms: 10 },
      { type: 'bandwidth', bytes_per_s: 500 },
      { type: 'slicer', bytes: 20, variation_bytes: 9 },
    ] as const
    const seen = []
    for (const faults of [three, three.toReversed(), three]) {
      const clock = new HandClock()
      const kept = new Kept(clock)
      const all = faults.map((fault) => ({ rule: fault.type, fault }))
      const healed = new AbortController().signal
      const shaping = new Shaping({ clock, healed, seed: () => '1', shapersOf: () => all })
      await answer({ clock, kept, exchange: shaping.shaped(kept), healing: new AbortController() }, [
        Buffer.alloc(300, 'x'),
      ])
      seen.push(kept.written)
    }
    expect(seen[1]).toEqual(seen[0])
    expect(seen[2]).toEqual(seen[0])
    expect(new Set(seen[0]?.map(({ bytes }) => bytes.length)).size).toBeGreaterThan(4)
  })
})

/** No piece is larger than a slice may be, and one that begins a slice comes after its gap. */
function inSlices(
  faults: readonly Shaper['fault'][],
  written: readonly Written[],
  parts: readonly Uint8Array[],
): void {
  const slicers = of(faults, 'slicer')
  if (slicers.length === 0) return
  const most = Math.min(...slicers.map(({ bytes, variation_bytes: more = 0 }) => bytes + more))
  const gapMs = Math.min(...slicers.map(({ gap_ms = 1 }) => gap_ms))
  const pieces = written.slice(1)
  for (const { bytes } of pieces) expect(bytes.length).toBeLessThanOrEqual(most)
  if (of(faults, 'bandwidth').length > 0) return // then a slice may go in several pieces
  pieces.forEach(({ atMs }, i) => expect(atMs - (written[i]?.atMs ?? 0)).toBeGreaterThanOrEqual(gapMs - 1e-6))
  if (slicers.length > 1) return
  const least = Math.max(1, ...slicers.map(({ bytes, variation_bytes: more = 0 }) => bytes - more))
  const small = pieces.filter(({ bytes }) => bytes.length < least).length
  expect(small).toBeLessThanOrEqual(parts.length) // the rest of each write
}

/** From the first on, no more bytes have gone than the rate allows; but for what of the head was not foreseen. */
function inPace(faults: readonly Shaper['fault'][], written: readonly Written[]): void {
  for (const { bytes_per_s: rate } of of(faults, 'bandwidth')) {
    let gone = 0
    for (const { what, bytes, atMs } of written) {
      gone += what === 'head' ? 0 : bytes.length
      const allowed = (atMs / 1000) * rate
      expect(gone).toBeLessThanOrEqual(allowed + 1e-6)
      if (what === 'head') gone += bytes.length
    }
  }
}

/** Nothing takes longer than its delays, its bytes and its gaps together. */
function inTime(faults: readonly Shaper['fault'][], written: readonly Written[], parts: number): void {
  const delayMs = of(faults, 'latency').reduce((sum, { delay_ms }) => sum + delay_ms, 0) * (parts + 1)
  const total = written.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const slowest = Math.min(Infinity, ...of(faults, 'bandwidth').map(({ bytes_per_s }) => bytes_per_s))
  const gapMs = Math.max(0, ...of(faults, 'slicer').map(({ gap_ms = 1 }) => gap_ms)) * written.length
  expect(written.at(-1)?.atMs).toBeLessThanOrEqual(delayMs + (total / slowest) * 1000 + gapMs + 1e-6)
}

describe('bandwidth', () => {
  it('is reached: a long answer takes what its bytes take', async () => {
    const scene = shaped([{ type: 'bandwidth', bytes_per_s: 1000, direction: 'down' }])
    await answer(scene, [Buffer.alloc(5000 - headBytes)])
    expect(scene.kept.written.at(-1)?.atMs).toBeCloseTo(5000)
    expect(scene.kept.written.length).toBeGreaterThan(45)
  })

  it('saves up a tenth of a second and no more', async () => {
    const scene = shaped([{ type: 'bandwidth', bytes_per_s: 1000 }])
    await scene.clock.until(scene.exchange.write(Buffer.alloc(10)))
    await scene.clock.advance(60_000)
    const from = scene.clock.now() / 1e6
    await scene.clock.until(scene.exchange.write(Buffer.alloc(300)))
    expect(scene.kept.written.slice(1).map(({ atMs }) => atMs - from)).toEqual([0, 100, 200])
  })

  it('is shared by the exchanges of a connection', async () => {
    const clock = new HandClock()
    const kept = new Kept(clock)
    const fault = { type: 'bandwidth', bytes_per_s: 1000 } as const
    const healed = new AbortController().signal
    const shaping = new Shaping({ clock, healed, seed: () => '1', shapersOf: () => [{ rule: 'r', fault }] })
    const all = [1, 2, 3].map(() => shaping.shaped(kept).write(Buffer.alloc(200)))
    await clock.until(Promise.all(all))
    expect(kept.written.at(-1)?.atMs).toBeCloseTo(600)
  })

  it('paces what is read of a request, one way as the other, and leaves its bytes alone', async () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(chunks, fc.integer({ min: 20, max: 3000 }), async (body, rate) => {
        const { clock, exchange } = shaped(
          [{ type: 'bandwidth', bytes_per_s: rate, direction: 'up' }],
          (clock) => {
            return new Kept(clock, 'h1', body)
          },
        )
        const got: Uint8Array[] = []
        const work = async (): Promise<void> => {
          let length = 0
          for await (const part of exchange.body) {
            got.push(part)
            length += part.length
            expect(length).toBeLessThanOrEqual((clock.now() / 1e9) * rate + 1e-6)
          }
          await exchange.write(Buffer.alloc(100_000))
        }
        await clock.until(work())
        const total = Buffer.concat(body)
        expect(Buffer.concat(got)).toEqual(total)
        expect(clock.now() / 1e9).toBeCloseTo(total.length / rate) // the answer is not paced
      }),
      { numRuns: 30 },
    )
  })
})

describe('slicer', () => {
  it('draws every size that its variation allows, and no other', async () => {
    const scene = shaped([{ type: 'slicer', bytes: 3, variation_bytes: 1 }])
    await answer(scene, [Buffer.alloc(3000)])
    const sizes = scene.kept.written.slice(1, -1).map(({ bytes }) => bytes.length)
    expect(new Set(sizes)).toEqual(new Set([2, 3, 4]))
    for (const size of [2, 3, 4]) {
      expect(sizes.filter((each) => each === size).length / sizes.length).toBeCloseTo(1 / 3, 1)
    }
  })
})

describe('bytes past the codec', () => {
  const faults = [
    { type: 'latency', delay_ms: 10 },
    { type: 'slicer', bytes: 3, gap_ms: 2 },
  ] as const

  it.each([
    ['h1', ['fra', 10], ['mes', 12]],
    ['h2', ['frames', 10]],
  ] as const)('wait as well, and are cut where they are no frames: %s', async (proto, ...expected) => {
    const { clock, exchange, kept } = shaped(faults, (clock) => new Kept(clock, proto))
    await clock.until(exchange.connection.raw(Buffer.from('frames')))
    expect(kept.written.map(({ bytes, atMs }) => [String(bytes), atMs])).toEqual(expected)
  })
})

describe('healing', () => {
  it('lets the rest of a write go at once, in one piece', async () => {
    const scene = shaped([
      { type: 'bandwidth', bytes_per_s: 10 },
      { type: 'slicer', bytes: 1 },
      { type: 'latency', delay_ms: 500 },
    ])
    const writing = scene.exchange.write(Buffer.from('0123456789'))
    await scene.clock.advance(700)
    expect(scene.kept.written.map(({ bytes }) => String(bytes))).toEqual(['0', '1'])
    scene.healing.abort()
    expect(await writing).toEqual({ ok: true, bytes: 10 })
    expect(scene.kept.written.map(({ bytes, atMs }) => [String(bytes), atMs]).slice(2)).toEqual([
      ['2', 700],
      ['3456789', 700],
    ])
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { layersOf } from './layers.ts'
import type { Layers, Span } from './layers.ts'

const exactly = (ms: number): Span => ({ leastMs: ms, mostMs: ms })
const found = (gapsMs: readonly number[]): Layers['found'] => layersOf(gapsMs.map(exactly)).found
const share = fc.double({ min: 0, max: 1, noNaN: true })

/** Gaps that grow by a factor to a cap; each loses up to half by jitter. */
const honest = fc
  .record({
    baseMs: fc.double({ min: 1, max: 2000, noNaN: true }),
    factor: fc.double({ min: 1, max: 4, noNaN: true }),
    capMs: fc.double({ min: 1, max: 60_000, noNaN: true }),
    jitter: fc.array(fc.oneof(share, fc.constantFrom(0, 1)), { minLength: 1, maxLength: 40 }),
  })
  .map(({ baseMs, factor, capMs, jitter }) =>
    jitter.map((drawn, i) => Math.min(capMs, baseMs * factor ** i) * (1 - drawn / 2)),
  )

/** An inner layer of `tries` with short gaps, in an outer one; cut where the last burst ends. */
const nested = fc
  .record({
    tries: fc.integer({ min: 2, max: 4 }),
    bursts: fc.integer({ min: 3, max: 6 }),
    last: fc.nat(2),
    inner: fc.array(fc.double({ min: 10, max: 50, noNaN: true }), { minLength: 24, maxLength: 24 }),
    outer: fc.array(fc.double({ min: 400, max: 5000, noNaN: true }), { minLength: 6, maxLength: 6 }),
  })
  .map(({ tries, bursts, last, inner, outer }) => {
    const gaps = Array.from({ length: bursts * tries - 1 }, (_, i) =>
      i % tries === tries - 1 ? (outer[Math.floor(i / tries)] as number) : (inner[i] as number),
    )
    // The last burst may have been cut short, but for its first gap.
    return { tries, gaps: gaps.slice(0, gaps.length - Math.min(last, tries - 2)) }
  })

describe('layers of retries', () => {
  it('are never seen in backoff that grows, is capped and loses up to half by jitter', () => {
    fc.assert(
      fc.property(honest, (gaps) => {
        expect(found(gaps)).toBe('one')
      }),
      { numRuns: 1000 },
    )
  })

  it('nor with the milliseconds that timers add', () => {
    fc.assert(
      fc.property(honest, fc.array(share, { minLength: 40, maxLength: 40 }), (gaps, extra) => {
        expect(found(gaps.map((gap, i) => gap + (extra[i] ?? 0)))).toBe('one')
      }),
      { numRuns: 1000 },
    )
  })

  it('nor, for certain, where the harness was late', () => {
    const lateMs = fc.double({ min: 0, max: 500, noNaN: true })
    fc.assert(
      fc.property(honest, fc.array(lateMs, { minLength: 40, maxLength: 40 }), (gaps, lateness) => {
        const spans = gaps.map((gap, i) => ({ leastMs: gap, mostMs: gap + (lateness[i] ?? 0) }))
        expect(layersOf(spans).found).not.toBe('nested')
      }),
    )
  })

  it('are always seen in bursts that two longer waits part', () => {
    fc.assert(
      fc.property(nested, ({ tries, gaps }) => {
        const layers = layersOf(gaps.map(exactly))
        if (layers.found !== 'nested') expect.fail(`found ${layers.found}`)
        // By chance the gaps within a burst may show bursts of their own.
        expect(tries % layers.tries).toBe(0)
      }),
      { numRuns: 1000 },
    )
  })

  it('are not seen where the server asked for the longer waits', () => {
    fc.assert(
      fc.property(nested, ({ tries, gaps }) => {
        const spans = gaps.map((ms, i) => ({ ...exactly(ms), asked: i % tries === tries - 1 }))
        expect(layersOf(spans).found).toBe('one')
      }),
    )
  })

  it('are seldom called in waits drawn from nothing to a cap', () => {
    const gaps = fc.array(share, { minLength: 4, maxLength: 12 })
    const all = fc
      .sample(gaps, { numRuns: 3000, seed: 42 })
      .map((drawn) => found(drawn.map((at) => at * 1000)))
    expect(all.filter((one) => one === 'nested').length).toBeLessThan(3000 / 100)
  })
})

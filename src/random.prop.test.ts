import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { below, digest, hex, shuffled, unit } from './random.ts'

const parts = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.integer()), { maxLength: 4 })
const seed = fc.string()

describe('any draw', () => {
  it('is within its bounds', () => {
    fc.assert(
      fc.property(seed, parts, fc.integer({ min: 1, max: 2 ** 31 }), (seed, parts, bound) => {
        const drawn = unit(seed, ...parts)
        expect(drawn >= 0 && drawn < 1).toBe(true)
        const whole = below(bound, seed, ...parts)
        expect(Number.isInteger(whole) && whole >= 0 && whole < bound).toBe(true)
        expect(hex(12, seed, ...parts)).toMatch(/^[0-9a-f]{12}$/)
      }),
    )
  })

  it('is of the JSON of its parts as texts, whatever they hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), parts, (seed, parts) => {
        const text = JSON.stringify([seed, ...parts.map(String)])
        const wanted = createHash('sha256').update(text).digest()
        expect(digest(seed, ...parts).equals(wanted)).toBe(true)
        expect(unit(seed, ...parts)).toBe(wanted.readUIntBE(0, 6) / 2 ** 48)
      }),
    )
  })

  it('hangs on every part: two reasons give one digest only when they are the same texts', () => {
    const same = (a: readonly unknown[], b: readonly unknown[]): boolean =>
      a.length === b.length && a.every((part, i) => String(part) === String(b[i]))
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        expect(digest('s', ...a).equals(digest('s', ...b))).toBe(same(a, b))
      }),
    )
  })
})

describe('any shuffle', () => {
  it('is a permutation, and leaves what it was given alone', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), seed, (items, seed) => {
        const before = [...items]
        const after = shuffled(items, seed, 'why')
        expect(items).toEqual(before)
        expect([...after].sort()).toEqual([...before].sort())
      }),
    )
  })
})

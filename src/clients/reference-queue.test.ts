/** What waits and what makes a batch. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Queue, SizeLimit } from './reference-queue.ts'

const bytesOf = (line: string): number => line.length

describe('the queue', () => {
  it('gives every record once, in order, in batches that keep both bounds', () => {
    const line = fc.string({ minLength: 1, maxLength: 12 })
    const full = fc.record({
      records: fc.integer({ min: 1, max: 5 }),
      bytes: fc.integer({ min: 1, max: 20 }),
    })
    fc.assert(
      fc.property(fc.array(line), full, (lines, full) => {
        const queue = new Queue(bytesOf)
        const batches: string[][] = []
        for (const line of lines) {
          queue.push(line)
          while (queue.ready(full)) batches.push(queue.take(full))
        }
        expect(queue.length).toBeLessThan(full.records)
        queue.press()
        while (queue.ready(full)) batches.push(queue.take(full))
        expect(batches.flat()).toEqual(lines)
        expect(queue.left).toBe(lines.length)
        for (const batch of batches) {
          expect(batch.length).toBeGreaterThan(0)
          expect(batch.length).toBeLessThanOrEqual(full.records)
          if (batch.length > 1) expect(batch.join('').length).toBeLessThanOrEqual(full.bytes)
        }
      }),
    )
  })

  it('presses what waits, not what comes later', () => {
    const queue = new Queue(bytesOf)
    const full = { records: 2, bytes: 100 }
    queue.push('a')
    queue.press()
    expect(queue.ready(full)).toBe(true)
    expect(queue.take(full)).toEqual(['a'])
    queue.push('b')
    expect(queue.ready(full)).toBe(false)
  })
})

describe('the size that a server takes', () => {
  it('is unknown until something is refused, then half of that or what was taken', () => {
    const sizes = new SizeLimit()
    expect(sizes.most).toBe(Infinity)
    sizes.refuse(1_000)
    expect(sizes.most).toBe(500)
    expect(sizes.excludes(1_000)).toBe(true)
    expect(sizes.excludes(999)).toBe(false)
    sizes.accept(700)
    sizes.refuse(900)
    expect(sizes.most).toBe(700)
  })

  it('is not what one record was refused for', () => {
    const sizes = new SizeLimit()
    sizes.accept(5_000)
    sizes.refuse(100)
    expect(sizes.most).toBe(Infinity)
  })

  it('may turn out larger', () => {
    const sizes = new SizeLimit()
    sizes.refuse(100)
    sizes.accept(100)
    expect(sizes.most).toBe(Infinity)
  })
})

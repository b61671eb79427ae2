import { describe, expect, it } from 'vitest'
import { Tally } from './tally.ts'

describe('a tally', () => {
  it('is at zero at once where nothing is under way', async () => {
    await new Tally().zero()
  })

  it('tells everyone who waits, when the last is done and not before', async () => {
    const tally = new Tally()
    const told: string[] = []
    tally.add()
    tally.add()
    const both = ['one', 'other'].map((name) => tally.zero().then(() => void told.push(name)))
    tally.remove()
    await Promise.resolve()
    expect([tally.value, told]).toEqual([1, []])
    tally.remove()
    await Promise.all(both)
    expect([tally.value, told]).toEqual([0, ['one', 'other']])
  })

  it('tells once: who waits later waits for what began later', async () => {
    const tally = new Tally()
    tally.add()
    const first = tally.zero()
    tally.remove()
    await first
    tally.add()
    let told = false
    const second = tally.zero().then(() => (told = true))
    await Promise.resolve()
    expect(told).toBe(false)
    tally.remove()
    await second
    expect(told).toBe(true)
  })
})

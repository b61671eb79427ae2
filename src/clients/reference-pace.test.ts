/** The turnstile: who is let through, and when. */
import { describe, expect, it } from 'vitest'
import { Turnstile } from './reference-pace.ts'

interface Gate {
  readonly turnstile: Turnstile
  /** Ages of those who are through. */
  readonly through: number[]
  readonly enter: (...ages: number[]) => Promise<void>
  readonly leave: (succeeded: boolean) => Promise<void>
}

function gate(): Gate {
  const turnstile = new Turnstile()
  const through: number[] = []
  return {
    turnstile,
    through,
    enter: async (...ages) => {
      for (const age of ages) void turnstile.enter(age).then(() => through.push(age))
      await Promise.resolve()
    },
    leave: async (succeeded) => {
      turnstile.leave(succeeded)
      await Promise.resolve()
    },
  }
}

interface Calm {
  readonly over: Promise<void>
  readonly end: () => Promise<void>
}

function calm(): Calm {
  let resolve = (): void => {}
  const over = new Promise<void>((end) => (resolve = end))
  return {
    over,
    end: async () => {
      resolve()
      for (let turn = 0; turn < 3; turn += 1) await Promise.resolve()
    },
  }
}

describe('the turnstile', () => {
  it('holds nobody until a server asks for calm', async () => {
    const { enter, leave, through } = gate()
    await enter(1, 2, 3)
    await leave(false)
    await enter(4, 5)
    expect(through).toEqual([1, 2, 3, 4, 5])
  })

  it('holds all until every calm is over, then lets one through, the oldest first', async () => {
    const { enter, leave, through, turnstile } = gate()
    const [long, short] = [calm(), calm()]
    turnstile.calm(long.over)
    turnstile.calm(short.over)
    await enter(7, 5, 6)
    await short.end()
    expect(through).toEqual([])
    await long.end()
    expect(through).toEqual([5])
    await leave(true)
    expect(through).toEqual([5, 6])
  })

  it('goes one at a time until two in a row have succeeded, then opens by each success', async () => {
    const { enter, leave, through, turnstile } = gate()
    const asked = calm()
    turnstile.calm(asked.over)
    await enter(1, 2, 3, 4, 5, 6, 7, 8)
    await asked.end()
    await leave(true)
    await leave(false) // not in a row
    await leave(true)
    expect(through).toHaveLength(4)
    await leave(true)
    expect(through).toHaveLength(6) // two are under way
    await leave(true)
    expect(through).toHaveLength(8) // three
  })
})

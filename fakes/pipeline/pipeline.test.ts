import { describe, expect, it } from 'vitest'
import { HandClock, sleep } from '../../src/clock.ts'
import { Ledger } from '../../src/ledger.ts'
import type { IdRange } from '../../src/record.ts'
import type { Block, Landing } from './landing.ts'
import { MemoryLanding } from './landing-memory.ts'
import { directPipeline } from './pipeline.ts'

const good: readonly IdRange[] = [[0, 0, 2]]
const bad: readonly IdRange[] = [[0, 3, 3]]
const told = ({ entries }: Ledger): unknown[] => entries.map(({ n: _n, t: _t, ...rest }) => rest)

/** A landing that takes its time, and fails for the blocks named. */
function slowLanding(clock: HandClock, failing: readonly number[] = []): Landing {
  return {
    land: async ({ block }: Block) => {
      await sleep(clock, 1000)
      if (failing.includes(block)) throw new Error('disk full')
    },
    close: () => Promise.resolve(),
  }
}

describe('a take', () => {
  it('is entered before anything lands, and what is good lands', async () => {
    const ledger = new Ledger(new HandClock())
    const landing = new MemoryLanding()
    const { landed } = directPipeline(ledger, landing).take(7, good, [])
    expect(told(ledger)).toEqual([{ kind: 'take', req: 7, ids: good }])
    expect(await landed).toBe(true)
    expect(told(ledger).slice(1)).toEqual([{ kind: 'land', block: 0, ids: good }])
    expect(landing.rows).toBe(3)
  })

  it('quarantines what is bad, and says so at once', async () => {
    const ledger = new Ledger(new HandClock())
    const landing = new MemoryLanding()
    await directPipeline(ledger, landing).take(7, good, bad).landed
    expect(told(ledger)).toEqual([
      { kind: 'take', req: 7, ids: [...good, ...bad] },
      { kind: 'discard', req: 7, ids: bad, why: 'quarantine' },
      { kind: 'land', block: 0, ids: good },
    ])
    expect(landing.rows).toBe(3)
  })

  it('of bad records alone lands nothing', async () => {
    const ledger = new Ledger(new HandClock())
    await directPipeline(ledger, new MemoryLanding()).take(7, [], bad).landed
    expect(told(ledger).map((entry) => (entry as { kind: string }).kind)).toEqual(['take', 'discard'])
  })

  it('of the same records lands them again: nothing is deduplicated', async () => {
    const ledger = new Ledger(new HandClock())
    const landing = new MemoryLanding()
    const pipeline = directPipeline(ledger, landing)
    await Promise.all([pipeline.take(1, good, []).landed, pipeline.take(2, good, []).landed])
    expect(landing.rows).toBe(6)
    expect(told(ledger).filter((entry) => (entry as { kind: string }).kind === 'land')).toEqual([
      { kind: 'land', block: 0, ids: good },
      { kind: 'land', block: 1, ids: good },
    ])
  })

  it('whose landing fails is answered for by a discard', async () => {
    const clock = new HandClock()
    const ledger = new Ledger(clock)
    const pipeline = directPipeline(ledger, slowLanding(clock, [0]))
    const [first, second] = [pipeline.take(1, good, []), pipeline.take(2, bad, [])]
    expect(await clock.until(Promise.all([first.landed, second.landed]))).toEqual([false, true])
    expect(told(ledger).slice(2)).toEqual([
      { kind: 'land', block: 0, ids: [], error: 'disk full' },
      { kind: 'discard', ids: good, why: 'injected' },
      { kind: 'land', block: 1, ids: bad },
    ])
  })
})

describe('a pipeline', () => {
  it('is quiet when nothing is due any more, landed or not', async () => {
    const clock = new HandClock()
    const pipeline = directPipeline(new Ledger(clock), slowLanding(clock, [0]))
    await pipeline.quiet()
    pipeline.take(1, good, [])
    await clock.advance(500)
    pipeline.take(2, good, [])
    await clock.until(pipeline.quiet())
    expect(clock.now()).toBe(1_500_000_000)
  })
})

import { createHistogram } from 'node:perf_hooks'
import { describe, expect, it } from 'vitest'
import {
  HandClock,
  percentiles,
  realClock,
  scaledClock,
  sleep,
  watchEventLoop,
  watchLateness,
  within,
} from './clock.ts'

describe('a hand-wound clock', () => {
  it('fires timers in order of their time, then of their setting', async () => {
    const clock = new HandClock()
    const fired: string[] = []
    const note = (name: string, ms: number): void =>
      void clock.after(ms, () => void fired.push(`${name} at ${clock.now() / 1e6}`))
    note('late', 20)
    note('first of two', 10)
    note('second of two', 10)
    note('overdue', -5)
    await clock.advance(20)
    expect(fired).toEqual(['overdue at 0', 'first of two at 10', 'second of two at 10', 'late at 20'])
  })

  it('fires what falls due and nothing more, and stands where it was turned to', async () => {
    const clock = new HandClock()
    let fired = 0
    clock.after(10, () => (fired += 1))
    await clock.advance(9.999)
    expect([fired, clock.now()]).toEqual([0, 9_999_000])
    await clock.advance(0.001)
    expect([fired, clock.now()]).toEqual([1, 10_000_000])
    await clock.advance(3_600_000)
    expect([fired, clock.now()]).toEqual([1, 3_600_010_000_000])
  })

  it('lets code that a timer woke set timers of its own, within the same turn', async () => {
    const clock = new HandClock()
    const wakings: number[] = []
    const work = async (): Promise<void> => {
      for (let i = 0; i < 3; i += 1) {
        await sleep(clock, 10)
        wakings.push(clock.now() / 1e6)
      }
    }
    const working = work()
    await clock.advance(30)
    await working
    expect(wakings).toEqual([10, 20, 30])
  })

  it('does not fire a timer that was cancelled, and cancelling one that has fired does nothing', async () => {
    const clock = new HandClock()
    const fired: string[] = []
    const kept = clock.after(1, () => void fired.push('kept'))
    clock.after(2, () => void fired.push('cancelled')).cancel()
    await clock.advance(5)
    kept.cancel()
    expect(fired).toEqual(['kept'])
  })

  it('has a calendar that moves with it', async () => {
    const clock = new HandClock()
    expect(clock.wall()).toBe(Date.UTC(2026, 0, 1))
    await clock.advance(1500)
    expect(clock.wall()).toBe(Date.UTC(2026, 0, 1, 0, 0, 1, 500))
  })

  describe('until', () => {
    it('passes hours in no time, and stops at the timer that settled the promise', async () => {
      const clock = new HandClock()
      clock.after(8 * 3_600_000, () => {})
      const work = sleep(clock, 3_600_000)
        .then(() => sleep(clock, 3_600_000))
        .then(() => 'done')
      expect(await clock.until(work)).toBe('done')
      expect(clock.now()).toBe(2 * 3_600_000 * 1e6)
    })

    it('rejects as the promise does', async () => {
      const clock = new HandClock()
      const work = sleep(clock, 5).then(() => Promise.reject(new Error('no')))
      await expect(clock.until(work)).rejects.toThrow('no')
    })

    it('throws when nothing is left that could settle the promise', async () => {
      const clock = new HandClock()
      clock.after(10, () => {})
      await expect(clock.until(new Promise(() => {}))).rejects.toThrow('stands still')
      expect(clock.now()).toBe(10_000_000)
    })
  })
})

describe('sleep', () => {
  it('ends at once when its signal aborts, and leaves no timer behind', async () => {
    const clock = new HandClock()
    const over = new AbortController()
    const asleep = sleep(clock, 1000, over.signal)
    over.abort()
    await asleep
    await expect(clock.until(new Promise(() => {}))).rejects.toThrow('stands still')
    expect(clock.now()).toBe(0)
  })

  it('does not begin when its signal has aborted already', async () => {
    await sleep(new HandClock(), 1000, AbortSignal.abort())
  })

  it('ends by its time where the signal never aborts', async () => {
    const clock = new HandClock()
    await clock.until(sleep(clock, 1000, new AbortController().signal))
    expect(clock.now()).toBe(1_000_000_000)
  })
})

describe('within', () => {
  it('gives what the promise gives, and leaves no timer behind', async () => {
    const clock = new HandClock()
    expect(await within(clock, 1000, Promise.resolve('in time'), 'late')).toBe('in time')
    await expect(clock.until(new Promise(() => {}))).rejects.toThrow('stands still')
    expect(clock.now()).toBe(0)
  })

  it('gives the other value when the promise takes longer', async () => {
    const clock = new HandClock()
    expect(await clock.until(within(clock, 1000, sleep(clock, 1001), 'late'))).toBe('late')
    expect(clock.now()).toBe(1_000_000_000)
  })

  it('rejects as the promise does', async () => {
    const failing = Promise.reject(new Error('broken'))
    await expect(within(new HandClock(), 1000, failing, 'late')).rejects.toThrow('broken')
  })
})

describe('a scaled clock', () => {
  it('makes every duration shorter, and keeps the calendar', async () => {
    const inner = new HandClock()
    const clock = scaledClock(inner, 0.1)
    let firedAt: number | undefined
    clock.after(1000, () => (firedAt = clock.now()))
    await inner.advance(99)
    expect(firedAt).toBeUndefined()
    await inner.advance(1)
    expect(firedAt).toBe(1_000_000_000)
    expect(clock.wall()).toBe(inner.wall())
  })
})

describe('the real clock', () => {
  it('goes forward, fires, and does not fire what was cancelled', async () => {
    const clock = realClock()
    const fired: string[] = []
    const before = clock.now()
    clock.after(1, () => void fired.push('cancelled')).cancel()
    await new Promise<void>((resolve) => clock.after(2, resolve))
    expect(fired).toEqual([])
    expect(clock.now()).toBeGreaterThan(before + 900_000) // a timer of node's may come up to 1 ms early
  })

  it('counts from its making', () => {
    expect(realClock().now()).toBeLessThan(60e9)
    expect(realClock().wall()).toBeGreaterThan(Date.UTC(2024, 0, 1))
  })
})

/** Keeps the event loop from turning for `ms`. */
function block(ms: number): void {
  const clock = realClock()
  while (clock.now() < ms * 1e6);
}

describe('the watch of lateness', () => {
  it('sees a loop that was held up before its first timer could come', () => {
    const watch = watchLateness()
    block(60)
    expect(watch.stop().p999).toBeGreaterThanOrEqual(45)
  })

  it('sees a loop that was held up between timers', async () => {
    const watch = watchLateness()
    block(60)
    await sleep(realClock(), 0)
    const { p50, p99, p999 } = watch.stop()
    expect(p999).toBeGreaterThanOrEqual(45)
    expect(p50).toBeLessThanOrEqual(p99)
    expect(p99).toBeLessThanOrEqual(p999)
  })
})

describe('the watch of the event loop', () => {
  it('sees a loop that is held up', async () => {
    const watch = watchEventLoop()
    for (let turn = 0; turn < 4; turn += 1) {
      block(30)
      await sleep(realClock(), 0)
    }
    expect(watch.stop().p999).toBeGreaterThanOrEqual(15)
  })
})

describe('percentiles', () => {
  it('are in milliseconds, of nanoseconds', () => {
    const histogram = createHistogram({ figures: 5 })
    for (let ms = 1; ms <= 1000; ms += 1) histogram.record(ms * 1_000_000)
    const { p50, p99, p999 } = percentiles(histogram)
    expect(p50).toBeCloseTo(500, 0)
    expect(p99).toBeCloseTo(990, 0)
    expect(p999).toBeCloseTo(999, 0)
  })

  it('are 0 where nothing was measured', () => {
    expect(percentiles(createHistogram())).toEqual({ p50: 0, p99: 0, p999: 0 })
  })
})

/**
 * Time, injected. Nothing outside this file reads the machine's clock or sets a timer.
 *
 * Three clocks share one interface: the real one, a scaled one (server-dictated durations made shorter), and
 * a hand-wound one that stands still until a test turns it, so that hours of backoff take no time at all.
 */
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks'

/** One pending wake-up. Cancelling one that has fired does nothing. */
export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Nanoseconds since this clock was made; never goes back. */
  now(): number
  /** Milliseconds since the Unix epoch, for headers that carry dates. */
  wall(): number
  /** Calls `run` once, `ms` milliseconds from now. */
  after(ms: number, run: () => void): Timer
}

/** Resolves after `ms`, or at once when `signal` aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = (): void => {
      timer.cancel()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = clock.after(ms, done)
    signal?.addEventListener('abort', done, { once: true })
  })
}

/** Resolves to what `promise` gives, or to `late` when that takes longer than `ms`. */
export async function within<T, L>(clock: Clock, ms: number, promise: Promise<T>, late: L): Promise<T | L> {
  const over = new AbortController()
  try {
    return await Promise.race([promise, sleep(clock, ms, over.signal).then(() => late)])
  } finally {
    over.abort()
  }
}

export function realClock(): Clock {
  const start = process.hrtime.bigint()
  return {
    now: () => Number(process.hrtime.bigint() - start),
    wall: () => Date.now(),
    after: (ms, run) => {
      const timer = setTimeout(run, ms)
      return { cancel: () => clearTimeout(timer) }
    },
  }
}

/** A clock on which every duration takes `scale` times as long: 0.1 is ten times faster. */
export function scaledClock(inner: Clock, scale: number): Clock {
  return {
    now: () => inner.now() / scale,
    wall: () => inner.wall(),
    after: (ms, run) => inner.after(ms * scale, run),
  }
}

interface Waiting extends Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** A clock that moves only when told to. Timers fire in order of their time, then of their setting. */
export class HandClock implements Clock {
  private at = 0
  private order = 0
  private readonly waiting = new Set<Waiting>()
  private readonly epochMs: number

  constructor(epochMs: number = Date.UTC(2026, 0, 1)) {
    this.epochMs = epochMs
  }

  now(): number {
    return this.at
  }

  wall(): number {
    return this.epochMs + this.at / 1e6
  }

  after(ms: number, run: () => void): Timer {
    const timer: Waiting = {
      at: this.at + Math.max(0, ms) * 1e6,
      order: this.order++,
      run,
      cancel: () => void this.waiting.delete(timer),
    }
    this.waiting.add(timer)
    return timer
  }

  /** Turns the clock by `ms`, firing what falls due, and lets the code that it woke come to rest. */
  async advance(ms: number): Promise<void> {
    const end = this.at + ms * 1e6
    await rest()
    for (let next = this.next(); next && next.at <= end; next = this.next()) {
      this.fire(next)
      await rest()
    }
    this.at = end
  }

  /**
   * Turns the clock from timer to timer until `promise` settles.
   * Throws when nothing is left to wait for: the awaited thing can then never happen.
   */
  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const mark = (): void => void (settled = true)
    promise.then(mark, mark)
    let idle = 0
    for (;;) {
      await rest()
      if (settled) return promise
      const next = this.next()
      if (next) this.fire(next)
      else if (++idle > idleRestsMax) {
        throw new Error('the hand-wound clock stands still: no timer is set and the promise is open')
      }
    }
  }

  private next(): Waiting | undefined {
    let first: Waiting | undefined
    for (const timer of this.waiting) {
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer
    }
    return first
  }

  private fire(timer: Waiting): void {
    this.waiting.delete(timer)
    this.at = Math.max(this.at, timer.at)
    timer.run()
  }
}

/**
 * Turns of the event loop that code woken by a timer gets to come to rest; no IO is awaited. A client that loses
 * its connection, opens another and sends again takes more than 12 (measured with undici).
 */
const restingTurns = 40

/** Rests without a timer in between, after which nothing is expected to come. */
const idleRestsMax = 5

async function rest(): Promise<void> {
  for (let i = 0; i < restingTurns; i += 1) await turn()
}

/** Resolves when the event loop has gone round once: what had arrived by now has been told. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Milliseconds: median, 99th and 99.9th percentile. */
export interface Percentiles {
  p50: number
  p99: number
  p999: number
}

export interface Watch {
  /** What was measured since the last lap. */
  lap(): Percentiles
  /** The last lap. */
  stop(): Percentiles
}

const latenessProbeMs = 10

/** Runs a timer every 10 ms and measures by how much each one is late: the harness judges its own clock. */
export function watchLateness(): Watch {
  const late = createHistogram({ figures: 3 })
  const everyNs = BigInt(latenessProbeMs) * 1_000_000n
  let due = process.hrtime.bigint() + everyNs
  const probe = (): void => {
    const now = process.hrtime.bigint()
    late.record(now > due ? now - due + 1n : 1n)
    due = now + everyNs
  }
  const timer = setInterval(probe, latenessProbeMs)
  timer.unref()
  const lap = (): Percentiles => {
    if (process.hrtime.bigint() > due) probe() // a timer still outstanding is late by at least this much
    const found = percentiles(late)
    late.reset()
    return found
  }
  return {
    lap,
    stop: () => {
      clearInterval(timer)
      return lap()
    },
  }
}

/** Measures how long the event loop is held up beyond its 10 ms rounds. */
export function watchEventLoop(): Pick<Watch, 'stop'> {
  const delay = monitorEventLoopDelay({ resolution: latenessProbeMs })
  delay.enable()
  return {
    stop: () => {
      delay.disable()
      return percentiles(delay)
    },
  }
}

/** The percentiles of a histogram of nanoseconds, in milliseconds with three decimals. */
export function percentiles(histogram: { percentile(at: number): number; count: number }): Percentiles {
  const ms = (at: number): number =>
    histogram.count === 0 ? 0 : Math.round(histogram.percentile(at) / 1e3) / 1e3
  return { p50: ms(50), p99: ms(99), p999: ms(99.9) }
}

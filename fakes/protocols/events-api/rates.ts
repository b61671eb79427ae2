/**
 * The rate limit: requests a second for each data source, in fixed windows on the run's clock. The documentation
 * names the headers and the limit; the window of one second that starts with the clock's second is ours.
 */
import type { Clock } from '../../../src/clock.ts'
import type { Header } from '../../../src/exchange.ts'
import type { DataSource } from '../../pipeline/data-sources.ts'

export interface RateOptions {
  readonly clock: Clock
  /** 1000 when absent: what the documentation grants varies with its age from 100 to 1000. */
  readonly perSecond?: number
  /** Whether requests beyond the limit are refused, or the limit is only told. */
  readonly enforced: boolean
  /**
   * How X-RateLimit-Reset is written: seconds until the window ends, as documented and as the newer SDKs read it,
   * or the Unix time of its end, as the older Python SDK does.
   */
  readonly reset?: 'delta' | 'epoch'
}

const windowNs = 1_000_000_000

interface Window {
  index: number
  count: number
}

export class Rates {
  private readonly options: RateOptions
  private readonly windows = new WeakMap<DataSource, Window>()
  private last: DataSource | undefined

  constructor(options: RateOptions) {
    this.options = options
  }

  get perSecond(): number {
    return this.options.perSecond ?? 1000
  }

  /** Counts a request for `source`; false where it is over the limit, and then it is not counted. */
  admit(source: DataSource): boolean {
    const { index } = this.now()
    const before = this.windows.get(source)
    const count = before?.index === index ? before.count : 0
    this.last = source
    if (count >= this.perSecond && this.options.enforced) return false
    this.windows.set(source, { index, count: count + 1 })
    return true
  }

  /** The headers of an answer about `source`; about the one last counted where it is not known. */
  headers(status: number, source: DataSource | undefined = this.last): Header[] {
    const { index } = this.now()
    const window = source && this.windows.get(source)
    const left = Math.max(0, this.perSecond - (window?.index === index ? window.count : 0))
    return [
      ['x-ratelimit-limit', String(this.perSecond)],
      ['x-ratelimit-remaining', String(status === 429 ? 0 : left)],
      ['x-ratelimit-reset', String(this.reset())],
    ]
  }

  /** Whole seconds until the window ends, never less. */
  waitS(): number {
    return Math.ceil(this.now().leftNs / windowNs)
  }

  private reset(): number {
    if (this.options.reset !== 'epoch') return this.waitS()
    return Math.ceil((this.options.clock.wall() + this.now().leftNs / 1e6) / 1000)
  }

  private now(): { index: number; leftNs: number } {
    const at = this.options.clock.now()
    const index = Math.floor(at / windowNs)
    return { index, leftNs: (index + 1) * windowNs - at }
  }
}

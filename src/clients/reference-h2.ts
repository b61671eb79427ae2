/**
 * HTTP/2 for the reference client: one connection, and the one before it that still has answers to give. A server that
 * says GOAWAY gets no new stream on it; what it says of the number of streams is kept; and one that asks for calm
 * (ENHANCE_YOUR_CALM) gets no new connection for a while, for longer each time.
 */
import type { Duplex } from 'node:stream'
import { sleep } from '../clock.ts'
import { errorCodes } from '../wire/h2-frames.ts'
import type { Answer } from './reference-answers.ts'
import { unlessAborted } from './reference-asked.ts'
import type { Asked, Carrier } from './reference-asked.ts'
import type { CarrierOptions } from './reference-carrier.ts'
import { H2Session } from './reference-h2-session.ts'
import { backoffMs } from './reference-pace.ts'

/** A connection on which HTTP/2 is spoken from its first byte. */
export type Connect = (url: URL, signal: AbortSignal) => Promise<Duplex>

export interface H2Options extends Pick<CarrierOptions, 'settings' | 'clock' | 'unit'> {
  readonly connect: Connect
}

export class H2Carrier implements Carrier {
  private readonly options: H2Options
  private current: H2Session | undefined
  private opening: Promise<void> | undefined
  private readonly draining = new Set<H2Session>()
  /** Times in a row that the server asked for calm, and until when it has it, in nanoseconds of the clock. */
  private calms = 0
  private calmUntil = 0
  private openedAt = 0
  private readonly over = new AbortController()
  private watchers: (() => void)[] = []

  constructor(options: H2Options) {
    this.options = options
  }

  async ask(asked: Asked): Promise<Answer> {
    const session = await this.place(asked)
    try {
      return await session.post(asked)
    } finally {
      session.taken -= 1
      this.review()
    }
  }

  async close(): Promise<void> {
    this.over.abort()
    const { current } = this
    this.retire()
    current?.close()
    await Promise.all(Array.from(this.draining, ({ closed }) => closed))
  }

  /** Resolves when there is room for one more stream, which is then taken. */
  private async place({ url, signal }: Asked): Promise<H2Session> {
    for (;;) {
      signal.throwIfAborted()
      const { current } = this
      if (current?.hasRoom) {
        current.taken += 1
        return current
      }
      await unlessAborted(current ? this.change() : this.open(url), signal)
    }
  }

  /** One connection is made at a time, whoever waits for it. */
  private open(url: URL): Promise<void> {
    this.opening ??= this.begin(url).finally(() => (this.opening = undefined))
    return this.opening
  }

  private async begin(url: URL): Promise<void> {
    const { clock, connect } = this.options
    const { signal } = this.over
    while (this.draining.size > 1) await unlessAborted(this.change(), signal)
    await sleep(clock, Math.max(0, this.calmUntil - clock.now()) / 1e6, signal)
    const socket = await connect(url, signal)
    signal.throwIfAborted()
    this.openedAt = clock.now()
    this.current = new H2Session(url, socket, () => this.review())
  }

  /** Something has happened to a connection. */
  private review(): void {
    if (this.current && !this.current.isOpen) this.retire()
    for (const session of this.draining) if (session.isClosed) this.draining.delete(session)
    for (const wake of this.watchers.splice(0)) wake()
  }

  private retire(): void {
    const { current } = this
    if (!current) return
    this.current = undefined
    if (!current.isClosed) this.draining.add(current)
    if (current.goaway?.code !== errorCodes.ENHANCE_YOUR_CALM) return
    const { settings, clock, unit } = this.options
    const heldMs = (clock.now() - this.openedAt) / 1e6
    this.calms = heldMs > settings['retry.max_ms'] ? 1 : this.calms + 1 // it was calm enough for a while
    const jitter = unit('calm', this.calms)
    const waitMs = backoffMs(this.calms + 1, settings['retry.base_ms'], settings['retry.max_ms'], jitter)
    this.calmUntil = clock.now() + waitMs * 1e6
  }

  private change(): Promise<void> {
    return new Promise((resolve) => this.watchers.push(resolve))
  }
}

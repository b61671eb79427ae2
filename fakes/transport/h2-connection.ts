/** One HTTP/2 connection below the session: who ended it and how, and its frames. */
import type { ServerHttp2Session } from 'node:http2'
import { sleep } from '../../src/clock.ts'
import type { Clock } from '../../src/clock.ts'
import { limits } from '../../src/limits.ts'
import type { Connection, Cut, Emitted, Frames, Gone, Protocol } from '../../src/exchange.ts'
import { FrameReader } from '../../src/wire/h2-frames.ts'
import type { Frame } from '../../src/wire/h2-frames.ts'
import type { Accepted, Socket } from './h1-connection.ts'
import { Flood } from './h2-flood.ts'
import { FrameLayer } from './h2-layer.ts'

export interface H2ConnectionOptions {
  readonly accepted: Accepted
  readonly clock: Clock
  /** Every frame that crosses the wire. */
  readonly seen: (connection: H2Connection, dir: 'in' | 'out', frame: Frame) => void
  /** The session ends itself for what the client has done. */
  readonly gaveUp: (connection: H2Connection, code: number) => void
}

export class H2Connection implements Connection {
  readonly id: number
  readonly ordinal: number
  readonly at: number
  readonly proto: Protocol
  readonly below: Connection['below']
  readonly layer: FrameLayer
  /** Resolves when the connection can carry no more. */
  readonly losing: Promise<Gone>
  /** Resolves when the socket is closed, with what ended it. */
  readonly closed: Promise<Gone>
  session: ServerHttp2Session | undefined
  lost: Gone | undefined
  readonly flood: Flood
  /** The client has been told that it is one. */
  flooded = false
  private readonly socket: Socket
  private readonly options: H2ConnectionOptions
  private readonly over = new AbortController()
  private lostTo: (how: Gone) => void = () => {}
  /** What happened first is what ended the connection: the rest follows from it. */
  private cause: Gone | undefined

  constructor(socket: Socket, options: H2ConnectionOptions) {
    this.socket = socket
    this.options = options
    const { ordinal, at, proto, below } = options.accepted
    this.id = ordinal
    this.ordinal = ordinal
    this.at = at
    this.proto = proto
    this.below = below
    this.flood = new Flood(options.clock)
    this.losing = new Promise((resolve) => (this.lostTo = resolve))
    below?.onCut((how) => void this.lose({ by: 'server', how }))
    socket.on('end', () => void this.lose(this.endBy(this.hasEnded ? 'server' : 'client')))
    socket.on('error', () => void this.lose({ by: 'client', how: 'rst' })) // 'close' follows
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.over.abort()
        // Where the client has said GOAWAY the session ends at once, and does not wait for its FIN.
        resolve(this.lose(this.endBy(this.layer.goawayBy ?? 'server')))
      })
    })
    this.layer = new FrameLayer(socket, {
      seen: (dir, frame) => options.seen(this, dir, frame),
      gaveUp: (code) => options.gaveUp(this, code),
      deserted: () => this.endDeserted(),
    })
  }

  get frames(): Frames {
    return this.layer
  }

  get open(): boolean {
    return !this.lost && this.layer.servedUpTo === Infinity
  }

  /** Frames made by hand are told as those of the session are; bytes that are none go out untold. */
  async raw(bytes: Uint8Array): Promise<Emitted> {
    if (this.lost) return this.refusal()
    if (!(await this.layer.tap.inject(bytes))) return { ok: false, why: 'gone' }
    for (const frame of new FrameReader().push(Buffer.from(bytes))) this.layer.handed(frame)
    return { ok: true, bytes: bytes.length }
  }

  async cut(how: Cut): Promise<Emitted> {
    if ('code' in how) return { ok: false, why: 'unsupported' } // an end of a stream: the exchange has it
    if (this.lost) return this.refusal()
    if (!(await this.layer.tap.inject(new Uint8Array(0)))) return { ok: false, why: 'gone' }
    if (this.lost) return this.refusal() // by another, meanwhile: the end of a closed socket is never called back
    if ('fin' in how) {
      this.lose(this.endBy('server'))
      await new Promise<void>((resolve) => this.socket.end(() => resolve()))
      return { ok: true, bytes: 0 }
    }
    if (how.linger_ms > 0) await sleep(this.options.clock, how.linger_ms, this.over.signal)
    // Where the session has ended meanwhile its FIN is on its way: node would neither reset the socket nor close it.
    if (this.lost || this.socket.destroyed || this.socket.writableEnded) return this.refusal()
    this.lose({ by: 'server', how: 'rst' })
    this.socket.resetAndDestroy()
    return { ok: true, bytes: 0 }
  }

  /** Ends the connection at once. */
  async close(): Promise<void> {
    this.lose({ by: 'server', how: 'fin' })
    this.socket.destroy() // the session hears of it; told to end by itself it may write behind its own FIN, and fail
    await this.closed
  }

  /** The session is told, and mostly ends at once; now and then it does not (measured, Node 20, of a busy process). */
  private endDeserted(): void {
    const timer = this.options.clock.after(limits.lingerMs, () => {
      if (this.socket.writableLength === 0) void this.close()
      else this.endDeserted()
    })
    this.over.signal.addEventListener('abort', () => timer.cancel(), { once: true })
  }

  /** Why nothing more can be written. */
  refusal(): Emitted {
    return { ok: false, why: this.cause?.by === 'server' ? 'ended' : 'gone' }
  }

  /** The session has ended our half, and not because the client said GOAWAY. */
  private get hasEnded(): boolean {
    return this.socket.writableEnded && this.layer.goawayBy !== 'client'
  }

  private endBy(who: 'client' | 'server'): Gone {
    return { by: who, how: this.layer.goawayBy === who ? 'goaway' : 'fin' }
  }

  private lose(how: Gone): Gone {
    this.cause ??= how
    if (!this.lost) {
      this.lost = this.cause
      this.lostTo(this.cause)
    }
    return this.cause
  }
}

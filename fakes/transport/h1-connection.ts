/**
 * One HTTP/1.1 connection below the codec: who ended it and how, and the bytes that faults write past node.
 *
 * A FIN of the client alone ends nothing: it may have half-closed and still wait for the answer (RFC 9112 §9.6),
 * or have closed fully, as undici and curl do when they give up. Only writing tells the two apart: a peer that has
 * closed answers the first bytes with a RST, which the next write runs into, be it an empty one; on loopback the
 * RST is there before the write returns (measured). So after a FIN each write is followed by an empty one.
 */
import type { Duplex } from 'node:stream'
import { sleep } from '../../src/clock.ts'
import type { Clock } from '../../src/clock.ts'
import type { Connection, Cut, Emitted, Gone, Protocol } from '../../src/exchange.ts'

/** What HTTP/1.1 asks of a socket: a `net.Socket`, or its likeness in memory. */
export interface Socket extends Duplex {
  resetAndDestroy(): unknown
  destroySoon(): void
}

/** A socket as it was accepted. */
export interface Accepted {
  readonly ordinal: number
  /** Nanoseconds of the harness's clock. */
  readonly at: number
  readonly proto: Protocol
  /** The socket under TLS. */
  readonly below?: Connection['below']
}

/** The exchange under way, which wants to know how its connection fares. */
export interface Passenger {
  connectionLost(how: Gone): void
  clientFinished(how: Gone): void
  /** Nothing more comes. */
  connectionClosed(): void
}

const nothing = Buffer.alloc(0)

export class H1Connection implements Connection {
  readonly id: number
  readonly ordinal: number
  readonly at: number
  readonly proto: Protocol
  readonly below: Connection['below']
  /** Resolves when the socket is closed, with what ended it. */
  readonly closed: Promise<Gone>
  /** Set when the connection can carry no more of an answer. */
  lost: Gone | undefined
  /** The client has sent FIN. */
  finished = false
  passenger: Passenger | undefined
  /** An answer that said `Connection: close` is over. */
  saidClose = false
  private readonly socket: Socket
  private readonly clock: Clock
  private readonly over = new AbortController()
  /** What happened first is what ended the connection: the rest follows from it. */
  private cause: Gone | undefined
  /** What our FIN waits for. */
  private wait: ((closed: AbortSignal) => Promise<void>) | undefined

  constructor(socket: Socket, { ordinal, at, proto, below }: Accepted, clock: Clock) {
    this.socket = socket
    this.id = ordinal
    this.ordinal = ordinal
    this.at = at
    this.proto = proto
    this.below = below
    below?.onCut((how) => void this.lose({ by: 'server', how }))
    this.clock = clock
    socket.on('end', () => this.finish())
    socket.on('error', () => this.fail()) // 'close' follows
    this.closed = new Promise((resolve) => {
      const over = (): void => {
        this.over.abort()
        resolve(this.lose({ by: 'server', how: 'fin' }))
        this.passenger?.connectionClosed()
      }
      socket.once('close', over)
      // What ended before anybody owned the socket is not told again.
      if (socket.errored) this.fail()
      else if (socket.readableEnded) this.finish()
      if (socket.closed) over()
    })
  }

  get open(): boolean {
    return !this.lost && !this.finished
  }

  /** Our half has ended, and the client may go on sending. */
  get listensOnly(): boolean {
    return this.lost?.how === 'fin' && !this.socket.destroyed
  }

  async raw(bytes: Uint8Array): Promise<Emitted> {
    if (this.lost) return this.refusal()
    const { finished } = this
    // A client that ends at once, for what these bytes are, has them all the same.
    const isOut = (await this.push(bytes)) && (!finished || (await this.flushed(finished)))
    if (isOut) return { ok: true, bytes: bytes.length }
    return { ok: false, why: 'gone' }
  }

  async cut(how: Cut): Promise<Emitted> {
    if ('code' in how) return { ok: false, why: 'unsupported' }
    if (this.lost) return this.refusal()
    if (!(await this.flushed())) return { ok: false, why: 'gone' }
    if (this.lost) return this.refusal() // by another, meanwhile: the end of a closed socket is never called back
    if ('fin' in how) return this.sendFin()
    if (how.linger_ms > 0) await sleep(this.clock, how.linger_ms, this.over.signal)
    if (this.lost || this.socket.destroyed) return this.refusal()
    this.lose({ by: 'server', how: 'rst' })
    this.socket.resetAndDestroy() // nothing else is a reset: destroy() sends FIN where all input was read
    return { ok: true, bytes: 0 }
  }

  /**
   * Whether everything written so far is with the transport, and the peer still there. Only a FIN that came before
   * the last write asks for the probe: one that comes after may be that of a client which has all it wanted.
   */
  async flushed(finished: boolean = this.finished): Promise<boolean> {
    return (await this.push(nothing)) && (!finished || (await this.push(nothing)))
  }

  /** Node resumes the socket whenever it has room for more of a body: here it may not. */
  stopReading(): () => void {
    const { socket } = this
    const resume = socket.resume.bind(socket)
    socket.pause()
    socket.resume = () => socket
    return () => {
      socket.resume = resume
      socket.resume()
    }
  }

  finAfter(wait: (closed: AbortSignal) => Promise<void>): void {
    this.wait = wait
  }

  /** Ends the connection at once. */
  async close(): Promise<void> {
    this.lose({ by: 'server', how: 'fin' })
    this.socket.destroy()
    await this.closed
  }

  /** Why nothing more can be written. */
  refusal(): Emitted {
    return { ok: false, why: this.cause?.by === 'server' ? 'ended' : 'gone' }
  }

  /** The socket stays until the client ends too: closing it with unread input would turn the FIN into a RST. */
  private async sendFin(): Promise<Emitted> {
    this.lose({ by: 'server', how: 'fin' })
    const { wait, socket } = this
    // Our half is over all the same: nothing more is written, and the answer need not wait for its FIN.
    if (wait) void wait(this.over.signal).then(() => socket.destroyed || socket.end())
    else await new Promise<void>((resolve) => socket.end(() => resolve()))
    return { ok: true, bytes: 0 }
  }

  /**
   * Where a FIN and a RST have come before a ticket of TLS was written, node loses the error of that write, and no
   * write within TLS ever calls back (measured). So behind a FIN the socket under it is asked first.
   */
  private push(bytes: Uint8Array): Promise<boolean> {
    const { below } = this
    if (!this.finished || !below) return this.write(bytes)
    return below.write(nothing).then(({ ok }) => ok && this.write(bytes))
  }

  private write(bytes: Uint8Array): Promise<boolean> {
    const { socket } = this
    if (!socket.writable) return Promise.resolve(false)
    return new Promise((resolve) => socket.write(bytes, (error) => resolve(!error && !socket.destroyed)))
  }

  private fail(): void {
    this.note({ by: 'client', how: 'rst' })
  }

  private finish(): void {
    this.finished = true
    const cause = this.note({ by: 'client', how: 'fin' })
    this.passenger?.clientFinished(cause)
  }

  private note(how: Gone): Gone {
    this.cause ??= how
    return this.cause
  }

  private lose(how: Gone): Gone {
    const cause = this.note(how)
    if (!this.lost) {
      this.lost = cause
      this.passenger?.connectionLost(cause)
    }
    return cause
  }
}

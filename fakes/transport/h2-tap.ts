/**
 * Between the socket and node's HTTP/2 session: sees every frame of both directions, lets hand-made ones in between,
 * and keeps back what a fault does not want said. node:http2 can send neither RST_STREAM within a body nor a GOAWAY
 * that names no stream, and it answers PING and SETTINGS whether asked to or not (measured, Node 20 to 24); so what
 * goes wrong is written here, and what goes right is node's.
 */
import { Duplex } from 'node:stream'
import { turn } from '../../src/clock.ts'
import { frameTypes, FrameReader, preface } from '../../src/wire/h2-frames.ts'
import type { ReadFrame } from '../../src/wire/h2-frames.ts'
import type { Socket } from './h1-connection.ts'

export interface TapWatch {
  /** A frame from the client; false keeps it from the session. */
  incoming(frame: ReadFrame): boolean
  /** A frame of the session: what the client is to have of it, if anything. */
  outgoing(frame: ReadFrame): ReadFrame | undefined
  /** The client has ended the connection; `tell` tells the session, when it may know. */
  finished(tell: () => void): void
  /** It has been handed to the socket. */
  handed(frame: ReadFrame): void
}

/** We never allow more than a client may send anyway (RFC 9113 §4.2). */
const frameBytesMax = 16_384

type Done = (error?: Error | null) => void

export class H2Tap extends Duplex {
  private readonly socket: Socket
  private readonly watch: TapWatch
  private readonly sent = new FrameReader()
  private readonly received = new FrameReader()
  private prefaceLeft: number = preface.length
  /** What waits while the output is held, by so many. */
  private held: (() => void)[] = []
  private holders = 0
  /** The client has sent what is no frame of ours to read; the session says so. */
  private blind = false
  /** What has been let in while a header block was under way; it must not be parted (RFC 9113 §4.3). */
  private between: (() => void)[] | undefined

  constructor(socket: Socket, watch: TapWatch) {
    super({ allowHalfOpen: true })
    this.socket = socket
    this.watch = watch
    socket.on('data', (chunk: Buffer) => this.receive(chunk))
    socket.on('end', () => watch.finished(() => void this.finish()))
    socket.on('error', () => {}) // the connection hears of it; 'close' follows
    socket.once('close', () => this.destroy())
  }

  /** Writes bytes of ours between the frames of the session; whether they were handed over. */
  inject(bytes: Uint8Array): Promise<boolean> {
    return new Promise((resolve) => {
      const write = (): void => {
        if (!this.socket.writable) resolve(false)
        else this.socket.write(bytes, (error) => resolve(!error))
      }
      if (this.between) this.between.push(write)
      else write()
    })
  }

  /** Keeps what the session says until it is called off; what is injected goes out all the same. */
  hold(): () => void {
    this.holders += 1
    let isHolding = true
    return () => {
      if (!isHolding) return
      isHolding = false
      this.holders -= 1
      if (this.holders === 0) for (const go of this.held.splice(0)) go()
    }
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    if (this.holders > 0) this.held.push(() => this.send(chunk, done))
    else this.send(chunk, done)
  }

  override _read(): void {
    this.socket.resume()
  }

  override _final(done: Done): void {
    if (this.socket.writable) this.socket.end(() => done())
    else done()
  }

  override _destroy(error: Error | null, done: Done): void {
    this.held.length = 0
    if (!this.socket.writableEnded) this.socket.destroy()
    this.socket.resume() // what still comes is not for us, but its end is
    done(error)
  }

  private send(chunk: Buffer, done: Done): void {
    const frames = this.sent.push(chunk).flatMap((frame) => this.watch.outgoing(frame) ?? [])
    const last = frames.at(-1)
    if (!last) return done()
    if (!this.socket.writable) return done(new Error('the socket is closed'))
    this.socket.write(Buffer.concat(frames.map(({ bytes }) => bytes)), (error) => {
      if (!error) for (const frame of frames) this.watch.handed(frame)
      done(error)
    })
    this.mind(last)
  }

  /** Keeps ours out of a header block that goes on. */
  private mind({ type, flags }: ReadFrame): void {
    const isBlock = type === frameTypes.HEADERS || type === frameTypes.CONTINUATION
    if (isBlock && (flags & 0x4) === 0) {
      this.between ??= []
      return
    }
    const waiting = this.between ?? []
    this.between = undefined
    for (const go of waiting) go()
  }

  /** A turn later: node writes what the session has to say in one, and fails when it has shut it down before. */
  private async finish(): Promise<void> {
    await turn()
    if (!this.destroyed) this.push(null)
  }

  private receive(chunk: Buffer): void {
    if (this.destroyed) return
    const first = chunk.subarray(0, this.prefaceLeft)
    this.prefaceLeft -= first.length
    const rest = chunk.subarray(first.length)
    const bytes = Buffer.concat([first, ...(this.blind ? [rest] : this.sifted(rest))])
    if (bytes.length > 0 && !this.push(bytes)) this.socket.pause()
  }

  /** What the session is to have of these bytes: whole frames, and all as it came behind one that is too long. */
  private sifted(bytes: Buffer): Buffer[] {
    const frames = this.received.push(bytes)
    const wanted = frames.filter((frame) => this.watch.incoming(frame)).map((frame) => frame.bytes)
    this.blind = this.received.due > frameBytesMax
    return this.blind ? [...wanted, this.received.held] : wanted
  }
}

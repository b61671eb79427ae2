/**
 * Two ends of a connection without a network: bytes in order, backpressure, FIN and RST. Time passes only in
 * the code that uses it.
 */
import { Duplex } from 'node:stream'
import { limits } from '../../src/limits.ts'

type Callback = (error?: Error | null) => void

/** An error as a socket gives it. */
export function socketError(syscall: string, code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall })
}

export class MemorySocket extends Duplex {
  private peer: MemorySocket = this
  /** Of a write that waits until the peer reads. */
  private pending: Callback | undefined

  static pair(): [MemorySocket, MemorySocket] {
    const [a, b] = [new MemorySocket(), new MemorySocket()]
    a.peer = b
    b.peer = a
    return [a, b]
  }

  private constructor() {
    super({ allowHalfOpen: true, readableHighWaterMark: limits.memorySocketBytesMax })
  }

  /** RST: the peer fails, and loses what it has not read yet. */
  resetAndDestroy(): void {
    this.peer.destroy(socketError('read', 'ECONNRESET'))
    this.destroy()
  }

  destroySoon(): void {
    this.end()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Callback): void {
    if (this.peer.destroyed) done(socketError('write', 'EPIPE'))
    else if (chunk.length === 0 || this.peer.push(Buffer.from(chunk))) done()
    else this.pending = done
  }

  override _read(): void {
    this.peer.settle()
  }

  override _final(done: Callback): void {
    if (!this.peer.destroyed) this.peer.push(null)
    done()
  }

  /** FIN, as a process that closes its socket; what the peer writes from now on fails. */
  override _destroy(error: Error | null, done: Callback): void {
    this.settle(error ?? socketError('write', 'ECANCELED'))
    if (!this.peer.destroyed) {
      this.peer.push(null)
      this.peer.settle(socketError('write', 'EPIPE'))
    }
    done(error)
  }

  private settle(error?: Error): void {
    const { pending } = this
    this.pending = undefined
    pending?.(error)
  }
}

/**
 * A client of TLS whose socket is recorded: what it says and hears in clear and on the wire, and how both end. Bytes go
 * through a socket of this client's own, so that nothing that TLS hides is hidden here.
 */
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { authority } from '../certificates.ts'

export class TlsClient {
  readonly socket: TLSSocket
  /** The socket under it. */
  readonly raw: Socket
  /** Resolves to `secure`, or to what `closed` does. */
  readonly shaken: Promise<string>
  /** How the bare connection ended. */
  readonly ended: Promise<'fin' | 'rst'>
  /** The code of what went wrong within TLS; `end` where the server ended, or `close`. */
  readonly closed: Promise<string>
  private readonly said: Buffer[] = []
  private readonly heard: Buffer[] = []
  private clear = ''
  private over = false
  private waiting: (() => void)[] = []

  private constructor(raw: Socket, options: ConnectionOptions, reads: boolean) {
    this.raw = raw
    this.ended = new Promise((resolve) => {
      raw.once('end', () => resolve('fin'))
      raw.on('error', () => resolve('rst'))
    })
    void this.ended.then(() => this.tell())
    this.socket = connect({ ...options, socket: this.tapped(raw) })
    const { socket } = this
    this.closed = new Promise((resolve) => {
      let end = 'close'
      socket.once('end', () => {
        end = 'end'
        socket.end()
      })
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      socket.once('close', () => resolve(end))
    })
    this.shaken = Promise.race([
      once(socket, 'secureConnect').then(
        () => 'secure',
        () => this.closed,
      ),
      this.closed,
    ])
    void this.closed.then(() => {
      this.over = true
      this.tell()
    })
    if (!reads) return
    socket.on('data', (chunk: Buffer) => {
      this.clear += chunk.toString('latin1')
      this.tell()
    })
  }

  /** Trusts our authority unless `options` says otherwise. `reads`: keeps what is said, instead of leaving it. */
  static async to(port: number, options: ConnectionOptions = {}, reads = true): Promise<TlsClient> {
    const raw = connectTcp({ host: '127.0.0.1', port, allowHalfOpen: true })
    await once(raw, 'connect')
    const ca = await authority()
    return new TlsClient(raw, { host: '127.0.0.1', ca, ...options }, reads)
  }

  /** What the server has said within TLS. */
  get text(): string {
    return this.clear
  }

  /** What the server has written on the wire. */
  get wire(): Buffer {
    return Buffer.concat(this.heard)
  }

  /** What this client has written on the wire. */
  get sent(): Buffer {
    return Buffer.concat(this.said)
  }

  /** Everything within TLS, once it holds `part`, or once the connection is over. */
  async until(part: string): Promise<string> {
    while (!this.clear.includes(part) && !this.over) await this.more()
    return this.clear
  }

  /** Resolves when so much has come on the wire, or the connection is over. */
  async untilWire(enough: (wire: Buffer) => boolean): Promise<Buffer> {
    while (!enough(this.wire) && !this.over) await this.more()
    return this.wire
  }

  destroy(): void {
    this.socket.destroy()
    this.raw.destroy()
  }

  private more(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve))
  }

  private tell(): void {
    for (const wake of this.waiting.splice(0)) wake()
  }

  /** The bare socket as a stream that TLS can stand on, with both directions kept. */
  private tapped(raw: Socket): Duplex {
    const tap = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _, callback) => {
        this.said.push(chunk)
        raw.write(chunk, callback)
      },
      final: (callback) => void raw.end(callback),
      destroy: (error, callback) => {
        raw.end() // and go on to see what the server does
        callback(error)
      },
    })
    raw.on('data', (chunk: Buffer) => {
      this.heard.push(chunk)
      if (!tap.destroyed) tap.push(chunk)
      this.tell()
    })
    raw.once('end', () => tap.destroyed || tap.push(null))
    raw.on('error', (error) => tap.destroy(error))
    return tap
  }
}

/** The records of TLS in `bytes`, each its type and its length, the last perhaps not whole (RFC 8446 §5.1). */
export function recordsIn(bytes: Buffer): { type: number; body: Buffer }[] {
  const records: { type: number; body: Buffer }[] = []
  for (let at = 0; at + 5 <= bytes.length;) {
    const end = at + 5 + bytes.readUInt16BE(at + 3)
    records.push({ type: bytes[at] ?? 0, body: bytes.subarray(at + 5, end) })
    at = end
  }
  return records
}

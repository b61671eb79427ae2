/** A client that speaks bytes: what it is sent, and how its connection ended. */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

export class RawClient {
  readonly socket: Socket
  /** How the connection ended on this side. */
  readonly ended: Promise<'fin' | 'rst'>
  private received = Buffer.alloc(0)
  private waiting: (() => void)[] = []
  private over = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk])
      this.tell()
    })
    this.ended = new Promise((resolve) => {
      socket.once('end', () => resolve('fin'))
      socket.on('error', () => resolve('rst'))
    })
    void this.ended.then(() => {
      this.over = true
      this.tell()
    })
  }

  static async to(port: number): Promise<RawClient> {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
    const client = new RawClient(socket)
    await once(socket, 'connect')
    return client
  }

  get text(): string {
    return this.received.toString('latin1')
  }

  get isOpen(): boolean {
    return !this.over
  }

  /** Resolves when something has come, the connection is over, or the signal aborts. */
  something(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  send(text: string | Uint8Array): void {
    this.socket.write(text)
  }

  /** Everything received, once it holds `part`, or once the connection is over. */
  async until(part: string): Promise<string> {
    while (!this.text.includes(part) && !this.over)
      await new Promise<void>((resolve) => this.waiting.push(resolve))
    return this.text
  }

  /** Everything received until the server's end, and how that was; then closes this side too. */
  async toEnd(): Promise<{ text: string; how: 'fin' | 'rst' }> {
    const how = await this.ended
    this.socket.end()
    return { text: this.text, how }
  }

  private tell(): void {
    for (const wake of this.waiting.splice(0)) wake()
  }
}

/** The bytes of a request; `Host` is given unless the fields hold one. */
export function requestText(line: string, fields: readonly string[] = [], body = ''): string {
  const host = fields.some((field) => /^host:/i.test(field)) ? [] : ['Host: t']
  return [`${line} HTTP/1.1`, ...host, ...fields, '', body].join('\r\n')
}

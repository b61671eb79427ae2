/** A client of bare sockets: it shows the bytes and the way a connection ended, with nothing in between. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'

export interface RawAnswer {
  readonly text: string
  readonly end: 'fin' | 'rst'
}

export class RawClient {
  readonly socket: Socket
  /** Resolves when the connection is over, with all that came. */
  readonly over: Promise<RawAnswer>
  private text = ''
  private waiting: (() => void)[] = []

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.socket.on('data', (bytes) => {
      this.text += bytes.toString('latin1')
      for (const wake of this.waiting.splice(0)) wake()
    })
    this.over = new Promise((resolve) => {
      let end: RawAnswer['end'] = 'fin'
      this.socket.on('error', () => (end = 'rst'))
      this.socket.on('close', () => resolve({ text: this.text, end }))
    })
  }

  send(text: string): void {
    this.socket.write(text)
  }

  /** Resolves when `part` has come. */
  async until(part: string): Promise<string> {
    while (!this.text.includes(part)) await new Promise<void>((resolve) => this.waiting.push(resolve))
    return this.text
  }

  close(): void {
    this.socket.destroy()
  }
}

/** A POST with a body, as bytes on the wire. */
export function post(body: string, path = '/', headers: readonly string[] = []): string {
  const length = Buffer.byteLength(body)
  return [`POST ${path} HTTP/1.1`, 'Host: test', `Content-Length: ${length}`, ...headers, '', body].join(
    '\r\n',
  )
}

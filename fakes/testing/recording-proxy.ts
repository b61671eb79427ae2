/** A TCP proxy that keeps what the server wrote on each connection, and how it ended it: a witness beside the ledger. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

export interface Recorded {
  /** What the server wrote. */
  readonly chunks: Buffer[]
  /** How the server ended the connection; absent where it did not, or the client was first. */
  how?: 'fin' | 'rst'
  /** Nobody took the connection. */
  isRefused: boolean
}

export class RecordingProxy implements AsyncDisposable {
  /** In the order in which clients came. */
  readonly connections: Recorded[] = []
  private readonly server: Server
  private readonly sockets = new Set<Socket>()
  private readonly target: number

  private constructor(target: number) {
    this.target = target
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.join(client))
  }

  static async to(target: number): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(target)
    proxy.server.listen(0, '127.0.0.1')
    await once(proxy.server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.server.address() as { port: number }).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
    await once(this.server, 'close')
  }

  private join(client: Socket): void {
    const recorded: Recorded = { chunks: [], isRefused: false }
    this.connections.push(recorded)
    const server = connect({ host: '127.0.0.1', port: this.target, allowHalfOpen: true, noDelay: true })
    for (const socket of [client, server]) {
      this.sockets.add(socket)
      socket.once('close', () => this.sockets.delete(socket))
    }
    let hasLeft = false
    client.on('data', (chunk: Buffer) => server.write(chunk))
    client.on('end', () => server.end())
    client.on('close', () => {
      hasLeft = true
      server.end()
    })
    client.on('error', () => server.resetAndDestroy())
    server.on('data', (chunk: Buffer) => {
      recorded.chunks.push(chunk)
      client.write(chunk)
    })
    server.on('end', () => {
      if (!hasLeft) recorded.how ??= 'fin'
      client.end()
    })
    server.on('error', ({ code }: NodeJS.ErrnoException) => {
      recorded.isRefused = code === 'ECONNREFUSED'
      if (!hasLeft) recorded.how ??= 'rst'
      client.resetAndDestroy()
    })
  }
}

/**
 * Takes sockets from wherever they come and gives each to the protocol that it speaks: HTTP/1.1, HTTP/2 by its preface
 * (RFC 9113 §3.3), or, behind TLS, the one that ALPN chose (RFC 7301).
 */
import type { Socket as NetSocket } from 'node:net'
import type { Clock } from '../../src/clock.ts'
import type { Arrivals, Beneath, Emitted, Gone } from '../../src/exchange.ts'
import type { Accepted, Socket } from './h1-connection.ts'
import { H1Server } from './h1-server.ts'
import { H2Server } from './h2-server.ts'
import { Numbers } from './numbers.ts'
import { sniff } from './sniff.ts'

/** A connection within TLS. */
export interface Secured {
  readonly socket: Socket
  readonly alpn: 'h2' | 'http/1.1'
  readonly below: Beneath
}

/** A handshake of which no connection came: who ended it, how and why. The socket is over. */
export interface Unsecured {
  readonly lost: Gone
  readonly why: string
}

export type Secure = (raw: NetSocket, ordinal: number) => Promise<Secured | Unsecured>

export interface ReceptionOptions {
  readonly clock: Clock
  readonly arrivals: Arrivals
  /** HTTP/2 is spoken, to whom begins with its preface. */
  readonly h2?: boolean
  /** TLS is spoken to whom begins with its handshake. */
  readonly secure?: Secure
}

export class Reception {
  private readonly options: ReceptionOptions
  private readonly numbers = new Numbers()
  private readonly h1: H1Server
  private readonly h2: H2Server
  /** Sockets that have not said what they speak, and what resolves when they have, or are over. */
  private readonly waiting = new Map<Socket, Promise<void>>()

  constructor(options: ReceptionOptions) {
    this.options = options
    this.h1 = new H1Server({ ...options, numbers: this.numbers })
    this.h2 = new H2Server({ ...options, numbers: this.numbers })
  }

  /** Open connections. */
  get size(): number {
    return this.h1.size + this.h2.size + this.waiting.size
  }

  take(socket: Socket): void {
    const { clock, h2, secure } = this.options
    const accepted = { ordinal: this.numbers.connection(), at: clock.now(), proto: 'h1' } as const
    if (h2 || secure) this.waiting.set(socket, this.listen(socket, accepted))
    else this.h1.take(socket, accepted)
  }

  /** Ends every connection that is left. */
  async stop(): Promise<void> {
    for (const socket of this.waiting.keys()) socket.destroy()
    await Promise.all(this.waiting.values())
    await Promise.all([this.h1.stop(), this.h2.stop()])
  }

  private async listen(socket: Socket, accepted: Accepted): Promise<void> {
    const lost = (): void => {} // said by `close`, once somebody owns it
    socket.on('error', lost)
    const spoken = await sniff(socket)
    if (spoken === 'tls' && this.options.secure) await this.shake(socket, accepted, this.options.secure)
    else if (spoken === 'h2c' && this.options.h2) this.h2.take(socket, { ...accepted, proto: 'h2c' })
    else this.h1.take(socket, accepted)
    this.waiting.delete(socket)
    socket.off('error', lost)
    if (socket.readableEnded) socket.end() // its FIN came before anybody listened
  }

  private async shake(socket: Socket, accepted: Accepted, secure: Secure): Promise<void> {
    const secured = await secure(socket as unknown as NetSocket, accepted.ordinal)
    if ('lost' in secured) {
      this.tellUnsecured(accepted, secured)
      return
    }
    const within = { ...accepted, below: secured.below }
    if (secured.alpn === 'h2') this.h2.take(secured.socket, { ...within, proto: 'h2' })
    else this.h1.take(secured.socket, { ...within, proto: 'tls' })
  }

  private tellUnsecured({ ordinal, at }: Accepted, { lost, why }: Unsecured): void {
    const { arrivals } = this.options
    const over = (): Promise<Emitted> => Promise.resolve({ ok: false, why: 'ended' })
    const connection = { id: ordinal, ordinal, at, proto: 'tls', open: false, raw: over, cut: over } as const
    arrivals.opened(connection)
    arrivals.closed(connection, lost, why)
  }
}

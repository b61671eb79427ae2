/** The socket under TLS, for faults: bytes that no key has made, and ends that TLS does not announce. */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { sleep } from '../../src/clock.ts'
import type { Clock } from '../../src/clock.ts'
import type { Beneath, Cut, Emitted } from '../../src/exchange.ts'

export class Below implements Beneath {
  private readonly raw: Socket
  private readonly secured: TLSSocket
  private readonly clock: Clock
  private readonly over = new AbortController()
  private wasCut = false
  private tell: (how: 'fin' | 'rst') => void = () => {}

  constructor(raw: Socket, secured: TLSSocket, clock: Clock) {
    this.raw = raw
    this.secured = secured
    this.clock = clock
    secured.once('close', () => this.over.abort())
  }

  onCut(tell: (how: 'fin' | 'rst') => void): void {
    this.tell = tell
  }

  /** Behind all that TLS has been given and has handed on. */
  async write(bytes: Uint8Array): Promise<Emitted> {
    const { raw } = this
    if (!this.isOpen) return this.refusal()
    const isOut = await new Promise<boolean>((resolve) => {
      raw.write(bytes, (error) => resolve(!error && !raw.destroyed))
    })
    return isOut ? { ok: true, bytes: bytes.length } : { ok: false, why: 'gone' }
  }

  async cut(how: Cut): Promise<Emitted> {
    if ('code' in how) return { ok: false, why: 'unsupported' }
    if (!this.isOpen) return this.refusal()
    if ('fin' in how) return this.sendFin()
    if (how.linger_ms > 0) await sleep(this.clock, how.linger_ms, this.over.signal)
    if (!this.isOpen) return this.refusal()
    this.begin('rst')
    this.raw.resetAndDestroy()
    return { ok: true, bytes: 0 }
  }

  /** A FIN with no close_notify before it (RFC 8446 §6.1). What the client still sends is read. */
  private async sendFin(): Promise<Emitted> {
    const { raw, secured } = this
    this.begin('fin')
    await new Promise<void>((resolve) => raw.end(() => resolve()))
    // The TLS socket knows nothing of it: left to itself it would wait for its own end, and announce that.
    if (secured.readableEnded) secured.destroy()
    else secured.once('end', () => secured.destroy())
    return { ok: true, bytes: 0 }
  }

  private begin(how: 'fin' | 'rst'): void {
    this.wasCut = true
    this.tell(how)
  }

  private get isOpen(): boolean {
    const { raw, secured } = this
    return !this.wasCut && !raw.destroyed && !secured.destroyed && !secured.writableEnded
  }

  private refusal(): Emitted {
    return { ok: false, why: this.wasCut || this.secured.writableEnded ? 'ended' : 'gone' }
  }
}

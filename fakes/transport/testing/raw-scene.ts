/** A listener on a socket, raw clients, and a clock wound by hand; new for each test. */
import { afterEach, beforeEach } from 'vitest'
import { HandClock } from '../../../src/clock.ts'
import type { Framing, Header } from '../../../src/exchange.ts'
import { listen } from '../listener.ts'
import type { Listening } from '../listener.ts'
import { Witnessed } from './facts.ts'
import { RawClient } from '../../testing/raw-client.ts'

export const host = '127.0.0.1'

export class RawScene {
  arrivals: Witnessed = new Witnessed()
  clock: HandClock = new HandClock()
  private current: Listening | undefined
  private readonly clients: RawClient[] = []

  constructor() {
    beforeEach(async () => {
      this.arrivals = new Witnessed()
      this.clock = new HandClock()
      this.current = await listen({ host, clock: this.clock, arrivals: this.arrivals })
    })
    afterEach(async () => {
      await this.listening.stop()
      for (const { socket } of this.clients.splice(0)) socket.destroy()
    })
  }

  get listening(): Listening {
    if (!this.current) throw new Error('the scene begins with the test')
    return this.current
  }

  async client(): Promise<RawClient> {
    const made = await RawClient.to(this.listening.port)
    this.clients.push(made)
    return made
  }

  serveWith(framing: Framing, headers: readonly Header[] = [], status = 200): void {
    this.arrivals.serve = async (exchange) => {
      await exchange.respond(status, headers, framing)
      await exchange.write(Buffer.from('body'))
      await exchange.end()
    }
  }
}

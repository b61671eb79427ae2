/** A transport under test between an undici client and an Exchange, new for each test. */
import { request } from 'undici'
import type { Dispatcher } from 'undici'
import { afterEach, beforeEach } from 'vitest'
import type { Exchange } from '../../../src/exchange.ts'
import { Witnessed } from './facts.ts'

export interface Carried {
  readonly base: string
  readonly dispatcher: Dispatcher
  connections(): number
  /** Stops the transport, and closes the client. */
  stop(): Promise<void>
}

/** `connections`: how many the client opens at most. */
export type Carry = (arrivals: Witnessed, connections?: number) => Promise<Carried>

export type Asked = Partial<Dispatcher.RequestOptions>
export type Answered = Dispatcher.ResponseData

export class Scene {
  private readonly carry: Carry
  private current: { arrivals: Witnessed; carried: Carried } | undefined

  constructor(carry: Carry) {
    this.carry = carry
    beforeEach(() => this.restart())
    afterEach(() => this.carried.stop())
  }

  get arrivals(): Witnessed {
    return this.now.arrivals
  }

  get carried(): Carried {
    return this.now.carried
  }

  async restart(connections?: number): Promise<void> {
    await this.current?.carried.stop()
    const arrivals = new Witnessed()
    this.current = { arrivals, carried: await this.carry(arrivals, connections) }
  }

  ask(options: Asked = {}): Promise<Answered> {
    const { base, dispatcher } = this.carried
    return request(`${base}/in?x=1`, { dispatcher, method: 'POST', ...options })
  }

  /** Has `serve` play once, with the client asking meanwhile; both come to an end first. */
  async play<T = Answered>(
    serve: (exchange: Exchange) => Promise<unknown>,
    options?: Asked,
    read?: (answered: Answered) => Promise<T>,
  ): Promise<T> {
    const served = new Promise<void>((resolve, reject) => {
      this.arrivals.serve = async (exchange) => {
        await serve(exchange).then(() => resolve(), reject)
      }
    })
    const asked = this.ask(options).then((answered) => (read ? read(answered) : (answered as T)))
    const [answered, server] = await Promise.allSettled([asked, served])
    if (server.status === 'rejected') throw server.reason
    if (answered.status === 'rejected') throw answered.reason
    return answered.value
  }

  /** The code with which a request, or the reading of its answer, fails. */
  fails(serve: (exchange: Exchange) => Promise<unknown>): Promise<unknown> {
    return this.play(serve, {}, ({ body }) => body.text()).then(() => 'no error', codeOf)
  }

  private get now(): { arrivals: Witnessed; carried: Carried } {
    if (!this.current) throw new Error('the scene begins with the test')
    return this.current
  }
}

export function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code ?? String(error)
}

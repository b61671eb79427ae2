/**
 * A server that takes only so many connections at a time, and turns away what comes beyond: at once, by 429 to the
 * first request, or, where HTTP/2 is spoken, by GOAWAY(ENHANCE_YOUR_CALM) before any stream is served.
 */
import type { ConnectionsCap } from '../src/endpoint.ts'
import type { Connection, Exchange, Header } from '../src/exchange.ts'
import { limits } from '../src/limits.ts'
import { errorCodes, goawayFrame } from '../src/wire/h2-frames.ts'
import { give } from './answer.ts'
import type { Answer } from './answer.ts'

/** As the Events API words it. */
const debug = 'too many alive connections'
const closing: Header = ['connection', 'close']

export class Crowding {
  private readonly cap: ConnectionsCap | undefined
  /** Connections beyond the cap, by id. */
  private readonly beyond = new Set<number>()

  constructor(cap: ConnectionsCap | undefined) {
    this.cap = cap
  }

  /** One more is open, so many in all. */
  opened(connection: Connection, live: number): void {
    if (!this.cap || live <= this.cap.live) return
    this.beyond.add(connection.id)
    if (this.cap.answer === 'refuse') void connection.cut({ rst: true, linger_ms: 0 })
  }

  closed({ id }: Connection): void {
    this.beyond.delete(id)
  }

  has({ id }: Connection): boolean {
    return this.beyond.has(id)
  }

  /** A session of HTTP/2 begins: no stream of it is served. */
  async session(connection: Connection): Promise<void> {
    const { frames } = connection
    if (!frames || this.cap?.answer !== 'goaway' || !this.has(connection)) return
    frames.refuseAbove(0)
    await frames.ready // GOAWAY comes after SETTINGS (RFC 9113 §3.4)
    const emitted = await connection.raw(goawayFrame(0, errorCodes.ENHANCE_YOUR_CALM, debug))
    if (emitted.ok) await connection.cut({ rst: true, linger_ms: limits.lingerMs })
  }

  /** Answers a request on a connection beyond the cap, whose body has been read. */
  async turnAway(exchange: Exchange, { status, headers, body, ack }: Answer): Promise<void> {
    const h1 = exchange.stream === undefined
    const answer = { status, headers: h1 ? [...headers, closing] : headers, body }
    await give(exchange, ack === undefined ? answer : { ...answer, ack })
    if (h1) await exchange.connection.cut({ fin: true })
  }
}

/**
 * HTTP/1.1 for sockets from anywhere: node's parser, one exchange at a time per connection, and nothing on the
 * wire that nobody asked for. Node's timeouts, dates and closing are off.
 */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../src/clock.ts'
import { messageOf } from '../../src/errors.ts'
import { headerValues } from '../../src/exchange.ts'
import type { Arrivals } from '../../src/exchange.ts'
import { limits } from '../../src/limits.ts'
import { H1Connection } from './h1-connection.ts'
import type { Accepted, Socket } from './h1-connection.ts'
import { H1Exchange, pairs } from './h1-exchange.ts'
import type { Arrival } from './h1-exchange.ts'
import { headBytes, httpDate } from './h1-head.ts'
import type { Numbers } from './numbers.ts'

export interface H1Options {
  readonly clock: Clock
  /** `exchange` must not reject; where it does, the connection is reset and the reason told by `malformed`. */
  readonly arrivals: Arrivals
  readonly numbers: Numbers
}

/** A connection, and its requests in the order in which they came. */
class Line {
  readonly connection: H1Connection
  exchange: H1Exchange | undefined
  malformed = false
  private waiting = 0
  private turn: Promise<void> = Promise.resolve()

  constructor(connection: H1Connection) {
    this.connection = connection
  }

  /** Runs `serve` when what came before is served (RFC 9112 §9.3.2), or `decline` where our half is over by then. */
  queue(serve: () => Promise<void>, decline?: () => Promise<void>): void {
    this.waiting += 1
    this.turn = this.turn.then(async () => {
      if (!this.connection.lost) await serve()
      else if (this.connection.listensOnly) await decline?.()
      this.waiting -= 1
      if (this.connection.finished && this.waiting === 0) await this.connection.cut({ fin: true })
    })
  }
}

export class H1Server {
  private readonly http: Server
  private readonly clock: Clock
  private readonly arrivals: Arrivals
  private readonly numbers: Numbers
  private readonly lines = new Map<Duplex, Line>()

  constructor({ clock, arrivals, numbers }: H1Options) {
    this.clock = clock
    this.arrivals = arrivals
    this.numbers = numbers
    this.http = createServer({
      noDelay: true,
      keepAliveTimeout: 0,
      headersTimeout: 0,
      requestTimeout: 0,
      maxHeaderSize: limits.headBytesMax,
      requireHostHeader: false, // checked here, so that it is told
    })
    this.http.maxHeadersCount = limits.headerCountMax
    // An option that node does not document: without it, node answers a half-close by closing.
    Object.assign(this.http, { httpAllowHalfOpen: true })
    const onRequest = (req: IncomingMessage, res: ServerResponse): void => this.request(req, res, false)
    this.http.on('request', onRequest)
    this.http.on('checkExpectation', onRequest)
    this.http.on('checkContinue', (req, res) => this.request(req, res, true))
    this.http.on('connect', (req, socket) =>
      this.refuse(this.lines.get(socket), 501, `${req.method} is not served`),
    )
    this.http.on('clientError', (error, socket) => this.clientError(error, socket))
  }

  /** Open connections. */
  get size(): number {
    return this.lines.size
  }

  /** Ends every connection that is left. */
  async stop(): Promise<void> {
    await Promise.all(Array.from(this.lines.values(), ({ connection }) => connection.close()))
  }

  take(socket: Socket, accepted: Accepted): void {
    const connection = new H1Connection(socket, accepted, this.clock)
    socket.destroySoon = () => {} // node's way of closing after the last answer; the exchange closes by itself
    this.lines.set(socket, new Line(connection))
    this.arrivals.opened(connection)
    void connection.closed.then((how) => {
      this.lines.delete(socket)
      this.arrivals.closed(connection, how)
    })
    this.http.emit('connection', socket)
  }

  private request(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void {
    const at = this.clock.now()
    const line = this.lines.get(req.socket)
    const headers = pairs(req.rawHeaders)
    const hosts = headerValues(headers, 'host').length
    // RFC 9112 §3.2: one Host, no more; none is for HTTP/1.0 alone.
    if (hosts > 1 || (hosts === 0 && req.httpVersionMinor > 0)) {
      this.refuse(line, 400, `${hosts} Host fields`)
    } else {
      const afterClose = line?.connection.saidClose ?? false
      const arrival = { req, res, headers, expectsContinue, at, afterClose }
      line?.queue(
        () => this.serve(line, arrival),
        () => this.decline(line, arrival),
      )
    }
  }

  private async serve(line: Line, arrival: Arrival): Promise<void> {
    const { connection } = line
    if (line.malformed && !arrival.req.complete) return // its body will never be whole; the refusal is next
    const exchange = new H1Exchange(this.numbers.exchange(), connection, arrival, this.clock)
    line.exchange = exchange
    try {
      await this.arrivals.exchange(exchange)
    } catch (error) {
      await connection.cut({ rst: true, linger_ms: 0 })
      this.arrivals.malformed(connection, undefined, messageOf(error))
    }
    line.exchange = undefined
    connection.passenger = undefined
    arrival.req.resume() // what nobody read stands before the next request
    if (exchange.stage !== 'ended') await connection.cut({ fin: true })
  }

  /** Reads a request that comes too late, so that it is known to have come. */
  private async decline({ connection, malformed }: Line, arrival: Arrival): Promise<void> {
    if (malformed && !arrival.req.complete) return
    const exchange = new H1Exchange(this.numbers.exchange(), connection, arrival, this.clock)
    await this.arrivals.unserved(exchange, arrival.afterClose)
    connection.passenger = undefined
    arrival.req.resume()
  }

  private clientError(error: Error & { code?: string }, socket: Duplex): void {
    const line = this.lines.get(socket)
    if (!line || !error.code?.startsWith('HPE_')) return // the connection hears of its socket's errors itself
    const leftWithin = error.code === 'HPE_INVALID_EOF_STATE' && line.exchange?.complete === false
    if (leftWithin) return // the exchange knows
    this.refuse(line, error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400, error.message)
  }

  /** Bytes that are no request: answered in their turn, or at once where they stand within a body. */
  private refuse(line: Line | undefined, status: number, why: string): void {
    if (!line || line.malformed) return
    line.malformed = true
    const within = line.exchange?.complete === false
    if (within) void this.answerMalformed(line, status, why)
    else line.queue(() => this.answerMalformed(line, status, why))
  }

  private async answerMalformed({ connection, exchange }: Line, status: number, why: string): Promise<void> {
    const silent = exchange === undefined || exchange.stage === 'silent'
    const fields = [
      ['Date', httpDate(this.clock.wall())],
      ['Connection', 'close'],
      ['Content-Length', '0'],
    ] as const
    const answered = silent && (await connection.raw(headBytes(status, fields))).ok
    await connection.cut({ fin: true })
    this.arrivals.malformed(connection, answered ? status : undefined, why)
  }
}

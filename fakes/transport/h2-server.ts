/** HTTP/2 for sockets from anywhere: node's session behind a tap, and an exchange for each stream. */
import { createServer } from 'node:http2'
import type { Http2Server, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import { within } from '../../src/clock.ts'
import type { Clock } from '../../src/clock.ts'
import { messageOf } from '../../src/errors.ts'
import type { Arrivals } from '../../src/exchange.ts'
import { limits } from '../../src/limits.ts'
import { errorCodeOf, errorCodes, frameTypes, goawayFrame } from '../../src/wire/h2-frames.ts'
import type { Frame } from '../../src/wire/h2-frames.ts'
import type { Accepted, Socket } from './h1-connection.ts'
import { pairs } from './h1-exchange.ts'
import type { Numbers } from './numbers.ts'
import { H2Connection } from './h2-connection.ts'
import { H2Exchange } from './h2-exchange.ts'
import type { H2Arrival } from './h2-exchange.ts'

export interface H2Options {
  readonly clock: Clock
  readonly arrivals: Arrivals
  readonly numbers: Numbers
}

export class H2Server {
  private readonly http: Http2Server
  private readonly options: H2Options
  private readonly connections = new Set<H2Connection>()
  /** The connection whose session is being made. */
  private arriving: H2Connection | undefined

  constructor(options: H2Options) {
    this.options = options
    this.http = createServer({
      maxHeaderListPairs: limits.headerCountMax,
      maxDeflateDynamicTableSize: 0, // so that a header block can be kept back and harms no other (RFC 7541 §2.2)
      settings: { maxHeaderListSize: limits.headBytesMax, maxConcurrentStreams: limits.streamsMax },
    })
    this.http.on('session', (session) => this.session(session))
    this.http.on('sessionError', () => {}) // the session's own listener tells it
  }

  get size(): number {
    return this.connections.size
  }

  take(socket: Socket, accepted: Accepted): void {
    const { arrivals, clock } = this.options
    const connection = new H2Connection(socket, {
      accepted,
      clock,
      seen: (of, dir, frame) => this.seen(of, dir, frame),
      gaveUp: (of, code) => this.gaveUp(of, code),
    })
    this.connections.add(connection)
    arrivals.opened(connection)
    void connection.closed.then((how) => {
      this.connections.delete(connection)
      arrivals.closed(connection, how)
    })
    this.arriving = connection
    this.http.emit('connection', connection.layer.tap)
    this.arriving = undefined
  }

  async stop(): Promise<void> {
    await Promise.all(Array.from(this.connections, (connection) => connection.close()))
  }

  private session(session: ServerHttp2Session): void {
    const connection = this.arriving
    if (!connection) return session.destroy()
    connection.session = session
    session.on('error', (error: NodeJS.ErrnoException) => {
      // That of a socket says that the client is gone, and the connection knows.
      if (error.syscall === undefined)
        this.options.arrivals.malformed(connection, undefined, messageOf(error))
    })
    session.on('stream', (stream: ServerHttp2Stream, _headers: unknown, _flags: number, raw: string[]) => {
      const arrival = { stream, headers: pairs(raw), at: this.options.clock.now() }
      void this.serve(connection, arrival)
    })
    this.options.arrivals.session?.(connection)
  }

  private async serve(connection: H2Connection, arrival: H2Arrival): Promise<void> {
    const { arrivals, numbers, clock } = this.options
    const exchange = new H2Exchange(numbers.exchange(), connection, arrival, clock)
    try {
      if (exchange.stream > connection.layer.servedUpTo) {
        exchange.giveUp()
        exchange.finish()
        await arrivals.unserved(exchange, false)
      } else {
        await arrivals.exchange(exchange)
        if (exchange.stage !== 'ended') await exchange.cut({ code: errorCodes.INTERNAL_ERROR })
      }
    } catch (error) {
      await connection.cut({ rst: true, linger_ms: 0 })
      arrivals.malformed(connection, undefined, messageOf(error))
    }
    drain(arrival.stream)
    exchange.release()
  }

  private seen(connection: H2Connection, dir: 'in' | 'out', frame: Frame): void {
    const { arrivals } = this.options
    if (dir === 'in' && connection.flood.swells(frame)) return this.calm(connection)
    arrivals.frame?.(connection, dir, frame)
    const isUnasked =
      dir === 'out' && frame.type === frameTypes.RST_STREAM && frame.stream > connection.layer.last
    // The session refuses a request that breaks the rules before anybody hears of it (RFC 9113 §8.1.1).
    if (isUnasked)
      arrivals.malformed(connection, undefined, `stream ${frame.stream} reset with ${errorCodeOf(frame)}`)
  }

  /** After too many resets the session says GOAWAY, reads no more, and ends neither itself nor the connection. */
  private gaveUp(connection: H2Connection, code: number): void {
    const { arrivals, clock } = this.options
    clock.after(limits.lingerMs, () => {
      if (connection.flooded || connection.session?.destroyed !== false) return
      arrivals.malformed(connection, undefined, `the session gave up with ${code}`)
      void connection.close()
    })
  }

  /** Who floods us need not read what we say, so it is not waited for. */
  private calm(connection: H2Connection): void {
    if (connection.flooded) return
    connection.flooded = true
    const { arrivals, clock } = this.options
    const why = `a flood of frames: more than ${limits.idleFramesPerS} without content within a second`
    arrivals.malformed(connection, undefined, why)
    const said = connection.raw(goawayFrame(connection.layer.last, errorCodes.ENHANCE_YOUR_CALM, why))
    void within(clock, limits.lingerMs, said, undefined).then(() => connection.close())
  }
}

/** What nobody read must not fill the connection's window. */
function drain(stream: ServerHttp2Stream): void {
  if (!stream.destroyed) stream.resume()
}

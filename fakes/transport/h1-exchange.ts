/** One HTTP/1.1 request and its answer, over node's parser and writer. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../src/clock.ts'
import type { Cut, Emitted, Exchange, Framing, Gone, Head, Header } from '../../src/exchange.ts'
import type { H1Connection, Passenger } from './h1-connection.ts'
import { answerFields, bodied, headBytes, reasonOf, saysClose } from './h1-head.ts'

/** A request as node hands it over. */
export interface Arrival {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** The client waits for 100 before it sends the body (RFC 9110 §10.1.1). */
  readonly expectsContinue: boolean
  readonly at: number
  /** Its head came after an answer that had said `Connection: close`. */
  readonly afterClose: boolean
}

/** Name and value by turns, as node keeps them, in pairs. */
export function pairs(raw: readonly string[]): Header[] {
  return Array.from({ length: raw.length / 2 }, (_, i): Header => [raw[2 * i] ?? '', raw[2 * i + 1] ?? ''])
}

const addedByNode = ['date', 'connection', 'content-length', 'transfer-encoding']

export class H1Exchange implements Exchange, Passenger {
  readonly id: number
  readonly connection: H1Connection
  readonly head: Head
  readonly gone: Promise<Gone>
  /** Where the answer stands. */
  stage: 'silent' | 'begun' | 'ended' = 'silent'
  private readonly arrival: Arrival
  private readonly clock: Clock
  private leave: (how: Gone) => void = () => {}
  private left = false
  private reading = false
  /** What had come of the body when the answer began before anybody read. */
  private early: Buffer | null = null
  private delivered = false
  private closes = false
  private saysClose = false
  /** Bytes of the body that its framing still promises; infinite where only an end marks it. */
  private due = Infinity
  private wake: () => void = () => {}

  constructor(id: number, connection: H1Connection, arrival: Arrival, clock: Clock) {
    const { req, res, at } = arrival
    this.id = id
    this.connection = connection
    this.arrival = arrival
    this.clock = clock
    this.head = { method: req.method ?? '', path: req.url ?? '', headers: pairs(req.rawHeaders), at }
    this.gone = new Promise((resolve) => (this.leave = resolve))
    res.on('error', () => {}) // node complains of writes after the client's end; Emitted says it
    req.read(0) // a body that nobody has begun to read is lost to node once the answer is out
    if (connection.lost) this.leave(connection.lost)
    connection.passenger = this
  }

  get body(): AsyncIterable<Uint8Array> {
    return { [Symbol.asyncIterator]: () => this.read() }
  }

  get complete(): boolean {
    return this.arrival.req.complete
  }

  async inform(status: number, headers: readonly Header[]): Promise<Emitted> {
    if (this.stage !== 'silent') return { ok: false, why: 'ended' }
    // RFC 9110 §15.2: no 1xx to a client of HTTP/1.0.
    if (this.arrival.req.httpVersionMinor === 0) return { ok: false, why: 'unsupported' }
    return this.connection.raw(headBytes(status, headers))
  }

  async respond(status: number, headers: readonly Header[], framing: Framing): Promise<Emitted> {
    const refusal = this.refusal('silent')
    if (refusal) return refusal
    const { req, res } = this.arrival
    const { finished } = this.connection
    // RFC 9112 §6.1, §9.3: a client of HTTP/1.0 knows no chunks, and no connection that stays unless told.
    const old = req.httpVersionMinor === 0
    const spoken = framing === 'chunked' && old ? 'close' : framing
    this.closes = spoken === 'close' || old || !res.shouldKeepAlive || saysClose(headers)
    const ending = { framing: spoken, closes: this.closes, wallMs: this.clock.wall() }
    const fields = answerFields(status, headers, ending)
    this.saysClose = saysClose(fields)
    // Node throws away what nobody has begun to read when the answer is over.
    if (!this.reading) this.early = req.read() as Buffer | null
    for (const name of addedByNode) res.removeHeader(name)
    res.writeHead(status, reasonOf(status), fields.flat())
    this.stage = 'begun'
    const empty = req.method === 'HEAD' || !bodied(status)
    if (empty || typeof spoken === 'object')
      this.due = empty || typeof spoken !== 'object' ? 0 : spoken.length
    res.flushHeaders()
    return this.handed(headBytes(status, fields).length, finished)
  }

  async write(bytes: Uint8Array): Promise<Emitted> {
    const refusal = this.refusal('begun')
    if (refusal) return refusal
    const { req, res } = this.arrival
    const { finished } = this.connection
    if (req.method === 'HEAD' || !bodied(res.statusCode)) return { ok: true, bytes: 0 }
    if (bytes.length > 0) res.write(bytes)
    const emitted = await this.handed(bytes.length, finished)
    if (emitted.ok) this.due -= bytes.length
    return emitted
  }

  async trailers(headers: readonly Header[]): Promise<Emitted> {
    const { res } = this.arrival
    if (this.stage === 'begun' && res.chunkedEncoding) {
      res.addTrailers(headers.map(([name, value]): [string, string] => [name, value]))
    }
    return this.end()
  }

  /** Where every promised byte is out the client has its answer, and may close before we come to end it. */
  async end(): Promise<Emitted> {
    const whole = this.stage === 'begun' && this.due <= 0
    const refusal = whole ? undefined : this.refusal('begun')
    if (refusal) return refusal
    const { finished } = this.connection
    this.stage = 'ended'
    await Promise.race([new Promise<void>((resolve) => this.arrival.res.end(resolve)), this.gone])
    const emitted: Emitted = whole ? { ok: true, bytes: 0 } : await this.handed(0, finished)
    this.delivered = emitted.ok
    if (emitted.ok && this.closes) await this.close({ fin: true })
    return emitted
  }

  async cut(how: Cut): Promise<Emitted> {
    if (this.stage === 'ended') return { ok: false, why: 'ended' }
    const emitted = await this.close(how)
    if (emitted.ok) this.stage = 'ended'
    return emitted
  }

  /** Reading goes on behind an answer that was delivered: the client may still be sending its body. */
  connectionLost(how: Gone): void {
    if (!this.delivered) this.abandon(how)
  }

  /** A client that ends within its request is gone; after a whole one it may still read the answer. */
  clientFinished(how: Gone): void {
    if (!this.complete) this.abandon(how)
  }

  private abandon(how: Gone): void {
    this.left = true
    this.leave(how)
    this.wake()
  }

  private async close(how: Cut): Promise<Emitted> {
    if (this.saysClose) this.connection.saidClose = true
    return this.connection.cut(how)
  }

  private async *read(): AsyncGenerator<Uint8Array> {
    const { req, res, expectsContinue } = this.arrival
    this.reading = true
    if (this.early) yield this.early
    if (expectsContinue && this.stage === 'silent' && !this.left && !this.connection.lost) res.writeContinue()
    const wake = (): void => this.wake()
    const signs = ['readable', 'end', 'error', 'close']
    for (const sign of signs) req.on(sign, wake)
    try {
      for (;;) {
        const chunk = req.read() as Buffer | null
        if (chunk) yield chunk
        else if (req.readableEnded || req.destroyed || this.left) return
        else await new Promise<void>((resolve) => (this.wake = resolve))
      }
    } finally {
      for (const sign of signs) req.off(sign, wake)
    }
  }

  private refusal(wanted: 'silent' | 'begun'): Emitted | undefined {
    if (this.stage !== wanted) return { ok: false, why: 'ended' }
    if (this.connection.lost) return this.connection.refusal()
    return this.left ? { ok: false, why: 'gone' } : undefined
  }

  /** `finished`: the client had sent FIN before these bytes were written. */
  private async handed(bytes: number, finished: boolean): Promise<Emitted> {
    return (await this.connection.flushed(finished)) ? { ok: true, bytes } : { ok: false, why: 'gone' }
  }
}

/** One HTTP/1.1 request and its answer, over node's parser and writer. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../src/clock.ts'
import type {
  Answered,
  Cut,
  Emitted,
  Exchange,
  Framing,
  Gone,
  Head,
  Header,
  WholeAnswer,
} from '../../src/exchange.ts'
import type { H1Connection, Passenger } from './h1-connection.ts'
import { answerFields, bodied, headBytes, reasonOf, saysClose } from './h1-head.ts'

/** A request as node hands it over. */
export interface Arrival {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly headers: readonly Header[]
  /** The client waits for 100 before it sends the body (RFC 9110 §10.1.1). */
  readonly expectsContinue: boolean
  readonly at: number
  /** Its head came after an answer that had said `Connection: close`. */
  readonly afterClose: boolean
}

/** Name and value by turns, as node keeps them, in pairs. */
export function pairs(raw: readonly string[]): Header[] {
  const headers: Header[] = []
  for (let i = 0; i < raw.length; i += 2) headers.push([raw[i] ?? '', raw[i + 1] ?? ''])
  return headers
}

const addedByNode = ['date', 'connection', 'content-length', 'transfer-encoding']

/** Head and body of an answer that goes out at once: less than any send buffer holds. */
const oneWriteBytesMax = 2_048

function take(req: IncomingMessage): Buffer | null {
  return req.read() as Buffer | null
}

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
  /** When the 100 that the client waits for may be sent, where a fault keeps it back. */
  private withheld: { readonly until: Promise<unknown>; readonly over: AbortController } | undefined
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
    this.head = {
      ...{ method: req.method ?? '', path: req.url ?? '', headers: arrival.headers, at },
      ...(req.httpVersionMinor === 0 ? { http10: true } : {}),
    }
    this.gone = new Promise((resolve) => (this.leave = resolve))
    res.on('error', () => {}) // node complains of writes after the client's end; Emitted says it
    req.read(0) // a body that nobody has begun to read is lost to node once the answer is out
    if (connection.lost) this.leave(connection.lost)
    connection.passenger = this
  }

  get body(): AsyncIterable<Uint8Array> {
    return { [Symbol.asyncIterator]: () => this.chunks() }
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
    const { finished } = this.connection
    const fields = this.begin(status, headers, framing)
    this.arrival.res.flushHeaders()
    return this.handed(headBytes(status, fields).length, finished)
  }

  /** Gives node the head, and returns its fields. */
  private begin(status: number, headers: readonly Header[], framing: Framing): readonly Header[] {
    const { req, res } = this.arrival
    this.withheld?.over.abort()
    // RFC 9112 §6.1, §9.3: a client of HTTP/1.0 knows no chunks, and no connection that stays unless told.
    const old = req.httpVersionMinor === 0
    const spoken = framing === 'chunked' && old ? 'close' : framing
    this.closes = spoken === 'close' || old || !res.shouldKeepAlive || saysClose(headers)
    const ending = { framing: spoken, closes: this.closes, wallMs: this.clock.wall() }
    const fields = answerFields(status, headers, ending)
    this.saysClose = saysClose(fields)
    // Node throws away what nobody has begun to read when the answer is over.
    if (!this.reading) this.early = take(req)
    for (const name of addedByNode) res.removeHeader(name)
    res.writeHead(status, reasonOf(status), fields.flat())
    this.stage = 'begun'
    const empty = req.method === 'HEAD' || !bodied(status)
    if (empty || typeof spoken === 'object')
      this.due = empty || typeof spoken !== 'object' ? 0 : spoken.length
    return fields
  }

  async answer({ status, headers, body }: WholeAnswer): Promise<Answered> {
    if (!this.fitsOneWrite(status, headers, body)) return this.answerInSteps(status, headers, body)
    this.begin(status, headers, { length: body.length })
    this.stage = 'ended'
    const isOut = await new Promise<boolean>((resolve) => {
      this.wake = () => resolve(false) // the client is gone
      this.arrival.res.end(body, () => resolve(true))
    })
    // One small write is taken by the system as a whole or not at all.
    if (!isOut) return { emitted: { ok: false, why: 'gone' }, written: 'none' }
    this.delivered = true
    return { emitted: { ok: true, bytes: body.length }, written: 'full' }
  }

  /** Whether nothing is out of the ordinary: what else there is to be found out takes steps of its own. */
  private fitsOneWrite(status: number, headers: readonly Header[], { length }: Uint8Array): boolean {
    const { req, res } = this.arrival
    const isKept = req.httpVersionMinor > 0 && res.shouldKeepAlive && !saysClose(headers)
    // Node has another encoding for a head that goes alone than for one with a body.
    const isAscii = headers.every(([, value]) => !/[^\t -~]/.test(value))
    const isPlain =
      isAscii && bodied(status) && req.method !== 'HEAD' && length > 0 && length <= oneWriteBytesMax
    const isFree = res.socket?.writableLength === 0 // no other answer, and no bytes, stand before it
    return (
      isKept && isPlain && isFree && this.complete && !this.connection.finished && !this.refusal('silent')
    )
  }

  private async answerInSteps(
    status: number,
    headers: readonly Header[],
    body: Uint8Array,
  ): Promise<Answered> {
    const head = await this.respond(status, headers, { length: body.length })
    if (!head.ok) return { emitted: head, written: 'none' }
    const sent = body.length > 0 ? await this.write(body) : head
    if (!sent.ok) return { emitted: sent, written: 'partial' }
    const end = await this.end()
    return { emitted: end.ok ? { ok: true, bytes: body.length } : end, written: end.ok ? 'full' : 'partial' }
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

  /** Of a request whose answer is out node does not say that its connection is closed. */
  connectionClosed(): void {
    this.left = true
    this.wake()
  }

  private abandon(how: Gone): void {
    this.left = true
    this.withheld?.over.abort()
    this.leave(how)
    this.wake()
  }

  private async close(how: Cut): Promise<Emitted> {
    if (this.saysClose) this.connection.saidClose = true
    return this.connection.cut(how)
  }

  async read(each: (chunk: Uint8Array) => void): Promise<void> {
    const { req } = this.arrival
    this.reading = true
    if (this.early) each(this.early)
    this.goOn()
    await new Promise<void>((resolve) => {
      const ends = ['end', 'error', 'close'] as const
      const over = (): void => {
        req.off('data', each)
        for (const end of ends) req.off(end, over)
        for (let rest = take(req); rest; rest = take(req)) each(rest)
        resolve()
      }
      for (const end of ends) req.on(end, over)
      this.wake = over
      if (req.readableEnded || req.destroyed || this.left) over()
      else req.on('data', each)
    })
  }

  withhold(until: (over: AbortSignal) => Promise<unknown>): boolean {
    if (!this.arrival.expectsContinue) return false
    const over = new AbortController()
    this.withheld = { until: until(over.signal), over }
    return true
  }

  /** Asks for the body, where the client waits to be asked. */
  private goOn(): void {
    if (!this.arrival.expectsContinue) return
    // RFC 9110 §10.1.1: none is needed once the client has sent the body unasked.
    if (this.withheld) void this.withheld.until.then(() => this.complete || this.sendContinue())
    else this.sendContinue()
  }

  private sendContinue(): void {
    if (this.stage === 'silent' && !this.left && !this.connection.lost) this.arrival.res.writeContinue()
  }

  private async *chunks(): AsyncGenerator<Uint8Array> {
    const { req } = this.arrival
    this.reading = true
    if (this.early) yield this.early
    this.goOn()
    const wake = (): void => this.wake()
    const signs = ['readable', 'end', 'error', 'close']
    for (const sign of signs) req.on(sign, wake)
    try {
      for (;;) {
        const chunk = take(req)
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

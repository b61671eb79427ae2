/** One HTTP/2 stream as an exchange, over node's session; its end may be made by hand. */
import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { turn } from '../../src/clock.ts'
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
import { literalBlock } from '../../src/wire/hpack-literal.ts'
import { errorCodes, headersFrame, rstStreamFrame } from '../../src/wire/h2-frames.ts'
import { bodied, httpDate } from './h1-head.ts'
import type { H2Connection } from './h2-connection.ts'
import type { StreamPassenger } from './h2-layer.ts'
import type { StreamState } from './h2-stream-state.ts'

/** Fields of HTTP/1.1 that have no place here (RFC 9113 §8.2.2). */
const connectionFields = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]

export interface H2Arrival {
  readonly stream: ServerHttp2Stream
  readonly headers: readonly Header[]
  readonly at: number
}

export class H2Exchange implements Exchange, StreamPassenger {
  readonly id: number
  readonly connection: H2Connection
  readonly stream: number
  readonly head: Head
  readonly gone: Promise<Gone>
  /** Where the answer stands. */
  stage: 'silent' | 'begun' | 'ended' = 'silent'
  refused = false
  /** Its end is in the hands of a fault, and over for the session. */
  private isByHand = false
  private readonly inner: ServerHttp2Stream
  private readonly state: StreamState
  private readonly clock: Clock
  private leave: (how: Gone) => void = () => {}
  private left: Gone | undefined
  private bodyRead = 0
  private cease: () => void = () => {}
  /** Resolves when no more comes of the body than has come. */
  private readonly ceased: Promise<void>
  /** Bytes of the body that its length still promises; infinite where only an end marks it. */
  private due = Infinity

  constructor(id: number, connection: H2Connection, { stream, headers, at }: H2Arrival, clock: Clock) {
    this.id = id
    this.connection = connection
    this.inner = stream
    this.stream = stream.id ?? 0
    this.clock = clock
    this.head = headOf(headers, at)
    this.state = connection.layer.state(this.stream)
    this.gone = new Promise((resolve) => (this.leave = resolve))
    this.ceased = new Promise((resolve) => (this.cease = resolve))
    stream.on('error', () => {}) // Emitted says it
    stream.once('close', () => {
      if (this.state.endedOut || this.isByHand) return
      if (!this.isLeaving) this.abandon({ by: 'client', how: 'rst' })
      else if (this.state.resetIn) void this.abandonUnlessOut()
    })
    void connection.losing.then((how) => this.abandon(how))
    connection.layer.board(this.stream, this)
  }

  get body(): AsyncIterable<Uint8Array> {
    return { [Symbol.asyncIterator]: () => this.chunks() }
  }

  get complete(): boolean {
    return this.state.endedIn && this.bodyRead === this.state.bodyIn
  }

  inform(status: number, headers: readonly Header[]): Promise<Emitted> {
    if (this.stage !== 'silent') return ended()
    return this.byHand([[':status', String(status)], ...spoken(headers)], false)
  }

  async respond(status: number, headers: readonly Header[], framing: Framing): Promise<Emitted> {
    const refusal = this.refusal('silent')
    if (refusal) return refusal
    const fields = answerFields(status, headers, framing, this.clock.wall())
    const before = this.state.headOut
    try {
      this.inner.respond(grouped(fields))
    } catch {
      return { ok: false, why: 'unsupported' } // fields that node does not let pass
    }
    this.stage = 'begun'
    if (typeof framing === 'object') this.due = framing.length
    const isOut = await this.state.until(({ headOut }) => headOut > before, this.gone)
    return isOut ? { ok: true, bytes: this.state.headOut - before } : this.missed()
  }

  async write(bytes: Uint8Array): Promise<Emitted> {
    const refusal = this.refusal('begun')
    if (refusal) return refusal
    if (bytes.length === 0 || this.inner.writableEnded) return { ok: true, bytes: 0 }
    const due = this.state.dataOut + bytes.length
    this.inner.write(bytes)
    const isOut = await this.state.until(({ dataOut }) => dataOut >= due, this.gone)
    if (isOut) this.due -= bytes.length
    return isOut ? { ok: true, bytes: bytes.length } : this.missed()
  }

  /** Node would have to be told at the head that they come; so they are made by hand. */
  async trailers(headers: readonly Header[]): Promise<Emitted> {
    const refusal = this.refusal('begun')
    if (refusal) return refusal
    const emitted = await this.byHand(spoken(headers), true)
    this.finish()
    return emitted
  }

  /** Where every promised byte is out the client has its answer, and may leave before we come to end it. */
  async end(): Promise<Emitted> {
    const isWhole = this.stage === 'begun' && this.due <= 0
    const refusal = this.refusal('begun')
    if (refusal && !isWhole) return refusal
    this.stage = 'ended'
    if (!refusal) this.inner.end()
    const over = isWhole ? Promise.race([this.gone, closeOf(this.inner)]) : this.gone
    const isOut = !refusal && (await this.state.until(({ endedOut }) => endedOut, over))
    return isOut || isWhole ? { ok: true, bytes: 0 } : this.missed()
  }

  async answer({ status, headers, body }: WholeAnswer): Promise<Answered> {
    const head = await this.respond(status, headers, { length: body.length })
    if (!head.ok) return { emitted: head, written: 'none' }
    if (bodied(status) && body.length > 0) this.inner.write(body)
    this.stage = 'ended'
    this.inner.end()
    await this.state.until(({ endedOut }) => endedOut, this.gone)
    const isWhole = body.length > 0 && bodied(status) && this.state.dataOut >= body.length
    return this.state.endedOut || isWhole
      ? { emitted: { ok: true, bytes: body.length }, written: 'full' }
      : { emitted: this.missed(), written: 'partial' }
  }

  /** Frames of this stream that end it, or leave it as it is then. */
  async answerRaw(bytes: Uint8Array): Promise<Emitted> {
    if (this.stage === 'ended') return ended()
    const refusal = this.refusal(this.stage)
    if (refusal) return refusal
    this.finish()
    return this.connection.raw(bytes)
  }

  /** A code ends the stream, the others the connection under it. */
  async cut(how: Cut): Promise<Emitted> {
    if (this.stage === 'ended') return { ok: false, why: 'ended' }
    if (!('code' in how)) {
      const emitted = await this.connection.cut(how)
      if (emitted.ok) this.stage = 'ended'
      return emitted
    }
    const refusal = this.refusal(this.stage)
    if (refusal) return refusal
    this.finish()
    return this.connection.raw(rstStreamFrame(this.stream, how.code))
  }

  /** From here on the stream is in the hands of a fault. */
  finish(): void {
    this.isByHand = true
    this.stage = 'ended'
    this.connection.layer.mute(this.stream)
  }

  /** GOAWAY has said that this is not processed. */
  giveUp(): void {
    this.refused = true
    this.stage = 'ended'
    this.abandon({ by: 'server', how: 'goaway' })
  }

  clientFinished(): void {
    this.cease()
  }

  /** The exchange is over; what the session still holds of it goes. */
  release(): void {
    const { layer } = this.connection
    if ((!this.state.endedOut && !this.isLeaving) || !this.inner.writableEnded) {
      layer.mute(this.stream) // also where it was answered by hand, and the session waits for its own
      // A session that has come to its end must be left alone: node would write behind its own FIN, and fail.
      if (!this.connection.lost) this.inner.close(errorCodes.CANCEL)
    }
    layer.leave(this.stream)
    if (this.inner.destroyed) layer.forget(this.stream)
    else this.inner.once('close', () => layer.forget(this.stream))
  }

  private async byHand(fields: readonly Header[], end: boolean): Promise<Emitted> {
    return this.connection.raw(headersFrame(this.stream, literalBlock(fields), { end }))
  }

  private async *chunks(): AsyncGenerator<Uint8Array> {
    try {
      const chunks = (this.inner.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>)[
        Symbol.asyncIterator
      ]()
      for (;;) {
        const next = chunks.next()
        // The session is told of the client's end when no stream is under way (h2-layer.ts), and waits for the body.
        const isCut = this.ceased.then(() => !this.state.endedIn && this.bodyRead >= this.state.bodyIn)
        const got = await Promise.race([next, isCut.then((cut) => (cut ? undefined : next))])
        if (!got || got.done) return
        this.bodyRead += got.value.length
        yield got.value
      }
    } catch {
      // reset, or the connection is lost: `complete` says so
    }
  }

  /** The session has done with the stream, and its last frames may not have reached the socket yet. */
  private get isLeaving(): boolean {
    return this.inner.writableEnded && this.inner.rstCode === 0 && !this.isByHand && !this.refused
  }

  /** Of a stream that the client resets with NO_ERROR node does not say whether the end of the answer left before. */
  private async abandonUnlessOut(): Promise<void> {
    await turn()
    await this.connection.layer.tap.inject(new Uint8Array(0))
    if (!this.state.endedOut) this.abandon({ by: 'client', how: 'rst' })
  }

  private abandon(how: Gone): void {
    if (this.left) return
    this.left = how
    this.leave(how)
  }

  private refusal(wanted: 'silent' | 'begun'): Emitted | undefined {
    if (this.stage !== wanted) return { ok: false, why: 'ended' }
    if (this.connection.lost) return this.connection.refusal()
    return this.left ? this.missed() : undefined
  }

  private missed(): Emitted {
    return { ok: false, why: this.left?.by === 'server' ? 'ended' : 'gone' }
  }
}

function headOf(all: readonly Header[], at: number): Head {
  const pseudo = (name: string): string | undefined => all.find(([n]) => n === name)?.[1]
  const headers = all.filter(([name]) => !name.startsWith(':'))
  const authority = pseudo(':authority')
  const hasHost = headers.some(([name]) => name === 'host')
  const host: Header[] = authority !== undefined && !hasHost ? [['host', authority]] : [] // RFC 9113 §8.3.1
  return { method: pseudo(':method') ?? '', path: pseudo(':path') ?? '', headers: [...host, ...headers], at }
}

/** The fields of an answer, its status first. */
export function answerFields(
  status: number,
  headers: readonly Header[],
  framing: Framing,
  wallMs: number,
): Header[] {
  const own = spoken(headers)
  const has = (name: string): boolean => own.some(([n]) => n === name)
  const date: Header[] = has('date') ? [] : [['date', httpDate(wallMs)]]
  const isCounted = typeof framing === 'object' && bodied(status) && !has('content-length')
  const length: Header[] = isCounted ? [['content-length', String(framing.length)]] : []
  return [[':status', String(status)], ...own, ...date, ...length]
}

function spoken(headers: readonly Header[]): Header[] {
  return headers
    .map(([name, value]): Header => [name.toLowerCase(), value])
    .filter(([name]) => !connectionFields.includes(name))
}

/** Resolves when nothing more comes of the stream. */
function closeOf(stream: ServerHttp2Stream): Promise<void> {
  return new Promise((resolve) => (stream.destroyed ? resolve() : stream.once('close', resolve)))
}

/** As node takes them: repeated names as lists. */
function grouped(fields: readonly Header[]): OutgoingHttpHeaders {
  const all: Record<string, string | string[]> = {}
  for (const [name, value] of fields) {
    const before = all[name]
    all[name] = before === undefined ? value : [before, value].flat()
  }
  return all
}

function ended(): Promise<Emitted> {
  return Promise.resolve({ ok: false, why: 'ended' })
}

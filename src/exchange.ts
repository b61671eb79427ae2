/**
 * One request and its answer, on any transport. Protocols and faults see only this.
 *
 * Every call resolves when its bytes have been handed to the transport, and returns what was really emitted,
 * so that a fault that could not be performed is known for one.
 */

/** Name and value as they crossed the wire, repeated names repeated. */
export type Header = readonly [name: string, value: string]

export type Protocol = 'h1' | 'h2c' | 'h2' | 'tls'

export interface Head {
  readonly method: string
  /** Request target: path and query. */
  readonly path: string
  readonly headers: readonly Header[]
  /** The client speaks HTTP/1.0, which has neither chunks nor interim answers. */
  readonly http10?: true
  /** Nanoseconds of the harness's clock when the head had been parsed. */
  readonly at: number
}

/** How the end of a body is marked (RFC 9112 §6.3). */
export type Framing = { length: number } | 'chunked' | 'close'

/** How to end a connection or stream: FIN, RST after `linger_ms`, or an HTTP/2 error code. */
export type Cut = { fin: true } | { rst: true; linger_ms: number } | { code: number }

/** Who ended the exchange before its time, and how. */
export interface Gone {
  readonly by: 'client' | 'server'
  readonly how: 'fin' | 'rst' | 'goaway' | 'timeout'
}

/**
 * What was really handed over, or why it was not. Bytes of a head, of raw bytes or of a body are counted; chunk
 * framing is not. `gone`: the client is; `ended`: the answer is, or we cut it; `unsupported`: not on this protocol.
 */
export type Emitted =
  | { readonly ok: true; readonly bytes: number }
  | { readonly ok: false; readonly why: 'gone' | 'ended' | 'unsupported' }

/** What an answer claims, for the ledger. */
export type Ack = 'none' | 'accepted' | 'landed' | 'rejected' | 'throttled' | 'error'

export interface Connection {
  readonly id: number
  /** How many connections the listener had seen before this one. */
  readonly ordinal: number
  readonly proto: Protocol
  /** Whether it can carry another exchange. */
  readonly open: boolean
  /** Nanoseconds of the harness's clock when it was accepted; that of its entry when absent. */
  readonly at?: number
  /** Of HTTP/2. */
  readonly frames?: Frames | undefined
  /** The socket under TLS; for faults alone. */
  readonly below?: Beneath | undefined
  /** Bytes past every codec; for faults alone. */
  raw(bytes: Uint8Array): Promise<Emitted>
  cut(how: Cut): Promise<Emitted>
  /** Reads nothing from the socket until what is returned is called; for faults alone. Of HTTP/1.1. */
  stopReading?(): () => void
  /** Our next FIN waits for what `wait` returns; `closed` aborts when the socket is. For faults alone. Of HTTP/1.1. */
  finAfter?(wait: (closed: AbortSignal) => Promise<void>): void
}

/** Of a frame, what one can tell without its payload (RFC 9113 §4.1). */
export interface FrameHead {
  readonly type: number
  readonly flags: number
  readonly stream: number
}

/** With its payload. */
export interface WholeFrame extends FrameHead {
  readonly payload: Buffer
}

/** Values of SETTINGS by name; of those without a name by number (`src/wire/h2-frames.ts`). */
export type Settings = Readonly<Record<string, number>>

/** HTTP/2 below the exchange, for faults alone. Frames made by hand go out by `Connection.raw`. */
export interface Frames {
  /** The highest stream that the client has opened; 0 before the first. */
  readonly last: number
  /** Streams under way, ascending. */
  readonly open: readonly number[]
  /** Resolves when the session is up: the client has acknowledged our SETTINGS. Never when it does not. */
  readonly ready: Promise<void>
  /** Resolves when the first answer on this connection is over. */
  readonly warm: Promise<void>
  /** What the client has said in SETTINGS. */
  readonly settings: Settings
  /** Bytes of DATA that the client still takes on this stream (RFC 9113 §6.9). */
  window(stream: number): number
  /** The first SETTINGS of the session say this besides. To be called before they are sent. */
  greet(settings: Settings): void
  /** From now on nothing that the session says of this stream leaves. */
  mute(stream: number): void
  /** Keeps back those frames of the session that `which` picks, until what is returned is called. */
  withhold(which: (frame: WholeFrame) => boolean): () => void
  /** Keeps back all that the session says, until what is returned is called; frames made by hand go out. */
  hold(): () => void
  /**
   * Awaits the acknowledgement of a SETTINGS or PING frame made by hand, which the session must not see: it would call
   * it a violation. To be called before the frame is sent; SETTINGS are acknowledged in order.
   */
  acknowledged(of: 'settings' | Uint8Array): Promise<void>
  /**
   * GOAWAY has said that no stream above this one is served. Those under way are given up, later ones are read and not
   * answered; returned are those given up.
   */
  refuseAbove(stream: number): readonly number[]
  /** Resolves when no stream that is served is under way. */
  drained(): Promise<void>
}

/** Bytes that TLS does not know of, and a FIN or a RST that it does not announce. */
export interface Beneath {
  write(bytes: Uint8Array): Promise<Emitted>
  cut(how: Cut): Promise<Emitted>
  /** `tell` is called before a cut: from then on the connection can carry no more. For the connection. */
  onCut(tell: (how: 'fin' | 'rst') => void): void
}

export interface Exchange {
  readonly id: number
  readonly connection: Connection
  /** Of HTTP/2. */
  readonly stream?: number
  /** The client has been told that this is not processed (RFC 9113 §6.8). */
  readonly refused?: boolean
  readonly head: Head
  /** The body as it came, still encoded. Ends early, without an error, when the client is gone. */
  readonly body: AsyncIterable<Uint8Array>
  /** Whether the body ended as its framing promised; to be read when `body` is exhausted. */
  readonly complete: boolean
  /**
   * Resolves when the connection is over before the answer was; never rejects. A FIN after a whole request does
   * not resolve it: the client may have half-closed and still read (RFC 9112 §9.6). The first write tells.
   */
  readonly gone: Promise<Gone>
  /** The same as `body`, handed over as it comes; where there is no need to stop in the midst. */
  readonly read?: ((each: (chunk: Uint8Array) => void) => Promise<void>) | undefined
  /** An interim answer (RFC 9110 §15.2). */
  inform(status: number, headers: readonly Header[]): Promise<Emitted>
  /** The head of the answer. `ack` is what it claims; it is written nowhere but in the ledger. */
  respond(status: number, headers: readonly Header[], framing: Framing, ack?: Ack): Promise<Emitted>
  write(bytes: Uint8Array): Promise<Emitted>
  /** Ends a chunked body with these fields; elsewhere there is no room for them, and it ends as by `end`. */
  trailers(headers: readonly Header[]): Promise<Emitted>
  end(): Promise<Emitted>
  cut(how: Cut): Promise<Emitted>
  /** `respond`, `write` and `end` of a whole answer, in one write where its bytes can go so. */
  readonly answer?: ((answer: WholeAnswer) => Promise<Answered>) | undefined
  /**
   * A whole answer as bytes of HTTP/1.1 or as frames, past every codec, and what a client may read them as, if
   * anything. Of HTTP/1.1 to be followed by `cut`: nobody can say what would come next. For faults alone.
   */
  readonly answerRaw?: ((bytes: Uint8Array, as?: AnswerHead) => Promise<Emitted>) | undefined
  /**
   * Keeps back the 100 that the client waits for (RFC 9110 §10.1.1) until what is returned resolves; false where it
   * waits for none. `over` aborts when none is due any more. To be called before the body is read. For faults alone.
   */
  readonly withhold?: ((until: (over: AbortSignal) => Promise<unknown>) => boolean) | undefined
}

export interface AnswerHead {
  readonly status: number
  readonly headers: readonly Header[]
  readonly ack?: Ack
}

export interface WholeAnswer extends AnswerHead {
  readonly body: Uint8Array
}

export interface Answered {
  /** Of the body; or of the first thing that was not. */
  readonly emitted: Emitted
  readonly written: 'none' | 'partial' | 'full'
}

/** What a transport tells the server it carries. */
export interface Arrivals {
  opened(connection: Connection): void
  /** Called once per connection, with what ended it; `why`: the handshake of TLS failed. */
  closed(connection: Connection, how: Gone, why?: string): void
  /** Called when a head has been parsed. The exchange is over when the promise settles. */
  exchange(exchange: Exchange): Promise<void>
  /**
   * A request that came on a connection whose half of ours had ended, and gets no answer. `afterClose`: it came after
   * an answer that had said so (RFC 9112 §9.6). To be read; over when the promise settles.
   */
  unserved(exchange: Exchange, afterClose: boolean): Promise<void>
  /** A connection was refused because `limit` of them are open: no plan said so. */
  dropped(limit: number): void
  /** A session of HTTP/2 begins on this connection; nothing has been said yet. */
  session?(connection: Connection): void
  /** A frame of HTTP/2 that crossed the wire, in or out. */
  frame?(connection: Connection, dir: 'in' | 'out', frame: WholeFrame): void
  /** Bytes that are no request; the transport has answered with `status`, or with none when it could not. */
  malformed(connection: Connection, status: number | undefined, why: string): void
}

/** The values of a header, names compared without case (RFC 9110 §5.1). */
export function headerValues(headers: readonly Header[], name: string): string[] {
  const wanted = name.toLowerCase()
  return headers.filter(([n]) => isNamed(n, wanted)).map(([, value]) => value)
}

function isNamed(name: string, wanted: string): boolean {
  return name.length === wanted.length && (name === wanted || name.toLowerCase() === wanted)
}

/** The first value of a header. */
export function headerValue(headers: readonly Header[], name: string): string | undefined {
  const wanted = name.toLowerCase()
  for (const [n, value] of headers) if (isNamed(n, wanted)) return value
  return undefined
}

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
  /** Bytes past every codec; for faults alone. */
  raw(bytes: Uint8Array): Promise<Emitted>
  cut(how: Cut): Promise<Emitted>
}

export interface Exchange {
  readonly id: number
  readonly connection: Connection
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
}

export interface WholeAnswer {
  readonly status: number
  readonly headers: readonly Header[]
  readonly body: Uint8Array
  readonly ack?: Ack
}

export interface Answered {
  /** Of the body; or of the first thing that was not. */
  readonly emitted: Emitted
  readonly written: 'none' | 'partial' | 'full'
}

/** What a transport tells the server it carries. */
export interface Arrivals {
  opened(connection: Connection): void
  /** Called once per connection, with what ended it. */
  closed(connection: Connection, how: Gone): void
  /** Called when a head has been parsed. The exchange is over when the promise settles. */
  exchange(exchange: Exchange): Promise<void>
  /**
   * A request that came on a connection whose half of ours had ended, and gets no answer. `afterClose`: it came after
   * an answer that had said so (RFC 9112 §9.6). To be read; over when the promise settles.
   */
  unserved(exchange: Exchange, afterClose: boolean): Promise<void>
  /** A connection was refused because `limit` of them are open: no plan said so. */
  dropped(limit: number): void
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

/** What a performer of a fault is given, and what it says it did. */
import type { Socket } from 'node:net'
import type { Clock } from '../../src/clock.ts'
import type { Ack, Connection, Emitted, Exchange, Framing, Gone, Header } from '../../src/exchange.ts'
import type { FaultName, FaultOf, Point } from '../../src/fault.ts'
import type { Part } from '../../src/random.ts'
import type { Answer } from '../answer.ts'
import type { SecureOptions } from '../tls/secure.ts'

/** The head that the protocol was about to write, at response-head. */
export interface DueHead {
  readonly status: number
  readonly headers: readonly Header[]
  readonly framing: Framing
  readonly ack?: Ack
}

export interface Strike<N extends FaultName = FaultName> {
  readonly fault: FaultOf<N>
  readonly rule: string
  readonly point: Point
  /** Witnessed, not gated: what the performer does is entered, and is not struck again. */
  readonly exchange: Exchange
  readonly due?: DueHead
  /** Of a rate limit: when its window ends, in seconds of the run's clock. */
  readonly opensAtS?: number
  readonly clock: Clock
  /** Aborts when the faults are healed. */
  readonly healed: AbortSignal
  /** The protocol's own words for an error. */
  errorAnswer(status: number): Answer
  /** 32 bytes drawn for this strike and this reason (`src/random.ts`). */
  readonly digest: (...reason: Part[]) => Buffer
  /**
   * Says what was done, in the members of the fault. To be called once, when the deed is done, or begun where it
   * lasts. A fault that could not be performed says `{ type: 'none', why }`.
   */
  readonly emit: (done: Done) => void
}

export type Done = { readonly type: string; readonly [argument: string]: unknown }

/** Takes over the rest of the answer. */
export interface Rest {
  write(bytes: Uint8Array): Promise<Emitted>
  end(): Promise<Emitted>
}

/**
 * The exchange goes on, is over, or goes on under the fault's hand; or it is answered and over, and what still comes
 * of its request is to be read.
 */
export type Aftermath = 'proceed' | 'over' | 'answered' | Rest

export type Performer<N extends FaultName> = (strike: Strike<N>) => Promise<Aftermath>

/** What a performer is given that strikes a connection on which no exchange is open. */
export interface ConnectionStrike<N extends FaultName = FaultName> {
  readonly fault: FaultOf<N>
  readonly connection: Connection
  readonly clock: Clock
  /** Aborts when the faults are healed. */
  readonly healed: AbortSignal
  /** Aborts when the connection is closed. */
  readonly closed: AbortSignal
  /** As in a strike at an exchange. */
  readonly emit: (done: Done) => void
}

export type ConnectionPerformer<N extends FaultName> = (strike: ConnectionStrike<N>) => Promise<void>

/** What a performer is given that strikes a connection before its TLS handshake. */
export interface TlsStrike<N extends FaultName> extends Pick<
  Strike<N>,
  'fault' | 'clock' | 'healed' | 'emit'
> {
  /** Not flowing; what was read of it has been given back. */
  readonly raw: Socket
  /** Says who ended the connection and how, before the performer resolves to `over`. */
  readonly ended?: (how: Gone) => void
}

/** In what the handshake is to differ; or the connection is over, and its socket closed. */
export type TlsPerformer<N extends FaultName> = (strike: TlsStrike<N>) => Promise<SecureOptions | 'over'>

/** Lets the rest of the answer through as it is. */
export function untouched(exchange: Exchange): Rest {
  return { write: (bytes) => exchange.write(bytes), end: () => exchange.end() }
}

/** The deed as planned, or why it was not done. */
export function done(planned: Done, ...emitted: readonly Emitted[]): Done {
  const missed = emitted.find((e) => !e.ok)
  return missed && !missed.ok ? { type: 'none', why: missed.why } : planned
}

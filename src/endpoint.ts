/**
 * What a client talks to, fake or real. Run and suite are handed a factory for it and never import a fake.
 */
import type { Clock } from './clock.ts'
import type { Ledger } from './ledger.ts'
import type { Plan } from './plan/plan.ts'
import type { Profile } from './profile.ts'
import type { RecordSource } from './record.ts'
import type { Mode } from './verdict.ts'

/** How many connections a server takes at a time, and what it says to more of them. */
export interface ConnectionsCap {
  readonly live: number
  /** GOAWAY(ENHANCE_YOUR_CALM), 429 where HTTP/1.1 is spoken; 429 to each request; or RST at once. */
  readonly answer: 'goaway' | '429' | 'refuse'
}

export interface EndpointOptions {
  mode: Mode
  protocol: string
  profile: Profile
  plan: Plan
  ledger: Ledger
  clock: Clock
  /** What is offered, so that what arrives can be compared. */
  source: RecordSource
  /** The bearer token that protocols with authentication demand. */
  token: string
  host: string
  /** Within TLS, by a certificate of the process's own authority. */
  tls?: boolean
  /** HTTP/2 is spoken too: to whom begins with its preface or, within TLS, by ALPN. */
  h2?: boolean
  /** Every frame of HTTP/2 is entered. */
  frames?: boolean
  connectionsCap?: ConnectionsCap
}

/** A running endpoint. */
export interface Endpoint {
  /** What TAILRACE_URL holds. */
  readonly url: string
  /** Origin only. */
  readonly base: string
  /** Who signed its certificate, as PEM, where it is behind TLS. */
  readonly authority?: string
  /** Errors of the harness itself; a case that has one is judged harness-error. */
  readonly failures: readonly string[]
  /** Ends the rules still alive and lets go what they hold. */
  heal(): void
  /** Resolves when no exchange is open and no flush is due. */
  quiet(): Promise<void>
  /** Resolves when, besides, every connection is closed. */
  deserted(): Promise<void>
  /** Closes the connections that are left and the listener. */
  stop(): Promise<void>
}

export type EndpointFactory = (options: EndpointOptions) => Promise<Endpoint>

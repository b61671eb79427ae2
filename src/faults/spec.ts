/** What a fault is declared as, and the points at which it may strike. */
import type { Parameters } from '../parameters.ts'

/** Where a fault may strike, in the order in which an exchange meets them. */
export const points = [
  'accept',
  'tls',
  'session',
  'request',
  'request-body',
  'response-head',
  'response-body',
  'message',
  'response-end',
  'idle',
  'flush',
  'land',
  'client',
] as const

export type PointName = (typeof points)[number]

/** `request-body(4096)` is `{ name: 'request-body', n: 4096 }`: n counts bytes, for `message` messages. */
export interface Point {
  name: PointName
  n?: number
}

/** Points that take a number. */
export const numberedPoints: readonly PointName[] = ['request-body', 'response-body', 'message']

/** At these the record has been taken or not, and a rule must say which. */
export const pointsAfterTake: readonly PointName[] = [
  'response-head',
  'response-body',
  'message',
  'response-end',
]

export interface FaultSpec {
  readonly layer: 'h1' | 'tls' | 'h2' | 'message' | 'application' | 'pipeline' | 'export' | 'client'
  readonly points: readonly PointName[]
  readonly parameters: Parameters
  /**
   * Whose answer the client sees: the fault's `own`, the `protocol`'s (whole, cut or late), or `none`.
   * The protocol's answer promises that the record was taken (202 follows take), so it needs `taken: true`.
   */
  readonly answer: 'own' | 'protocol' | 'none'
  /**
   * The answer breaks rules in such a way that a client may read it as whole or refuse it, and is held to neither: it
   * counts where the client goes by it, and is none that the client must have understood.
   */
  readonly doubtful?: true
  /** Ends the connection, also for the other streams of an HTTP/2 connection. */
  readonly breaks?: true
  /** A shaper changes how bytes flow, composes with faults, and takes no slot. */
  readonly shaper?: true
  readonly says: string
  readonly source: string
}

export type FaultTable = Readonly<Record<string, FaultSpec>>

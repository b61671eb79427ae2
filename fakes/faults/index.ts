/**
 * Every fault by name, and what performs it: at an exchange, at an idle connection, at the listener. Shapers are not
 * struck, the gate applies them; clients are stopped by the stage.
 */
import type { FaultName } from '../../src/fault.ts'
import { early_hints, early_response, header_delay, http_error, none, rate_limit } from './answers.ts'
import { discard_after_take, partial_batch } from './batches.ts'
import { idle_close } from './connections.ts'
import {
  connection_close,
  empty_response,
  keepalive_race,
  limit_data,
  reset_peer,
  stall,
  upload_reset,
} from './cuts.ts'
import { idleGoaway, sessionPerformers, streamPerformers } from './frames/index.ts'
import type { SessionName, StreamName } from './frames/index.ts'
import {
  expect_continue_withheld,
  expectation_failed,
  unasked_continue,
  unexpected_101,
} from './malformed-interim.ts'
import * as malformed from './malformed.ts'
import { chunked_dribble, slow_close, upload_stall } from './pace.ts'
import type { listenerPerformers } from './refusals.ts'
import type { ConnectionPerformer, Performer, TlsPerformer } from './strike.ts'
import * as tlsRecords from './tls-records.ts'
import * as handshakes from './tls.ts'

type Shaping = 'latency' | 'bandwidth' | 'slicer'
type Beside = Shaping | 'idle_close' | keyof typeof listenerPerformers | 'client_stop'
/** Faults that strike a TLS handshake. */
export type TlsName = keyof typeof handshakes & FaultName
/** Faults that strike an exchange. */
export type StruckName = Exclude<FaultName, Beside | TlsName | Exclude<SessionName, StreamName>>

export const performers: { readonly [N in StruckName]: Performer<N> } = {
  none,
  http_error,
  header_delay,
  stall,
  limit_data,
  empty_response,
  reset_peer,
  rate_limit,
  connection_close,
  keepalive_race,
  early_response,
  upload_reset,
  early_hints,
  partial_batch,
  discard_after_take,
  chunked_dribble,
  slow_close,
  upload_stall,
  ...malformed,
  expect_continue_withheld,
  expectation_failed,
  unasked_continue,
  unexpected_101,
  ...tlsRecords,
  ...streamPerformers,
}

export const tlsPerformers: { readonly [N in TlsName]: TlsPerformer<N> } = handshakes

/** Faults that strike a connection between exchanges. */
export const idlePerformers: {
  readonly idle_close: ConnectionPerformer<'idle_close'>
  readonly goaway: ConnectionPerformer<'goaway'>
} = { idle_close, goaway: idleGoaway }

/** Faults that strike a session of HTTP/2. */
export { sessionPerformers }
export type { SessionName }

export { listenerPerformers } from './refusals.ts'

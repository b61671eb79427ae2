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
import { connection_refused } from './refusals.ts'
import type { ConnectionPerformer, Performer } from './strike.ts'

type Beside = 'latency' | 'idle_close' | 'connection_refused' | 'client_stop'
/** Faults that strike an exchange. */
export type StruckName = Exclude<FaultName, Beside>

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
}

/** Faults that strike a connection between exchanges. */
export const idlePerformers: { readonly idle_close: ConnectionPerformer<'idle_close'> } = { idle_close }

/** Faults that strike the listener. */
export const listenerPerformers: { readonly connection_refused: typeof connection_refused } = {
  connection_refused,
}

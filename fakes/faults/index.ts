/** Every fault that is struck at an exchange, by name. Shapers are not struck: the gate applies them. */
import type { FaultName } from '../../src/fault.ts'
import { header_delay, http_error, none } from './answers.ts'
import { empty_response, limit_data, reset_peer, stall } from './cuts.ts'
import type { Performer } from './strike.ts'

export const performers: { readonly [N in Exclude<FaultName, 'latency'>]: Performer<N> } = {
  none,
  http_error,
  header_delay,
  stall,
  limit_data,
  empty_response,
  reset_peer,
}

/**
 * A batch of which a fault struck a part, in the words of protocols that count rows. What they document is the two
 * counters; everything behind them is ours.
 */
import { countIds, idsIn, tokenOf } from '../src/record.ts'
import type { Partial } from './intake.ts'

export interface Counters {
  readonly successful_rows: number
  readonly quarantined_rows: number
  /** Records of them, where the fault names them. */
  readonly quarantined?: readonly string[]
  /** Records that were not taken and are to be sent again; in neither count. */
  readonly retry?: readonly string[]
  /** Records of which the answer says something that no client can know; in neither count. */
  readonly indeterminate?: readonly string[]
}

/** `good` and `bad`: how many rows the protocol itself would take and quarantine. A row is a record. */
export function counters(good: number, bad: number, partial: Partial | undefined, nonce: string): Counters {
  if (!partial) return { successful_rows: good, quarantined_rows: bad }
  const { fault, struck } = partial
  const many = countIds(struck)
  const tokens = Array.from(idsIn(struck), (id) => tokenOf(nonce, id))
  const rest = { successful_rows: Math.max(0, good - many), quarantined_rows: bad }
  switch (fault.as) {
    case 'quarantine':
      return { ...rest, quarantined_rows: bad + many, ...(fault.names ? { quarantined: tokens } : {}) }
    case 'retry':
      return { ...rest, retry: tokens }
    case 'unknown':
      return { ...rest, indeterminate: tokens }
  }
}

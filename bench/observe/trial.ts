/** One way in which a fault is observed: its parameters, where it strikes, and what the client is asked to do. */
import type { FaultName, FaultOf } from '../../src/fault.ts'
import type { Rule } from '../../src/plan/plan.ts'

export interface Trial<N extends FaultName = FaultName> {
  readonly fault: FaultOf<N>
  /** `response-head` when absent. */
  readonly on?: string
  /** Where the rule has to say so; true when absent. */
  readonly taken?: boolean
  /** A request is answered on the connection before those that are observed; the fault may have struck it then. */
  readonly before?: 'answered' | 'struck'
  /** Requests that are observed, sent at once; 1 when absent. */
  readonly atOnce?: number
  /** Bytes of each; those of its record when absent. */
  readonly uploadBytes?: number
  readonly asks?: 'expects' | 'pings'
  /** A rule besides. */
  readonly beside?: Rule
}

export type Trials<N extends FaultName> = { readonly [F in N]: readonly Trial<F>[] }

/** Of each answer in normal service: large enough to be cut, small enough for one segment and any window. */
export const answerBytes = 2_000
/** Within the body of an answer. */
export const midway = 1_000
/** Until the faults are healed. */
export const longMs = 600_000

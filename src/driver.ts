/** Our handle on a client under test. */
import type { Clock } from './clock.ts'
import type { Ledger } from './ledger.ts'
import type { IdRange, RecordSource } from './record.ts'

export interface Drive {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly source: RecordSource
  /** What is offered, in order; the end of stdin follows the last record at once. */
  readonly ids: readonly IdRange[]
  readonly env: Readonly<Record<string, string>>
  /** Then the client is stuck, and is ended. */
  readonly budgetMs: number
  /** Ends the client early, as at the budget's end. */
  readonly signal?: AbortSignal
}

/** How a client ended. `code` and `signal` are null where the other holds. */
export interface Driven {
  /** `not-started`: the command could not be run at all. */
  readonly ended: 'exit' | 'signal' | 'stuck' | 'not-started'
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: Kept
  readonly stderr: Kept
}

/** Output of a client: its first bytes, and how many there were. */
export interface Kept {
  readonly bytes: Buffer
  readonly total: number
}

export interface Driver {
  readonly rung: string
  readonly command: string
  /** Runs the client once, from start to end; enters offers and claims. Never rejects for what a client does. */
  drive(drive: Drive): Promise<Driven>
}

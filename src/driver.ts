/** Our handle on a client under test. */
import type { Clock } from './clock.ts'
import type { Ledger } from './ledger.ts'
import type { IdRange, RecordSource } from './record.ts'

/**
 * One step of what is done to a client. `offer` takes the next records of those it is to have; `wait` ends with the
 * fact or after `at_most_ms`, whichever comes first. A list that does not say `stop` ends with it.
 */
export type Step =
  | { readonly do: 'offer'; readonly records: number }
  | { readonly do: 'wait'; readonly for: Fact; readonly at_most_ms: number }
  | { readonly do: 'flush' }
  | { readonly do: 'stop' }

/**
 * Facts of the ledger, each since the step before: a request that carries records, an answer to one, a fault struck,
 * a connection closed by the server, every record offered landed.
 */
export const facts = ['request', 'answer', 'fault', 'close', 'landed'] as const
export type Fact = (typeof facts)[number]

export interface Drive {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly source: RecordSource
  /** What is offered, in order. */
  readonly ids: readonly IdRange[]
  /** Everything, then the end at once, when absent. */
  readonly steps?: readonly Step[]
  /** Which of the clients of the case this is, from 0; absent where there is one. */
  readonly client?: number
  /** A client of ours that serves as a measure. */
  readonly control?: true
  /** Asks for a signal to the client; the reason is entered by who asks. */
  readonly kill?: Kill
  readonly env: Readonly<Record<string, string>>
  /** Then the client is stuck, and is ended. */
  readonly budgetMs: number
  /** Ends the client early, as at the budget's end. */
  readonly signal?: AbortSignal
}

/** By which a case ends its client before its time: the driver sets `send` once the client runs. */
export interface Kill {
  send: ((signal: 'SIGTERM' | 'SIGKILL') => void) | undefined
}

/** What a client says of itself, where its rung lets it. */
export interface Hello {
  readonly client?: string
  readonly version?: string
  readonly can: readonly string[]
  readonly knobs: readonly string[]
}

/** How a client ended. `code` and `signal` are null where the other holds. */
export interface Driven {
  /** `not-started`: the command could not be run at all. */
  readonly ended: 'exit' | 'signal' | 'stuck' | 'not-started'
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: Kept
  readonly stderr: Kept
  readonly hello?: Hello
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
  /**
   * What the client says of itself, asked once before the first case; absent where the rung has no words for it.
   * Throws when the command does not start, or says no hello that can be understood.
   */
  hello?(env: Readonly<Record<string, string>>, clock: Clock): Promise<Hello>
  /** Ends the processes that serve more than one case. */
  close?(): Promise<void>
}

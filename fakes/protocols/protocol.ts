/** A wire language that a fake speaks. */
import type { Clock } from '../../src/clock.ts'
import type { Ledger } from '../../src/ledger.ts'
import type { Profile } from '../../src/profile.ts'
import type { RecordSource } from '../../src/record.ts'
import type { Mode } from '../../src/verdict.ts'
import type { Answer } from '../answer.ts'
import type { GatedExchange } from '../gated-exchange.ts'
import type { Sites } from '../intake.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import type { Workspace } from './events-api/workspace.ts'

export interface Services {
  readonly ledger: Ledger
  readonly source: RecordSource
  readonly pipeline: Pipeline
  readonly sites: Sites
  readonly profile: Profile
  /** The bearer token that is demanded, where the protocol demands one. */
  readonly token: string
  /** Host and port by which clients know us; absent until we listen. */
  readonly authority?: string
  readonly clock: Clock
  /** Tokens, data sources and rates, where the protocol has them. */
  readonly workspace: Workspace
}

export interface FakeProtocol {
  readonly name: string
  /** Path that TAILRACE_URL has, by mode; a mode that is absent is not spoken. */
  readonly paths: Readonly<Partial<Record<Mode, string>>>
  /** Whether its requests are refused without a bearer token. */
  readonly needsToken?: boolean
  /** Lines that its ingest path takes; one JSON object when absent. */
  readonly exampleLines?: readonly string[]
  /** Its own words for an error: what a fault answers with, and what the protocol answers itself. */
  errorAnswer(status: number, message?: string, workspace?: Workspace): Answer
  /** Serves one exchange from its body to its end. */
  serve(exchange: GatedExchange, services: Services): Promise<void>
}

/** A wire language that a fake speaks. */
import type { Ledger } from '../../src/ledger.ts'
import type { Profile } from '../../src/profile.ts'
import type { RecordSource } from '../../src/record.ts'
import type { Mode } from '../../src/verdict.ts'
import type { Answer } from '../answer.ts'
import type { GatedExchange } from '../gate.ts'
import type { Sites } from '../intake.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'

export interface Services {
  readonly ledger: Ledger
  readonly source: RecordSource
  readonly pipeline: Pipeline
  readonly sites: Sites
  readonly profile: Profile
  /** The bearer token that is demanded, where the protocol demands one. */
  readonly token: string
}

export interface FakeProtocol {
  readonly name: string
  /** Path that TAILRACE_URL has, by mode; a mode that is absent is not spoken. */
  readonly paths: Readonly<Partial<Record<Mode, string>>>
  /** Its own words for an error: what a fault answers with, and what the protocol answers itself. */
  errorAnswer(status: number, message?: string): Answer
  /** Serves one exchange from its body to its end. */
  serve(exchange: GatedExchange, services: Services): Promise<void>
}

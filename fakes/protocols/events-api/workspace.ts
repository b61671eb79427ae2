/** What one server of the Events API holds: who may do what, the data sources, and the rates. */
import type { Clock } from '../../../src/clock.ts'
import { DataSource, DataSources } from '../../pipeline/data-sources.ts'
import { Rates } from './rates.ts'
import type { Token } from './tokens.ts'

/** Where a conformance case sends. */
export const caseDataSource = 'tailrace'

export interface Workspace {
  readonly tokens: readonly Token[]
  readonly dataSources: DataSources
  readonly rates: Rates
}

/**
 * That of a conformance case: one token that appends to every data source, rows of any shape under every name,
 * and a limit that is told and never holds a client up, for a case has no fault that its plan does not name.
 */
export function caseWorkspace(token: string, clock: Clock): Workspace {
  return {
    tokens: [{ token, scopes: ['DATASOURCE:APPEND:*'] }],
    dataSources: new DataSources([new DataSource(caseDataSource)], 'any'),
    rates: new Rates({ clock, enforced: false }),
  }
}

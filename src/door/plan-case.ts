/** A plan by itself as a case: it has no rule of its own, so the invariants and the properties judge it. */
import type { Plan } from '../plan/plan.ts'
import type { Case } from '../scenario.ts'

/** What a case of a user's own need not say. */
export const ofItsOwn: Pick<Case, 'group' | 'suite' | 'tier' | 'protocols' | 'needs'> = {
  group: 'Your own',
  suite: 1,
  tier: 'full',
  protocols: ['generic', 'events-api', 'elastic-bulk'],
  needs: {},
}

/** `name` is the plan's, for its id; `source` where it comes from. */
export function caseOfPlan({ rules, quiet }: Plan, name: string, source: string): Case {
  const words = name.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return {
    ...ofItsOwn,
    id: `plan.${words.replace(/^-|-$/g, '') || 'unnamed'}`,
    title: 'Under this plan nothing is lost, doubled or invented without a word.',
    mode: 'ingest',
    level: 'MUST',
    source,
    // Four batches, where the client honours the wish: a fault of one has others beside it.
    records: 20,
    config: { 'batch.max_events': 5 },
    faults: rules,
    ...(quiet ? { quiet } : {}),
    promises: [],
    properties: true,
  }
}

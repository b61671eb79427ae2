/** What every ingest case of the spine has in common. */
import type { Case, Rule } from '../../src/door/index.ts'

export const ingest: Pick<Case, 'mode' | 'suite' | 'tier' | 'protocols' | 'needs'> = {
  mode: 'ingest',
  suite: 1,
  tier: 'quick',
  protocols: ['generic', 'events-api'],
  needs: {},
}

/** A rule that strikes requests by their content, where the answer is due. */
export function atAnswer(rule: Omit<Rule, 'on' | 'key'>): Rule {
  return { ...rule, key: 'content', on: 'response-head' }
}

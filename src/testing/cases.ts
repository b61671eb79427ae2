/** A case of the tests: one record, nothing goes wrong, it lands once. */
import type { Case } from '../scenario.ts'

export function caseOf(id: string, over: Partial<Case> = {}): Case {
  return {
    id,
    title: `the promise of ${id}`,
    mode: 'ingest',
    group: 'test',
    level: 'MUST',
    suite: 1,
    tier: 'quick',
    protocols: ['generic'],
    source: 'RFC 9110',
    needs: {},
    records: 1,
    faults: [],
    promises: [{ use: 'landed', times: 1 }],
    ...over,
  }
}

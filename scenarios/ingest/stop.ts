/** The end of the input: what is buffered goes out before the client does. */
import type { Case } from '../../src/door/index.ts'
import { ingest } from './ingest.ts'

export const stop: readonly Case[] = [
  {
    ...ingest,
    id: 'ing.stop.flushes',
    title: 'A last batch that is not full is delivered before the client exits.',
    group: 'Buffer, spill, flush, order, encoding',
    level: 'MUST',
    source: 'segmentio/analytics-next#1365',
    records: 95,
    faults: [],
    promises: [{ use: 'landed', times: 1 }, { use: 'taken_before_exit' }],
  },
]

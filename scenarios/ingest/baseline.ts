/** Nothing goes wrong: a client that fails here passes nothing. */
import type { Case } from '../../src/door/index.ts'
import { ingest } from './ingest.ts'

export const baseline: readonly Case[] = [
  {
    ...ingest,
    id: 'ing.base.one',
    title: 'One record is delivered, in one request.',
    group: 'Baseline',
    level: 'MUST',
    source: 'Tinybird guide "Stream with HTTP Requests"',
    records: 1,
    faults: [],
    promises: [
      { use: 'landed', times: 1 },
      { use: 'attempts', min: 1, max: 1 },
    ],
  },
  {
    ...ingest,
    id: 'ing.base.many',
    title: 'A thousand records are delivered, each once, in no more requests than records.',
    group: 'Baseline',
    level: 'MUST',
    source: 'Tinybird guide "Stream with HTTP Requests"',
    records: 1000,
    faults: [],
    promises: [
      { use: 'landed', times: 1 },
      { use: 'requests', max: 1000 },
    ],
  },
  {
    ...ingest,
    id: 'ing.base.batches',
    title: 'Records travel in batches, not one by one.',
    group: 'Baseline',
    level: 'SHOULD',
    source: 'Tinybird "Ingestion protection": batch inserts',
    records: 1000,
    config: { 'batch.max_events': 100 },
    faults: [],
    promises: [
      { use: 'landed', times: 1 },
      { use: 'requests', max: 20, knob: 'batch.max_events', max_otherwise: 499 },
    ],
  },
]

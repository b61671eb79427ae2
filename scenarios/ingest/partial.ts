/** A batch of which the server takes a part, and answers that contradict their status. */
import type { Case } from '../../src/door/index.ts'
import { answersFirst, atAnswer, ingest } from './ingest.ts'

const group = { ...ingest, group: 'Partial success, quarantine', records: 10 } as const
const quarantine = 'Tinybird "Ingestion protection": quarantine; OTLP "MUST NOT retry"'

export const partial: readonly Case[] = [
  {
    ...group,
    id: 'ing.part.no-resend-ok',
    title: 'A batch that was taken with some rows in quarantine is not sent again.',
    level: 'MUST',
    source: quarantine,
    faults: [
      atAnswer({
        id: 'quarantine',
        taken: true,
        fault: { type: 'partial_batch', from: 7, of: 10, as: 'quarantine' },
      }),
    ],
    promises: [{ use: 'attempts', min: 1, max: 1 }],
  },
  {
    ...group,
    id: 'ing.part.told',
    title: 'Rows in quarantine are told, where the answer names them.',
    level: 'SHOULD',
    source: 'Tinybird "Ingestion protection": be aware of failures',
    faults: [
      atAnswer({
        id: 'quarantine',
        taken: true,
        fault: { type: 'partial_batch', from: 7, of: 10, as: 'quarantine', names: true },
      }),
    ],
    promises: [{ use: 'told' }],
  },
  {
    ...group,
    id: 'ing.part.per-item-retry',
    title: 'Of a batch with results for each item, only the items that ask for it are sent again.',
    level: 'MUST',
    source: 'PostHog test harness prunes_ok_events_on_partial_retry; Elasticsearch Bulk API',
    protocols: ['elastic-bulk'],
    faults: [
      atAnswer({
        id: 'rejected',
        taken: true,
        fault: { type: 'partial_batch', from: 8, of: 10, as: 'retry', times: 1 },
      }),
    ],
    promises: [
      { use: 'landed', times: 1 },
      { use: 'attempts', min: 1, max: 2 },
    ],
  },
  {
    ...group,
    id: 'ing.part.unknown-result',
    title: 'A result that the client does not know is final.',
    level: 'SHOULD',
    source: 'PostHog test harness unknown_result_treated_as_terminal',
    protocols: ['elastic-bulk'],
    faults: [
      atAnswer({
        id: 'what',
        taken: true,
        fault: { type: 'partial_batch', from: 8, of: 10, as: 'unknown' },
      }),
    ],
    promises: [{ use: 'attempts', min: 1, max: 1 }],
  },
  {
    ...group,
    id: 'ing.part.body-says-error',
    title: 'A 200 whose body says something else, or nothing, is a 200.',
    level: 'SHOULD',
    source: 'open-telemetry/otel-arrow#2070',
    clients: { records: [10, 10, 10], how: 'together' },
    faults: ['{"error":"something went wrong"}', '{"successful_rows":', ''].map((body, client) =>
      answersFirst(200, 1, { body }, client),
    ),
    promises: [{ use: 'attempts', min: 1, max: 1 }],
  },
]

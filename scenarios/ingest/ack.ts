/** What counts as an acknowledgement, and what happens to records when it does not arrive. */
import type { Case } from '../../src/door/index.ts'
import { atAnswer, ingest } from './ingest.ts'

export const ack: readonly Case[] = [
  {
    ...ingest,
    id: 'ing.idem.ack-lost',
    title:
      'When the answer is lost after the records were taken, they are sent again under the same ids, or told.',
    group: 'Idempotency',
    level: 'MUST',
    source: 'Tinybird "Ingestion protection": deduplication; OTLP "Duplicate Data"',
    records: 10,
    faults: [
      atAnswer({
        id: 'lost-ack',
        when: { attempt: [1] },
        taken: true,
        fault: { type: 'reset_peer', linger_ms: 20 },
      }),
    ],
    promises: [{ use: 'resent_or_told' }],
  },
  {
    ...ingest,
    id: 'ing.ack.truncated-200',
    title: 'An answer that breaks off is no acknowledgement, whatever its status.',
    group: 'Acknowledgement semantics',
    level: 'SHOULD',
    source: 'RFC 9112 §8',
    records: 10,
    faults: [
      atAnswer({
        id: 'truncated',
        when: { attempt: [1] },
        taken: true,
        fault: { type: 'limit_data', bytes: 40, of_bytes: 100, end: 'fin' },
      }),
    ],
    promises: [{ use: 'resent_or_told' }],
  },
]

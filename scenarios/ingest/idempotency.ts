/** What stays the same when a record is sent again, so that a server can know it. */
import type { Case } from '../../src/door/index.ts'
import { answers, atAnswer, ingest } from './ingest.ts'

const group = { ...ingest, group: 'Idempotency', records: 10 } as const
const draft = 'draft-ietf-httpapi-idempotency-key-header'

export const idempotency: readonly Case[] = [
  {
    ...group,
    id: 'ing.idem.ack-lost',
    title:
      'When the answer is lost after the records were taken, they are sent again under the same ids, or told.',
    level: 'MUST',
    source: 'Tinybird "Ingestion protection": deduplication; OTLP "Duplicate Data"',
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
    ...group,
    id: 'ing.idem.id-stable',
    title: 'A record keeps its id and its time through every attempt.',
    level: 'MUST',
    source: 'PostHog test harness preserves_uuid_and_timestamp',
    faults: [answers(503, [1, 2])],
    promises: [{ use: 'same_records' }],
  },
  {
    ...group,
    id: 'ing.idem.key-stable',
    title: 'The same bytes are sent under the same idempotency key.',
    level: 'MUST',
    source: `${draft} §2`,
    faults: [answers(503, [1, 2])],
    promises: [{ use: 'same_key' }],
  },
  {
    ...group,
    id: 'ing.idem.key-fresh',
    title: 'Each batch has an idempotency key of its own.',
    level: 'MUST',
    source: `${draft} §2`,
    records: 200,
    config: { 'batch.max_events': 10 },
    faults: [],
    promises: [{ use: 'fresh_keys' }],
  },
  {
    ...group,
    id: 'ing.idem.body-stable',
    title: 'Under the same idempotency key the same bytes are sent.',
    level: 'SHOULD',
    source: `${draft} §2.6 (fingerprint, 422)`,
    faults: [answers(503, [1, 2])],
    promises: [{ use: 'same_body' }],
  },
  {
    ...group,
    id: 'ing.idem.window',
    title: 'What the server would no longer know as a repeat is told, not sent again.',
    level: 'MAY',
    source: 'Tinybird "Ingestion protection": 5 hours',
    needs: { knobs: ['dedup.window_ms'] },
    config: { 'dedup.window_ms': 400 },
    faults: [
      atAnswer({
        id: 'lost-ack',
        when: { attempt: [1] },
        taken: true,
        fault: { type: 'reset_peer', linger_ms: 20 },
      }),
      answers(503),
    ],
    promises: [{ use: 'within_window', knob: 'dedup.window_ms', window_ms: 400 }, { use: 'told_or_landed' }],
  },
  {
    ...group,
    id: 'ing.idem.no-double-on-slow',
    title: 'An answer that comes just within the timeout is waited for.',
    level: 'SHOULD',
    source: 'Tinybird "Ingestion protection": delayed ingestion',
    needs: { knobs: ['timeout.request_ms'] },
    config: { 'timeout.request_ms': 3000 },
    faults: [atAnswer({ id: 'slow', taken: true, fault: { type: 'header_delay', delay_ms: 2000 } })],
    promises: [{ use: 'attempts', min: 1, max: 1 }],
    reference_s: 4,
  },
]

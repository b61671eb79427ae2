/** What is retried, and what is not. */
import type { Case } from '../../src/door/index.ts'
import { atAnswer, ingest } from './ingest.ts'

export const retry: readonly Case[] = [
  {
    ...ingest,
    id: 'ing.retry.503',
    title: 'A request answered with 503 is sent again, and its records are delivered once.',
    group: 'Retry policy',
    level: 'MUST',
    source: 'Tinybird guide "When to retry"; RFC 9110 §15.6.4; OTLP',
    records: 10,
    faults: [
      atAnswer({
        id: 'unavailable',
        when: { attempt: [1] },
        taken: false,
        fault: { type: 'http_error', status: 503 },
      }),
    ],
    promises: [{ use: 'retried', after: 503 }],
  },
  {
    ...ingest,
    id: 'ing.retry.reset-before-response',
    title: 'A request whose connection is reset before any answer is sent again.',
    group: 'Retry policy',
    level: 'SHOULD',
    source: 'OTLP "server disconnects"; RFC 9110 §9.2.2',
    records: 10,
    faults: [
      atAnswer({
        id: 'reset',
        when: { attempt: [1] },
        taken: false,
        fault: { type: 'reset_peer', linger_ms: 20 },
      }),
    ],
    promises: [{ use: 'retried', after: 'network' }],
  },
  {
    ...ingest,
    id: 'ing.4xx.400',
    title: 'A request answered with 400 is not sent again, and does not stop the ones behind it.',
    group: 'No retry on 4xx',
    level: 'MUST',
    source: 'Tinybird guide "When to retry": only 5xx',
    records: 5,
    faults: [atAnswer({ id: 'bad-request', taken: false, fault: { type: 'http_error', status: 400 } })],
    promises: [{ use: 'not_retried', after: 400 }],
  },
  {
    ...ingest,
    id: 'ing.413.terminates',
    title: 'A record that is too large is given up and told, not sent for ever.',
    group: '413',
    level: 'MUST',
    source: 'newrelic/newrelic-telemetry-sdk-java#320; RFC 9110 §15.5.14',
    records: 1,
    faults: [atAnswer({ id: 'too-large', taken: false, fault: { type: 'http_error', status: 413 } })],
    promises: [{ use: 'shrinks' }, { use: 'told' }],
  },
]

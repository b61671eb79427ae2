/** How long a client waits between attempts, by itself. */
import type { Case } from '../../src/door/index.ts'
import { answers, ingest } from './ingest.ts'

const group = { ...ingest, group: 'Backoff', records: 10 } as const

export const backoff: readonly Case[] = [
  {
    ...group,
    id: 'ing.backoff.exists',
    title: 'Between an error and the next attempt the client waits.',
    level: 'MUST',
    source: 'Tinybird guide "How to retry"; Prometheus remote write 2.0',
    faults: [answers(503, [1, 2, 3])],
    // Half of 50 ms, or of a smaller base that the client was given: jitter may take the other half.
    promises: [{ use: 'gaps', min_ms: 25, slack_ms: 25, count_min: 2 }],
  },
  {
    ...group,
    id: 'ing.backoff.grows',
    title: 'The waits grow from attempt to attempt.',
    level: 'SHOULD',
    source: 'Tinybird guide "How to retry": exponential backoff',
    tier: 'full',
    clients: { records: Array.from({ length: 8 }, () => 1), how: 'together' },
    config: { 'retry.max_attempts': 6 },
    faults: [answers(503, [1, 2, 3, 4, 5])],
    promises: [{ use: 'gaps_grow', factor: 2, gaps_min: 3 }],
    reference_s: 6,
  },
  {
    ...group,
    id: 'ing.backoff.jitter',
    title: 'Clients that fail at the same time do not come back at the same time.',
    level: 'SHOULD',
    source: 'OTLP "must have a random jitter"',
    tier: 'full',
    needs: { knobs: ['retry.base_ms'] },
    clients: { records: Array.from({ length: 20 }, () => 1), how: 'together', control: 20 },
    // Longer than the machine needs to start them all: what holds them up then is not taken for jitter.
    config: { 'retry.base_ms': 2000, 'retry.max_ms': 5000 },
    faults: [answers(503, [1, 2])],
    promises: [{ use: 'gaps_spread', share: 0.2, clients_min: 20 }],
    reference_s: 12,
  },
  {
    ...group,
    id: 'ing.backoff.cap',
    title: 'The waits do not grow beyond the cap that the client was given.',
    level: 'MAY',
    source: 'Prometheus remote write backoff_max_delay',
    needs: { knobs: ['retry.max_ms'] },
    config: { 'retry.max_ms': 1000, 'retry.max_attempts': 9 },
    faults: [answers(503, [1, 2, 3, 4, 5, 6, 7, 8])],
    promises: [{ use: 'gaps_capped', knob: 'retry.max_ms', cap_ms: 1000, factor: 2 }],
  },
  {
    ...group,
    id: 'ing.backoff.resets',
    title: 'After a success a failure is retried; how soon is measured beside the first retry.',
    level: 'SHOULD',
    source: 'LaunchDarkly sdk-test-harness: returns to normal regime',
    records: 20,
    config: { 'batch.max_events': 10, concurrency: 1 },
    faults: [
      {
        id: 'twice-down',
        key: 'global',
        on: 'response-head',
        taken: false,
        outcomes: [
          { type: 'http_error', status: 503 },
          { type: 'http_error', status: 503 },
          { type: 'http_error', status: 503 },
          { type: 'http_error', status: 503 },
          { type: 'none' },
          { type: 'http_error', status: 503 },
          { type: 'none' },
        ],
      },
    ],
    promises: [{ use: 'backoff_resets' }],
  },
  {
    ...group,
    id: 'ing.backoff.shared',
    title: 'While everything fails, the workers of a client together send no more than their attempts.',
    level: 'SHOULD',
    source: 'prometheus/prometheus#9634',
    records: 400,
    config: { 'batch.max_events': 10, concurrency: 4 },
    faults: [{ ...answers(503), when: { until_s: 2 } }],
    promises: [{ use: 'calm_in_outage', until_s: 2, workers: 4, knob: 'concurrency' }],
    reference_s: 5,
  },
]

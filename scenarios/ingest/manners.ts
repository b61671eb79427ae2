/** When a retry comes: backoff, and what Retry-After asks for. */
import type { Case } from '../../src/door/index.ts'
import { atAnswer, ingest } from './ingest.ts'

export const manners: readonly Case[] = [
  {
    ...ingest,
    id: 'ing.backoff.exists',
    title: 'Between an error and the next attempt the client waits.',
    group: 'Backoff',
    level: 'MUST',
    source: 'Tinybird guide "How to retry"; Prometheus remote write 2.0',
    records: 10,
    faults: [
      atAnswer({
        id: 'unavailable',
        when: { attempt: [1, 2, 3] },
        taken: false,
        fault: { type: 'http_error', status: 503 },
      }),
    ],
    // Half of 50 ms, or of a smaller base that the client was given: jitter may take the other half.
    promises: [{ use: 'gaps', min_ms: 25, slack_ms: 25, count_min: 2 }],
  },
  {
    ...ingest,
    id: 'ing.ra.429-seconds',
    title:
      'After 429 with Retry-After: 2 the next attempt comes no sooner, and the records are delivered once.',
    group: 'Retry-After and 429',
    level: 'MUST',
    source: 'RFC 6585 §4; RFC 9110 §10.2.3',
    records: 1,
    faults: [
      atAnswer({
        id: 'throttled',
        when: { attempt: [1] },
        taken: false,
        fault: { type: 'http_error', status: 429, retry_after_s: 2 },
      }),
    ],
    promises: [
      { use: 'retry_after', slack_ms: 50 },
      { use: 'landed', times: 1 },
    ],
  },
]

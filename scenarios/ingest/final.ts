/** What is not retried: the request itself is wrong, and sending it again cannot help. */
import type { Case } from '../../src/door/index.ts'
import { answers, answersFirst, atAnswer, ingest } from './ingest.ts'

const group = { ...ingest, group: 'No retry on 4xx', records: 5 } as const
const guide = 'Tinybird guide "When to retry": only 5xx'

const notRetried: readonly Case[] = [400, 401, 403, 404, 405, 415, 422].map((status) => ({
  ...group,
  id: `ing.4xx.${status}`,
  title: `A request answered with ${status} is not sent again, and does not stop the ones behind it.`,
  level: 'MUST',
  source: guide,
  faults: [answers(status)],
  promises: [{ use: 'not_retried', after: status }],
}))

/** More attempts than any client makes: each is struck by a rule of its own, as a site names one attempt. */
const everyAttempt = [1, 2, 3, 4, 5, 6, 7, 8]

export const final: readonly Case[] = [
  ...notRetried,
  {
    ...group,
    id: 'ing.4xx.unknown',
    title: 'A status of the 4xx class that the client does not know is treated as 400.',
    level: 'SHOULD',
    source: 'RFC 9110 §15',
    faults: [answers(499)],
    promises: [{ use: 'not_retried', after: 499 }],
  },
  {
    ...group,
    id: 'ing.4xx.told',
    title: 'What is refused for good is told, each record by name where the client can.',
    level: 'MUST',
    source: 'Tinybird guide "When to retry": logged and investigated',
    faults: [answers(400)],
    promises: [
      { use: 'not_retried', after: 400 },
      { use: 'told', named: true },
    ],
  },
  {
    ...group,
    id: 'ing.4xx.no-poison',
    title: 'A batch that is refused does not keep the others from being delivered.',
    level: 'MUST',
    source: 'OpenTelemetry Collector testbed; grafana/loki',
    records: 50,
    config: { 'batch.max_events': 10 },
    faults: everyAttempt.map((attempt) => answersFirst(400, attempt)),
    promises: [{ use: 'others_land', after: 400 }],
  },
  {
    ...group,
    id: 'ing.4xx.auth-storm',
    title: 'A client whose token is refused again and again stops sending.',
    level: 'SHOULD',
    source: 'LaunchDarkly sdk-test-harness unexpectedErrors',
    records: 1000,
    config: { 'batch.max_events': 10 },
    faults: [answers(401)],
    promises: [{ use: 'stops', after: 401, seen: 3, at_most: 5 }],
  },
  {
    ...group,
    id: 'ing.4xx.409-dup',
    title: 'To a request with an idempotency key, 409 says that the server has the records.',
    level: 'SHOULD',
    source: 'draft-ietf-httpapi-idempotency-key-header',
    records: 10,
    faults: [
      atAnswer({
        id: 'have-it',
        taken: true,
        fault: { type: 'http_error', status: 409, body: '{"error":"already have it"}' },
      }),
    ],
    promises: [{ use: 'conflict_is_delivery' }],
  },
]

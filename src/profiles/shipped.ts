/**
 * The shipped profiles, with the page beside each value that says so. "Ours" marks what no page says and we had
 * to decide. A field that a profile takes over from another one keeps its source.
 */
import type { Profile } from '../profile.ts'
import type { Sources } from './document.ts'

export interface Shipped {
  /** One sentence: whom it is for. */
  readonly says: string
  readonly profile: Profile
  readonly sources: Sources
}

const generic: Shipped = {
  says: 'Any HTTP API that says nothing of its own: what the RFCs and most vendors agree on.',
  profile: {
    name: 'generic',
    reply: { status: 202, headers: { 'content-type': 'application/json' }, body: { ok: true } },
    retryable: [408, 429, '5xx', 'network', 'goaway', 'refused_stream'],
    neverRetry: ['4xx'],
    attempts: { min: 4, max: 6 },
    on413: 'any',
    on429: { withoutRetryAfter: { minGapMs: 1000 } },
    ack: { statuses: [200, 202, 204], needs: 'full' },
    duplicates: 'counted',
    foreignRows: 'counted',
    body: 'any',
  },
  sources: {
    reply: 'RFC 9110 §15.3.3; the body is ours',
    retryable: 'RFC 9110 §15.5.9, §15.6; RFC 6585 §4; RFC 9113 §6.8, §8.7',
    never_retry: 'RFC 9110 §15.5',
    attempts: 'Tinybird guide "Stream with HTTP Requests": the first try and 3 to 5 retries',
    on_413: 'ours: OTLP forbids to send it again, Loki, New Relic and Azure have it split',
    on_429: 'Tinybird "Ingestion protection": 1 request per second while limited',
    ack: 'RFC 9110 §15.3.1, §15.3.3, §15.3.5; an answer that is cut is none: RFC 9112 §8',
    duplicates: 'design §4: after an answer that never came, a repeat is all that a client can do',
    foreign_rows: 'ours: envelopes have objects of their own',
    body: 'ours: any body',
    dedup: 'ours: no server is presumed to know a repeat',
    levels: "the suite's own",
  },
}

/** Its reference and its SDKs: a 429 is temporary, a 413 is to be split. */
const eventsApi: Shipped = {
  says: 'The Tinybird Events API, by its reference and its SDKs.',
  profile: {
    ...generic.profile,
    name: 'events-api',
    on413: 'split',
    foreignRows: 'refused',
    body: 'ndjson',
    dedup: { windowMs: 18_000_000 },
  },
  sources: {
    ...generic.sources,
    reply: 'not used: the protocol events-api counts rows in answers of its own',
    on_413: 'Tinybird Events API reference: at most 10 MB to a request',
    foreign_rows: 'Tinybird Events API reference: each line is a row',
    body: 'Tinybird Events API reference: NDJSON',
    dedup: 'Tinybird "Ingestion protection": up to 5 hours, for its own retries and not for those of clients',
  },
}

const eventsApiGuide: Shipped = {
  says: 'The same API by its guide "Stream with HTTP Requests", which has 5xx alone retried.',
  profile: {
    ...eventsApi.profile,
    name: 'events-api-guide',
    retryable: [408, '5xx', 'network', 'goaway', 'refused_stream'],
    neverRetry: [429, '4xx'],
    levels: { 'ing.ra.429*': 'MAY', 'ing.429.*': 'MAY' },
  },
  sources: {
    ...eventsApi.sources,
    retryable: 'Tinybird guide "Stream with HTTP Requests": "only implement automatic retries for HTTP 5xx"',
    never_retry: 'Tinybird guide "Stream with HTTP Requests"',
    levels: 'what the guide says of 429 and what the reference says of it cannot both be demanded',
  },
}

const elastic = 'https://www.elastic.co/guide/en/elasticsearch/reference/current'

const elasticBulk: Shipped = {
  says: 'The _bulk API of Elasticsearch and OpenSearch. A 200 is the answer to the request: each item has its own.',
  profile: {
    ...generic.profile,
    name: 'elastic-bulk',
    reply: {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: { took: 0, errors: false, items: [] },
    },
    retryable: [429, 502, 503, 504, 'network', 'goaway', 'refused_stream'],
    neverRetry: ['4xx', '5xx'],
    on429: { withoutRetryAfter: { minGapMs: 0 } },
    ack: { statuses: [200], needs: 'full' },
    body: 'ndjson',
  },
  sources: {
    ...generic.sources,
    reply: 'not used: the protocol elastic-bulk gives a result for each item',
    retryable:
      'elastic/elastic-transport-python, Transport: retry_on_status defaults to 429, 502, 503, 504; ' +
      'elastic/elastic-transport-js and elasticsearch-net: 502, 503, 504',
    never_retry: 'the same: what is not in the list is an answer',
    attempts: 'elastic/elastic-transport-python, Transport: max_retries defaults to 3; up to 5 is ours',
    on_413: `${elastic}/modules-network.html: "send fewer documents in each bulk request"; whether at once is ours`,
    on_429:
      'ours: no page gives a number; the transports try another node at once, the bulk helpers wait 2 to 5 s',
    ack: `${elastic}/docs-bulk.html: the results of the items stand in a 200`,
    foreign_rows: `${elastic}/docs-bulk.html: action lines stand between the rows`,
    body: `${elastic}/docs-bulk.html: NDJSON`,
  },
}

export const shipped: Readonly<Record<string, Shipped>> = Object.fromEntries(
  [generic, eventsApi, eventsApiGuide, elasticBulk].map((one) => [one.profile.name, one]),
)

export const profiles: Readonly<Record<string, Profile>> = Object.fromEntries(
  Object.entries(shipped).map(([name, { profile }]) => [name, profile]),
)

/** GOAWAY: a server ends a connection of HTTP/2 in good order, and says which requests it has not processed. */
import type { Case } from '../../src/door/index.ts'
import { ifMet, overHttp2 } from './ingest.ts'

const group = { ...overHttp2, group: 'GOAWAY and HTTP/2' } as const
const goneAway = 'RFC 9113 §6.8'
const tooMany = 'Tinybird guide "GOAWAY": too many alive connections'

const once = { use: 'landed', times: 1 } as const
const honoured = { use: 'goaway_honoured', grace_ms: 100 } as const
/** Four requests, of which none waits for another. */
const four = { records: 40, config: { 'batch.max_events': 10, concurrency: 4 } } as const
/** A request for each record, one at a time. */
const oneByOne = { records: 10, config: { 'batch.max_events': 1, concurrency: 1 } } as const

export const goaway: readonly Case[] = [
  {
    ...group,
    id: 'ing.goaway.idle',
    title: 'After GOAWAY on an idle connection the next records are delivered over a new one, once.',
    level: 'MUST',
    source: `${goneAway}; gRPC interop goaway`,
    records: 20,
    steps: [
      { do: 'offer', records: 10 },
      { do: 'wait', for: 'fault', at_most_ms: 6000 },
      { do: 'offer', records: 10 },
    ],
    config: { 'batch.max_events': 10, 'flush.interval_ms': 200 },
    faults: [
      ifMet({
        id: 'goaway',
        key: 'global',
        on: 'idle',
        when: { nth: [1] },
        fault: { type: 'goaway', code: 'NO_ERROR', last: 'this', after_ms: 300, then: 'finish' },
      }),
    ],
    promises: [{ use: 'reused_after_idle' }, once],
    reference_s: 4,
  },
  {
    ...group,
    ...four,
    id: 'ing.goaway.inflight-below',
    title: 'Requests that a GOAWAY leaves in force are waited for, and not sent again.',
    level: 'MUST',
    source: goneAway,
    faults: [
      {
        id: 'goaway',
        on: 'request',
        key: 'connection',
        when: { nth: [1, 2, 3, 4] },
        fault: { type: 'goaway', code: 'NO_ERROR', streams: 4, keep: 4, then: 'finish' },
      },
    ],
    promises: [{ use: 'attempts', min: 1, max: 1 }, once],
  },
  {
    ...group,
    ...four,
    id: 'ing.goaway.inflight-above',
    title:
      'Requests above the last stream of a GOAWAY are sent again on a new connection, the others are not.',
    level: 'MUST',
    source: 'Tinybird guide "GOAWAY": safe to retry; RFC 9113 §8.7',
    faults: [
      {
        id: 'goaway',
        on: 'request',
        key: 'connection',
        when: { nth: [1, 2, 3, 4] },
        fault: { type: 'goaway', code: 'NO_ERROR', streams: 4, keep: 2, then: 'finish' },
      },
    ],
    promises: [{ use: 'resent_unprocessed' }, honoured, once],
  },
  {
    ...group,
    id: 'ing.goaway.two-step',
    title: 'After the first GOAWAY of two no new request comes on the connection, and none is lost.',
    level: 'SHOULD',
    source: `${goneAway}; line/armeria#3825`,
    ...oneByOne,
    faults: [
      ifMet({
        id: 'goaway',
        on: 'request',
        key: 'global',
        when: { nth: [2] },
        fault: { type: 'goaway', code: 'NO_ERROR', last: 'this', two_step_ms: 200, then: 'finish' },
      }),
    ],
    promises: [honoured, once],
  },
  {
    ...group,
    ...oneByOne,
    id: 'ing.goaway.calm',
    title: 'A client that is asked for calm opens one connection after a wait, and waits longer each time.',
    level: 'SHOULD',
    source: tooMany,
    faults: [
      {
        id: 'calm',
        on: 'session',
        key: 'global',
        when: { nth: [1, 2, 3] },
        fault: {
          type: 'goaway',
          code: 'ENHANCE_YOUR_CALM',
          last: 'this',
          debug: 'too many alive connections',
          then: 'finish',
        },
      },
    ],
    promises: [{ use: 'calm_connections', min_ms: 25 }],
    reference_s: 4,
  },
  {
    ...group,
    id: 'ing.goaway.storm',
    title: 'A connection that ends every ten requests costs no record, and leaves no crowd of connections.',
    level: 'MUST',
    source: 'envoyproxy/envoy#36450; golang/go#18112',
    records: 1000,
    config: { 'batch.max_events': 10, concurrency: 4 },
    faults: [
      ifMet({
        id: 'goaway',
        on: 'request',
        key: 'global',
        when: { every: 10 },
        fault: { type: 'goaway', code: 'NO_ERROR', last: 'this', then: 'finish' },
      }),
    ],
    promises: [once, honoured, { use: 'live_connections', max: 8, knob: 'concurrency' }],
    reference_s: 4,
  },
  {
    ...group,
    id: 'ing.goaway.no-budget-cost',
    title: 'What was not processed six times is delivered all the same: it counts as no failed try.',
    level: 'SHOULD',
    source: 'encode/httpx#149; RFC 9113 §8.7',
    records: 1,
    config: { 'retry.max_attempts': 3 },
    faults: [
      {
        id: 'goaway',
        on: 'request',
        key: 'global',
        when: { nth: [1, 2, 3, 4, 5, 6] },
        fault: { type: 'goaway', code: 'NO_ERROR', last: 'none', then: 'finish' },
      },
    ],
    promises: [{ use: 'resent_unprocessed' }, once],
    reference_s: 6,
  },
  {
    ...group,
    id: 'ing.goaway.connection-cap',
    title: 'Where the server takes four connections at a time, the client settles for them, and delivers.',
    level: 'SHOULD',
    source: tooMany,
    records: 500,
    config: { 'batch.max_events': 10, concurrency: 8 },
    connections_cap: { live: 4, answer: 'goaway' },
    faults: [],
    promises: [{ use: 'settles', live: 4, more_max: 10 }, once],
  },
]

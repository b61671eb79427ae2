/** HTTP/2 beside GOAWAY: streams that are refused or break off, SETTINGS, PING, windows. */
import type { Case, Rule } from '../../src/door/index.ts'
import { atAnswer, overHttp2 } from './ingest.ts'

const group = { ...overHttp2, group: 'GOAWAY and HTTP/2', records: 10 } as const

const once = { use: 'landed', times: 1 } as const

/** The answer is lost twice, after so many bytes of its body. */
function reset(after: number): Rule {
  return {
    id: 'reset',
    on: `response-body(${after})`,
    key: 'content',
    taken: true,
    outcomes: [
      { type: 'rst_stream', code: 'CANCEL' },
      { type: 'rst_stream', code: 'INTERNAL_ERROR' },
      { type: 'none' },
    ],
  }
}

export const h2: readonly Case[] = [
  {
    ...group,
    id: 'ing.h2.refused-stream',
    title: 'A request whose stream is refused is sent again, and its records are delivered once.',
    level: 'MUST',
    source: 'RFC 9113 §8.7',
    faults: [
      atAnswer({
        id: 'refused',
        when: { attempt: [1] },
        taken: false,
        fault: { type: 'rst_stream', code: 'REFUSED_STREAM' },
      }),
    ],
    promises: [{ use: 'resent_unprocessed' }, once],
  },
  {
    ...group,
    id: 'ing.h2.rst-after-headers',
    title: 'A stream that is reset behind the head of its answer has not answered: sent again, or told.',
    level: 'SHOULD',
    source: 'gRPC interop rst_after_header; RFC 9113 §8.1',
    faults: [reset(0)],
    promises: [{ use: 'resent_or_told' }],
  },
  {
    ...group,
    id: 'ing.h2.rst-during-data',
    title: 'A stream that is reset within the body of its answer has not answered: sent again, or told.',
    level: 'SHOULD',
    source: 'gRPC interop rst_during_data; RFC 9113 §8.1',
    faults: [reset(5)],
    promises: [{ use: 'resent_or_told' }],
  },
  {
    ...group,
    id: 'ing.h2.max-streams',
    title: 'Where the server allows one stream at a time, there is never a second, and all is delivered.',
    level: 'MUST',
    source: 'RFC 9113 §5.1.2',
    records: 200,
    config: { 'batch.max_events': 10, concurrency: 4 },
    faults: [
      {
        id: 'one-stream',
        on: 'session',
        key: 'connection',
        fault: { type: 'max_concurrent_streams', streams: 1 },
      },
    ],
    promises: [{ use: 'streams_kept', max: 1 }, once],
  },
  {
    ...group,
    id: 'ing.h2.ping',
    title: 'Every PING is acknowledged, and the records are delivered, or told.',
    level: 'MUST',
    source: 'RFC 9113 §6.7; gRPC interop ping',
    faults: [
      {
        id: 'pings',
        on: 'response-head',
        key: 'content',
        taken: true,
        fault: { type: 'ping_flood', count: 5 },
      },
    ],
    promises: [{ use: 'pings_acked', grace_ms: 500 }, { use: 'told_or_landed' }],
  },
  {
    ...group,
    id: 'ing.h2.flow',
    title: 'Through a window that opens byte by byte the records are delivered.',
    level: 'SHOULD',
    source: 'RFC 9113 §6.9',
    records: 3,
    // What a client sends before it knows of the window goes through the one that it starts with.
    config: { 'batch.max_events': 1, concurrency: 1 },
    faults: [
      {
        id: 'window',
        on: 'session',
        key: 'connection',
        fault: { type: 'flow_control_stall', step_bytes: 1, every_ms: 1 },
      },
    ],
    promises: [once],
    reference_s: 5,
  },
]

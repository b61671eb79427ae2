/** Connections: kept, given up when the server says so, and replaced when it has closed them. */
import type { Case } from '../../src/door/index.ts'
import { answers, atAnswer, ifMet, ingest } from './ingest.ts'

const group = { ...ingest, group: 'Connections and timeouts' } as const

export const connections: readonly Case[] = [
  {
    ...group,
    id: 'ing.conn.reuse',
    title: 'Fifty batches, one after the other, share their connection.',
    level: 'SHOULD',
    source: 'OTLP "keep the connection alive"; RFC 9112 §9.3',
    records: 500,
    config: { 'batch.max_events': 10, concurrency: 1 },
    faults: [],
    promises: [{ use: 'connections', max: 2 }],
  },
  {
    ...group,
    id: 'ing.conn.close-honoured',
    title: 'After Connection: close nothing more is sent on the connection, and nothing is lost.',
    level: 'MUST',
    source: 'RFC 9112 §9.6',
    records: 10,
    config: { 'batch.max_events': 2, concurrency: 1 },
    faults: [atAnswer({ id: 'close', taken: true, fault: { type: 'connection_close' } })],
    promises: [{ use: 'close_honoured' }, { use: 'landed', times: 1 }],
  },
  {
    ...group,
    id: 'ing.conn.stale-idle',
    title: 'What follows after the server has closed an idle connection is delivered, once.',
    level: 'MUST',
    source: 'RFC 9112 §9.3.1',
    records: 20,
    steps: [
      { do: 'offer', records: 10 },
      { do: 'wait', for: 'close', at_most_ms: 6000 },
      { do: 'offer', records: 10 },
    ],
    config: { 'batch.max_events': 10, 'flush.interval_ms': 200 },
    faults: [
      ifMet({ id: 'idle', key: 'connection', on: 'idle', fault: { type: 'idle_close', after_ms: 2000 } }),
    ],
    promises: [{ use: 'reused_after_idle' }, { use: 'landed', times: 1 }],
    reference_s: 4,
  },
  {
    ...group,
    id: 'ing.conn.drains-body',
    title: 'Errors with a body of a megabyte do not use up connections: it is read, or few are given up.',
    level: 'MAY',
    source: 'RFC 9112 §9.3',
    records: 10,
    config: { concurrency: 1, 'retry.max_attempts': 6 },
    faults: [answers(503, [1, 2, 3, 4, 5], { body_bytes: 1_000_000 })],
    promises: [{ use: 'connections', max: 3 }],
  },
  {
    ...group,
    id: 'ing.conn.cap',
    title: 'In a burst there are no more connections than the client was told to have at work.',
    level: 'SHOULD',
    source: 'Tinybird guide "GOAWAY": too many alive connections',
    records: 500,
    config: { 'batch.max_events': 10, concurrency: 4 },
    faults: [{ id: 'slow', on: 'accept', shape: [{ type: 'latency', delay_ms: 200 }] }],
    promises: [
      { use: 'live_connections', max: 4, knob: 'concurrency' },
      { use: 'landed', times: 1 },
    ],
    reference_s: 6,
  },
]

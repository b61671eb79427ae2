/** Bodies that are too large: cut up, given up, remembered. */
import type { Case } from '../../src/door/index.ts'
import { answers, atAnswer, ifMet, ingest } from './ingest.ts'

const group = { ...ingest, group: '413' } as const

const above = (bytes: number) =>
  atAnswer({
    id: 'too-large',
    match: { bytes_above: bytes },
    taken: false,
    fault: { type: 'http_error', status: 413 },
  })

export const size: readonly Case[] = [
  {
    ...group,
    id: 'ing.413.split',
    title: 'A batch that is too large is cut up, and all of it is delivered.',
    level: 'SHOULD',
    source: 'grafana/alloy#6878; wandb/weave#5895',
    records: 64,
    payload: { pad_bytes: 480 },
    faults: [ifMet(above(10_240))],
    promises: [{ use: 'splits' }],
  },
  {
    ...group,
    id: 'ing.413.terminates',
    title: 'A record that is too large is given up and told, not sent for ever.',
    level: 'MUST',
    source: 'newrelic/newrelic-telemetry-sdk-java#320; RFC 9110 §15.5.14',
    records: 1,
    faults: [answers(413)],
    promises: [{ use: 'shrinks' }, { use: 'told' }],
  },
  {
    ...group,
    id: 'ing.413.only-the-big-one',
    title: 'One record that is too large does not take the others with it.',
    level: 'SHOULD',
    source: 'agmsg#609',
    records: 64,
    payload: { pad_at: { seq: 31, bytes: 24_000 } },
    faults: [above(20_000)],
    promises: [{ use: 'isolates', seq: 31 }],
  },
  {
    ...group,
    id: 'ing.413.learns',
    title: 'After some refusals the client begins with bodies that fit.',
    level: 'MAY',
    source: 'grafana/alloy#6878',
    records: 640,
    payload: { pad_bytes: 480 },
    config: { 'batch.max_events': 64 },
    faults: [ifMet(above(10_240))],
    promises: [{ use: 'learns' }],
  },
]

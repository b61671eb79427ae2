/** Time: connections that are not made, answers that do not come, or come late, and servers that read slowly. */
import type { Case } from '../../src/door/index.ts'
import { atAnswer, ingest } from './ingest.ts'

const group = { ...ingest, group: 'Connections and timeouts', records: 10 } as const

const once = { use: 'landed', times: 1 } as const
const timeout = { knobs: ['timeout.request_ms'] } as const

export const time: readonly Case[] = [
  {
    ...group,
    id: 'ing.time.connect',
    title: 'A server that answers no SYN for two seconds costs no record.',
    level: 'SHOULD',
    source: 'ClickHouse client timeout errors; RFC 9293 §3.8.3',
    records: 1,
    faults: [{ id: 'black-hole', on: 'accept', fault: { type: 'backlog_full', for_ms: 2000 } }],
    promises: [once],
    reference_s: 5,
  },
  {
    ...group,
    id: 'ing.time.headers',
    title: 'A request that gets no answer is given up by the client, and its records are sent again.',
    level: 'MUST',
    source: 'ClickHouse client timeout errors; RFC 9110 §9.2.2',
    needs: timeout,
    config: { 'timeout.request_ms': 1000 },
    faults: [atAnswer({ id: 'silence', when: { attempt: [1] }, taken: false, fault: { type: 'stall' } })],
    promises: [{ use: 'gives_up_waiting' }, once],
    reference_s: 4,
  },
  {
    ...group,
    id: 'ing.time.body',
    title: 'An answer whose body stalls is given up by the client: sent again, or told.',
    level: 'SHOULD',
    source: 'RFC 9112 §8',
    needs: timeout,
    config: { 'timeout.request_ms': 1000 },
    faults: [
      {
        id: 'silence',
        key: 'content',
        on: 'response-body(5)',
        when: { attempt: [1] },
        taken: true,
        fault: { type: 'stall' },
      },
    ],
    promises: [{ use: 'gives_up_waiting', or_told: true }, { use: 'resent_or_told' }],
    reference_s: 4,
  },
  {
    ...group,
    id: 'ing.time.paused-pipeline',
    title: 'While the server holds its answers, well within the timeout, the client waits.',
    level: 'SHOULD',
    source: 'ClickHouse "Ingestion": requests block until the pipeline resumes',
    needs: timeout,
    config: { 'timeout.request_ms': 8000 },
    faults: [atAnswer({ id: 'paused', taken: true, fault: { type: 'header_delay', delay_ms: 3000 } })],
    promises: [{ use: 'attempts', min: 1, max: 1 }, once],
    reference_s: 5,
  },
  {
    ...group,
    id: 'ing.time.slow-write',
    title: 'A body that the server reads at a kilobyte a second goes through, once.',
    level: 'MAY',
    source: 'ours (slow servers)',
    faults: [
      {
        id: 'slow-read',
        on: 'accept',
        shape: [{ type: 'bandwidth', bytes_per_s: 1000, direction: 'up' }],
      },
    ],
    promises: [{ use: 'attempts', min: 1, max: 1 }, once],
    reference_s: 5,
  },
]

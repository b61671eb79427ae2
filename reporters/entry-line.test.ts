/** Each kind of entry in words. */
import { describe, expect, it } from 'vitest'
import { entryKinds } from '../src/entry.ts'
import type { Entry } from '../src/entry.ts'
import { profiles } from '../src/profile.ts'
import { entryLine } from './entry-line.ts'
import { story } from './testing/reports.ts'

const ids = [[0, 0, 9]] as const
const request = { kind: 'request', req: 3, conn: 1, site: { lane: 'ingest', attempt: 2 }, ids } as const
const others: readonly Entry[] = [
  {
    n: 0,
    t: 0,
    kind: 'run',
    case: 'ing.base.one',
    title: 'one record lands',
    mode: 'ingest',
    level: 'MUST',
    source: 'S0',
    suite: 1,
    seed: '7',
    protocol: 'generic',
    rung: 'pipe',
    profile: profiles['generic'] ?? expect.fail('no generic profile'),
    knobs: [],
    can: [],
    checks: [],
    plan: {},
    tool: 'tailrace 0.1.0',
    schema: 1,
  },
  { n: 1, t: 0, kind: 'phase', name: 'drive' },
  { n: 2, t: 0, kind: 'claim', what: 'ack', ids },
  { n: 3, t: 0, kind: 'claim', what: 'signal', raw: 'SIGKILL', by: 'harness' },
  { n: 4, t: 1.2034e9, ...request, method: 'PUT', path: '/a?b', bytes: 7, complete: false, foreign: 2 },
  { n: 5, t: 0, ...request, method: 'PUT', path: '/', bytes: 7, complete: true, malformed: 'no colon' },
  { n: 6, t: 0, kind: 'take', req: 3, ids: [] },
  { n: 7, t: 0, kind: 'discard', ids, why: 'quarantine' },
  { n: 8, t: 0, kind: 'flush', block: 1, ids, error: 'disk full' },
  {
    n: 9,
    t: 0,
    kind: 'land',
    block: 1,
    ids: Array.from({ length: 6 }, (_, i) => [0, 2 * i, 2 * i] as const),
  },
  { n: 10, t: 0, kind: 'stall', who: 'client', ms: 20 },
  { n: 11, t: 0, kind: 'lateness', p50: 0.1, p99: 0.3, p999: 0.4 },
  { n: 12, t: 0, kind: 'act', what: 'eof' },
  { n: 13, t: 0, kind: 'act', what: 'signal', raw: 'SIGTERM', client: 1 },
  { n: 14, t: 0, kind: 'act', what: 'pause', ms: 250 },
  { n: 15, t: 0, kind: 'offer', ids, client: 3, control: true },
  { n: 16, t: 0, kind: 'claim', what: 'exit', code: 0, client: 1 },
  { n: 17, t: 0, kind: 'stall', who: 'stdin', ms: 20, client: 0 },
  {
    ...{ n: 18, t: 0, ...request, method: 'POST', path: '/', bytes: 7, complete: true, form: 'array' },
    ...{ coding: 'gzip', utf8: false, credential: '0123abcd', elsewhere: true, afterClose: true },
  },
  {
    n: 19,
    t: 0,
    kind: 'fault',
    rule: 'part',
    req: 3,
    orderDependent: true,
    planned: { type: 'partial_batch', point: 'response-head', taken: true, ids, from: 7 },
    emitted: { type: 'partial_batch', point: 'response-head', taken: true, ids, from: 7 },
  },
  { n: 20, t: 0, kind: 'frame', conn: 1, dir: 'out', type: 'GOAWAY', stream: 0, bytes: 8, code: 11, last: 3 },
  { n: 21, t: 0, kind: 'frame', conn: 1, dir: 'in', type: 'SETTINGS', stream: 0, bytes: 0, ack: true },
  { n: 22, t: 0, kind: 'frame', conn: 1, dir: 'in', type: 'DATA', stream: 3, bytes: 9, end: true },
  { n: 23, t: 0, kind: 'close', conn: 2, by: 'client', how: 'fin', handshake: 'tlsv1 alert unknown ca' },
]

describe('an entry in words', () => {
  it('has a line for every kind', () => {
    const all = [...story, ...others]
    expect(new Set(all.map((entry) => entry.kind))).toEqual(new Set(entryKinds))
    expect(all.map(entryLine).join('\n')).toMatchInlineSnapshot(`
      "     1.0 ms  offer 0.0–0.9
          90.4 ms  open connection 1, h1
          91.0 ms  request 1  POST / 0.0–0.9 attempt 1
          91.2 ms  respond 503 throttled to request 1, Retry-After 2000 ms
          91.3 ms  sent answer to request 1: full
          91.3 ms  fault http_error at response-head, status 503, not taken (first)
          95.0 ms  fault reset_peer at response-head, not taken (cut), misfired: none at response-head, not taken
          99.0 ms  close connection 1, fin by the client
         120.0 ms  claim exit 0
           0.0 ms  run ing.base.one, seed 7, generic over pipe
           0.0 ms  phase drive
           0.0 ms  claim ack 0.0–0.9
           0.0 ms  claim signal SIGKILL by the harness
        1203.4 ms  request 3  PUT /a?b 0.0–0.9 attempt 2, cut after 7 bytes, 2 foreign
           0.0 ms  request 3  malformed: no colon
           0.0 ms  take no records of request 3
           0.0 ms  discard 0.0–0.9, quarantine
           0.0 ms  flush 0.0–0.9, error disk full
           0.0 ms  land 0.0, 0.2, 0.4, 0.6, … 2 more ranges
           0.0 ms  stall of the client, 20 ms
           0.0 ms  lateness of timers, p99.9 0.4 ms
           0.0 ms  act eof
           0.0 ms  act signal SIGTERM, client 1
           0.0 ms  act pause 250 ms
           0.0 ms  offer 0.0–0.9, client 3, as a measure
           0.0 ms  claim exit 0, client 1
           0.0 ms  stall of the stdin, client 0, 20 ms
           0.0 ms  request 3  POST / 0.0–0.9 attempt 2, array, gzip, not UTF-8, credential 0123abcd, sent elsewhere, after Connection: close
           0.0 ms  fault partial_batch at response-head, on 0.0–0.9, from 7, taken (part), by order of arrival
           0.0 ms  frame out GOAWAY code 11 last stream 3, connection 1
           0.0 ms  frame in SETTINGS ACK, connection 1
           0.0 ms  frame in DATA END_STREAM, stream 3 of connection 1
           0.0 ms  close connection 2, fin by the client, no TLS: tlsv1 alert unknown ca"
    `)
  })
})

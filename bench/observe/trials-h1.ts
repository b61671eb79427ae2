/** How the faults of HTTP/1.1, of TCP and of the application are observed. */
import type { answers } from '../../src/faults/answers.ts'
import type { batches } from '../../src/faults/batches.ts'
import type { cuts } from '../../src/faults/cuts.ts'
import type { malformed } from '../../src/faults/malformed.ts'
import type { pace } from '../../src/faults/pace.ts'
import { longMs, midway } from './trial.ts'
import type { Trials } from './trial.ts'

/** More than loopback sockets hold unread, less than the server refuses. */
const largeUpload = 8_000_000

const answering: Trials<keyof typeof answers> = {
  none: [{ fault: { type: 'none' } }],
  http_error: [
    { fault: { type: 'http_error', status: 503 }, taken: false },
    { fault: { type: 'http_error', status: 429, retry_after_s: 1 }, taken: false },
  ],
  header_delay: [{ fault: { type: 'header_delay', delay_ms: 100 } }],
  rate_limit: [{ fault: { type: 'rate_limit', limit: 0, per_s: 1 }, taken: false }],
  early_response: [
    { fault: { type: 'early_response', status: 413 }, on: 'request' },
    {
      fault: { type: 'early_response', status: 413, close: true },
      on: 'request',
      uploadBytes: largeUpload,
    },
  ],
  early_hints: [{ fault: { type: 'early_hints' } }],
}

const cutting: Trials<keyof typeof cuts> = {
  stall: [
    { fault: { type: 'stall' }, on: 'request' },
    { fault: { type: 'stall' } },
    { fault: { type: 'stall' }, on: `response-body(${midway})` },
  ],
  limit_data: [
    { fault: { type: 'limit_data', bytes: midway, framing: 'length', end: 'fin' } },
    { fault: { type: 'limit_data', bytes: midway, framing: 'length', end: 'rst' } },
    { fault: { type: 'limit_data', bytes: midway, framing: 'chunked', end: 'fin' } },
    { fault: { type: 'limit_data', bytes: midway, framing: 'close', end: 'fin' } },
    { fault: { type: 'limit_data', bytes: midway, framing: 'close', end: 'rst' } },
  ],
  empty_response: [
    { fault: { type: 'empty_response' } },
    { fault: { type: 'empty_response' }, taken: false },
  ],
  reset_peer: [
    { fault: { type: 'reset_peer' }, on: 'request' },
    { fault: { type: 'reset_peer' } },
    { fault: { type: 'reset_peer' }, on: `response-body(${midway})` },
    { fault: { type: 'reset_peer' }, on: 'response-end' },
  ],
  connection_close: [{ fault: { type: 'connection_close' } }],
  keepalive_race: [
    { fault: { type: 'keepalive_race', how: 'fin' }, on: 'request', before: 'answered' },
    { fault: { type: 'keepalive_race', how: 'rst' }, on: 'request', before: 'answered' },
  ],
  idle_close: [
    { fault: { type: 'idle_close', after_ms: 20, how: 'fin' }, on: 'idle', before: 'struck' },
    { fault: { type: 'idle_close', after_ms: 20, how: 'rst' }, on: 'idle', before: 'struck' },
  ],
  upload_reset: [{ fault: { type: 'upload_reset' }, on: 'request-body(65536)', uploadBytes: largeUpload }],
  connection_refused: [{ fault: { type: 'connection_refused', for_ms: longMs }, on: 'accept' }],
}

const breaking: Trials<keyof typeof malformed> = {
  missing_terminator: [
    { fault: { type: 'missing_terminator', end: 'fin' } },
    { fault: { type: 'missing_terminator', end: 'rst' } },
  ],
  malformed_chunk: [
    { fault: { type: 'malformed_chunk', how: 'size' } },
    { fault: { type: 'malformed_chunk', how: 'mismatch' } },
    { fault: { type: 'malformed_chunk', how: 'extension' } },
  ],
  random_data_then_close: [{ fault: { type: 'random_data_then_close', bytes: 50 } }],
  malformed_header: [
    { fault: { type: 'malformed_header', how: 'space_before_colon' } },
    { fault: { type: 'malformed_header', how: 'no_colon' } },
    { fault: { type: 'malformed_header', how: 'nul' } },
    { fault: { type: 'malformed_header', how: 'obs_fold' } },
    { fault: { type: 'malformed_header', how: 'bad_status_line' } },
  ],
  bare_lf: [{ fault: { type: 'bare_lf' } }],
  oversized_headers: [
    { fault: { type: 'oversized_headers', bytes: 20_000 } },
    { fault: { type: 'oversized_headers', bytes: 100_000 } },
  ],
  content_length_too_small: [{ fault: { type: 'content_length_too_small', extra_bytes: 5 } }],
  conflicting_content_length: [{ fault: { type: 'conflicting_content_length' } }],
  cl_and_te: [{ fault: { type: 'cl_and_te' } }],
  no_content_with_body: [{ fault: { type: 'no_content_with_body' } }],
  double_response: [{ fault: { type: 'double_response' } }],
  truncated_encoding: [
    { fault: { type: 'truncated_encoding', drop_bytes: 8, coding: 'gzip' } },
    { fault: { type: 'truncated_encoding', drop_bytes: 500, coding: 'gzip' } },
  ],
  expect_continue_withheld: [{ fault: { type: 'expect_continue_withheld' }, on: 'request', asks: 'expects' }],
  expectation_failed: [{ fault: { type: 'expectation_failed' }, on: 'request', asks: 'expects' }],
  unasked_continue: [{ fault: { type: 'unasked_continue' } }],
  unexpected_101: [{ fault: { type: 'unexpected_101' } }],
}

const pacing: Trials<keyof typeof pace> = {
  latency: [{ fault: { type: 'latency', delay_ms: 50 }, on: 'accept' }],
  bandwidth: [{ fault: { type: 'bandwidth', bytes_per_s: 10_000, direction: 'down' }, on: 'accept' }],
  slicer: [{ fault: { type: 'slicer', bytes: 100, gap_ms: 1 }, on: 'accept' }],
  chunked_dribble: [{ fault: { type: 'chunked_dribble', chunk_bytes: 200, interval_ms: 5 } }],
  slow_close: [{ fault: { type: 'slow_close', delay_ms: 100 }, on: 'response-end' }],
  upload_stall: [{ fault: { type: 'upload_stall' }, on: 'request', uploadBytes: largeUpload }],
  slow_accept: [{ fault: { type: 'slow_accept', for_ms: longMs }, on: 'accept' }],
  backlog_full: [{ fault: { type: 'backlog_full', for_ms: longMs }, on: 'accept' }],
}

const batching: Trials<keyof typeof batches> = {
  partial_batch: [{ fault: { type: 'partial_batch', from: 0, of: 1, as: 'quarantine' } }],
  discard_after_take: [{ fault: { type: 'discard_after_take' } }],
}

export type H1Name = keyof typeof answers | keyof typeof cuts | keyof typeof malformed | PaceOrBatch
type PaceOrBatch = keyof typeof pace | keyof typeof batches

export const h1Trials: Trials<H1Name> = { ...answering, ...cutting, ...breaking, ...pacing, ...batching }

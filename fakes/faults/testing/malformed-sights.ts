/** Answers that break the rules of HTTP/1.1, as a client sees them. */
import { gzipSync } from 'node:zlib'
import { digest } from '../../../src/random.ts'
import { dateLine } from '../../testing/serving.ts'
import { answer, head, json, ok } from './sight.ts'
import type { Sight, Sights } from './sight.ts'
import type { malformed } from '../../../src/faults/malformed.ts'

const body = '{"ok":true}'
const taken = { taken: [true], end: 'fin' } as const
const closes = ['Connection: close'] as const
const chunkedHead = head(202, 'Accepted', [json], 'chunked')

/** An answer that says Connection: close, with `more` at its head or at its end. */
function closing(first: readonly string[], last: readonly string[] = [], lineEnd = '\r\n'): string {
  const fields = [...first, json, dateLine, ...closes, 'Content-Length: 11', ...last]
  return ['HTTP/1.1 202 Accepted', ...fields, '', ''].join(lineEnd)
}

function broken(line: string): string {
  return closing([line]) + body
}

const headers = (
  [
    ['space_before_colon', broken('x-broken : 1')],
    ['no_colon', broken('x-broken 1')],
    ['nul', broken('x-broken: 1\u00002')],
    ['obs_fold', broken('x-broken: 1\r\n 2')],
    ['bad_status_line', (closing([]) + body).replace(' 202 ', ' ')],
  ] as const
).map(([how, text]): Sight => ({ ...taken, fault: { type: 'malformed_header', how }, text }))

/** As the rule, its key and the count have it drawn. */
const garbage = Buffer.concat(
  [0, 1].map((block) => digest('1', 'struck', '0.0', 1, 'bytes', block)),
).subarray(0, 50)

const coded = gzipSync(body).subarray(0, -9)
const expects = { point: 'request', asks: ['Expect: 100-continue'] } as const

export const malformedSights: Sights<keyof typeof malformed> = {
  missing_terminator: (['fin', 'rst'] as const).map((end) => ({
    fault: { type: 'missing_terminator', end },
    taken: [true],
    text: `${chunkedHead}b\r\n${body}\r\n`,
    end,
  })),
  malformed_chunk: [
    {
      ...taken,
      fault: { type: 'malformed_chunk', how: 'size' },
      text: `${chunkedHead}zz\r\n${body}\r\n`,
    },
    {
      ...taken,
      fault: { type: 'malformed_chunk', how: 'mismatch' },
      text: `${chunkedHead}b\r\n${body}more\r\n`,
    },
    {
      fault: { type: 'malformed_chunk', how: 'extension' },
      taken: [true],
      text: `${chunkedHead}b;="\r\n${body}\r\n0\r\n\r\n`,
      end: 'open',
    },
  ],
  random_data_then_close: [
    {
      fault: { type: 'random_data_then_close', bytes: garbage.length },
      text: garbage.toString('latin1'),
      end: 'fin',
    },
  ],
  malformed_header: headers,
  bare_lf: [{ ...taken, fault: { type: 'bare_lf' }, text: closing([], [], '\n') + body }],
  oversized_headers: [
    {
      fault: { type: 'oversized_headers', bytes: 100_000 },
      taken: [true],
      text: answer(202, 'Accepted', body, [`x-oversized: ${'x'.repeat(100_000)}`]),
      end: 'open',
    },
  ],
  content_length_too_small: [
    { ...taken, fault: { type: 'content_length_too_small', extra_bytes: 5 }, text: `${ok}xxxxx` },
  ],
  conflicting_content_length: [
    {
      ...taken,
      fault: { type: 'conflicting_content_length' },
      text: closing([], ['Content-Length: 12']) + body,
    },
  ],
  cl_and_te: [
    {
      ...taken,
      fault: { type: 'cl_and_te' },
      text: `${closing([], ['Transfer-Encoding: chunked'])}b\r\n${body}\r\n0\r\n\r\n`,
    },
  ],
  no_content_with_body: [
    {
      ...taken,
      fault: { type: 'no_content_with_body' },
      text: ['HTTP/1.1 204 No Content', json, dateLine, '', body].join('\r\n'),
    },
  ],
  double_response: [{ ...taken, fault: { type: 'double_response' }, text: ok + ok }],
  truncated_encoding: [
    {
      fault: { type: 'truncated_encoding', drop_bytes: 9, coding: 'gzip' },
      taken: [true],
      text: head(202, 'Accepted', [json, 'content-encoding: gzip'], coded.length) + coded.toString('latin1'),
      end: 'open',
    },
  ],
  expect_continue_withheld: [
    { ...expects, fault: { type: 'expect_continue_withheld' }, taken: [true], text: ok, end: 'open' },
  ],
  expectation_failed: [
    {
      ...expects,
      fault: { type: 'expectation_failed' },
      taken: [false],
      text: answer(417, 'Expectation Failed', '{"error":"Expectation Failed"}', ['connection: close']),
      end: 'fin',
    },
  ],
  unasked_continue: [
    {
      fault: { type: 'unasked_continue' },
      taken: [true],
      text: `HTTP/1.1 100 Continue\r\n\r\n${ok}`,
      end: 'open',
    },
  ],
  unexpected_101: [
    {
      fault: { type: 'unexpected_101' },
      text: 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
      end: 'open',
    },
  ],
}

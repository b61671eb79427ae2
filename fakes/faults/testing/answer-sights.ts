/** Faults that answer wrongly, late, too early, or as usual, as a client sees them. */
import { answer, ok } from './sight.ts'
import type { Sights } from './sight.ts'

const tooMany = '{"error":"Too Many Requests"}'
const found = '{"error":"Found"}'
const tooLarge = '{"error":"Payload Too Large"}'
const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload; as=style\r\n\r\n'

type Answering =
  'none' | 'http_error' | 'latency' | 'header_delay' | 'rate_limit' | 'early_hints' | 'early_response'

export const answerSights: Sights<Answering> = {
  none: [{ fault: { type: 'none' }, taken: [true], text: ok, end: 'open' }],
  http_error: [
    {
      fault: { type: 'http_error', status: 503 },
      text: answer(503, 'Service Unavailable', '{"error":"Service Unavailable"}'),
      end: 'open',
    },
    {
      fault: { type: 'http_error', status: 429, retry_after_s: 2, headers: { 'x-why': 'limit' } },
      text: answer(429, 'Too Many Requests', tooMany, ['x-why: limit', 'retry-after: 2']),
      end: 'open',
    },
    {
      fault: { type: 'http_error', status: 500, body: 'no JSON', date_skew_s: 60 },
      text: answer(500, 'Internal Server Error', 'no JSON', ['date: Thu, 01 Jan 2026 00:01:00 GMT']),
      end: 'open',
    },
    {
      fault: { type: 'http_error', status: 302, location: 'same' },
      text: answer(302, 'Found', found, ['location: http://test/?moved=1']),
      end: 'open',
    },
    {
      fault: { type: 'http_error', status: 302, location: 'other' },
      text: answer(302, 'Found', found, ['location: http://localhost/']),
      end: 'open',
    },
    {
      fault: { type: 'http_error', status: 429, retry_after_s: 3, retry_after_form: 'date' },
      text: answer(429, 'Too Many Requests', tooMany, [
        'retry-after: Thu, 01 Jan 2026 00:00:03 GMT',
        'date: Thu, 01 Jan 2026 00:00:00 GMT',
      ]),
      end: 'open',
    },
    {
      fault: {
        ...{ type: 'http_error', status: 429, retry_after_s: 3 },
        ...{ retry_after_form: 'date', date_skew_s: -3600 },
      },
      text: answer(429, 'Too Many Requests', tooMany, [
        'retry-after: Wed, 31 Dec 2025 23:00:03 GMT',
        'date: Wed, 31 Dec 2025 23:00:00 GMT',
      ]),
      end: 'open',
    },
  ],
  latency: [
    {
      fault: { type: 'latency', delay_ms: 5, jitter_ms: 2 },
      point: 'accept',
      taken: [true],
      text: ok,
      end: 'open',
    },
  ],
  header_delay: [{ fault: { type: 'header_delay', delay_ms: 5 }, taken: [true], text: ok, end: 'open' }],
  rate_limit: [
    {
      fault: { type: 'rate_limit', limit: 0, per_s: 1 },
      taken: [false],
      text: answer(429, 'Too Many Requests', tooMany, ['retry-after: 1']),
      end: 'open',
    },
    {
      fault: { type: 'rate_limit', limit: 0, per_s: 1, retry_after: 'date' },
      taken: [false],
      text: answer(429, 'Too Many Requests', tooMany, ['retry-after: Thu, 01 Jan 2026 00:00:01 GMT']),
      end: 'open',
    },
    {
      fault: { type: 'rate_limit', limit: 1, per_s: 3600, retry_after: 'none' },
      taken: [false],
      before: 1,
      landed: 1,
      text: ok + answer(429, 'Too Many Requests', tooMany),
      end: 'open',
    },
  ],
  early_hints: [
    { fault: { type: 'early_hints' }, taken: [true], text: hints + ok, end: 'open' },
    {
      fault: { type: 'early_hints', status: 102, headers: { 'x-at': 'work' } },
      taken: [true],
      text: `HTTP/1.1 102 Processing\r\nx-at: work\r\n\r\n${ok}`,
      end: 'open',
    },
  ],
  early_response: [
    {
      fault: { type: 'early_response', status: 413 },
      point: 'request',
      taken: [false],
      text: answer(413, 'Payload Too Large', tooLarge),
      end: 'open',
    },
    {
      fault: { type: 'early_response', status: 413, close: true },
      point: 'request',
      taken: [false],
      text: answer(413, 'Payload Too Large', tooLarge, ['connection: close']),
      end: 'fin',
    },
  ],
}

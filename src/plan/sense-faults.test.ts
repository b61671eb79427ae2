/** What single faults ask of their rules. */
import { describe, expect, it } from 'vitest'
import { ruleProblems } from './parse.ts'

/** Problems of one rule that would else be good, as `pointer: expected, got`. */
function told(rule: object): string[] {
  return ruleProblems([{ id: 'a', ...rule }], '').map(
    ({ at, expected, got }) => `${at}: ${expected}, got ${got}`,
  )
}

const after = { on: 'response-head', taken: true }
const before = { on: 'response-head', taken: false }
const part = { type: 'partial_batch', from: 1, of: 2, as: 'retry' }
const refused = { type: 'connection_refused', for_ms: 1 }
const full = { type: 'backlog_full', for_ms: 1 }
const slices = { type: 'slicer', bytes: 4 }
const stop = { type: 'client_stop', how: 'sigkill', after_ms: 1 }
const idle = { type: 'idle_close', after_ms: 1 }
const limit = { type: 'rate_limit', limit: 1, per_s: 1 }
const race = { type: 'keepalive_race', how: 'fin' }
const promise = /: an answer that makes no promise, or taken: true, as 2xx follows take, got /

describe('a rule', () => {
  it.each([
    { ...before, key: 'global', when: { until_s: 10 }, fault: limit },
    { ...after, fault: part },
    { ...after, fault: { type: 'discard_after_take' } },
    { ...after, fault: { type: 'connection_close' } },
    { ...after, fault: { type: 'early_hints' } },
    {
      ...before,
      fault: { type: 'http_error', status: 503, headers: { 'x-a~b': 'é\t', Connection: 'close' } },
    },
    { ...after, fault: part, expect: { fired: { min: 0, max: 0 } } },
    { ...after, fault: part, expect: { fired: { max: 1 } } },
    { ...after, fault: { type: 'missing_terminator', end: 'rst', linger_ms: 1 } },
    { ...after, fault: { type: 'double_response' } },
    { ...before, fault: { type: 'random_data_then_close', bytes: 1 } },
    { ...before, fault: { type: 'unexpected_101' } },
    { on: 'request', fault: { type: 'expect_continue_withheld' } },
    { on: 'request', fault: { type: 'expectation_failed' } },
    { ...before, match: { bytes_above: 0 }, fault: { type: 'http_error', status: 413 } },
    { on: 'request', when: { nth: [2], from_s: 1 }, fault: race },
    { on: 'request', fault: { type: 'early_response', status: 413 } },
    { on: 'request-body(9)', fault: { type: 'upload_reset' } },
    { on: 'accept', fault: refused },
    { on: 'accept', key: 'global', when: { from_s: 1 }, fault: refused },
    { on: 'accept', key: 'connection', fault: refused },
    { on: 'accept', when: { from_s: 1 }, fault: full },
    { on: 'accept', fault: { type: 'slow_accept', for_ms: 1 } },
    {
      on: 'accept',
      shape: [
        { ...slices, variation_bytes: 3 },
        { type: 'bandwidth', bytes_per_s: 1 },
      ],
    },
    { ...after, fault: { type: 'chunked_dribble', chunk_bytes: 1, interval_ms: 1 } },
    { on: 'response-end', taken: true, fault: { type: 'slow_close', delay_ms: 1 } },
    { on: 'request', fault: { type: 'upload_stall' } },
    { on: 'idle', key: 'connection', when: { attempt: [1], until_s: 9 }, fault: idle },
    { on: 'client', key: 'global', fault: stop },
  ])('may be %j', (rule) => expect(told(rule)).toEqual([]))

  it.each<[string, object, RegExp]>([
    [
      'a client stopped elsewhere',
      { on: 'request', fault: stop },
      /^\/0\/fault: a fault that can strike at request/,
    ],
    [
      'a client stopped at no time',
      { on: 'client', fault: { type: 'client_stop', how: 'sigkill' } },
      /^\/0\/fault: the key after_requests or after_ms, got none$/,
    ],
    [
      'a client stopped by counts',
      { on: 'client', when: { nth: [1] }, fault: stop },
      /^\/0\/when\/nth: no such key/,
    ],
    [
      'a client stopped in turn',
      { on: 'client', outcomes: [stop] },
      /^\/0\/outcomes: fault, as it strikes once/,
    ],
    ['a limit that takes', { ...after, fault: limit }, /^\/0\/taken: false: what is over the limit/],
    ['a part of nothing', { ...after, fault: { ...part, from: 2 } }, /^\/0\/fault\/from: less than of, 2, /],
    ['a part that is not taken', { ...before, fault: part }, promise],
    ['a loss that is not taken', { ...before, fault: { type: 'discard_after_take' } }, promise],
    ['a close without a take', { ...before, fault: { type: 'connection_close' } }, promise],
    ['hints without a take', { ...before, fault: { type: 'early_hints' } }, promise],
    ['a bad head without a take', { ...before, fault: { type: 'bare_lf' } }, promise],
    ['204 without a take', { ...before, fault: { type: 'no_content_with_body' } }, promise],
    [
      'a body without its end and a take',
      { ...before, fault: { type: 'missing_terminator', end: 'fin' } },
      promise,
    ],
    [
      'a FIN that lingers',
      { ...after, fault: { type: 'missing_terminator', end: 'fin', linger_ms: 1 } },
      /^\/0\/fault\/linger_ms: no such key: a FIN does not wait/,
    ],
    [
      'a bad head elsewhere',
      { on: 'response-end', taken: true, fault: { type: 'malformed_header', how: 'nul' } },
      /^\/0\/fault: a fault that can strike at response-end/,
    ],
    [
      'the form of no Retry-After',
      { ...before, fault: { type: 'http_error', status: 429, retry_after_form: 'date' } },
      /^\/0\/fault: the key retry_after_s beside/,
    ],
    [
      'a length that the answer has not',
      { ...before, fault: { type: 'http_error', status: 503, headers: { 'Content-Length': '999' } } },
      /^\/0\/fault\/headers\/Content-Length: no such header: the answer is framed by its own length, got "999"$/,
    ],
    [
      'a framing of hints',
      { ...after, fault: { type: 'early_hints', headers: { 'transfer-encoding': 'chunked' } } },
      /^\/0\/fault\/headers\/transfer-encoding: no such header/,
    ],
    [
      'a header of two words',
      { ...after, fault: { type: 'early_hints', headers: { 'a/ b': 'c' } } },
      /^\/0\/fault\/headers\/a~1 b: the name of a header, got "a\/ b"$/,
    ],
    [
      'a header within another',
      { ...before, fault: { type: 'http_error', status: 503, headers: { a: 'b\r\nc: d' } } },
      /^\/0\/fault\/headers\/a: a text without line ends/,
    ],
    [
      'a header that no head can hold',
      { ...before, fault: { type: 'http_error', status: 503, headers: { a: '€' } } },
      /^\/0\/fault\/headers\/a: a text without line ends, of Latin-1, got "€"$/,
    ],
    [
      'more than it may be',
      { ...after, fault: part, expect: { fired: { min: 3, max: 1 } } },
      /^\/0\/expect\/fired\/max: at least min, 3, got 1$/,
    ],
    [
      'never, and once at least',
      { ...after, fault: part, expect: { fired: { max: 0 } } },
      /^\/0\/expect\/fired\/max: at least min, 1, got 0$/,
    ],
    [
      'a door by content',
      { on: 'accept', key: 'content', fault: refused },
      /^\/0\/key: connection or global: at accept there is no request/,
    ],
    [
      'a door by match',
      { on: 'accept', match: { path: '/' }, fault: refused },
      /^\/0\/match: no such key: at accept there is no request/,
    ],
    [
      'a door until',
      { on: 'accept', when: { until_s: 1 }, fault: refused },
      /^\/0\/when\/until_s: from_s alone/,
    ],
    [
      'a backlog until',
      { on: 'accept', when: { until_s: 1 }, fault: full },
      /^\/0\/when\/until_s: from_s alone/,
    ],
    ['a backlog in turn', { on: 'accept', outcomes: [full] }, /^\/0\/outcomes: fault, as it strikes once/],
    [
      'slices of nothing',
      { on: 'accept', shape: [{ ...slices, variation_bytes: 4 }] },
      /^\/0\/shape\/0\/variation_bytes: less than bytes, 4, /,
    ],
    ['slices as a fault', { on: 'accept', fault: slices }, /^\/0\/fault: shape to hold it, as it shapes/],
    [
      'a drip that is not taken',
      { ...before, fault: { type: 'chunked_dribble', chunk_bytes: 1, interval_ms: 1 } },
      promise,
    ],
    [
      'a late close of what is not taken',
      { on: 'response-end', taken: false, fault: { type: 'slow_close', delay_ms: 1 } },
      promise,
    ],
    ['a door by chance', { on: 'accept', oneOf: [refused] }, /^\/0\/oneOf: fault, as it strikes once/],
    [
      'idle by content',
      { on: 'idle', key: 'content', fault: idle },
      /^\/0\/key: connection or global: at idle/,
    ],
    [
      'idle by header',
      { on: 'idle', key: 'header:a', fault: idle },
      /^\/0\/key: connection or global: at idle/,
    ],
    [
      'idle by match',
      { on: 'idle', match: { method: 'POST' }, fault: idle },
      /^\/0\/match: no such key: at idle/,
    ],
    ['idle by site', { at: 'ingest:0.0#1@idle', fault: idle }, /^\/0\/at: no such key: at idle/],
    ['a client by content', { on: 'client', key: 'content', fault: stop }, /^\/0\/key: connection or global/],
    [
      'a size before it is known',
      { on: 'request', match: { bytes_above: 1 }, fault: race },
      /^\/0\/match\/bytes_above: response-head or later, where the whole body is known/,
    ],
    [
      'a size that is none',
      { ...before, match: { bytes_above: -1 }, fault: limit },
      /^\/0\/match\/bytes_above: >= 0/,
    ],
  ])('may not have %s', (_, rule, problem) => {
    expect(told(rule)).toEqual(expect.arrayContaining([expect.stringMatching(problem)]))
  })
})

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { describePlan, describeRule } from './describe.ts'
import { parsePlan } from './parse.ts'
import type { Rule } from './plan.ts'

const reset: Pick<Rule, 'on' | 'taken' | 'fault'> = {
  on: 'response-head',
  taken: true,
  fault: { type: 'reset_peer' },
}

describe('a plan in words', () => {
  it('has a sentence for each rule of the example', () => {
    const text = readFileSync(new URL('testing/example.yaml', import.meta.url), 'utf8')
    expect(describePlan(parsePlan(text, 'example'))).toEqual([
      'On attempts 1 and 2 of each logical request to POST /v0/events, takes the records, then resets the connection with RST (linger 20 ms) where the head of the answer was due.',
      'On every request to /v0/batch, takes nothing and in turn, the last for ever: http_error (status 503); http_error (status 429, retry after 2 s); none; where the head of the answer was due.',
      'On every connection, delays what the server writes, keeping its order (delay 40 ms, jitter 10 ms).',
      'On attempt 1 of the ingest request that 0.0 names, takes nothing and answers with this status in place of what the protocol would have said (status 503, retry after 1 s) where the head of the answer was due.',
      'After 30 s no rule strikes.',
    ])
  })

  it.each<[string, Rule]>([
    [
      'On every request, when it is told to, while it rains is set, takes the records, then resets the connection with RST where the head of the answer was due.',
      { id: 'a', ...reset, when: { fire: 'manual', state: 'it rains' } },
    ],
    [
      'On requests 1, 2 and 5 of each connection, resets the connection with RST when the head of the request is read.',
      { id: 'a', on: 'request', when: { attempt: [1, 2, 5] }, fault: { type: 'reset_peer' } },
    ],
    [
      "On request 2, stops reading or writing and leaves the connection open (for 50 ms) after 4096 bytes of the request's body.",
      {
        id: 'a',
        on: 'request-body(4096)',
        key: 'global',
        when: { attempt: [2] },
        fault: { type: 'stall', for_ms: 50 },
      },
    ],
    [
      'On request 1 of each value of header x-tenant, takes the records, then resets the connection with RST where the head of the answer was due.',
      { id: 'a', ...reset, key: 'header:x-tenant', when: { attempt: [1] } },
    ],
    [
      'On request 1 of each value of json /id, takes the records, then resets the connection with RST where the head of the answer was due.',
      { id: 'a', ...reset, key: 'json:/id', when: { attempt: [1] } },
    ],
    [
      'On every request, matches 3 and 5 in all, one match in 7, with probability 0.5, from 1 s on, until 2 s, takes the records, then resets the connection with RST where the head of the answer was due.',
      { id: 'a', ...reset, when: { nth: [3, 5], every: 7, probability: 0.5, from_s: 1, until_s: 2 } },
    ],
    [
      "On every request to PUT or POST /a or /b… or /^c$/ with header x-a 1 and header x-b absent and 5 at /n, takes the records, then resets the connection with RST after 0 bytes of the answer's body.",
      {
        id: 'a',
        ...reset,
        on: 'response-body(0)',
        match: {
          method: ['PUT', 'POST'],
          path: ['/a', { prefix: '/b' }, { regex: '^c$' }],
          headers: { 'x-a': '1', 'x-b': { present: false } },
          json: { '/n': 5 },
        },
      },
    ],
    [
      'On every request to POST with 5 at /n and a body of more than 100 bytes, takes nothing and answers with this status in place of what the protocol would have said (status 413) where the head of the answer was due.',
      {
        ...{ id: 'a', on: 'response-head', taken: false, fault: { type: 'http_error', status: 413 } },
        match: { method: 'POST', json: { '/n': 5 }, bytes_above: 100 },
      },
    ],
    [
      'On every request, until 10 s, serves the first requests of each window and answers the others with 429 (limit 1, per 2 s) where the head of the answer was due.',
      {
        ...{ id: 'a', on: 'response-head', taken: false, key: 'global', when: { until_s: 10 } },
        fault: { type: 'rate_limit', limit: 1, per_s: 2 },
      },
    ],
    [
      'From 2 s on, closes the listener for a while: connections are refused, those that are open stay (for 500 ms).',
      {
        ...{ id: 'a', on: 'accept', when: { from_s: 2 } },
        fault: { type: 'connection_refused', for_ms: 500 },
      },
    ],
    [
      'After answer 1 of each connection, closes a connection that has carried an answer and then stayed idle (after 30 ms).',
      { id: 'a', on: 'idle', when: { attempt: [1] }, fault: { type: 'idle_close', after_ms: 30 } },
    ],
    [
      'After every answer, closes a connection that has carried an answer and then stayed idle (after 30 ms).',
      { id: 'a', on: 'idle', fault: { type: 'idle_close', after_ms: 30 } },
    ],
    [
      'Ends the client in the middle of its work (how sigterm, after requests 3).',
      { id: 'a', on: 'client', fault: { type: 'client_stop', how: 'sigterm', after_requests: 3 } },
    ],
    [
      'On attempt 1 of each logical request, takes the records, answers that they were accepted (202), and loses them where the head of the answer was due.',
      {
        ...{ id: 'a', on: 'response-head', taken: true, when: { attempt: [1] } },
        fault: { type: 'discard_after_take' },
      },
    ],
    [
      'On every request, takes the records, then one of: none with weight 3; reset_peer with weight 1; where the end of the answer was due.',
      {
        id: 'a',
        on: 'response-end',
        taken: true,
        oneOf: [{ type: 'none', weight: 3 }, { type: 'reset_peer' }],
      },
    ],
  ])('says: %s', (sentence, rule) => expect(describeRule(rule)).toBe(sentence))
})

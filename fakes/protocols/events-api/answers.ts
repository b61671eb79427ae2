/**
 * The words of the Events API: JSON in every answer, errors with `error` and `documentation`, the rate-limit
 * headers, and the headers by which a browser may read them (Fetch standard, CORS protocol).
 */
import { STATUS_CODES } from 'node:http'
import { headerValue } from '../../../src/exchange.ts'
import type { Head, Header } from '../../../src/exchange.ts'
import type { DataSource } from '../../pipeline/data-sources.ts'
import { jsonAnswer } from '../../answer.ts'
import type { Answer } from '../../answer.ts'
import type { Rates } from './rates.ts'

const documentation = 'https://www.tinybird.co/docs/api-reference/events-api'

const crossOrigin: readonly Header[] = [
  ['access-control-allow-origin', '*'],
  [
    'access-control-expose-headers',
    'Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id',
  ],
]

/** What every answer carries; `source` is the data source in question, where one is. */
export function commonHeaders(status: number, rates: Rates, source?: DataSource): Header[] {
  return [...rates.headers(status, source), ...crossOrigin]
}

export function errorAnswer(
  status: number,
  message: string = STATUS_CODES[status] ?? `status ${status}`,
  more: object = {},
): Answer {
  return jsonAnswer(status, { error: message, documentation, ...more })
}

/** A preflight needs no token: the browser asks before it may send one. 204 has no content. */
export function preflightAnswer(head: Head): Answer {
  const asked = headerValue(head.headers, 'access-control-request-headers') ?? ''
  const headers: Header[] = [
    ['access-control-allow-methods', 'GET, POST, OPTIONS'],
    // A `*` would not cover Authorization, so what was asked for is said back.
    ['access-control-allow-headers', /^[\w\-, ]+$/.test(asked) ? asked : 'Authorization, Content-Type'],
    ['access-control-max-age', '86400'],
  ]
  return { status: 204, headers, body: Buffer.alloc(0) }
}

export function notAllowed(method: string, path: string, allowed: string): Answer {
  const answer = errorAnswer(405, `${method} is not served at ${path}`)
  return { ...answer, headers: [...answer.headers, ['allow', allowed]] } // RFC 9110 §15.5.6
}

/** What the bulk API says: the results of the items, and its two forms of an error. */
import { STATUS_CODES } from 'node:http'
import type { Header } from '../../../src/exchange.ts'
import type { JsonObject } from '../../../src/record.ts'
import { jsonAnswer } from '../../answer.ts'
import type { Answer } from '../../answer.ts'
import type { Action, Malformed } from './actions.ts'

/** Official clients look for it in every 2xx and refuse the server without it (elastic/elasticsearch#73424). */
const product: Header = ['x-elastic-product', 'Elasticsearch']

/** Types of errors that clients meet with these statuses; `status_exception` is the one without a name of its own. */
const types: Readonly<Record<number, string>> = {
  400: 'illegal_argument_exception',
  401: 'security_exception',
  403: 'security_exception',
  404: 'resource_not_found_exception',
  409: 'version_conflict_engine_exception',
  429: 'es_rejected_execution_exception',
  503: 'cluster_block_exception',
}

/** The usual form: an error with its causes. */
export function errorAnswer(status: number, message?: string): Answer {
  const reason = message ?? STATUS_CODES[status] ?? `status ${status}`
  return refused(status, { type: types[status] ?? 'status_exception', reason })
}

export function refused(status: number, cause: Malformed): Answer {
  const { type, reason } = cause
  return jsonAnswer(status, { error: { root_cause: [cause], type, reason }, status }, [product])
}

/** The form of errors that come before the API itself: routes, methods, content types. */
export function plainError(status: number, error: string, headers: readonly Header[] = []): Answer {
  return jsonAnswer(status, { error, status }, [product, ...headers])
}

/** What became of an item. */
export type Fate = 'created' | 'unparsed' | 'unsupported' | 'rejected' | 'unknown'

const results: Readonly<Record<Fate, JsonObject & { status: number }>> = {
  created: { _version: 1, result: 'created', status: 201 },
  // So 7.x and OpenSearch; 8.x says document_parsing_exception.
  unparsed: { status: 400, error: { type: 'mapper_parsing_exception', reason: 'failed to parse' } },
  unsupported: {
    status: 400,
    error: { type: 'illegal_argument_exception', reason: 'only index and create are served here' },
  },
  rejected: {
    status: 429,
    error: { type: 'es_rejected_execution_exception', reason: 'rejected execution of primary operation' },
  },
  // In no documentation; by its class a refusal (RFC 9110 §15: an unknown status is as x00 of its class).
  unknown: { result: 'wat', status: 499 },
}

export interface Result {
  readonly action: Action
  readonly index: string
  readonly id: string
  readonly fate: Fate
}

/** A result for each item, in the order of the request. */
export function bulkAnswer(items: readonly Result[]): Answer {
  const errors = items.some(({ fate }) => results[fate].status >= 400)
  const told = items.map(({ action, index, id, fate }) => ({
    [action]: { _index: index, _id: id, ...results[fate] },
  }))
  return jsonAnswer(200, { took: 0, errors, items: told }, [product])
}

/** `GET /`, which clients of 7.14 ask before anything else (elastic/elasticsearch-js#1487). */
export function infoAnswer(bare: boolean): Answer {
  const version = { number: '8.0.0', build_flavor: 'default' }
  const info = { name: 'tailrace', cluster_name: 'tailrace', version, tagline: 'You Know, for Search' }
  const answer = jsonAnswer(200, info, [product])
  return bare ? { ...answer, body: Buffer.alloc(0) } : answer
}

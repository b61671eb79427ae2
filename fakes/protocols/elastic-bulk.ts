/**
 * `elastic-bulk`: the _bulk API of Elasticsearch and OpenSearch, whose answer has a result for each item.
 *
 * POST or PUT /_bulk and /{index}/_bulk · NDJSON of action and source lines · 200 with
 * `{"took","errors","items":[{"create":{"_index","_id","status",…}}]}`. From the API's page
 * (https://www.elastic.co/guide/en/elasticsearch/reference/current/docs-bulk.html,
 * https://docs.opensearch.org/latest/api-reference/document-apis/bulk/) and the server's own parser. What is decided
 * here is marked [ours]: no credentials are demanded; an index may be left out; `update` and `delete` are refused
 * item by item; nothing is deduplicated by `_id`; 200 promises the take, and with `refresh` the landing.
 */
import { headerValue } from '../../src/exchange.ts'
import type { Head } from '../../src/exchange.ts'
import { includesId, rangesOf } from '../../src/record.ts'
import type { IdRange } from '../../src/record.ts'
import { give } from '../answer.ts'
import type { Answer } from '../answer.ts'
import type { GatedExchange } from '../gated-exchange.ts'
import { intake } from '../intake.ts'
import type { Intake, Taken } from '../intake.ts'
import { readBulk } from './elastic-bulk/actions.ts'
import type { Item } from './elastic-bulk/actions.ts'
import { bulkAnswer, errorAnswer, infoAnswer, plainError, refused } from './elastic-bulk/answers.ts'
import type { Fate } from './elastic-bulk/answers.ts'
import type { FakeProtocol } from './protocol.ts'

/** Where a request goes. */
interface Route {
  readonly path: string
  readonly query: URLSearchParams
  readonly bulk: boolean
  readonly index: string
}

/** The index of items that name none, as TAILRACE_URL does not [ours: the real one demands it]. */
const defaultIndex = 'tailrace'

export const elasticBulk: FakeProtocol = {
  name: 'elastic-bulk',
  paths: { ingest: '/_bulk' },
  exampleLines: ['{"create":{}}', '{"city":"Chicago"}'],
  errorAnswer,
  async serve(exchange, services) {
    const { head } = exchange
    const route = routeOf(head.path)
    const lane = route.bulk && writes(head) ? 'ingest' : 'control'
    const got = await intake(exchange, services, { lane })
    if (!got) return
    await give(exchange, refusal(head, route, got) ?? (await accept(exchange, route, got)))
  },
}

function routeOf(uri: string): Route {
  const url = uri.replace(/^https?:\/\/[^/?#]*/i, '') // absolute form: RFC 9112 §3.2.2
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark))
  const named = /^\/(?:([^/]+)\/)?_bulk\/?$/.exec(path)
  return { path, query, bulk: named !== null, index: named?.[1] ?? defaultIndex }
}

function writes({ method }: Head): boolean {
  return method === 'POST' || method === 'PUT'
}

/** In this order [ours]: route, method, content type, size and coding. */
function refusal(head: Head, { path, bulk }: Route, { refusal: unread }: Intake): Answer | undefined {
  const { method, headers } = head
  if (path === '/' && (method === 'GET' || method === 'HEAD')) return infoAnswer(method === 'HEAD')
  if (!bulk) return errorAnswer(404, `no such endpoint here: ${method} ${path}`)
  if (!writes(head)) {
    const why = `Incorrect HTTP method for uri [${path}] and method [${method}], allowed: [POST, PUT]`
    return plainError(405, why, [['allow', 'POST, PUT']])
  }
  const type = headerValue(headers, 'content-type')
  if (type === undefined) return plainError(406, 'Content-Type header is missing')
  // https://www.elastic.co/blog/strict-content-type-checking-for-elasticsearch-rest-requests
  if (!/^application\/(vnd\.elasticsearch\+)?(x-nd)?json *(;|$)/i.test(type)) {
    return plainError(406, `Content-Type header [${type}] is not supported`)
  }
  return unread ? errorAnswer(unread.status, unread.message) : undefined
}

/** Sources that are no JSON objects are quarantined and refused with their item; the others are taken. */
async function accept(exchange: GatedExchange, route: Route, got: Intake): Promise<Answer> {
  const items = readBulk(got.body, got.records.rows)
  if ('reason' in items) return refused(400, items)
  const written = items.filter(({ action }) => action === 'index' || action === 'create')
  const good = written.filter(({ sound }) => sound)
  const bad = written.filter(({ sound }) => !sound)
  const { landed, partial } = got.take(idsOf(good), idsOf(bad))
  const answer = bulkAnswer(
    items.map((item, place) => ({
      action: item.action,
      index: item.index ?? route.index,
      id: item.id ?? `r${exchange.id}-${place}`,
      fate: fateOf(item, partial),
    })),
  )
  if (!waits(route)) return answer
  return (await landed) ? { ...answer, ack: 'landed' } : errorAnswer(500)
}

function idsOf(items: readonly Item[]): IdRange[] {
  return rangesOf(items.flatMap(({ records }) => records))
}

const struckFates = { quarantine: 'unparsed', retry: 'rejected', unknown: 'unknown' } as const

/** An item is answered for as a whole: where only a part of its records was struck, no answer would be true. */
function fateOf({ action, sound, records }: Item, partial: Taken['partial']): Fate {
  if (action !== 'index' && action !== 'create') return 'unsupported'
  if (!sound) return 'unparsed'
  const struck = records.filter((id) => partial && includesId(partial.struck, id))
  if (!partial || struck.length === 0) return 'created'
  if (struck.length < records.length) throw new Error('an item holds several records, and a part was struck')
  return struckFates[partial.fault.as]
}

/** https://www.elastic.co/guide/en/elasticsearch/reference/current/docs-refresh.html: empty stands for true. */
function waits({ query }: Route): boolean {
  const refresh = query.get('refresh')
  return refresh !== null && refresh !== 'false'
}

/**
 * `events-api`: the Tinybird Events API, from its public documentation and SDKs.
 *
 * POST /v0/events?name=…&wait=… · token in Authorization or the query · NDJSON · gzip · 202, or 200 once landed
 * when `wait=true` · `{"successful_rows":N,"quarantined_rows":M}`. What the documentation leaves open is decided
 * here and said so: [ours].
 */
import { STATUS_CODES } from 'node:http'
import { headerValue } from '../../src/exchange.ts'
import type { Head, Header } from '../../src/exchange.ts'
import { rangesOf } from '../../src/record.ts'
import type { IdRange } from '../../src/record.ts'
import type { BodyRecords } from '../../src/wire/records.ts'
import { give, jsonAnswer } from '../answer.ts'
import type { Answer } from '../answer.ts'
import type { GatedExchange } from '../gate.ts'
import { intake } from '../intake.ts'
import type { Intake } from '../intake.ts'
import type { FakeProtocol, Services } from './protocol.ts'

const documentation = 'https://www.tinybird.co/docs/api-reference/events-api'

/** Requests per second and data source that the current documentation grants. */
const rateLimit = 100

/** Errors are JSON with `error` and `documentation`; a 429 carries the rate-limit headers. */
function errorAnswer(status: number, message: string = STATUS_CODES[status] ?? `status ${status}`): Answer {
  const limited: Header[] = [
    ['x-ratelimit-limit', String(rateLimit)],
    ['x-ratelimit-remaining', '0'],
    ['x-ratelimit-reset', '1'],
  ]
  return jsonAnswer(status, { error: message, documentation }, status === 429 ? limited : [])
}

export const eventsApi: FakeProtocol = {
  name: 'events-api',
  paths: { ingest: '/v0/events?name=tailrace' },
  errorAnswer,
  async serve(exchange, services) {
    const target = new URL(exchange.head.path, 'http://localhost')
    const token = presentedToken(exchange.head, target)
    const lane = target.pathname === '/v0/events' ? 'ingest' : 'control'
    const got = await intake(exchange, { ...services, lane, auth: token !== undefined })
    if (!got) return
    const refused = refusal(exchange.head, target, token, services, got)
    await give(exchange, refused ?? (await accept(exchange, target, got)))
  },
}

/** RFC 6750 §2.1, or the query, which the guide's Python sample uses. */
function presentedToken(head: Head, target: URL): string | undefined {
  const bearer = /^bearer +(.+)$/i.exec(headerValue(head.headers, 'authorization') ?? '')
  return bearer?.[1]?.trim() ?? target.searchParams.get('token') ?? undefined
}

/** In this order [ours]: route, method, credentials, `name`, size and coding, emptiness. */
function refusal(
  head: Head,
  target: URL,
  token: string | undefined,
  services: Services,
  { refusal: unread, records }: Intake,
): Answer | undefined {
  if (target.pathname !== '/v0/events') return errorAnswer(404, `no such endpoint: ${target.pathname}`)
  if (head.method !== 'POST') {
    const answer = errorAnswer(405, `${head.method} is not served at /v0/events`)
    return { ...answer, headers: [...answer.headers, ['allow', 'POST']] }
  }
  if (token === undefined)
    return errorAnswer(401, 'no token: send it as Authorization: Bearer, or as ?token=')
  if (token !== services.token) return errorAnswer(403, 'invalid token')
  if (!target.searchParams.get('name')) return errorAnswer(400, 'the parameter name is required')
  if (unread) return errorAnswer(unread.status, unread.message)
  if (records.rows.length === 0) return errorAnswer(400, 'the body holds no rows')
  return undefined
}

/** Lines that are no JSON are quarantined and counted; the others are taken [ours, B3]. */
async function accept(exchange: GatedExchange, target: URL, got: Intake): Promise<Answer> {
  const { rows } = got.records
  const good = rows.filter((row) => row.json)
  const bad = rows.filter((row) => !row.json)
  const { landed } = got.take(idsOf(good), idsOf(bad))
  const body = { successful_rows: good.length, quarantined_rows: bad.length }
  const id: Header = ['x-request-id', `tr-${exchange.id}`]
  if (!waits(target)) return jsonAnswer(202, body, [id])
  return (await landed) ? { ...jsonAnswer(200, body, [id]), ack: 'landed' } : errorAnswer(500)
}

function idsOf(rows: BodyRecords['rows']): IdRange[] {
  return rangesOf(rows.flatMap((row) => row.ids))
}

/** Only `true`, in any case, and `1` wait [ours]. */
function waits(target: URL): boolean {
  return /^(true|1)$/i.test(target.searchParams.get('wait') ?? '')
}

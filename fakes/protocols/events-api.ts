/**
 * `events-api`: the Tinybird Events API, from its public documentation and SDKs.
 *
 * POST /v0/events?name=…&wait=… · token in Authorization or the query · NDJSON, or one document with
 * `format=json` · gzip · 202, or 200 once landed when `wait=true` · `{"successful_rows":N,"quarantined_rows":M}`.
 * Data sources are made and read under /v0/datasources. What the documentation leaves open is decided here and in
 * the folder beside this file, and said so: [ours]. docs/events-api.md has the table of what is whose.
 */
import type { Header } from '../../src/exchange.ts'
import { rangesOf } from '../../src/record.ts'
import type { IdRange } from '../../src/record.ts'
import type { BodyRecords } from '../../src/wire/records.ts'
import { give, jsonAnswer } from '../answer.ts'
import type { Answer } from '../answer.ts'
import { intake } from '../intake.ts'
import { counters } from '../partial.ts'
import type { DataSource } from '../pipeline/data-sources.ts'
import { readRows } from '../pipeline/rows.ts'
import { commonHeaders, errorAnswer, notAllowed, preflightAnswer } from './events-api/answers.ts'
import { authenticate, isAnswer, targetOf } from './events-api/call.ts'
import type { Call } from './events-api/call.ts'
import { dataSourcesPath, serveDataSources } from './events-api/data-sources.ts'
import { takeRows } from './events-api/take-rows.ts'
import type { TakenRows } from './events-api/take-rows.ts'
import { mayAppend, presentedToken } from './events-api/tokens.ts'
import type { FakeProtocol } from './protocol.ts'

const eventsPath = '/v0/events'

export const eventsApi: FakeProtocol = {
  name: 'events-api',
  paths: { ingest: `${eventsPath}?name=tailrace` },
  needsToken: true,
  errorAnswer: (status, message, workspace) => {
    const answer = errorAnswer(status, message)
    return {
      ...answer,
      headers: [...answer.headers, ...(workspace ? commonHeaders(status, workspace.rates) : [])],
    }
  },
  async serve(exchange, services) {
    const { workspace } = services
    const target = targetOf(exchange.head.path)
    const rows = target.pathname === eventsPath && exchange.head.method !== 'OPTIONS'
    const auth = presentedToken(exchange.head, target) !== undefined
    const got = await intake(exchange, services, { lane: rows ? 'ingest' : 'control', auth })
    if (!got) return
    const call: Call = { exchange, target, services, workspace, got }
    const answer = await answerTo(call)
    const source = workspace.dataSources.get(target.searchParams.get('name') ?? '')
    const id: Header = ['x-request-id', `tr-${exchange.id}`]
    await give(exchange, {
      ...answer,
      headers: [...answer.headers, ...commonHeaders(answer.status, workspace.rates, source), id],
    })
  },
}

/** In this order [ours]: preflight, route, method, credentials, then what each route asks. */
async function answerTo(call: Call): Promise<Answer> {
  const { exchange, target } = call
  const { method } = exchange.head
  if (method === 'OPTIONS') return preflightAnswer(exchange.head)
  if (dataSourcesPath.test(target.pathname)) return serveDataSources(call)
  if (target.pathname !== eventsPath) return errorAnswer(404, `no such endpoint: ${target.pathname}`)
  if (method !== 'POST') return notAllowed(method, eventsPath, 'POST, OPTIONS')
  const source = sourceFor(call)
  return isAnswer(source) ? source : append(call, source)
}

/** In this order [ours]: credentials, `name`, scope, existence. */
function sourceFor(call: Call): DataSource | Answer {
  const token = authenticate(call)
  if (isAnswer(token)) return token
  const name = call.target.searchParams.get('name')
  if (!name) return errorAnswer(400, 'the parameter name is required')
  if (!mayAppend(token, name)) return errorAnswer(403, `this token may not append to ${name}`)
  const source = call.workspace.dataSources.get(name)
  return (
    source ??
    errorAnswer(404, `no data source ${name}: create it first, by POST /v0/datasources?name=${name}`)
  )
}

/** In this order [ours]: size and coding, rate, format, emptiness. */
async function append(call: Call, source: DataSource): Promise<Answer> {
  const { got, target, workspace } = call
  if (got.refusal) return errorAnswer(got.refusal.status, got.refusal.message)
  if (!workspace.rates.admit(source))
    return limited(workspace.rates.perSecond, workspace.rates.waitS(), source)
  const format = target.searchParams.get('format') === 'json' ? 'json' : 'ndjson'
  const read = format === 'json' || !source.anyShape ? readRows(got.body, format) : undefined
  if (format === 'json' && !read)
    return errorAnswer(400, 'format=json, and the body is not one JSON document')
  const rows = source.anyShape ? got.records.rows.length : (read?.length ?? 0)
  if (rows === 0) return errorAnswer(400, 'the body holds no rows')
  return appended(call, source.anyShape ? takeAnyShape(call, source) : takeRows(call, source, read ?? []))
}

function limited(perSecond: number, waitS: number, { name }: DataSource): Answer {
  const answer = errorAnswer(429, `more than ${perSecond} requests in this second for data source ${name}`)
  return { ...answer, headers: [...answer.headers, ['retry-after', String(waitS)]] }
}

/** Rows that are no JSON are quarantined and counted; the others are taken [ours, B3]. */
function takeAnyShape(call: Call, source: DataSource): TakenRows {
  const { rows } = call.got.records
  const good = rows.filter((row) => row.json)
  const bad = rows.filter((row) => !row.json)
  const { landed, partial } = call.got.take(idsOf(good), idsOf(bad))
  if (call.got.lands) {
    const { successful_rows, quarantined_rows } = counters(good.length, bad.length, partial, '')
    source.quarantineRows(quarantined_rows)
    void landed.then((visible) => visible && source.land(successful_rows))
  }
  return { good: good.length, bad: bad.length, landed, partial }
}

function idsOf(rows: BodyRecords['rows']): IdRange[] {
  return rangesOf(rows.flatMap(({ ids }) => ids))
}

/** A batch of which a fault struck a part is answered when the rest has landed, as if it had waited [ours]. */
async function appended({ target, services }: Call, taken: TakenRows): Promise<Answer> {
  const { good, bad, landed, partial } = taken
  const body = counters(good, bad, partial, services.source.nonce)
  if (!waits(target) && !partial) return jsonAnswer(202, body)
  return (await landed) ? { ...jsonAnswer(200, body), ack: 'landed' } : errorAnswer(500)
}

/** Only `true`, in any case, and `1` wait [ours]. */
function waits(target: URL): boolean {
  return /^(true|1)$/i.test(target.searchParams.get('wait') ?? '')
}

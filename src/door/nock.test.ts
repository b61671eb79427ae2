/** Answers through nock, to fetch and to node:http; what the ledger has of them; and the matchers over it. */
import { Buffer } from 'node:buffer'
import http from 'node:http'
import { gzipSync } from 'node:zlib'
import nock from 'nock'
import { afterAll, describe, expect, it } from 'vitest'
import type { EntryKind, EntryOf } from '../entry.ts'
import type { Fault } from '../fault.ts'
import type { Plan, Rule } from '../plan/plan.ts'
import type { JsonObject } from '../record.ts'
import { nockPlan } from './nock.ts'
import type { NockedOrigin } from './nock.ts'
import type { CheckName } from './server-judge.ts'
import { startServer } from './vitest.ts'

const origin = 'http://ingest.invalid'
const plan = (...rules: Rule[]): Plan => ({ version: 1, seed: '1', rules })
const first = (fault: Fault, taken = false): Plan =>
  plan({ id: 'first', key: 'content', on: 'response-head', taken, when: { attempt: [1] }, fault })

const ndjson = (records: readonly JsonObject[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('')

function entries<K extends EntryKind>(api: NockedOrigin, kind: K): EntryOf<K>[] {
  return api.ledger().filter((entry): entry is EntryOf<K> => entry.kind === kind)
}

async function verdictOf(api: NockedOrigin, name: CheckName): Promise<string | undefined> {
  const [found] = await api.check(name)
  return found?.verdict
}

/** What a client saw: a status and a body, or the code of an error. */
interface Seen {
  readonly status?: number
  readonly headers?: Readonly<Record<string, unknown>>
  readonly text?: string
  readonly code?: string
  readonly message?: string
}

type Send = (url: string, body: string | Buffer, headers?: Record<string, string>) => Promise<Seen>

const byFetch: Send = async (url, body, headers = {}) => {
  try {
    const answer = await fetch(url, { method: 'POST', body, headers })
    return { status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text() }
  } catch (error) {
    return error as Seen
  }
}

const byHttp: Send = (url, body, headers = {}) =>
  new Promise((resolve) => {
    const asked = http.request(url, { method: 'POST', headers }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => (text += part))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }))
    })
    asked.on('error', resolve)
    asked.end(body)
  })

afterAll(() => nock.restore())

describe.each([
  ['fetch', byFetch],
  ['node:http', byHttp],
])('through nock, %s', (_, send) => {
  it('is answered as by the server, and entered as by it', async () => {
    await using api = await nockPlan(undefined, { origin })
    const seen = await send(api.url, ndjson(api.records(2)))
    expect(seen).toMatchObject({ status: 202, text: '{"ok":true}' })
    expect(seen.headers).toMatchObject({ 'content-length': '11', 'content-type': 'application/json' })
    await api.quiet()
    expect(entries(api, 'request')).toMatchObject([
      { ids: [[0, 0, 1]], path: '/', form: 'ndjson', complete: true },
    ])
    expect(entries(api, 'land')).toMatchObject([{ ids: [[0, 0, 1]] }])
    expect(entries(api, 'sent')).toMatchObject([{ written: 'full' }])
    await expect(api).toDeliverExactlyOnce()
    await expect(api).toHaveNoDuplicates()
  })

  it('meets an error with the headers and the body of the plan', async () => {
    const error = {
      type: 'http_error',
      status: 429,
      retry_after_s: 7,
      headers: { 'x-why': 'w' },
      body: 'no',
    } as const
    await using api = await nockPlan(first(error), { origin })
    const seen = await send(api.url, ndjson(api.records(1)))
    expect(seen).toMatchObject({ status: 429, text: 'no' })
    expect(seen.headers).toMatchObject({ 'retry-after': '7', 'x-why': 'w' })
    await expect(api).toHaveFired('first', { min: 1, max: 1 })
    await expect(api).toHaveNoMisfires()
    await expect(api).not.toDeliverAtLeastOnce()
    expect(entries(api, 'respond')).toMatchObject([{ status: 429, retryAfterMs: 7000 }])
  })

  it.each([
    ['reset_peer', 'read ECONNRESET'],
    ['empty_response', 'socket hang up'],
  ] as const)('meets %s as an error', async (type, message) => {
    await using api = await nockPlan(first({ type }, true), { origin })
    const records = api.records(1)
    expect(await send(api.url, ndjson(records))).toMatchObject({ code: 'ECONNRESET', message })
    expect(await send(api.url, ndjson(records))).toMatchObject({ status: 202 })
    await expect(api).toHaveNoMisfires()
    await expect(api).toDeliverAtLeastOnce()
    await expect(api).not.toHaveNoDuplicates()
    expect(await verdictOf(api, 'inv.no-double'), 'it could not know').toBe('pass')
  })

  it('is cut before its request is read', async () => {
    const early: Rule = {
      id: 'cut',
      key: 'global',
      on: 'request',
      when: { nth: [1] },
      fault: { type: 'reset_peer' },
    }
    await using api = await nockPlan(plan(early), { origin })
    const records = api.records(1)
    expect(await send(api.url, ndjson(records))).toMatchObject({ code: 'ECONNRESET' })
    expect(await send(api.url, ndjson(records))).toMatchObject({ status: 202 })
    await expect(api).toDeliverExactlyOnce()
    await expect(api).toHaveNoHotLoop()
  })

  it('waits as long as the plan says, and is delivered', async () => {
    await using api = await nockPlan(first({ type: 'header_delay', delay_ms: 60 }, true), { origin })
    expect(await send(api.url, ndjson(api.records(1)))).toMatchObject({ status: 202 })
    await api.quiet()
    const [request] = entries(api, 'request')
    const [respond] = entries(api, 'respond')
    expect((respond?.t ?? 0) - (request?.t ?? 0)).toBeGreaterThanOrEqual(59e6)
    await expect(api).toDeliverExactlyOnce()
    await expect(api).toHaveNoDuplicates()
    expect(await verdictOf(api, 'inv.no-double')).toBe('pass')
  })

  it('waits at every answer of a slow link', async () => {
    const link: Rule = { id: 'link', on: 'accept', shape: [{ type: 'latency', delay_ms: 30 }] }
    await using api = await nockPlan(plan(link), { origin })
    expect(await send(api.url, ndjson(api.records(1)))).toMatchObject({ status: 202, text: '{"ok":true}' })
    await api.quiet()
    const [[request], [sent]] = [entries(api, 'request'), entries(api, 'sent')]
    expect((sent?.t ?? 0) - (request?.t ?? 0)).toBeGreaterThanOrEqual(29e6)
    expect([...api.unsure()]).toEqual([sent?.n])
    await expect(api).toHaveFired('link', { min: 1, max: 1 })
    await expect(api).toDeliverExactlyOnce()
  })

  it('goes through a queue of outcomes by a header', async () => {
    const queue: Rule = {
      id: 'queue',
      key: 'header:x-batch',
      on: 'response-head',
      taken: false,
      outcomes: [{ type: 'http_error', status: 500 }, { type: 'http_error', status: 503 }, { type: 'none' }],
    }
    await using api = await nockPlan(plan(queue), { origin })
    const body = ndjson(api.records(1))
    const statuses = async (batch: string): Promise<unknown[]> => {
      const seen: unknown[] = []
      for (let i = 0; i < 3; i += 1) seen.push((await send(api.url, body, { 'x-batch': batch })).status)
      return seen
    }
    expect(await statuses('a')).toEqual([500, 503, 202])
    expect(await statuses('b')).toEqual([500, 503, 202])
  })

  it('may send JSON lines as application/json, and bytes that are no text', async () => {
    await using api = await nockPlan(undefined, { origin })
    const body = ndjson(api.records(2))
    expect(await send(api.url, body, { 'content-type': 'application/json' })).toMatchObject({ status: 202 })
    const coded = gzipSync(ndjson(api.records(1)))
    expect(await send(api.url, coded, { 'content-encoding': 'gzip' })).toMatchObject({ status: 202 })
    expect(await send(api.url, Buffer.from('cafe'))).toMatchObject({ status: 202 })
    await expect(api).toDeliverExactlyOnce()
    expect(entries(api, 'request').map(({ bytes }) => bytes)).toEqual([
      Buffer.byteLength(body),
      coded.length,
      4,
    ])
  })

  it('goes where it always went once the origin is given back', async () => {
    await using server = await startServer()
    const body = ndjson(server.records(1))
    const api = await nockPlan(undefined, { origin: server.base })
    expect(await send(server.url, body)).toMatchObject({ status: 202 })
    await api.quiet()
    expect([entries(api, 'request').length, server.ledger().some(({ kind }) => kind === 'open')]).toEqual([
      1,
      false,
    ])
    await api.release()
    await api.release()
    expect(await send(server.url, body)).toMatchObject({ status: 202 })
    await expect(server).toDeliverExactlyOnce()
    expect(entries(api, 'request')).toHaveLength(1)
  })
})

describe('a plan through nock', () => {
  it('speaks the protocol that is asked for', async () => {
    const given = { origin: 'https://api.invalid:8443', protocol: 'events-api' }
    await using api = await nockPlan(undefined, given)
    const [record] = api.records(1)
    const headers = { authorization: `Bearer ${api.token}` }
    expect(await byFetch(api.url, JSON.stringify(record))).toMatchObject({ status: 401 })
    expect(await byFetch(api.url, JSON.stringify(record), headers)).toMatchObject({ status: 202 })
    await api.quiet()
    expect(entries(api, 'request').some(({ elsewhere }) => elsewhere)).toBe(false)
  })

  it('does not know whether a double is the fault of a client that may have left while it was to wait', async () => {
    await using api = await nockPlan(first({ type: 'header_delay', delay_ms: 50 }, true), { origin })
    const body = ndjson(api.records(1))
    await byFetch(api.url, body)
    await byFetch(api.url, body)
    await expect(api).toHaveFired('first', { min: 1, max: 1 })
    const [held] = await api.check('inv.no-double')
    expect(held).toMatchObject({ verdict: 'unknown', measured: { doubles: 1 } })
    expect(held?.because[0]).toContain('gave up while an answer was held back')
    await expect(api).not.toHaveNoDuplicates()
    expect([...api.unsure()]).toEqual(
      entries(api, 'sent')
        .slice(0, 1)
        .map(({ n }) => n),
    )
  })

  it('is refused with all that nock cannot do', async () => {
    const odd = plan(
      { id: 'a', key: 'content', on: 'response-head', taken: false, fault: { type: 'stall' } },
      { id: 'b', on: 'request-body(5)', fault: { type: 'upload_reset' } },
    )
    await expect(nockPlan(odd, { origin })).rejects.toMatchObject({
      code: 'usage',
      problems: [{ at: '/rules/0/fault' }, { at: '/rules/1/on' }, { at: '/rules/1/fault' }],
    })
  })

  it('has every wrong option named', async () => {
    const wrong = { origin: 'http://a.invalid/path', protocol: 'smtp' }
    await expect(nockPlan('rules: 1', wrong)).rejects.toMatchObject({ code: 'usage' })
    await expect(nockPlan(undefined, wrong)).rejects.toMatchObject({
      problems: [{ at: 'origin' }, { at: 'protocol' }],
    })
    await expect(nockPlan(undefined, {} as { origin: string })).rejects.toThrow('the origin to answer for')
  })
})

/**
 * Every fault on a bare socket: the exact bytes, FIN or RST, what the ledger planned and what it says was emitted,
 * with the record taken and not taken.
 */
import { describe, expect, it } from 'vitest'
import { faultNames } from '../../src/fault.ts'
import type { Fault, FaultName } from '../../src/fault.ts'
import { RawClient } from '../testing/raw-client.ts'
import { dateLine, ndjson, post, serving } from '../testing/serving.ts'

/** What a client sees of one fault. `text` is the whole answer; `healed` has the fault end first. */
interface Sight {
  readonly fault: Fault
  readonly point?: string
  readonly taken?: readonly boolean[]
  readonly text: string
  readonly end: 'fin' | 'rst' | 'open'
}

const ok = answer(202, 'Accepted', '{"ok":true}')

function answer(status: number, words: string, body: string, more: readonly string[] = []): string {
  return head(status, words, ['content-type: application/json', ...more], Buffer.byteLength(body)) + body
}

/** The caller's fields, then Date where there is none, then the framing. */
function head(status: number, words: string, lines: readonly string[], framing: number | 'chunked'): string {
  const date = lines.some((line) => line.startsWith('date:')) ? [] : [dateLine]
  const framed = framing === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${framing}`
  return [`HTTP/1.1 ${status} ${words}`, ...lines, ...date, framed, '', ''].join('\r\n')
}

const json = 'content-type: application/json'

const sights: Record<FaultName, readonly Sight[]> = {
  none: [{ fault: { type: 'none' }, taken: [true], text: ok, end: 'open' }],
  http_error: [
    {
      fault: { type: 'http_error', status: 503 },
      text: answer(503, 'Service Unavailable', '{"error":"Service Unavailable"}'),
      end: 'open',
    },
    {
      fault: { type: 'http_error', status: 429, retry_after_s: 2, headers: { 'x-why': 'limit' } },
      text: answer(429, 'Too Many Requests', '{"error":"Too Many Requests"}', [
        'x-why: limit',
        'retry-after: 2',
      ]),
      end: 'open',
    },
    {
      fault: { type: 'http_error', status: 500, body: 'no JSON', date_skew_s: 60 },
      text: answer(500, 'Internal Server Error', 'no JSON', ['date: Thu, 01 Jan 2026 00:01:00 GMT']),
      end: 'open',
    },
    {
      fault: { type: 'http_error', status: 302, location: 'same' },
      text: answer(302, 'Found', '{"error":"Found"}', ['location: http://test/']),
      end: 'open',
    },
    {
      fault: { type: 'http_error', status: 302, location: 'other' },
      text: answer(302, 'Found', '{"error":"Found"}', ['location: http://localhost/']),
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
  stall: [
    { fault: { type: 'stall', for_ms: 5 }, taken: [true], text: ok, end: 'open' },
    { fault: { type: 'stall', for_ms: 5 }, point: 'request', taken: [true], text: ok, end: 'open' },
    { fault: { type: 'stall', for_ms: 5 }, point: 'request-body(20)', taken: [true], text: ok, end: 'open' },
    { fault: { type: 'stall', for_ms: 5 }, point: 'response-body(4)', taken: [true], text: ok, end: 'open' },
    { fault: { type: 'stall', for_ms: 5 }, point: 'response-end', taken: [true], text: ok, end: 'open' },
  ],
  limit_data: [
    {
      fault: { type: 'limit_data', bytes: 40, of_bytes: 100, end: 'fin' },
      taken: [true],
      text: head(202, 'Accepted', [json], 100) + '{"ok":true}'.padEnd(40),
      end: 'fin',
    },
    {
      fault: { type: 'limit_data', bytes: 4, end: 'rst', linger_ms: 20 },
      taken: [true],
      text: head(202, 'Accepted', [json], 11) + '{"ok',
      end: 'rst',
    },
    {
      fault: { type: 'limit_data', bytes: 4, framing: 'chunked', end: 'fin' },
      taken: [true],
      text: head(202, 'Accepted', [json], 'chunked') + '4\r\n{"ok\r\n',
      end: 'fin',
    },
    {
      fault: { type: 'limit_data', bytes: 0, end: 'fin' },
      point: 'response-body(5)',
      taken: [true],
      text: head(202, 'Accepted', [json], 11) + '{"ok"',
      end: 'fin',
    },
  ],
  empty_response: [{ fault: { type: 'empty_response' }, text: '', end: 'fin' }],
  reset_peer: [
    { fault: { type: 'reset_peer', linger_ms: 20 }, text: '', end: 'rst' },
    { fault: { type: 'reset_peer' }, point: 'request', taken: [false], text: '', end: 'rst' },
    { fault: { type: 'reset_peer' }, point: 'request-body(20)', taken: [false], text: '', end: 'rst' },
    {
      fault: { type: 'reset_peer' },
      point: 'response-body(5)',
      taken: [true],
      text: head(202, 'Accepted', [json], 11) + '{"ok"',
      end: 'rst',
    },
    { fault: { type: 'reset_peer' }, point: 'response-end', taken: [true], text: ok, end: 'rst' },
  ],
}

const cases = faultNames.flatMap((name) =>
  sights[name].flatMap((sight) => (sight.taken ?? [true, false]).map((taken) => ({ name, taken, sight }))),
)

function ruleFor({ fault, point = 'response-head' }: Sight, taken: boolean): Record<string, unknown> {
  if (point === 'accept') return { id: 'struck', on: 'accept', shape: [fault] }
  const said = point.startsWith('response') ? { taken } : {}
  const key = point === 'request' ? 'connection' : 'content'
  return { id: 'struck', on: point, key, ...said, fault }
}

describe('every fault on the wire', () => {
  it('has a sight for each name', () => {
    for (const name of faultNames) expect(sights[name].length, name).toBeGreaterThan(0)
  })

  it.each(cases)('$name at $sight.point, taken $taken: $sight.fault', async ({ taken, sight }) => {
    await using server = await serving([ruleFor(sight, taken) as never])
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(0, 0)))
    if (sight.end === 'open') {
      expect(await client.until(sight.text)).toBe(sight.text)
      client.socket.destroy()
    } else {
      expect(await client.toEnd()).toEqual({ text: sight.text, how: sight.end })
    }
    const struck = await server.first('fault')
    expect(struck.rule).toBe('struck')
    expect(struck.emitted).toEqual(struck.planned)
    expect(struck.planned).toMatchObject({ ...sight.fault, point: sight.point ?? 'response-head' })
    await server.quiet()
    expect(server.entries('land').length).toBe(taken ? 1 : 0)
    expect(server.entries('sent').length).toBe(1)
    expect(server.failures).toEqual([])
  })
})

describe('a stall without end', () => {
  it('lasts until the faults are healed, and the answer then goes out', async () => {
    await using server = await serving([
      { id: 'held', on: 'response-head', key: 'content', taken: true, fault: { type: 'stall' } },
    ])
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(0, 0)))
    await server.first('fault')
    expect(server.entries('respond')).toEqual([])
    server.heal()
    expect(await client.until(ok)).toBe(ok)
    client.socket.destroy()
  })

  it('ends in no answer where the record was not taken', async () => {
    await using server = await serving([
      { id: 'held', on: 'response-head', key: 'content', taken: false, fault: { type: 'stall' } },
    ])
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(0, 0)))
    await server.first('fault')
    server.heal()
    expect(await client.toEnd()).toEqual({ text: '', how: 'fin' })
    expect(server.entries('land')).toEqual([])
  })

  it('ends when the client goes away, and nothing is answered', async () => {
    await using server = await serving([
      { id: 'held', on: 'response-head', key: 'content', taken: false, fault: { type: 'stall' } },
    ])
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(0, 0)))
    await server.first('fault')
    client.socket.resetAndDestroy()
    expect(await server.first('sent')).toMatchObject({ written: 'none' })
    await server.deserted()
    expect(server.entries('land')).toEqual([])
  })
})

describe('a fault that cannot be performed', () => {
  it('is entered as a misfire: planned and emitted differ', async () => {
    await using server = await serving([
      {
        id: 'late',
        on: 'response-head',
        key: 'content',
        taken: true,
        fault: { type: 'header_delay', delay_ms: 60_000 },
      },
    ])
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(0, 0)))
    await server.first('land')
    client.socket.resetAndDestroy()
    const { planned, emitted } = await server.first('fault')
    expect(planned.type).toBe('header_delay')
    expect(emitted).toMatchObject({ type: 'none', why: 'gone' })
  })

  it('is a misfire too when the record was to be taken and the protocol refused it', async () => {
    await using server = await serving(
      [{ id: 'reset', on: 'response-head', taken: true, fault: { type: 'reset_peer' } }],
      'events-api',
    )
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(0, 0), '/v0/events?name=x'))
    expect(await client.toEnd()).toEqual({ text: '', how: 'rst' })
    const { planned, emitted } = await server.first('fault')
    expect([planned.taken, emitted.taken]).toEqual([true, false])
    expect(server.entries('take')).toEqual([])
  })
})

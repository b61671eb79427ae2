/** What the ledger knows of answers that break the rules, what hinders them, and what real clients make of some. */
import { describe, expect, it } from 'vitest'
import { fullAnswer, History } from '../../src/history.ts'
import type { Fault, FaultOf } from '../../src/fault.ts'
import { HandClock } from '../../src/clock.ts'
import type { Emitted, Exchange, Protocol } from '../../src/exchange.ts'
import { limits } from '../../src/limits.ts'
import type { Rule } from '../../src/plan/plan.ts'
import { inMemory } from '../testing/in-memory.ts'
import { RawClient, requestText } from '../testing/raw-client.ts'
import { ndjson, post, serving } from '../testing/serving.ts'
import type { Serving } from '../testing/serving.ts'
import { performers } from './index.ts'
import type { StruckName } from './index.ts'
import type { Done, Rest } from './strike.ts'
import { answer, ok } from './testing/sight.ts'

const ruleOf = (fault: Fault, more: Partial<Rule> = {}): Rule => ({
  ...{ id: 'r', on: 'response-head', taken: true, fault },
  ...more,
})

/** Sends `text` and reads until the connection is over, or holds `part`. */
async function askedOn(server: Serving, text: string, part?: string): Promise<string> {
  const client = await RawClient.to(server.port)
  client.send(text)
  const seen = part === undefined ? (await client.toEnd()).text : await client.until(part)
  client.socket.destroy()
  return seen
}

const read = { status: 202, written: 'full' } as const

describe('an answer that breaks the rules', () => {
  it.each<[Fault, { status?: number; written: string }]>([
    [
      { type: 'missing_terminator', end: 'fin' },
      { status: 202, written: 'partial' },
    ],
    [
      { type: 'malformed_chunk', how: 'size' },
      { status: 202, written: 'partial' },
    ],
    [
      { type: 'malformed_chunk', how: 'mismatch' },
      { status: 202, written: 'partial' },
    ],
    [{ type: 'malformed_chunk', how: 'extension' }, read],
    [{ type: 'random_data_then_close', bytes: 9 }, { written: 'none' }],
    [{ type: 'malformed_header', how: 'nul' }, read],
    [{ type: 'malformed_header', how: 'bad_status_line' }, { written: 'none' }],
    [{ type: 'bare_lf' }, read],
    [{ type: 'oversized_headers', bytes: 9 }, read],
    [{ type: 'content_length_too_small', extra_bytes: 9 }, read],
    [{ type: 'conflicting_content_length' }, read],
    [{ type: 'cl_and_te' }, read],
    [{ type: 'no_content_with_body' }, { status: 204, written: 'full' }],
    [{ type: 'double_response' }, read],
    [{ type: 'truncated_encoding', drop_bytes: 9, coding: 'gzip' }, read],
    [{ type: 'unasked_continue' }, read],
  ])('is known to the ledger as far as it is one, and holds nobody: %j', async (fault, known) => {
    await using server = await serving([ruleOf(fault)])
    await askedOn(server, requestText('POST /', ['Connection: close', 'Content-Length: 0']))
    const { written } = await server.first('sent')
    const responds = server.entries('respond')
    expect({ written, ...(responds[0] ? { status: responds[0].status } : {}) }).toEqual(known)
    expect(responds.length).toBe(known.status === undefined ? 0 : 1)
    const history = new History()
    for (const entry of server.ledger.entries) history.step(entry)
    expect(history.attempts().map(fullAnswer)).toEqual([undefined])
    expect(server.failures).toEqual([])
  })

  it('ends our half, and what still comes on the connection is entered and not served', async () => {
    await using server = await serving([ruleOf({ type: 'double_response' })])
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(0, 0)) + post(ndjson(1, 1)))
    expect(await client.toEnd()).toEqual({ text: ok + ok, how: 'fin' })
    await server.deserted()
    expect(server.entries('request').map(({ ids }) => ids)).toEqual([[[0, 0, 0]], [[0, 1, 1]]])
    expect(server.entries('sent').map(({ written }) => written)).toEqual(['full', 'none'])
    expect(server.entries('take').map(({ req }) => req)).toEqual([0])
  })

  it('says that the connection closes to a client that asks for it, be the end of the answer as it may', async () => {
    await using server = await serving([ruleOf({ type: 'content_length_too_small', extra_bytes: 1 })])
    const body = ndjson(0, 0)
    const fields = ['Connection: close', `Content-Length: ${body.length}`]
    expect(await askedOn(server, requestText('POST /', fields, body))).toContain('\r\nConnection: close\r\n')
  })

  it('has bytes drawn for the rule, the key and the count', async () => {
    const fault = { type: 'random_data_then_close', bytes: 40 } as const
    await using server = await serving([ruleOf(fault, { key: 'content', taken: false })])
    const [a, b, again] = [
      await askedOn(server, post(ndjson(0, 0))),
      await askedOn(server, post(ndjson(1, 1))),
      await askedOn(server, post(ndjson(0, 0))),
    ]
    await using other = await serving([ruleOf(fault, { key: 'content', taken: false })])
    expect(await askedOn(other, post(ndjson(1, 1)))).toBe(b)
    expect(await askedOn(other, post(ndjson(0, 0)))).toBe(a)
    expect(new Set([a, b, again]).size).toBe(3)
  })
})

describe('a fault of an answer is a misfire, and the answer goes its way,', () => {
  const body = ndjson(0, 0)
  const oldest = `POST / HTTP/1.0\r\nContent-Length: ${body.length}\r\n\r\n${body}`

  it.each<Fault>([
    { type: 'missing_terminator', end: 'fin' },
    { type: 'malformed_chunk', how: 'size' },
    { type: 'cl_and_te' },
    { type: 'unasked_continue' },
    { type: 'unexpected_101' },
  ])('where the client speaks HTTP/1.0: %j', async (fault) => {
    await using server = await serving([ruleOf(fault)])
    const seen = await askedOn(server, oldest)
    expect(seen.startsWith('HTTP/1.1 202 Accepted\r\n')).toBe(true)
    expect(seen.endsWith('Content-Length: 11\r\n\r\n{"ok":true}')).toBe(true)
    expect((await server.first('fault')).emitted).toMatchObject({ type: 'none', why: 'unsupported' })
    expect(server.entries('respond').length).toBe(1)
  })

  it.each<Fault>([
    { type: 'missing_terminator', end: 'rst' },
    { type: 'malformed_chunk', how: 'size' },
    { type: 'content_length_too_small', extra_bytes: 1 },
    { type: 'conflicting_content_length' },
    { type: 'cl_and_te' },
    { type: 'truncated_encoding', drop_bytes: 1, coding: 'gzip' },
  ])('where it has no body: %j', async (fault) => {
    await using server = await serving([ruleOf(fault)])
    expect(await askedOn(server, requestText('HEAD /'), '\r\n\r\n')).toContain(' 405 Method Not Allowed\r\n')
    expect((await server.first('fault')).emitted).toMatchObject({ type: 'none', why: 'no-body' })
  })

  it('where 204 would turn a refusal into a promise', async () => {
    await using server = await serving([ruleOf({ type: 'no_content_with_body' })], 'events-api')
    const seen = await askedOn(server, post(ndjson(0, 0), '/v0/events?name=x'), '\r\n\r\n')
    expect(seen).toMatch(/^HTTP\/1\.1 40[13] /)
    expect((await server.first('fault')).emitted).toMatchObject({ type: 'none', why: 'refused' })
  })

  it('where less was cut than planned, as there was not so much', async () => {
    const fault: Fault = { type: 'truncated_encoding', drop_bytes: 1000, coding: 'gzip' }
    await using server = await serving([ruleOf(fault)])
    expect(await askedOn(server, post(ndjson(0, 0)), '\r\n\r\n')).toContain('\r\nContent-Length: 0\r\n')
    const { planned, emitted } = await server.first('fault')
    expect(planned['drop_bytes']).toBe(1000)
    expect(emitted).toMatchObject({ type: 'truncated_encoding', drop_bytes: 31 })
  })

  it('where the answer is larger than any body that is kept', async () => {
    const { rest, deeds, calls } = await struckInHand({ type: 'double_response' })
    const half = Buffer.alloc(limits.bodyBytesMax / 2 + 1)
    for (let i = 0; i < 3; i += 1) await rest.write(half)
    await rest.end()
    expect(deeds).toEqual([{ type: 'none', why: 'too-large' }])
    const [one, two] = [half.length, 2 * half.length]
    expect(calls).toEqual(['respond', `write ${two}`, `write ${one}`, 'end'])
  })

  it('where the client is gone', async () => {
    const { rest, deeds, calls } = await struckInHand({ type: 'double_response' })
    await rest.write(Buffer.from('{}'))
    expect(await rest.end()).toEqual({ ok: false, why: 'gone' })
    expect(deeds).toEqual([{ type: 'none', why: 'gone' }])
    expect(calls).toEqual(['answerRaw'])
  })
})

/** What faults of HTTP/1.1 alone are to be. */
const ofHttp1: readonly Fault[] = [
  { type: 'missing_terminator', end: 'fin' },
  { type: 'malformed_chunk', how: 'size' },
  { type: 'random_data_then_close', bytes: 9 },
  { type: 'malformed_header', how: 'nul' },
  { type: 'bare_lf' },
  { type: 'oversized_headers', bytes: 9 },
  { type: 'content_length_too_small', extra_bytes: 9 },
  { type: 'conflicting_content_length' },
  { type: 'cl_and_te' },
  { type: 'no_content_with_body' },
  { type: 'double_response' },
  { type: 'expect_continue_withheld' },
  { type: 'expectation_failed' },
  { type: 'unexpected_101' },
]

describe('a fault of HTTP/1.1 bytes', () => {
  it.each(ofHttp1)('is unsupported over HTTP/2, and nothing is written: %j', async (fault) => {
    for (const proto of ['h2', 'h2c'] as const) {
      const { aftermath, deeds, calls } = await struckInHand(fault, proto)
      expect(aftermath).toBe('proceed')
      expect(deeds).toEqual([{ type: 'none', why: 'unsupported' }])
      expect(calls).toEqual([])
    }
  })

  it('goes within TLS as it goes without', async () => {
    const { rest, calls } = await struckInHand({ type: 'bare_lf' }, 'tls')
    await rest.end()
    expect(calls).toEqual(['answerRaw'])
  })
})

interface InHand {
  readonly aftermath: unknown
  readonly rest: Rest
  readonly deeds: readonly Done[]
  readonly calls: readonly string[]
}

/** A fault that has struck an exchange that gives way to everything but raw answers: its client is gone by then. */
async function struckInHand(fault: Fault, proto: Protocol = 'h1'): Promise<InHand> {
  const [deeds, calls]: [Done[], string[]] = [[], []]
  const called = (name: string, emitted: Emitted = { ok: true, bytes: 0 }): Promise<Emitted> => {
    calls.push(name)
    return Promise.resolve(emitted)
  }
  const exchange = {
    connection: { proto, raw: () => called('raw') },
    head: { method: 'POST', headers: [['expect', '100-continue']] },
    inform: () => called('inform'),
    respond: () => called('respond'),
    write: ({ length }: Uint8Array) => called(`write ${length}`),
    end: () => called('end'),
    cut: () => called('cut'),
    answerRaw: () => called('answerRaw', { ok: false, why: 'gone' }),
  } as unknown as Exchange
  const performer = performers[fault.type as StruckName] as (strike: object) => Promise<unknown>
  const aftermath = await performer({
    fault,
    due: { status: 200, headers: [], framing: 'chunked' },
    exchange,
    clock: new HandClock(),
    emit: (deed: Done) => deeds.push(deed),
  })
  return { aftermath, rest: aftermath as Rest, deeds, calls }
}

describe('what a client makes of it, in memory', () => {
  it.each<[Fault, number | 'cut']>([
    [{ type: 'missing_terminator', end: 'fin' }, 'cut'],
    [{ type: 'malformed_chunk', how: 'size' }, 'cut'],
    [{ type: 'malformed_chunk', how: 'mismatch' }, 'cut'],
    [{ type: 'random_data_then_close', bytes: 64 }, 'cut'],
    [{ type: 'malformed_header', how: 'bad_status_line' }, 'cut'],
    [{ type: 'content_length_too_small', extra_bytes: 4 }, 202],
    [{ type: 'double_response' }, 202],
    [{ type: 'truncated_encoding', drop_bytes: 4, coding: 'gzip' }, 202],
    [{ type: 'unasked_continue' }, 'cut'],
  ])('undici after %j', async (fault, status) => {
    const server = inMemory([ruleOf(fault, { key: 'content' })])
    expect((await server.clock.until(server.post(0))).status).toBe(status)
    expect(server.entries('fault').map(({ planned, emitted }) => [planned, emitted.type])).toEqual([
      [expect.objectContaining(fault), fault.type],
    ])
    expect(server.entries('land').length).toBe(1)
    await server.stop()
  })
})

describe('Expect: 100-continue', () => {
  const body = ndjson(0, 0)
  const expecting = requestText('POST /', ['Expect: 100-continue', `Content-Length: ${body.length}`])
  const withheld = (fault: Omit<FaultOf<'expect_continue_withheld'>, 'type'> = {}): Rule => ({
    ...{ id: 'r', on: 'request', fault: { type: 'expect_continue_withheld', ...fault } },
  })
  const goOn = 'HTTP/1.1 100 Continue\r\n\r\n'

  it('gets no 100, and a body that comes without is served', async () => {
    await using server = await serving([withheld()])
    const client = await RawClient.to(server.port)
    client.send(expecting)
    expect((await server.first('fault')).emitted.type).toBe('expect_continue_withheld')
    client.send(body)
    expect(await client.until(ok)).toBe(ok)
    client.send(post(ndjson(1, 1)))
    expect(await client.until(ok + ok)).toBe(ok + ok)
    server.heal()
    client.socket.end()
    await server.deserted()
    expect(client.text).toBe(ok + ok)
    expect(server.entries('land').length).toBe(2)
  })

  it('gets it when the time is over, or the faults are healed', async () => {
    for (const healed of [true, false]) {
      await using server = await serving([withheld(healed ? {} : { for_ms: 5 })])
      const client = await RawClient.to(server.port)
      client.send(expecting)
      await server.first('fault')
      if (healed) server.heal()
      expect(await client.until(goOn)).toBe(goOn)
      client.send(body)
      expect(await client.until(ok)).toBe(goOn + ok)
      client.socket.destroy()
    }
  })

  it('is told of nothing where the client gives up', async () => {
    await using server = await serving([withheld()])
    const client = await RawClient.to(server.port)
    client.send(expecting)
    await server.first('fault')
    client.socket.destroy()
    await server.deserted()
    expect(server.entries('sent')).toMatchObject([{ written: 'none' }])
    expect(server.failures).toEqual([])
  })

  it.each(['expect_continue_withheld', 'expectation_failed'] as const)(
    '%s is a misfire where nobody asks',
    async (type) => {
      await using server = await serving([{ id: 'r', on: 'request', fault: { type } }])
      expect(await askedOn(server, post(ndjson(0, 0)), ok)).toBe(ok)
      expect((await server.first('fault')).emitted).toMatchObject({ type: 'none', why: 'unasked' })
      const old = `POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n`
      expect(await askedOn(server, old)).toContain(' 202 Accepted\r\n')
      expect(server.entries('fault').map(({ emitted }) => emitted['why'])).toEqual(['unasked', 'unasked'])
    },
  )

  it('meets 417, and a body that comes all the same is drained and counted', async () => {
    await using server = await serving([{ id: 'r', on: 'request', fault: { type: 'expectation_failed' } }])
    const client = await RawClient.to(server.port)
    client.send(expecting)
    const refused = answer(417, 'Expectation Failed', '{"error":"Expectation Failed"}', ['connection: close'])
    expect(await client.until(refused)).toBe(refused)
    expect(await client.ended).toBe('fin')
    client.send(body)
    client.socket.end()
    await server.deserted()
    expect(server.entries('request')).toMatchObject([{ ids: [[0, 0, 0]], complete: true }])
    expect(server.entries('sent')).toMatchObject([{ written: 'full' }])
    expect(server.entries('take')).toEqual([])
  })
})

describe('101 that nobody asked for', () => {
  it('is followed by silence, and by FIN when the faults are healed', async () => {
    await using server = await serving([ruleOf({ type: 'unexpected_101' })])
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(0, 0)))
    await server.first('fault')
    server.heal()
    const { text, how } = await client.toEnd()
    expect([text.startsWith('HTTP/1.1 101 '), text.split('\r\n\r\n').length, how]).toEqual([true, 2, 'fin'])
    expect(server.entries('sent')).toMatchObject([{ written: 'none' }])
    expect(server.entries('land').length).toBe(1)
  })
})

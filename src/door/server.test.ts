/** A server for tests: what it hands out, what it tells, what it judges, and what is wrong with options. */
import { once } from 'node:events'
import { connect } from 'node:http2'
import { Agent, request } from 'undici'
import { describe, expect, it } from 'vitest'
import type { TailraceError } from '../errors.ts'
import type { Plan } from '../plan/plan.ts'
import { profiles } from '../profile.ts'
import type { JsonObject } from '../record.ts'
import { startServer, withServer } from './server.ts'
import type { CheckName, TestServer } from './server.ts'

const once503: Plan = {
  version: 1,
  seed: '7',
  rules: [
    {
      id: 'busy',
      key: 'content',
      on: 'response-head',
      taken: false,
      when: { attempt: [1] },
      fault: { type: 'http_error', status: 503 },
    },
  ],
}

async function post({ url }: TestServer, records: readonly JsonObject[]): Promise<number> {
  const body = records.map((record) => `${JSON.stringify(record)}\n`).join('')
  const answer = await request(url, { method: 'POST', body })
  await answer.body.dump()
  return answer.statusCode
}

/** Verdicts by name. */
async function verdicts(server: TestServer, ...names: readonly CheckName[]): Promise<object> {
  const found = await server.check(...names)
  return Object.fromEntries(found.map(({ name, verdict }) => [name, verdict]))
}

describe('a server for tests', () => {
  it('serves records, counts what fired, and judges what came of them', async () => {
    await using server = await startServer({ plan: once503 })
    const records = server.records(3)
    expect(records.map(({ seq }) => seq)).toEqual([0, 1, 2])
    expect(await post(server, records)).toBe(503)
    expect(await verdicts(server, 'inv.no-loss')).toEqual({ 'inv.no-loss': 'fail' })
    expect(await post(server, records)).toBe(202)
    expect(server.fired()).toEqual({ busy: { planned: 1, emitted: 1, misfires: 0 } })
    expect(await verdicts(server, 'inv.no-loss', { use: 'attempts', min: 2, max: 2 })).toEqual({
      'inv.no-loss': 'pass',
      attempts: 'pass',
    })
  })

  it('goes on in the sequence of its records, and expects each that it has handed out', async () => {
    await using server = await startServer()
    const first = server.records(2)
    const second = server.records(1)
    expect(second.map(({ seq }) => seq)).toEqual([2])
    await post(server, first)
    const [found] = await server.check({ use: 'landed', times: 1 })
    expect(found?.verdict).toBe('fail')
    expect(found?.because.join(' ')).toContain('1 record (0.2)')
  })

  it('judges by every invariant when none is named, and praises nobody who did nothing', async () => {
    await using server = await startServer()
    server.records(1)
    const found = await server.check()
    expect(found.map(({ name }) => name)).toContain('inv.no-double')
    expect(found.filter(({ verdict }) => verdict === 'pass').map(({ name }) => name)).toEqual([])
    expect(found.find(({ name }) => name === 'inv.no-loss')?.verdict).toBe('fail')
  })

  it('has the entries that bear witness beside each finding', async () => {
    await using server = await startServer()
    const [record = {}] = server.records(1)
    await post(server, [record, record])
    const [found] = await server.check('inv.no-double')
    expect(found?.verdict).toBe('fail')
    expect(found?.entries.map(({ kind }) => kind)).toContain('take')
    expect(found?.entries.map(({ n }) => n)).toEqual(found?.witnesses)
  })

  it('names every check that is none', async () => {
    await using server = await startServer()
    const names = ['inv.nothing', { use: 'landed' }, { use: 'gone' }] as unknown as CheckName[]
    await expect(server.check(...names)).rejects.toMatchObject({
      code: 'usage',
      problems: [
        { at: 'names/0', got: '"inv.nothing"' },
        { at: 'names/1', expected: 'the key times' },
        { at: 'names/2', got: '{"use":"gone"}' },
      ],
    })
  })

  it('can be healed, and read when it is stopped', async () => {
    const stalls = { ...once503.rules[0], fault: { type: 'stall' } } as Plan['rules'][0]
    const server = await startServer({ plan: { ...once503, rules: [stalls] } })
    const records = server.records(1)
    const answered = post(server, records)
    await server.until(({ kind }) => kind === 'fault')
    server.heal()
    await answered.catch(() => 'cut')
    expect(await post(server, records)).toBe(202)
    await server.stop()
    await server.stop()
    expect(server.ledger().at(-1)).toMatchObject({ kind: 'phase', name: 'stop' })
    expect(await verdicts(server, { use: 'landed', times: 1 })).toEqual({ landed: 'pass' })
  })

  it('listens where it is told to, and says what is wrong there', async () => {
    await using server = await startServer({ port: 0, host: '127.0.0.1' })
    expect(server.base).toBe(`http://127.0.0.1:${server.port}`)
    await expect(startServer({ port: server.port })).rejects.toMatchObject({
      code: 'usage',
      problems: [{ at: 'port' }],
    })
  })

  it('stops behind what it was started for, however that ends', async () => {
    let url = ''
    const failing = withServer({}, (server) => {
      url = server.url
      throw new Error('as a test fails')
    })
    await expect(failing).rejects.toThrow('as a test fails')
    await expect(request(url, { method: 'POST' })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(await withServer({ seed: '9' }, (server) => server.token)).toMatch(/^tk_/)
  })

  it('lets in those who have its token, where the protocol demands one', async () => {
    await using server = await startServer({ protocol: 'events-api' })
    const body = JSON.stringify(server.records(1)[0])
    const bare = await request(server.url, { method: 'POST', body })
    await bare.body.dump()
    const headers = { authorization: `Bearer ${server.token}` }
    const known = await request(server.url, { method: 'POST', body, headers })
    await known.body.dump()
    expect([bare.statusCode, known.statusCode]).toEqual([401, 202])
  })

  it('speaks HTTP/2 where it is asked to', async () => {
    await using server = await startServer({ h2: true })
    const session = connect(server.base)
    const stream = session.request({ ':method': 'POST', ':path': '/' })
    stream.end(JSON.stringify(server.records(1)[0]))
    const [head] = (await once(stream, 'response')) as [Record<string, unknown>]
    stream.resume()
    await once(stream, 'end')
    session.close()
    expect(head[':status']).toBe(202)
    expect(server.ledger().find(({ kind }) => kind === 'open')).toMatchObject({ proto: 'h2c' })
    expect(await verdicts(server, { use: 'landed', times: 1 })).toEqual({ landed: 'pass' })
  })

  it('speaks TLS to a client that trusts its authority, and takes no other', async () => {
    await using server = await startServer({ tls: true, h2: true })
    expect(server.url).toMatch(/^https:/)
    const body = server
      .records(2)
      .map((record) => `${JSON.stringify(record)}\n`)
      .join('')
    const dispatcher = new Agent({ connect: { ca: server.ca as string } })
    const answer = await request(server.url, { method: 'POST', body, dispatcher })
    expect(answer.statusCode).toBe(202)
    await answer.body.dump()
    await dispatcher.close()
    await expect(request(server.url, { method: 'POST', body })).rejects.toThrow(/certificate/)
    expect(server.ledger().filter(({ kind }) => kind === 'open')[0]).toMatchObject({ proto: 'tls' })
    expect(await verdicts(server, { use: 'landed', times: 1 })).toEqual({ landed: 'pass' })
  })

  it('makes records that look as they are to', async () => {
    await using server = await startServer({ records: { pad_bytes: 5 } })
    expect(server.records(1)[0]).toMatchObject({ pad: 'xxxxx' })
    expect(() => server.records(-1)).toThrow(/n: expected a whole number from 0/)
  })
})

describe('options', () => {
  it('are taken in every form', async () => {
    const yaml = 'version: 1\nseed: "3"\nrules: []\n'
    const profile = { ...profiles['generic'], name: 'own', duplicates: 'effectively-once' } as const
    await using server = await startServer({ plan: yaml, profile: profile as (typeof profiles)['generic'] })
    expect(server.ledger()[0]).toMatchObject({ kind: 'run', seed: '3', profile: { name: 'own' } })
    await using other = await startServer({ plan: JSON.stringify(once503), seed: '8', profile: 'events-api' })
    expect(other.ledger()[0]).toMatchObject({ seed: '8', profile: { name: 'events-api' } })
  })

  it('are all named that are wrong', async () => {
    const wrong = {
      plan: { version: 1, seed: '1', rules: [{ id: 'a', on: 'nowhere', fault: { type: 'stall' } }] },
      protocol: 'smtp',
      profile: { name: 'x' },
      seed: '',
      records: { pad: 1 },
      port: 70_000,
      host: '',
      tls: 'yes',
      hots: 1,
    }
    const at = await startServer(wrong as unknown as Parameters<typeof startServer>[0]).then(
      (): string[] => [],
      (error: unknown) => (error as TailraceError).problems.map((problem) => problem.at),
    )
    expect(at).toEqual([
      'hots',
      'port',
      'host',
      'tls',
      'seed',
      'plan /rules/0/on',
      'protocol',
      'profile /',
      'records /pad',
    ])
  })

  it('hold no fault that only a process could meet', async () => {
    const rules = [{ id: 'stop', on: 'client', fault: { type: 'client_stop', after_ms: 1, how: 'sigterm' } }]
    const plan = JSON.stringify({ version: 1, seed: '1', rules })
    await expect(startServer({ plan })).rejects.toMatchObject({ problems: [{ at: 'plan /rules/0/fault' }] })
  })
})

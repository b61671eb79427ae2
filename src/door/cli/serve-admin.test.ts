/** The admin API over HTTP: each call as it is taken and as it is refused, and what it does to the next exchange. */
import { once } from 'node:events'
import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { calls } from '../../../fakes/admin/admin.ts'
import { Leftovers } from '../../../fakes/testing/leftovers.ts'
import { served } from '../testing/served.ts'
import type { Served, Told } from '../testing/served.ts'

interface Problems {
  error: string
  problems: { at: string; expected: string; got: string }[]
}

const rule = (id: string, status: number, more: object = {}): object => ({
  ...{ id, key: 'global', on: 'response-head', taken: false, fault: { type: 'http_error', status } },
  ...more,
})
const planOf = (...rules: object[]): object => ({ version: 1, seed: '1', rules })
const manual = { when: { fire: 'manual' } }
const pointers = (told: Told): string[] => (told.json() as Problems).problems.map(({ at }) => at)
const fired = async (server: Served): Promise<unknown> =>
  ((await server.ask('GET /report')).json() as { rules: { id: string; fired: number }[] }).rules.map(
    (each) => [each.id, each.fired],
  )

/** A connection that stays, and how it ends. */
async function held({ url }: Served): Promise<{ ended: Promise<string> }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const ended = new Promise<string>((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
    socket.on('end', () => resolve('fin'))
  })
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}')
  await once(socket, 'data')
  return { ended }
}

describe('GET /', () => {
  it('lists every call, and HEAD has its head', async () => {
    await using server = await served()
    const told = await server.ask('GET /')
    const listed = (told.json() as { calls: { call: string }[] }).calls.map(({ call }) => call)
    expect(listed).toEqual(calls.map(({ method, path }) => `${method} ${path}`))
    expect(new Set(listed).size).toBe(listed.length)
    const head = await server.ask('HEAD /')
    expect([head.status, head.text, head.headers['content-length']]).toEqual([
      200,
      '',
      told.headers['content-length'],
    ])
    expect(told.headers).not.toHaveProperty('access-control-allow-origin')
  })
})

describe('the plan', () => {
  it('is put as YAML or JSON, and the next exchange goes by it', async () => {
    await using server = await served()
    expect(await server.post('{}')).toBe(202)
    const yaml = 'version: 1\nseed: "1"\nrules:\n  - {id: a, key: global, on: response-head, taken: false,'
    const put = await server.ask('PUT /plan', `${yaml} fault: {type: http_error, status: 503}}\n`)
    expect([put.status, put.json()]).toEqual([200, { generation: 2 }])
    expect(await server.post('{}')).toBe(503)
    expect((await server.ask('PUT /plan', planOf(rule('b', 429)))).json()).toEqual({ generation: 3 })
    expect(await server.post('{}')).toBe(429)
    const told = await server.ask('GET /plan')
    expect(told.json()).toEqual(planOf(rule('b', 429)))
    expect((await server.ask('PUT /plan', told.text)).json()).toEqual({ generation: 3 })
  })

  it('is refused with all that is wrong, each by its pointer, and stays', async () => {
    await using server = await served()
    const bad = planOf(rule('a', 700), { ...rule('a', 503), on: 'nowhere' })
    const told = await server.ask('PUT /plan?ttl_s=0&x=1', bad)
    expect([told.status, pointers(told)]).toEqual([
      422,
      ['?ttl_s', '?x', '/rules/0/fault/status', '/rules/1/id', '/rules/1/on'],
    ])
    for (const empty of [undefined, 'null', '[]']) {
      expect((await server.ask('PUT /plan', empty)).status).toBe(422)
    }
    const broken = await server.ask('PUT /plan', 'version: [1\n')
    expect([broken.status, (broken.json() as Problems).error]).toEqual([
      400,
      'the body is neither YAML nor JSON',
    ])
    const twice = '{"version":1,"seed":"1","seed":"2","rules":[]}'
    expect((await server.ask('PUT /plan', twice)).status).toBe(400)
    const refusals = planOf({ id: 'r', on: 'accept', fault: { type: 'connection_refused', for_ms: 10 } })
    expect(pointers(await server.ask('PUT /plan', refusals))).toEqual(['/rules'])
    expect((await server.ask('GET /plan')).json()).toEqual(planOf())
  })

  it('is not put over an edit that came between', async () => {
    await using server = await served()
    const { etag = '' } = (await server.ask('GET /plan')).headers
    const put = await server.ask('PUT /plan', planOf(rule('a', 503)), { 'if-match': `"other", ${etag}` })
    expect([put.status, put.headers.etag === etag]).toEqual([200, false])
    const stale = await server.ask('PUT /plan', planOf(), { 'if-match': etag })
    expect([stale.status, pointers(stale), stale.headers.etag]).toEqual([412, ['If-Match'], put.headers.etag])
    for (const call of ['POST /rules', 'PATCH /rules/a', 'DELETE /rules/a']) {
      const body = { 'POST /rules': rule('b', 503), 'PATCH /rules/a': { enabled: false } }[call]
      expect((await server.ask(call, body, { 'if-match': etag })).status).toBe(412)
    }
    // To disable is to edit; a fault of the moment is not.
    await server.ask('POST /fire', { fault: { type: 'reset_peer' }, on: 'request' })
    const now = { 'if-match': put.headers.etag ?? '' }
    expect((await server.ask('PATCH /rules/a', { enabled: false }, now)).status).toBe(200)
    expect((await server.ask('DELETE /rules/a', undefined, now)).status).toBe(412)
    expect((await server.ask('DELETE /rules/a', undefined, { 'if-match': `W/${etag}` })).status).toBe(412)
    expect((await server.ask('DELETE /rules/a', undefined, { 'if-match': '*' })).status).toBe(200)
  })
})

describe('one rule', () => {
  it('is added, disabled, enabled and deleted', async () => {
    await using server = await served()
    const added = await server.ask('POST /rules', rule('a/b', 503))
    expect([added.status, added.json()]).toEqual([201, { generation: 2 }])
    expect(await server.post('{}')).toBe(503)
    const patch = (enabled: boolean): Promise<Told> => server.ask('PATCH /rules/a%2Fb', { enabled })
    expect((await patch(false)).json()).toEqual({ generation: 3 })
    expect(await server.post('{}')).toBe(202)
    await patch(true)
    expect(await server.post('{}')).toBe(503)
    expect((await server.ask('DELETE /rules/a%2Fb')).status).toBe(200)
    expect(await server.post('{}')).toBe(202)
  })

  it.each<[string, unknown, number, string[]]>([
    ['POST /rules', rule('a', 503), 422, ['/id']],
    ['POST /rules', { id: 'x', on: 'request', fault: { type: 'stal' } }, 422, ['/fault/type']],
    ['POST /rules', 'a: [', 400, ['the body:1:5']],
    ['PATCH /rules/a', { enabled: 1 }, 422, ['/enabled']],
    ['PATCH /rules/a', undefined, 422, ['/']],
    ['PATCH /rules/a', '{', 400, ['']],
    ['PATCH /rules/b', { enabled: true }, 404, ['/rules/{id}']],
    ['DELETE /rules/b', undefined, 404, ['/rules/{id}']],
    ['DELETE /rules/%', undefined, 404, ['/rules/{id}']],
  ])('is refused: %s %j', async (call, body, status, at) => {
    await using server = await served()
    await server.ask('POST /rules', rule('a', 503))
    const told = await server.ask(call, body)
    expect([told.status, pointers(told)]).toEqual([status, at])
  })
})

describe('a fault of the moment', () => {
  it('strikes once, or as often as its rule is told', async () => {
    await using server = await served()
    await server.ask('PUT /plan', planOf(rule('told', 429, manual)))
    const once = { fault: { type: 'http_error', status: 500 }, on: 'response-head', taken: false }
    expect((await server.ask('POST /fire', once)).json()).toEqual({ rule: 'fire-1', generation: 3 })
    expect((await server.ask('POST /fire', { rule: 'told', times: 2 })).json()).toMatchObject({
      rule: 'told',
    })
    const statuses = [1, 2, 3, 4].map(() => () => server.post('{}'))
    const seen: number[] = []
    for (const post of statuses) seen.push(await post())
    expect(seen).toEqual([500, 429, 429, 202])
    const { others } = (await server.ask('GET /report')).json() as { others: object[] }
    expect(others).toMatchObject([{ id: 'fire-1', fired: 1, misfired: 0 }])
  })

  it.each<[string, unknown, string[]]>([
    ['/fire', { rule: 'x' }, ['/rule']],
    ['/fire', { fault: { type: 'http_error', status: 500 }, on: 'request' }, ['/fault']],
    ['/fire?ttl_s=1', { rule: 'told' }, ['?ttl_s']],
    ['/fire', 'null', ['/', '/']],
  ])('is refused: POST %s %j', async (path, body, at) => {
    await using server = await served()
    await server.ask('PUT /plan', planOf(rule('told', 429, manual)))
    const told = await server.ask(`POST ${path}`, body)
    expect(told.status).toBe(422)
    for (const pointer of at) expect(pointers(told)).toContain(pointer)
  })
})

describe('reset', () => {
  it('has rules count anew, forgets entries, and resets connections', async () => {
    await using server = await served()
    await server.ask('PUT /plan', planOf(rule('first', 503, { when: { attempt: [1] } })))
    expect([await server.post('{}'), await server.post('{}')]).toEqual([503, 202])
    await server.ask('POST /reset', { counters: true })
    expect(await server.post('{}')).toBe(503)
    expect(await fired(server)).toEqual([['first', 2]])
    const { ended } = await held(server)
    const reset = await server.ask('POST /reset', { connections: true, ledger: true })
    expect(reset.json()).toEqual({ counters: false, ledger: true, connections: 1 })
    expect(await ended).toBe('ECONNRESET')
    expect(await fired(server)).toEqual([['first', 0]])
    expect((await server.ask('GET /requests')).lines()).toEqual([])
  })

  it.each([[{}], [{ counters: false }], [{ rng: true }], [{ ledger: 'yes' }], [[]]])(
    'is refused: %j',
    async (body) => {
      await using server = await served()
      expect((await server.ask('POST /reset', body)).status).toBe(422)
    },
  )
})

describe('quiet, states and the clock', () => {
  it('has no rule fire until it is over', async () => {
    await using server = await served({ clock: 'virtual' })
    await server.ask('PUT /plan', planOf(rule('a', 503)))
    await server.ask('POST /quiet')
    expect(await server.post('{}')).toBe(202)
    await server.ask('POST /resume')
    expect(await server.post('{}')).toBe(503)
    await server.ask('POST /quiet', { for_s: 2 })
    expect(await server.post('{}')).toBe(202)
    await server.ask('POST /clock/advance', { by_ms: 2000 })
    expect(await server.post('{}')).toBe(503)
    expect(pointers(await server.ask('POST /quiet', { for_s: 0 }))).toEqual(['/for_s'])
    expect(pointers(await server.ask('POST /resume?for_s=1'))).toEqual(['?for_s'])
  })

  it('sets a state and unsets it', async () => {
    await using server = await served()
    await server.ask('PUT /plan', planOf(rule('a', 503, { when: { state: 'down' } })))
    expect(await server.post('{}')).toBe(202)
    expect((await server.ask('PUT /state/down')).json()).toMatchObject({ states: ['down'] })
    expect(await server.post('{}')).toBe(503)
    expect((await server.ask('DELETE /state/down')).json()).toMatchObject({ states: [] })
    expect(await server.post('{}')).toBe(202)
    expect(pointers(await server.ask(`PUT /state/${'x'.repeat(200)}`))).toEqual(['/state/{name}'])
  })

  it('turns a clock that is wound by hand, and what waits goes on', async () => {
    await using server = await served({ clock: 'virtual' })
    const delay = { type: 'header_delay', delay_ms: 60_000 }
    await server.ask('PUT /plan', planOf(rule('slow', 503, { taken: true, fault: delay })))
    let isOver = false
    const answered = server.post('{}').then((status) => ((isOver = true), status))
    const follow = await followed(server)
    while ((await server.ask('GET /requests')).lines().length === 0);
    const told = await Promise.all([1, 2].map(() => server.ask('POST /clock/advance', { by_ms: 29_999 })))
    expect(told.map((each) => each.json())).toEqual([{ now_ms: 29_999 }, { now_ms: 59_998 }])
    expect([isOver, follow.lines]).toEqual([false, []])
    await server.ask('POST /clock/advance', { by_ms: 2 })
    expect(await answered).toBe(202)
    follow.leave()
  })

  it('does not turn one that goes by itself', async () => {
    await using server = await served()
    const told = await server.ask('POST /clock/advance', { by_ms: 1 })
    expect([told.status, pointers(told)]).toEqual([409, ['--clock']])
    expect((await server.ask('POST /clock/advance', { by_ms: -1 })).status).toBe(422)
    expect((await server.ask('POST /clock/advance', {})).status).toBe(422)
  })
})

describe('an edit with ttl_s', () => {
  const shot = { fault: { type: 'http_error', status: 500 }, on: 'response-head', taken: false }
  it.each<[string, unknown, number]>([
    ['PUT /plan', planOf(), 202],
    ['POST /rules', rule('b', 500), 503],
    ['PATCH /rules/a', { enabled: false }, 202],
    ['DELETE /rules/a', undefined, 202],
    ['PUT /state/up', undefined, 429],
    ['DELETE /state/down', undefined, 202],
    ['POST /resume', undefined, 503],
    ['POST /fire', shot, 500],
  ])('%s takes itself back', async (call, body, meanwhile) => {
    await using server = await served({ clock: 'virtual' })
    const up = rule('up', 429, { when: { state: 'up' } })
    const down = call.startsWith('DELETE /state') ? { when: { state: 'down' } } : {}
    await server.ask('PUT /plan', planOf(up, rule('a', 503, down)))
    await server.ask('PUT /state/down')
    if (call === 'POST /resume') await server.ask('POST /quiet')
    const before = call === 'POST /resume' ? 202 : 503
    expect((await server.ask(`${call}?ttl_s=1.5`, body)).status).toBeLessThan(300)
    if (call !== 'POST /fire') expect(await server.post('{}')).toBe(meanwhile)
    await server.ask('POST /clock/advance', { by_ms: 1499 })
    expect(await server.post('{}')).toBe(meanwhile)
    await server.ask('POST /clock/advance', { by_ms: 1 })
    expect(await server.post('{}')).toBe(before)
  })

  it('of a fault that does not strike in time withdraws it', async () => {
    await using server = await served({ clock: 'virtual' })
    await server.ask('POST /fire?ttl_s=1', shot)
    await server.ask('POST /clock/advance', { by_ms: 1000 })
    expect(await server.post('{}')).toBe(202)
  })
})

/** `GET /trace?follow=1`, whose head has come. */
async function followed({ admin }: Served): Promise<{
  lines: string[]
  line: () => Promise<string>
  ended: Promise<unknown>
  leave: () => void
}> {
  const asking = get(`${admin}/trace?follow=1`, { agent: false })
  const [answer] = (await once(asking, 'response')) as [IncomingMessage]
  answer.on('error', () => {}) // 'close' follows
  const reader = createInterface({ input: answer })
  reader.on('error', () => {})
  const lines: string[] = []
  reader.on('line', (line) => lines.push(line))
  return {
    lines,
    line: async () => ((await once(reader, 'line')) as [string])[0],
    ended: new Promise((resolve) => answer.once('close', () => resolve(answer.complete))),
    leave: () => void asking.destroy(),
  }
}

describe('what was seen', () => {
  it('is traced, and followed until the server stops', async () => {
    const leftovers = new Leftovers()
    const server = await served()
    await server.ask('POST /rules', rule('a', 503))
    await server.post('{}')
    const [told] = (await server.ask('GET /trace')).lines()
    expect(told).toMatchObject({ rule: 'a', n: 1, point: 'response-head', emitted: { type: 'http_error' } })
    const follow = await followed(server)
    if (follow.lines.length === 0) await follow.line()
    const next = follow.line()
    await server.post('{}')
    expect(JSON.parse(await next)).toMatchObject({ rule: 'a', n: 2 })
    await server[Symbol.asyncDispose]()
    expect(await follow.ended).toBe(true)
    expect(follow.lines.map((line) => (JSON.parse(line) as { n: number }).n)).toEqual([1, 2])
    expect(await leftovers.found()).toEqual([])
  })

  it('is a request with what came of it', async () => {
    await using server = await served()
    await server.ask('POST /rules', rule('a', 503, { when: { nth: [1] } }))
    await server.post('{"a":1}')
    await server.post('{"a":2}')
    expect((await server.ask('GET /requests')).lines()).toMatchObject([
      {
        request: { method: 'POST', path: '/', foreign: 1 },
        faults: [{ rule: 'a' }],
        respond: { status: 503 },
        sent: { written: 'full' },
      },
      { request: { method: 'POST' }, faults: [], take: {}, respond: { status: 202 } },
    ])
  })

  it('is entries, of a kind, from a place on', async () => {
    await using server = await served()
    await server.post('{}')
    const all = (await server.ask('GET /ledger')).lines()
    expect(all.map(({ n }) => n)).toEqual(all.map((_, i) => i))
    expect(all[0]).toMatchObject({ kind: 'run', case: 'serve' })
    const some = await server.ask('GET /ledger?kind=request')
    expect([some.lines().length, some.headers['tailrace-from']]).toEqual([1, '0'])
    expect((await server.ask('GET /ledger?after=2')).lines()[0]).toMatchObject({ n: 3 })
    expect((await server.ask('GET /ledger?after=999999')).lines()).toEqual([])
    const wrong = await server.ask('GET /ledger?kind=x&after=-1&after=2&follow=1')
    expect([wrong.status, pointers(wrong)]).toEqual([422, ['?kind', '?after', '?after', '?follow']])
    expect(pointers(await server.ask('GET /trace?follow=yes'))).toEqual(['?follow'])
    const head = await server.ask('HEAD /ledger')
    expect([head.status, head.text]).toEqual([200, ''])
  })

  it('is how often each rule struck', async () => {
    await using server = await served()
    await server.ask('PUT /plan', planOf(rule('a', 503, { when: { nth: [2] } }), rule('b', 500, manual)))
    await server.ask('PATCH /rules/b', { enabled: false })
    for (let i = 0; i < 3; i += 1) await server.post('{}')
    expect((await server.ask('GET /report')).json()).toMatchObject({
      generation: 3,
      quiet: false,
      states: [],
      rules: [
        { id: 'a', enabled: true, fired: 1, misfired: 0, last: { emitted: { status: 503 } } },
        { id: 'b', enabled: false, fired: 0, misfired: 0 },
      ],
      others: [],
      ledger: { from: 0, dropped: 0 },
    })
  })
})

/** The admin API at its door: calls that there are none of, bodies that are too long or no text, who may call, and that it leaves nothing behind. */
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { Leftovers } from '../../../fakes/testing/leftovers.ts'
import { limits } from '../../limits.ts'
import { ask, served } from '../testing/served.ts'
import type { Told } from '../testing/served.ts'

const noRules = { version: 1, seed: '1', rules: [] }
const pointers = (told: Told): string[] =>
  (told.json() as { problems: { at: string }[] }).problems.map(({ at }) => at)

describe('a call', () => {
  it.each([
    ['GET /nowhere', 404, undefined],
    ['GET /rules/', 404, undefined],
    ['GET /rules/a/b', 404, undefined],
    ['POST /plan', 405, 'GET, HEAD, PUT'],
    ['OPTIONS /plan', 405, 'GET, HEAD, PUT'],
    ['GET /rules', 405, 'POST'],
    ['GET /rules/a', 405, 'PATCH, DELETE'],
    ['HEAD /fire', 405, 'POST'],
    ['GET /state/a', 405, 'PUT, DELETE'],
  ])('does not know %s: %i', async (call, status, allow) => {
    await using server = await served()
    const told = await server.ask(call)
    expect([told.status, told.headers.allow]).toEqual([status, allow])
    if (!call.startsWith('HEAD')) expect((told.json() as { problems: object[] }).problems).toHaveLength(1)
  })
})

describe('a body', () => {
  const huge = 100 * 1024 * 1024

  it('of 100 MB that says so is refused before it is sent', async () => {
    await using server = await served()
    const asking = request(`${server.admin}/plan`, {
      method: 'PUT',
      headers: { 'content-length': String(huge), expect: '100-continue' },
      agent: false,
    })
    let continued = false
    asking.on('continue', () => (continued = true))
    asking.on('error', () => {})
    asking.flushHeaders()
    const [answer] = (await once(asking, 'response')) as [IncomingMessage]
    expect([answer.statusCode, answer.headers.connection, continued]).toEqual([413, 'close', false])
    asking.destroy()
  })

  it.each(['PUT /plan', 'POST /fire', 'GET /plan', 'DELETE /rules/a'])(
    'of 100 MB in chunks is refused by %s and kept by nobody',
    async (call) => {
      await using server = await served()
      const [method, path = ''] = call.split(' ')
      const before = process.memoryUsage().arrayBuffers
      const asking = request(`${server.admin}${path}`, {
        method,
        headers: { 'transfer-encoding': 'chunked' },
        agent: false,
      })
      const answered = once(asking, 'response') as Promise<[IncomingMessage]>
      asking.on('error', () => {}) // what is not read any more
      const piece = Buffer.alloc(1024 * 1024, 'a')
      let isAnswered = false
      void answered.then(() => (isAnswered = true))
      for (let sent = 0; sent < huge && !isAnswered && !asking.destroyed; sent += piece.length) {
        if (!asking.write(piece)) await Promise.race([once(asking, 'drain'), answered])
      }
      const [answer] = await answered
      expect(answer.statusCode).toBe(413)
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30 * 1024 * 1024)
      asking.destroy()
    },
  )

  it('at the bound is read, and one byte more is not', async () => {
    await using server = await served()
    const bare = JSON.stringify({ counters: true })
    const fits = bare + ' '.repeat(limits.adminBodyBytesMax - bare.length)
    expect((await server.ask('POST /reset', fits)).status).toBe(200)
    expect((await server.ask('POST /reset', `${fits} `)).status).toBe(413)
  })

  it('is awaited after 100 Continue, and is to be UTF-8', async () => {
    await using server = await served()
    const told = await ask('POST', `${server.admin}/reset`, '{"counters":true}', {
      expect: '100-continue',
      'content-length': '17',
    })
    expect(told.status).toBe(200)
    const asking = request(`${server.admin}/reset`, { method: 'POST', agent: false })
    asking.end(Buffer.from([0xff, 0xfe]))
    const [answer] = (await once(asking, 'response')) as [IncomingMessage]
    answer.resume()
    expect(answer.statusCode).toBe(400)
  })

  it('that breaks off is nobody’s failure', async () => {
    await using server = await served()
    const asking = request(`${server.admin}/plan`, {
      method: 'PUT',
      headers: { 'content-length': '100' },
      agent: false,
    })
    asking.on('error', () => {})
    asking.write('version')
    await once(asking, 'socket')
    await server.ask('GET /')
    asking.destroy()
    await server.ask('GET /')
    expect(server.running.failures).toEqual([])
  })
})

describe('who may call', () => {
  it('is who has the token, beyond loopback', async () => {
    await using server = await served({ host: '0.0.0.0', seed: 'of our own' })
    const { token = '' } = server.running.admin ?? {}
    expect(token).toMatch(/^tk_[0-9a-f]{24}$/)
    const none = await server.ask('GET /plan')
    expect([none.status, none.headers['www-authenticate'], pointers(none)]).toEqual([
      401,
      'Bearer',
      ['Authorization'],
    ])
    const as = (authorization: string): Promise<Told> => server.ask('PUT /plan', noRules, { authorization })
    expect((await as(`Basic ${token}`)).status).toBe(401)
    expect((await as(`Bearer ${token}x`)).status).toBe(403)
    expect((await as('Bearer ')).status).toBe(401)
    expect((await as(`bearer ${token}`)).status).toBe(200)
    expect((await server.ask('GET /nowhere')).status).toBe(401)
    await using again = await served({ host: '0.0.0.0', seed: 'of our own' })
    expect(again.running.admin?.token).not.toBe(token) // whoever knows the seed does not know it
  })

  it('on loopback is no page of a browser', async () => {
    await using server = await served()
    expect(server.running.admin).not.toHaveProperty('token')
    const origin = await server.ask('POST /quiet', undefined, { origin: 'https://a.example' })
    expect([origin.status, pointers(origin)]).toEqual([403, ['Origin']])
    const named = await server.ask('GET /plan', undefined, { host: 'rebound.example:80' })
    expect([named.status, pointers(named)]).toEqual([403, ['Host']])
    for (const host of ['localhost:1', '127.0.0.2', '[::1]:8', 'LOCALHOST']) {
      expect((await server.ask('GET /plan', undefined, { host })).status).toBe(200)
    }
  })
})

it('stops while a reader of much does not read, and leaves nothing behind', async () => {
  const leftovers = new Leftovers()
  const server = await served()
  const asking = request(`${server.admin}/offer`, { method: 'POST', agent: false })
  asking.on('error', () => {})
  asking.end('{"records":500000}')
  const [answer] = (await once(asking, 'response')) as [IncomingMessage]
  answer.pause()
  answer.on('error', () => {})
  await server[Symbol.asyncDispose]()
  asking.destroy()
  expect(server.running.failures).toEqual([])
  expect(await leftovers.found()).toEqual([])
})

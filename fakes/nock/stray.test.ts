/**
 * Every way out is refused at once, and loopback is not. The address is of the range for documentation (RFC 5737), where
 * nobody answers; that the refusal is ours and not the network's shows in its words.
 */
import { once } from 'node:events'
import type { EventEmitter } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import { connect, createConnection, createServer, Socket } from 'node:net'
import type { AddressInfo, LookupFunction, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import nock from 'nock'
import { Agent, fetch as npmFetch, getGlobalDispatcher, Pool, request } from 'undici'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { realClock } from '../../src/clock.ts'
import { isLoopback, passes, targetOf } from './passage.ts'
import { forbidStrayTraffic } from './stray.ts'
import type { StrayTraffic } from './stray.ts'

const far = '192.0.2.1'

/** Resolves to the error that it ends with. */
async function errorOf(emitting: EventEmitter): Promise<Error> {
  const [error] = (await once(emitting, 'error')) as [Error]
  return error
}

/** The error at the bottom: fetch wraps the one that it met. */
function root(error: unknown): string {
  const { cause, message } = error as Error
  return cause === undefined ? message : root(cause)
}

const rejection = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => new Error('it went through'),
    (error: unknown) => error as Error,
  )

const nowhere: LookupFunction = (_host, options, callback) => {
  if (options.all) callback(null, [{ address: far, family: 4 }])
  else callback(null, far, 4)
}

/** Each way out, and what stops it. */
const ways: readonly (readonly [name: string, by: string, leave: () => Promise<Error>])[] = [
  ['fetch', 'nock', () => rejection(fetch(`http://${far}/`))],
  ['node:http', 'nock', () => errorOf(http.get(`http://${far}/`))],
  [
    'node:http, an agent of its own',
    'nock',
    () => errorOf(http.get(`http://${far}/`, { agent: new http.Agent() })),
  ],
  ['node:https', 'nock', () => errorOf(https.get(`https://${far}/`))],
  ['undici.request', 'undici', () => rejection(request(`http://${far}/`))],
  ['undici.fetch', 'undici', () => rejection(npmFetch(`http://${far}/`))],
  [
    'undici, a dispatcher of its own',
    'socket',
    () => rejection(request(`http://${far}/`, { dispatcher: new Agent() })),
  ],
  [
    'undici, a pool',
    'socket',
    () => rejection(new Pool(`https://${far}`).request({ path: '/', method: 'GET' })),
  ],
  ['net.connect', 'socket', () => errorOf(connect(80, far))],
  ['net.createConnection', 'socket', () => errorOf(createConnection({ host: far, port: 80 }))],
  ['a bare socket', 'socket', () => errorOf(new Socket().connect({ host: far, port: 80 }))],
  ['tls.connect', 'socket', () => errorOf(tls.connect(443, far))],
  ['http2.connect', 'socket', () => errorOf(http2.connect(`http://${far}`))],
  ['http2.connect within TLS', 'socket', () => errorOf(http2.connect(`https://${far}`))],
  [
    'a name of loopback, looked up elsewhere',
    'socket',
    () => {
      return errorOf(connect({ host: 'localhost', port: 80, lookup: nowhere }))
    },
  ],
]

describe('stray traffic', () => {
  let stray: StrayTraffic
  let server: http.Server
  let port: number

  beforeAll(async () => {
    server = http.createServer((_, answer) => answer.end('here'))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    port = (server.address() as AddressInfo).port
  })
  beforeEach(async () => {
    stray = await forbidStrayTraffic()
  })
  afterEach(() => stray.release())
  afterAll(() => {
    server.closeAllConnections()
    server.close()
    nock.restore()
  })

  it.each(ways)('is refused at once: %s', async (_, by, leave) => {
    const clock = realClock()
    const error = await leave()
    expect(root(error)).toMatch(/^(stray traffic to|Nock: Disallowed net connect for) "?192\.0\.2\.1/)
    expect(clock.now() / 1e6).toBeLessThan(2_000)
    expect(stray.seen.map((each) => [each.by, each.host])).toEqual([[by, far]])
  })

  it('is none on loopback', async () => {
    const url = `http://localhost:${port}/`
    expect(await (await fetch(url)).text()).toBe('here')
    expect(await (await request(url)).body.text()).toBe('here')
    expect(await (await npmFetch(`http://127.0.0.1:${port}/`)).text()).toBe('here')
    const [answer] = (await once(http.get(url), 'response')) as [http.IncomingMessage]
    answer.resume()
    await once(answer, 'end')
    const socket = connect(port)
    await once(socket, 'connect')
    socket.destroy()
    expect(stray.seen).toEqual([])
  })

  it('is none on a socket of the file system', async () => {
    const path = join(tmpdir(), `tailrace-stray-${process.pid}.sock`)
    const local: Server = createServer((socket) => socket.end())
    await once(local.listen(path), 'listening')
    await once(connect(path), 'connect')
    await once(connect({ path }), 'connect')
    local.close()
    expect(stray.seen).toEqual([])
  })

  it('may go where it is allowed, and anywhere once it is released', async () => {
    const loops: LookupFunction = (_host, options, callback) => {
      if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }])
      else callback(null, '127.0.0.1', 4)
    }
    const ask = async (host: string): Promise<number | string> => {
      const asked = http.get({ host, port, lookup: loops })
      const first = (await once(asked, 'response').catch(() => [])) as http.IncomingMessage[]
      first[0]?.resume()
      return first[0]?.statusCode ?? 'refused'
    }
    stray.release()
    using some = await forbidStrayTraffic({ allow: ['a.invalid', `b.invalid:${port}`, 'c.invalid:1'] })
    expect([await ask('a.invalid'), await ask('b.invalid'), await ask('c.invalid')]).toEqual([
      200,
      200,
      'refused',
    ])
    expect(some.seen).toMatchObject([{ by: 'nock', host: 'c.invalid', port }])
    some.release()
    expect(await ask('c.invalid')).toBe(200)
  })

  it('finds everything as it was once it is released', async () => {
    stray.release()
    const before = [getGlobalDispatcher(), Object.getOwnPropertyDescriptor(Socket.prototype, 'connect')]
    const again = await forbidStrayTraffic()
    expect(getGlobalDispatcher()).not.toBe(before[0])
    again.release()
    again.release()
    expect([getGlobalDispatcher(), Object.getOwnPropertyDescriptor(Socket.prototype, 'connect')]).toEqual(
      before,
    )
  })

  it('lets through what others have put before it, once it is released', async () => {
    const guarded = Reflect.get(Socket.prototype, 'connect') as (...args: unknown[]) => Socket
    const handing = function (this: Socket, ...args: unknown[]): Socket {
      return guarded.apply(this, args)
    }
    Object.assign(Socket.prototype, { connect: handing })
    stray.release()
    const looped: LookupFunction = (_host, _options, callback) =>
      callback(null, [{ address: '127.0.0.1', family: 4 }])
    const socket = connect({ host: 'c.invalid', port, lookup: looped })
    await once(socket, 'connect')
    socket.destroy()
    Object.assign(Socket.prototype, { connect: guarded })
  })

  it('is forbidden once at a time', async () => {
    await expect(forbidStrayTraffic()).rejects.toMatchObject({ code: 'usage' })
  })

  it('is said not to be seen everywhere', () => {
    for (const what of [/child processes/, /worker threads/, /native addons/, /dgram/]) {
      expect(stray.unseen.some((text) => what.test(text))).toBe(true)
    }
  })

  it('names what is no host', async () => {
    const allow = ['http://a.invalid/', 1, 'a.invalid'] as string[]
    await expect(forbidStrayTraffic({ allow })).rejects.toMatchObject({
      problems: [{ at: 'allow/0' }, { at: 'allow/1' }],
    })
  })
})

describe('a passage', () => {
  it.each([
    ['192.0.2.1:80', { host: '192.0.2.1', port: 80 }],
    ['api.invalid', { host: 'api.invalid' }],
    ['api.invalid:8443', { host: 'api.invalid', port: 8443 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['2001:db8::1', { host: '2001:db8::1' }],
  ])('reads %s', (authority, target) => expect(targetOf(authority)).toEqual(target))

  it.each([
    'localhost',
    'LOCALHOST',
    'a.localhost',
    '127.0.0.1',
    '127.9.9.9',
    '::1',
    '[::1]',
    '::ffff:127.0.0.1',
  ])('takes %s for loopback', (host) => expect(isLoopback(host)).toBe(true))

  it.each([
    '192.0.2.1',
    '0.0.0.1',
    '127.0.0.1.invalid',
    'localhost.invalid',
    '2001:db8::1',
    '::ffff:192.0.2.1',
    '',
  ])('does not take %s for loopback', (host) => expect(isLoopback(host)).toBe(false))

  it('opens a host for one port or for all', () => {
    expect(passes({ host: 'a.invalid', port: 1 }, ['a.invalid'])).toBe(true)
    expect(passes({ host: 'a.invalid', port: 1 }, ['a.invalid:1'])).toBe(true)
    expect(passes({ host: 'a.invalid', port: 2 }, ['a.invalid:1'])).toBe(false)
    expect(passes({ host: 'b.invalid' }, ['a.invalid'])).toBe(false)
  })
})

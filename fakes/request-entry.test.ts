/** What the ledger learns of a request: credentials, where it was sent, and how its body is written. */
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { EntryOf } from '../src/entry.ts'
import { presents } from './request-entry.ts'
import { RawClient, requestText } from './testing/raw-client.ts'
import { ndjson, serving, token } from './testing/serving.ts'
import type { Serving } from './testing/serving.ts'

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8)
const base64 = (text: string): string => Buffer.from(text).toString('base64')

interface Asked {
  readonly path?: string
  readonly fields?: readonly string[]
  readonly body?: string | Buffer
}

/** The entry of one request. */
async function entered(asked: Asked, protocol = 'generic'): Promise<EntryOf<'request'>> {
  await using server = await serving([], protocol)
  return await entryOf(server, asked)
}

async function entryOf(
  server: Serving,
  { path = '/', fields = [], body = '' }: Asked,
): Promise<EntryOf<'request'>> {
  const client = await RawClient.to(server.port)
  const bytes = Buffer.from(body)
  client.send(requestText(`POST ${path}`, [...fields, `Content-Length: ${bytes.length}`]))
  client.send(bytes)
  const entry = await server.first('request')
  client.socket.destroy()
  return entry
}

describe('authentication', () => {
  const own = `Bearer ${token}`

  it.each<[string, readonly string[], string, boolean, string | undefined]>([
    ['a bearer token', [`Authorization: ${own}`], '/', true, own],
    ['another token', ['Authorization: Bearer tk_test2'], '/', false, 'Bearer tk_test2'],
    [
      'the token as a password',
      [`Authorization: Basic ${base64(`x:${token}`)}`],
      '/',
      true,
      `Basic ${base64(`x:${token}`)}`,
    ],
    [
      'the token as a user',
      [`Authorization: Basic ${base64(`${token}:`)}`],
      '/',
      true,
      `Basic ${base64(`${token}:`)}`,
    ],
    ['an API key', [`X-API-Key: ${token}`], '/', true, token],
    ['an API key by another name', ['api-key: other'], '/', false, 'other'],
    ['the query', [], `/?a=b&token=${token}`, true, token],
    ['the query by another name', [], `/?key=${token}`, true, undefined],
    ['nothing', [], '/?name=x', false, undefined],
  ])('by %s', async (_, fields, path, auth, credential) => {
    const entry = await entered({ fields, path })
    expect(entry.auth).toBe(auth)
    expect(entry.credential).toBe(credential === undefined ? undefined : digest(credential))
  })

  it('is for events-api what it says: that a token was presented', async () => {
    const path = '/v0/events?name=tailrace&token=other'
    expect(await entered({ path, body: ndjson(0, 0) }, 'events-api')).toMatchObject({
      auth: true,
      credential: digest('other'),
    })
  })

  it('is not read from bytes that only look like base64', () => {
    const head = {
      method: 'POST',
      path: '/',
      at: 0,
      headers: [['Authorization', 'Basic \u0000%%%']] as const,
    }
    expect(presents(head, token)).toBe(false)
  })
})

describe('where a request was sent', () => {
  it.each([
    ['our name', (own: string) => [`Host: ${own}`], '/', undefined],
    ['our name in other case and space', (own: string) => [`Host:  ${own.toUpperCase()} `], '/', undefined],
    ['another name', (own: string) => [`Host: ${own.replace('127.0.0.1', 'localhost')}`], '/', true],
    ['another port', () => ['Host: 127.0.0.1:1'], '/', true],
    ['another name in the target', (own: string) => [`Host: ${own}`], 'http://other.invalid/', true],
  ] as const)('%s', async (_, fieldsFor, path, elsewhere) => {
    await using server = await serving([])
    const entry = await entryOf(server, { path, fields: fieldsFor(`127.0.0.1:${server.port}`) })
    expect(entry.elsewhere).toBe(elsewhere)
  })
})

describe('the token at another origin', () => {
  it.each([
    ['in a header of its own', [`X-Token: ${token}`], '/', true],
    ['in a cookie', [`Cookie: session=${token}; a=b`], '/', true],
    ['in the query', [], `/?k=${token}`, true],
    ['nowhere', ['X-Token: other'], '/?k=v', false],
  ])('is seen %s', async (_, fields, path, auth) => {
    const entry = await entered({ path, fields: ['Host: other.invalid', ...fields] })
    expect(entry).toMatchObject({ elsewhere: true, auth })
  })
})

describe('a body', () => {
  const [one = '', two = ''] = ndjson(0, 1).split('\n')

  it.each<[string, string, EntryOf<'request'>['form']]>([
    ['lines', `${one}\n${two}\n`, 'ndjson'],
    ['one line', one, 'ndjson'],
    ['lines ended by CRLF, with blank ones', `\uFEFF${one}\r\n\r\n${two}`, 'ndjson'],
    ['an array', `[${one},\n${two}]`, 'array'],
    ['an array on one line', `[${one}]\n`, 'array'],
    ['arrays on lines', `[${one}]\n[${two}]`, 'other'],
    ['an indented document', JSON.stringify(JSON.parse(one), null, 1), 'json'],
    ['a scalar', '"text"', 'json'],
    ['lines of which one is no object', `${one}\n5\n`, 'other'],
    ['lines of which one is broken', `${one}\n${two.slice(0, -1)}\n`, 'other'],
    ['a form', `data=${encodeURIComponent(one)}&v=1`, 'form'],
    ['a table', 'id,seq\na,1\n', 'other'],
    ['blank lines', '\n\n', 'other'],
    ['nothing', '', undefined],
  ])('of %s has its form', async (_, body, form) => {
    expect((await entered({ body })).form).toBe(form)
  })

  it('that is not UTF-8 is told, and only then', async () => {
    expect(await entered({ body: Buffer.from([0x22, 0xff, 0x22]) })).toMatchObject({ utf8: false })
    expect(await entered({ body: ndjson(0, 0) })).not.toHaveProperty('utf8')
  })

  it('is told of decoded, with the codings that it had', async () => {
    const body = gzipSync(ndjson(0, 1))
    const coded = await entered({ body, fields: ['Content-Encoding: GZIP, identity'] })
    expect(coded).toMatchObject({ form: 'ndjson', coding: 'gzip', bytes: body.length })
    expect(coded).not.toHaveProperty('utf8')
    const broken = await entered({ body: 'plain', fields: ['Content-Encoding: gzip'] })
    expect(broken).toMatchObject({ coding: 'gzip' })
    expect(broken).not.toHaveProperty('form')
    expect(await entered({ body: 'x' })).not.toHaveProperty('coding')
  })

  it('has the SHA-256 of its bytes as they came, also when it comes again', async () => {
    await using server = await serving([])
    const lines = ndjson(0, 99).trimEnd()
    const bodies = [
      lines,
      `${lines}\n`,
      `${lines}\n\n`,
      one,
      gzipSync(lines),
      lines,
      `${lines}\n`,
      one,
      `${one} `,
    ]
    for (const body of bodies) {
      const client = await RawClient.to(server.port)
      const bytes = Buffer.from(body)
      const fields = typeof body === 'string' ? [] : ['Content-Encoding: gzip']
      client.send(requestText('POST /', [...fields, `Content-Length: ${bytes.length}`]))
      const half = Math.floor(bytes.length / 2)
      client.send(bytes.subarray(0, half))
      client.send(bytes.subarray(half))
      await client.until('\r\n\r\n')
      client.socket.destroy()
    }
    const sha = (body: string | Buffer): string =>
      createHash('sha256').update(body).digest('hex').slice(0, 16)
    expect(server.entries('request').map((entry) => entry.sha)).toEqual(bodies.map(sha))
  })

  it('that was cut says nothing of the whole', async () => {
    await using server = await serving([])
    const client = await RawClient.to(server.port)
    client.socket.end(requestText('POST /', ['Content-Length: 99'], '{"a":"Z\u00fc'))
    const entry = await server.first('request')
    expect(entry.complete).toBe(false)
    expect(entry).not.toHaveProperty('form')
    expect(entry).not.toHaveProperty('utf8')
  })
})

/**
 * Faults on the socket under TLS, against node's own client over a recorded socket: what it hears within TLS and on the
 * wire, how both end, and what the ledger says, with the record taken and not taken.
 */
import { once } from 'node:events'
import { connect } from 'node:http2'
import type { ConnectionOptions } from 'node:tls'
import { describe, expect, it } from 'vitest'
import type { FaultOf } from '../../src/fault.ts'
import { countIds } from '../../src/record.ts'
import { RawClient } from '../testing/raw-client.ts'
import { dateLine, ndjson, post, serving } from '../testing/serving.ts'
import type { Serving } from '../testing/serving.ts'
import { recordsIn, TlsClient } from '../tls/testing/tls-client.ts'
import { head, json, ok } from './testing/sight.ts'
import type * as records from './tls-records.ts'

type Struck = FaultOf<keyof typeof records>

const corrupt = `1703030020${'a5'.repeat(32)}`
const begun = head(202, 'Accepted', [json], 11)
const alertRecord = 21
/** OpenSSL has two words for it, by version and cipher. */
const undecrypted = /^ERR_SSL_(DECRYPTION_FAILED_OR_BAD_RECORD_MAC|CIPHER_OPERATION_FAILED)$/

function struckBy(fault: Struck, on: string, taken: boolean): Promise<Serving> {
  const rule = { id: 'struck', on, key: 'content', taken, fault } as const
  return serving([rule], 'generic', { tls: true, h2: true })
}

async function posted(server: Serving, options: ConnectionOptions = {}): Promise<TlsClient> {
  const client = await TlsClient.to(server.port, options)
  client.socket.write(post(ndjson(0, 0)))
  return client
}

async function expectDone(server: Serving, fault: Struck, on: string, taken: boolean): Promise<void> {
  const { planned, emitted } = await server.first('fault')
  expect(planned).toEqual({ point: on, taken, ...fault })
  expect(emitted).toEqual(planned)
  await server.deserted()
  expect(countIds(server.entries('land').flatMap(({ ids }) => ids))).toBe(taken ? 1 : 0)
  expect(server.entries('fault')).toHaveLength(1)
  expect(server.failures).toEqual([])
}

const versions = ['TLSv1.3', 'TLSv1.2'] as const
const answers = [
  ['response-head', true, ''],
  ['response-head', false, ''],
  ['response-body(5)', true, `${begun}{"ok"`],
  ['response-end', true, ok],
] as const

describe('tls_corrupt_record on a socket', () => {
  const fault = { type: 'tls_corrupt_record' } as const

  it.each(answers.flatMap((row) => versions.map((version) => [...row, version] as const)))(
    'at %s, taken %s, is found out after %j by %s',
    async (on, taken, text, maxVersion) => {
      await using server = await struckBy(fault, on, taken)
      const client = await posted(server, { maxVersion })
      expect(await client.closed).toMatch(undecrypted)
      expect(client.text).toBe(text)
      expect(client.wire.toString('hex')).toContain(corrupt)
      client.destroy()
      await expectDone(server, fault, on, taken)
      expect(await server.first('close')).toMatchObject({ by: 'client' })
      const written = { 'response-head': 'none', 'response-body(5)': 'partial', 'response-end': 'full' }[on]
      expect(server.entries('sent')).toMatchObject([{ written }])
    },
  )

  it('is all that there is until the faults are healed, for a client that does not mind', async () => {
    await using server = await struckBy(fault, 'response-head', false)
    const client = await TlsClient.to(server.port)
    expect(await client.shaken).toBe('secure')
    const { raw, socket } = client
    let wire = ''
    raw.removeAllListeners('data') // TLS hears no more of it
    raw.on('data', (chunk: Buffer) => (wire += chunk.toString('hex')))
    socket.write(post(ndjson(0, 0)))
    while (!wire.endsWith(corrupt)) await once(raw, 'data')
    expect(server.entries('close')).toEqual([])
    server.heal()
    expect(await client.ended).toBe('fin')
    client.destroy()
    await expectDone(server, fault, 'response-head', false)
  })
})

/** Whether the server's last record is an alert; in TLS 1.2 the type stands in clear. */
async function lastRecord(client: TlsClient): Promise<number | undefined> {
  expect(await client.ended).toBe('fin')
  return recordsIn(client.wire).at(-1)?.type
}

const closeDelimited = ['HTTP/1.1 202 Accepted', json, dateLine, 'Connection: close', '', ''].join('\r\n')

describe('tls_no_close_notify on a socket', () => {
  it.each([
    ['response-head', {}, `${closeDelimited}{"ok":true}`, 'partial'],
    ['response-head', { bytes: 4 }, `${closeDelimited}{"ok`, 'partial'],
    ['response-head', { bytes: 0 }, closeDelimited, 'partial'],
    ['response-body(5)', { bytes: 0 }, `${begun}{"ok"`, 'partial'],
    ['response-body(5)', {}, ok, 'full'],
    ['response-end', {}, ok, 'full'],
  ] as const)('at %s with %o', async (on, more, text, written) => {
    const fault = { type: 'tls_no_close_notify', ...more } as const
    await using server = await struckBy(fault, on, true)
    const client = await posted(server, { maxVersion: 'TLSv1.2' })
    expect(await client.closed).toBe('end') // node's client, as most, makes nothing of it
    expect(client.text).toBe(text)
    expect(await lastRecord(client)).not.toBe(alertRecord)
    client.destroy()
    await expectDone(server, fault, on, true)
    expect(server.entries('sent')).toMatchObject([{ written }])
    expect(await server.first('close')).toMatchObject({ by: 'server', how: 'fin' })
  })

  it('differs from an end in order by that alert', async () => {
    await using server = await serving([], 'generic', { tls: true, h2: true })
    const client = await TlsClient.to(server.port, { maxVersion: 'TLSv1.2' })
    client.socket.write(post(ndjson(0, 0), '/', ['Connection: close']))
    expect(await client.closed).toBe('end')
    expect(await lastRecord(client)).toBe(alertRecord)
    client.destroy()
  })

  it('leaves a stream of HTTP/2 its own end', async () => {
    const fault = { type: 'tls_no_close_notify' } as const
    await using server = await struckBy(fault, 'response-head', true)
    const client = await TlsClient.to(server.port, { ALPNProtocols: ['h2'], maxVersion: 'TLSv1.2' }, false)
    expect(await client.shaken).toBe('secure')
    expect(await overH2(client)).toEqual({ status: 202, text: '{"ok":true}', code: 0 })
    expect(await lastRecord(client)).not.toBe(alertRecord)
    client.destroy()
    await expectDone(server, fault, 'response-head', true)
    expect(server.entries('sent')).toMatchObject([{ written: 'full' }])
    expect(await server.first('close')).toMatchObject({ by: 'server', how: 'fin' })
  })
})

describe('tls_reset_mid_body on a socket', () => {
  it.each([{}, { linger_ms: 20 }])('with %o', async (more) => {
    const fault = { type: 'tls_reset_mid_body', ...more } as const
    await using server = await struckBy(fault, 'response-body(5)', true)
    const client = await posted(server)
    expect(await client.closed).toBe('ECONNRESET')
    expect(client.text).toBe(`${begun}{"ok"`)
    expect(await client.ended).toBe('rst')
    client.destroy()
    await expectDone(server, fault, 'response-body(5)', true)
    expect(server.entries('sent')).toMatchObject([{ written: 'partial' }])
    expect(await server.first('close')).toMatchObject({ by: 'server', how: 'rst' })
  })

  it('resets HTTP/2 too', async () => {
    const fault = { type: 'tls_reset_mid_body' } as const
    await using server = await struckBy(fault, 'response-body(5)', true)
    const client = await TlsClient.to(server.port, { ALPNProtocols: ['h2'] }, false)
    expect(await client.shaken).toBe('secure')
    await expect(overH2(client)).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(await client.ended).toBe('rst')
    client.destroy()
    await expectDone(server, fault, 'response-body(5)', true)
    expect(await server.first('close')).toMatchObject({ by: 'server', how: 'rst' })
  })
})

describe('without TLS', () => {
  it.each(['tls_corrupt_record', 'tls_no_close_notify', 'tls_reset_mid_body'] as const)(
    '%s is a misfire, and the answer goes out',
    async (type) => {
      const rule = { id: 'struck', on: 'response-body(5)', taken: true, fault: { type } } as const
      await using server = await serving([rule])
      const client = await RawClient.to(server.port)
      client.send(post(ndjson(0, 0)))
      expect(await client.until(ok)).toBe(ok)
      client.socket.destroy()
      expect((await server.first('fault')).emitted).toMatchObject({ type: 'none', why: 'unsupported' })
    },
  )
})

/** Posts the first record over HTTP/2; what came of it, or the error of the session. */
async function overH2({ socket }: TlsClient): Promise<{ status: unknown; text: string; code: unknown }> {
  const session = connect('https://127.0.0.1', { createConnection: () => socket })
  const failed = once(session, 'error').then(([error]) => Promise.reject(error as Error))
  failed.catch(() => {})
  const stream = session.request({ ':method': 'POST', ':path': '/' })
  stream.on('error', () => {}) // the session's is the cause
  let [text, status] = ['', undefined as unknown]
  stream.on('response', (fields) => (status = fields[':status']))
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  stream.end(ndjson(0, 0))
  await Promise.race([once(stream, 'close'), failed])
  return { status, text, code: stream.rstCode }
}

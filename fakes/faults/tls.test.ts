/**
 * Faults of the TLS handshake, against node's own client over a recorded socket: the bytes or the alert that it is sent,
 * what it makes of them, how the connection ends, and what the ledger says was done.
 */
import { connect } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { describe, expect, it } from 'vitest'
import type { EntryOf } from '../../src/entry.ts'
import type { FaultOf } from '../../src/fault.ts'
import type { Rule } from '../../src/plan/plan.ts'
import type { TlsName } from './index.ts'
import { RawClient } from '../testing/raw-client.ts'
import { dateLine, ndjson, post, serving } from '../testing/serving.ts'
import type { Serving } from '../testing/serving.ts'
import { certificate } from '../tls/certificates.ts'
import { recordsIn, TlsClient } from '../tls/testing/tls-client.ts'
import { ok } from './testing/sight.ts'

/** ALPN as browsers offer it. */
const both = ['h2', 'http/1.1']
const handshake = 22
const serverHello = 2

function struckBy(fault: FaultOf<TlsName>): Promise<Serving> {
  return serving([{ id: 'struck', on: 'tls', key: 'connection', fault }], 'generic', { tls: true, h2: true })
}

/** What the ledger says of the one fault: done as planned, or why not. */
async function deed(server: Serving, fault: FaultOf<TlsName>): Promise<unknown> {
  const { rule, conn, planned, emitted }: EntryOf<'fault'> = await server.first('fault')
  expect({ rule, conn, planned }).toEqual({ rule: 'struck', conn: 0, planned: { point: 'tls', ...fault } })
  expect(server.failures).toEqual([])
  expect(server.entries('fault')).toHaveLength(1)
  return JSON.stringify(emitted) === JSON.stringify(planned) ? 'done' : emitted['why']
}

async function served(client: TlsClient): Promise<string> {
  client.socket.write(post(ndjson(0, 0)))
  return client.until(ok)
}

async function refusedBy(server: Serving, options: ConnectionOptions = {}): Promise<unknown> {
  const client = await TlsClient.to(server.port, options)
  const code = await client.shaken
  client.destroy()
  return code
}

describe('tls_untrusted on a socket', () => {
  const refusals = [
    [{ type: 'tls_untrusted' }, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [{ type: 'tls_untrusted', who: 'authority' }, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [{ type: 'tls_untrusted', who: 'host' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ] as const

  it.each(refusals)('%o is refused for %s', async (fault, code) => {
    await using server = await struckBy(fault)
    expect(await refusedBy(server)).toBe(code)
    expect(await deed(server, fault)).toBe('done')
  })

  it('serves whoever does not look', async () => {
    const fault = { type: 'tls_untrusted' } as const
    await using server = await struckBy(fault)
    const client = await TlsClient.to(server.port, { rejectUnauthorized: false })
    expect(await served(client)).toBe(ok)
    client.destroy()
    expect(await deed(server, fault)).toBe('done')
  })

  it('is not done where the client leaves before it has said anything of weight', async () => {
    const fault = { type: 'tls_untrusted' } as const
    await using server = await struckBy(fault)
    const client = await RawClient.to(server.port)
    client.send(Buffer.from('1603010200', 'hex'))
    client.socket.end()
    expect((await client.toEnd()).text).toBe('')
    expect(await deed(server, fault)).toBe('gone')
  })

  it('is not done where what came is no TLS, and says what OpenSSL makes of it', async () => {
    const fault = { type: 'tls_untrusted' } as const
    await using server = await struckBy(fault)
    const client = await RawClient.to(server.port)
    client.send(Buffer.from('160301000401000000', 'hex'))
    const { text } = await client.toEnd()
    expect(Buffer.from(text, 'latin1').toString('hex')).toBe('15030300020232') // fatal, decode_error
    expect(await deed(server, fault)).toBe('length too short')
  })
})

describe('tls_expired on a socket', () => {
  it('shows a certificate that ended yesterday', async () => {
    const fault = { type: 'tls_expired' } as const
    await using server = await struckBy(fault)
    expect(await refusedBy(server)).toBe('CERT_HAS_EXPIRED')
    expect(await deed(server, fault)).toBe('done')
  })

  it('shows it also to a client that could resume a session in order', async () => {
    const fault = { type: 'tls_expired' } as const
    const rule = { id: 'struck', on: 'tls', key: 'connection', when: { nth: [2] }, fault } satisfies Rule
    await using server = await serving([rule], 'generic', { tls: true, h2: true })
    const first = await TlsClient.to(server.port)
    const session = new Promise<Buffer>((resolve) => first.socket.once('session', resolve))
    expect(await served(first)).toBe(ok)
    expect(await refusedBy(server, { session: await session })).toBe('CERT_HAS_EXPIRED')
    first.destroy()
  })
})

describe('tls_version on a socket', () => {
  const fault = { type: 'tls_version' } as const

  it('is alert 70 for a client that speaks only what is newer', async () => {
    await using server = await struckBy(fault)
    const client = await TlsClient.to(server.port)
    expect(await client.shaken).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
    expect(client.wire.toString('hex')).toBe('15030300020246')
    expect(await client.ended).toBe('fin')
    client.destroy()
    expect(await deed(server, fault)).toBe('done')
  })

  it('is TLS 1.1 with a client that speaks it', async () => {
    await using server = await struckBy(fault)
    const old = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    const client = await TlsClient.to(server.port, old)
    expect(await client.shaken).toBe('secure')
    expect(client.socket.getProtocol()).toBe('TLSv1.1')
    expect(await served(client)).toBe(ok)
    client.destroy()
    expect(await deed(server, fault)).toBe('done')
  })
})

describe('tls_client_cert_required on a socket', () => {
  const fault = { type: 'tls_client_cert_required' } as const

  it.each([
    ['TLSv1.3', 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'],
    ['TLSv1.2', 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE'],
  ] as const)('is an alert of %s for a client without one', async (maxVersion, code) => {
    await using server = await struckBy(fault)
    const client = await TlsClient.to(server.port, { maxVersion })
    expect(await client.closed).toBe(code)
    client.destroy()
    expect(await deed(server, fault)).toBe('done')
  })

  it('serves a client that has one, of whatever authority', async () => {
    await using server = await struckBy(fault)
    const client = await TlsClient.to(server.port, await certificate('stranger'))
    expect(await served(client)).toBe(ok)
    client.destroy()
    expect(await deed(server, fault)).toBe('done')
  })
})

describe('alpn_h1_only on a socket', () => {
  const fault = { type: 'alpn_h1_only' } as const

  it('speaks HTTP/1.1 with a client that would have HTTP/2', async () => {
    await using server = await struckBy(fault)
    const client = await TlsClient.to(server.port, { ALPNProtocols: both })
    expect(await client.shaken).toBe('secure')
    expect(client.socket.alpnProtocol).toBe('http/1.1')
    expect(await served(client)).toBe(ok)
    client.destroy()
    expect(await deed(server, fault)).toBe('done')
  })

  it('is alert 120 for one that would have nothing else', async () => {
    await using server = await struckBy(fault)
    expect(await refusedBy(server, { ALPNProtocols: ['h2'] })).toBe(
      'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    )
    expect(await deed(server, fault)).toBe('done')
  })

  it.each([{ ALPNProtocols: ['http/1.1'] }, {}])('takes nothing from a client with %o', async (options) => {
    await using server = await struckBy(fault)
    const client = await TlsClient.to(server.port, options)
    expect(await served(client)).toBe(ok)
    client.destroy()
    expect(await deed(server, fault)).toBe('not offered')
  })
})

describe('alpn_mismatch on a socket', () => {
  const fault = { type: 'alpn_mismatch' } as const

  it('is alert 120', async () => {
    await using server = await struckBy(fault)
    const client = await TlsClient.to(server.port, { ALPNProtocols: both })
    expect(await client.shaken).toBe('ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL')
    expect(client.wire.toString('hex')).toBe('15030300020278')
    expect(await client.ended).toBe('fin')
    client.destroy()
    expect(await deed(server, fault)).toBe('done')
  })

  it('cannot refuse a client that offers nothing', async () => {
    await using server = await struckBy(fault)
    const client = await TlsClient.to(server.port)
    expect(await served(client)).toBe(ok)
    client.destroy()
    expect(await deed(server, fault)).toBe('not offered')
  })
})

describe('tls_handshake_reset on a socket', () => {
  const fault = { type: 'tls_handshake_reset' } as const

  it('resets upon the ClientHello', async () => {
    await using server = await struckBy(fault)
    const client = await TlsClient.to(server.port)
    expect(await client.shaken).toBe('ECONNRESET')
    expect(await client.ended).toBe('rst')
    expect(client.wire).toHaveLength(0)
    expect(await deed(server, fault)).toBe('done')
    expect(await server.first('close')).toMatchObject({ by: 'server', how: 'rst' })
  })

  it('waits for all of it', async () => {
    await using server = await struckBy(fault)
    const whole = await TlsClient.to(server.port)
    await whole.shaken
    const client = await RawClient.to(server.port)
    const { sent } = whole
    client.send(sent.subarray(0, 100))
    client.socket.end()
    expect(await client.toEnd()).toEqual({ text: '', how: 'fin' })
    await server.deserted()
    expect(server.entries('fault').map(({ emitted }) => emitted['why'])).toEqual([undefined, 'gone'])
  })
})

describe('tls_handshake_fin on a socket', () => {
  it('closes upon the ClientHello', async () => {
    const fault = { type: 'tls_handshake_fin' } as const
    await using server = await struckBy(fault)
    const client = await TlsClient.to(server.port)
    expect(await client.shaken).toBe('ECONNRESET') // node's word for an end within the handshake
    expect(await client.ended).toBe('fin')
    expect(client.wire).toHaveLength(0)
    client.destroy()
    expect(await deed(server, fault)).toBe('done')
    expect(await server.first('close')).toMatchObject({ by: 'server', how: 'fin' })
  })
})

describe('tls_plaintext on a socket', () => {
  it('answers in clear', async () => {
    const fault = { type: 'tls_plaintext' } as const
    await using server = await struckBy(fault)
    const client = await TlsClient.to(server.port)
    expect(await client.shaken).toBe('ERR_SSL_WRONG_VERSION_NUMBER')
    expect(client.wire.toString('latin1')).toBe(
      `HTTP/1.1 400 Bad Request\r\n${dateLine}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    )
    expect(await client.ended).toBe('fin')
    client.destroy()
    expect(await deed(server, fault)).toBe('done')
  })
})

describe('tls_alert on a socket', () => {
  it.each([
    [{}, '15030300020228', 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE'],
    [{ description: 80 }, '15030300020250', 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR'],
    [{ description: 0 }, '15030300020100', 'ECONNRESET'],
  ])('with %o is %s', async (more, wire, code) => {
    const fault = { type: 'tls_alert', ...more } as const
    await using server = await struckBy(fault)
    const client = await TlsClient.to(server.port)
    expect(await client.shaken).toBe(code)
    expect(client.wire.toString('hex')).toBe(wire)
    expect(await client.ended).toBe('fin')
    client.destroy()
    expect(await deed(server, fault)).toBe('done')
  })
})

describe('tls_handshake_stall on a socket', () => {
  it('leaves the ClientHello without an answer, then goes on', async () => {
    const fault = { type: 'tls_handshake_stall', for_ms: 20 } as const
    await using server = await struckBy(fault)
    const client = await TlsClient.to(server.port)
    expect(await deed(server, fault)).toBe('done')
    expect(client.wire).toHaveLength(0)
    expect(await client.shaken).toBe('secure')
    expect(await served(client)).toBe(ok)
    client.destroy()
  })

  it('without an end lasts until the faults are healed', async () => {
    const fault = { type: 'tls_handshake_stall' } as const
    await using server = await struckBy(fault)
    const client = await TlsClient.to(server.port)
    expect(await deed(server, fault)).toBe('done')
    expect(client.wire).toHaveLength(0)
    server.heal()
    expect(await served(client)).toBe(ok)
    expect(recordsIn(client.wire)[0]).toMatchObject({ type: handshake, body: { 0: serverHello } })
    client.destroy()
  })

  it('ends when the client leaves', async () => {
    const fault = { type: 'tls_handshake_stall' } as const
    await using server = await struckBy(fault)
    const client = await TlsClient.to(server.port)
    expect(await deed(server, fault)).toBe('done')
    client.destroy()
    await server.deserted()
    expect(await server.first('close')).toMatchObject({ by: 'client' })
  })
})

describe('a server that stops', () => {
  it('waits neither for a stall nor for a client that says nothing', async () => {
    const server = await struckBy({ type: 'tls_handshake_stall' })
    const client = await TlsClient.to(server.port)
    const silent = connect(server.port, '127.0.0.1')
    await server.first('fault')
    await server.stop()
    expect(await client.shaken).toBe('ECONNRESET')
    client.destroy()
    silent.destroy()
  })
})

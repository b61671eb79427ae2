/**
 * The server's side of a TLS handshake, for each connection as it is wished. Node's `tls.Server` has one manner for all
 * its connections; a `TLSSocket` has one of its own. How its handshake ends node tells by `secure` and `_tlsError`,
 * which it uses itself and does not document; without its `tls.Server` the latter also tells what goes wrong later.
 */
import type { Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import type { SecureContext, TlsOptions, TLSSocketOptions } from 'node:tls'
import { within } from '../../src/clock.ts'
import type { Clock, Timer } from '../../src/clock.ts'
import type { Gone } from '../../src/exchange.ts'
import { limits } from '../../src/limits.ts'
import { certificate } from './certificates.ts'
import type { Certificate, CertificateName } from './certificates.ts'

/** RFC 7301 §6, RFC 9113 §3.2. */
export type Alpn = 'h2' | 'http/1.1'

/** In what a handshake differs from one that is in order. */
export interface SecureOptions {
  /** `ours` when absent. */
  readonly certificate?: CertificateName
  /** Spoken, the preferred first; both, HTTP/2 first, when absent. Nothing in common is told by alert 120. */
  readonly protocols?: readonly Alpn[]
  /** Speaks TLS 1.1 at most, with the ciphers of its time. */
  readonly old?: boolean
  /** Demands a certificate of the client, of whatever authority. */
  readonly demandsCertificate?: boolean
  /** Called once, with how it ended. */
  readonly settled?: (handshake: Handshake) => void
}

export interface Securing extends SecureOptions {
  readonly clock: Clock
  /** Named in the certificate beside localhost. */
  readonly host?: string
  /** Called where no connection came of it. */
  readonly failed?: (handshake: Handshake) => void
}

export interface Secured {
  /** `resetAndDestroy` works as on a bare socket. */
  readonly socket: TLSSocket
  /** `http/1.1` too where the client asked for nothing. */
  readonly alpn: Alpn
}

export interface Handshake {
  /** `refused`: by an alert of the client; `alerted`: by ours, or by our end where what came is no TLS at all. */
  readonly ended: 'done' | 'refused' | 'alerted' | 'gone' | 'late'
  /** In the words of OpenSSL where it has some: `unsupported protocol`, `tlsv1 alert unknown ca`. */
  readonly why: string
  /** Who ended the connection and how; absent when done. */
  readonly lost?: Gone
  /** Whether our certificate went out; in a session that is resumed there is none. */
  readonly shown: boolean
  /** The protocols that the client offered by ALPN; none where it did not. */
  readonly offered: readonly string[]
}

type Ending = Pick<Handshake, 'ended' | 'why' | 'lost'>
type TlsError = Error & { readonly code?: string; readonly reason?: string }

const left: Ending = { ended: 'gone', why: 'gone', lost: { by: 'client', how: 'fin' } }
const late: Ending = { ended: 'late', why: 'late', lost: { by: 'server', how: 'timeout' } }

const bothProtocols: readonly Alpn[] = ['h2', 'http/1.1']

/** Contexts of handshakes in order, by host. Kept, so that clients can resume sessions as they do elsewhere. */
const contexts = new Map<string, Promise<SecureContext>>()

/**
 * Shakes hands on a socket from which nothing was read, or to which it was given back by `unshift`. Never throws for
 * what the client does: where no connection comes of it, the socket is closed and `failed` is told.
 */
export async function secure(raw: Socket, options: Securing): Promise<Secured | undefined> {
  raw.on('error', () => {}) // 'close' follows, and the TLS socket tells why
  const { cert } = await certificate(options.certificate ?? 'ours', options.host)
  const secureContext = await contextFor(options)
  const offered: string[] = []
  // Without a handle there would be nothing to wrap; an end that was read already is not read again.
  const isOver = raw.destroyed || raw.readableEnded
  const socket = isOver ? undefined : wrapped(raw, options, { secureContext, offered })
  const ending = socket ? await within(options.clock, limits.tlsHandshakeMs, endOf(socket, raw), late) : left
  const handshake = { ...ending, shown: raw.bytesWritten > derBytes(cert), offered }
  options.settled?.(handshake)
  if (socket && ending.ended === 'done') {
    return { socket, alpn: socket.alpnProtocol === 'h2' ? 'h2' : 'http/1.1' }
  }
  socket?.destroy()
  raw.destroy()
  options.failed?.(handshake)
  return undefined
}

interface Ground {
  readonly secureContext: SecureContext
  /** Filled with what the client offers. */
  readonly offered: string[]
}

function wrapped(raw: Socket, options: Securing, { secureContext, offered }: Ground): TLSSocket {
  const { protocols: spoken = bothProtocols, demandsCertificate = false } = options
  const own: TLSSocketOptions & Pick<TlsOptions, 'ALPNCallback'> = {
    isServer: true,
    secureContext,
    requestCert: demandsCertificate,
    rejectUnauthorized: demandsCertificate,
    ALPNCallback: ({ protocols }) => {
      offered.push(...protocols)
      return spoken.find((each) => protocols.includes(each))
    },
  }
  const socket = new TLSSocket(raw, own)
  mindReset(socket, raw, options.clock)
  // Node's own is for sockets that wrap nothing, and throws.
  return Object.assign(socket, { resetAndDestroy: () => (raw.resetAndDestroy(), socket) })
}

/**
 * A client that says close_notify and then resets is heard of no more: node ignores what comes behind, and calls back
 * no write that runs into it (measured, Node 20). So once the client has ended, the system is asked.
 */
function mindReset(socket: TLSSocket, raw: Socket, clock: Clock): void {
  let timer: Timer | undefined
  const look = (): void => {
    if (isReset(raw)) socket.destroy()
    else timer = clock.after(resetProbeMs, look)
  }
  socket.once('end', () => socket.destroyed || look())
  socket.once('close', () => timer?.cancel())
}

const resetProbeMs = 20

/** Nobody is at the other end of a connection that was reset (getpeername(2), ENOTCONN). */
function isReset(raw: Socket): boolean {
  const { _handle: handle } = raw as { _handle?: { getpeername?(into: object): number } | null }
  return (handle?.getpeername?.({}) ?? 0) !== 0
}

/** Resolves when the handshake is over, one way or the other. */
function endOf(socket: TLSSocket, raw: Socket): Promise<Ending> {
  return new Promise((resolve) => {
    // An end that came while the certificate was made is told by the bare socket, which has read it.
    for (const each of [raw, socket]) each.once('end', () => resolve(left)).once('close', () => resolve(left))
    socket.on('_tlsError', (error: TlsError) => {
      resolve(failure(error))
      socket.destroy(error)
    })
    socket.once('secure', () => resolve({ ended: 'done', why: 'done' }))
  })
}

function failure(error: TlsError): Ending {
  const why = error.reason ?? error.code ?? error.message
  // OpenSSL names the alert that it was sent; for one that it sends itself there is no such word.
  if (/SSL alert number/.test(error.message)) {
    return { ended: 'refused', why, lost: { by: 'client', how: 'fin' } }
  }
  if (error.code?.startsWith('ERR_SSL_')) {
    return { ended: 'alerted', why, lost: { by: 'server', how: 'fin' } }
  }
  return { ended: 'gone', why, lost: { by: 'client', how: 'rst' } }
}

function contextFor(options: Securing): Promise<SecureContext> {
  const { certificate: name = 'ours', host, old, demandsCertificate } = options
  const make = (): Promise<SecureContext> =>
    certificate(name, host).then((made) => contextOf(made, old === true))
  // Of a fault each connection has its own: a session that is resumed would show no certificate, and ask for none.
  if (name !== 'ours' || old || demandsCertificate) return make()
  const key = host ?? ''
  let found = contexts.get(key)
  if (!found) contexts.set(key, (found = make()))
  return found
}

/** At the security level of OpenSSL's default TLS 1.1 has no cipher left. */
function contextOf({ cert, key }: Certificate, old: boolean): SecureContext {
  const oldest = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  return createSecureContext({ cert, key, ...(old ? oldest : {}) })
}

/** What a certificate in PEM takes on the wire; all that a server says before it is shorter. */
function derBytes(pem: string): number {
  return Buffer.from(pem.replace(/-----[A-Z ]+-----/g, ''), 'base64').length
}

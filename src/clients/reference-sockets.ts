/** Connections of the reference client that undici does not make: by TCP, and by TLS. */
import { connect as connectTcp, isIP } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls, rootCertificates } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../clock.ts'

export interface Connecting {
  readonly timeoutMs: number
  /** Nobody waits for it any more. */
  readonly signal: AbortSignal
  readonly clock: Clock
}

export interface Securing extends Connecting {
  /** Authorities to trust beside those that Node knows, as PEM. */
  readonly ca?: string | undefined
  /** Offered by ALPN, the preferred one first. */
  readonly protocols: readonly string[]
}

export interface Secured {
  readonly socket: TLSSocket
  /** What the server chose; HTTP/1.1 where it chose nothing (RFC 7301 §3.1). */
  readonly alpn: string
}

export function connectPlain(url: URL, connecting: Connecting): Promise<Socket> {
  return connected(
    connectTcp({ host: hostOf(url), port: portOf(url, 80), noDelay: true }),
    'connect',
    connecting,
  )
}

export async function connectSecure(url: URL, securing: Securing): Promise<Secured> {
  const { ca, protocols } = securing
  const host = hostOf(url)
  const raw = connectTls({
    host,
    port: portOf(url, 443),
    ALPNProtocols: [...protocols],
    ...(isIP(host) ? {} : { servername: host }), // RFC 6066 §3: an address is no server name
    ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }),
  })
  raw.setNoDelay(true)
  const socket = await connected(raw, 'secureConnect', securing)
  return { socket, alpn: socket.alpnProtocol || 'http/1.1' }
}

function connected<S extends Socket>(
  socket: S,
  sign: 'connect' | 'secureConnect',
  { timeoutMs, signal, clock }: Connecting,
): Promise<S> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(timeoutMs, () =>
      socket.destroy(new Error(`no connection within ${timeoutMs} ms`)),
    )
    const stop = (): void => void socket.destroy(new Error('stopped'))
    const rest = (): void => {
      timer.cancel()
      signal.removeEventListener('abort', stop)
    }
    signal.addEventListener('abort', stop, { once: true })
    socket.on('error', (error) => {
      rest()
      reject(error) // after the connection was made: nobody hears it, and 'close' follows
    })
    socket.once('close', () => {
      rest()
      reject(new Error('the connection was closed before it was made'))
    })
    socket.once(sign, () => {
      rest()
      resolve(socket)
    })
    if (signal.aborted) stop()
  })
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '')
}

function portOf({ port }: URL, normal: number): number {
  return port === '' ? normal : Number(port)
}

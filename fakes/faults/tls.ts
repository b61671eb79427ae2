/** Faults of the TLS handshake: other options for it, or something else in its place. */
import type { Socket } from 'node:net'
import { sleep } from '../../src/clock.ts'
import type { Emitted, Gone } from '../../src/exchange.ts'
import type { FaultName } from '../../src/fault.ts'
import { clientHello } from '../tls/client-hello.ts'
import type { Handshake, SecureOptions } from '../tls/secure.ts'
import { headBytes, httpDate } from '../transport/h1-head.ts'
import { aborted } from './pace-wait.ts'
import { done } from './strike.ts'
import type { TlsPerformer, TlsStrike } from './strike.ts'

/** Alerts that no error is: their level is warning (RFC 8446 §6). */
const closures: readonly number[] = [0, 90]
const handshakeFailure = 40
const noProtocol = 'no application protocol'

export const tls_untrusted: TlsPerformer<'tls_untrusted'> = (strike) => {
  return differing(strike, { certificate: strike.fault.who === 'host' ? 'elsewhere' : 'stranger' }, wasShown)
}

export const tls_expired: TlsPerformer<'tls_expired'> = (strike) => {
  return differing(strike, { certificate: 'expired' }, wasShown)
}

export const tls_version: TlsPerformer<'tls_version'> = (strike) => {
  return differing(strike, { old: true }, (it) => wasShown(it) || isAlert(it, 'unsupported protocol'))
}

/** The demand goes out beside our own certificate. */
export const tls_client_cert_required: TlsPerformer<'tls_client_cert_required'> = (strike) => {
  return differing(strike, { demandsCertificate: true }, wasShown)
}

/** With a client that has not offered HTTP/2 there is nothing that it could do without. */
export const alpn_h1_only: TlsPerformer<'alpn_h1_only'> = (strike) => {
  const isDone = (it: Handshake): boolean => wasShown(it) || isAlert(it, noProtocol)
  return differing(strike, { protocols: ['http/1.1'] }, (it) => it.offered.includes('h2') && isDone(it))
}

/** A client that offers nothing cannot be refused for it. */
export const alpn_mismatch: TlsPerformer<'alpn_mismatch'> = (strike) => {
  return differing(strike, { protocols: [] }, (it) => isAlert(it, noProtocol))
}

/** Shakes hands otherwise, and says so when it has come to an end that shows it. */
function differing<N extends FaultName>(
  { fault, emit }: TlsStrike<N>,
  options: SecureOptions,
  isDone: (handshake: Handshake) => boolean,
): Promise<SecureOptions> {
  const settled = (handshake: Handshake): void => {
    const { ended, why } = handshake
    // A handshake that is done, and not otherwise than any, is that of a client which has not offered what it takes.
    emit(isDone(handshake) ? fault : { type: 'none', why: ended === 'done' ? 'not offered' : why })
  }
  return Promise.resolve({ ...options, settled })
}

function wasShown({ ended, shown }: Handshake): boolean {
  return ended === 'done' || shown
}

/** Whether we have refused the client, for this reason of OpenSSL's. */
function isAlert({ ended, why }: Handshake, reason: string): boolean {
  return ended === 'alerted' && why === reason
}

/** Entered when it begins: a stall without end has no other moment. */
export const tls_handshake_stall: TlsPerformer<'tls_handshake_stall'> = async (strike) => {
  const { raw, clock, healed, fault, emit } = strike
  const { came, bytes } = await clientHello(raw, clock)
  if (came !== 'hello') return missed(strike, came)
  emit(fault)
  const more: Buffer[] = [bytes]
  const keep = (chunk: Buffer): void => void more.push(chunk)
  const over = new AbortController()
  const leave = (): void => over.abort()
  raw.on('data', keep).on('end', leave).on('close', leave).resume()
  const ends = AbortSignal.any([healed, over.signal])
  await (fault.for_ms === undefined ? aborted([ends]) : sleep(clock, fault.for_ms, ends))
  raw.off('data', keep).off('end', leave).off('close', leave).pause()
  if (over.signal.aborted) return closed(strike, { by: 'client', how: 'fin' })
  raw.unshift(Buffer.concat(more))
  return {}
}

export const tls_handshake_reset: TlsPerformer<'tls_handshake_reset'> = (strike) => {
  return uponHello(strike, 'rst', (raw) => {
    raw.resetAndDestroy()
    return Promise.resolve({ ok: true, bytes: 0 })
  })
}

export const tls_handshake_fin: TlsPerformer<'tls_handshake_fin'> = (strike) => {
  return uponHello(strike, 'fin', (raw) => endWith(raw, Buffer.alloc(0)))
}

export const tls_plaintext: TlsPerformer<'tls_plaintext'> = (strike) => {
  const fields = [
    ['Date', httpDate(strike.clock.wall())],
    ['Connection', 'close'],
    ['Content-Length', '0'],
  ] as const
  return uponHello(strike, 'fin', (raw) => endWith(raw, headBytes(400, fields)))
}

export const tls_alert: TlsPerformer<'tls_alert'> = (strike) => {
  return uponHello(strike, 'fin', (raw) => endWith(raw, alert(strike.fault.description ?? handshakeFailure)))
}

/** A record of one alert, in clear (RFC 8446 §5.1, §6). */
function alert(description: number): Buffer {
  return Buffer.from([21, 3, 3, 0, 2, closures.includes(description) ? 1 : 2, description])
}

/** Does its deed when the ClientHello has been read: unread, a FIN would turn into a RST. */
async function uponHello<N extends FaultName>(
  strike: TlsStrike<N>,
  how: 'fin' | 'rst',
  deed: (raw: Socket) => Promise<Emitted>,
): Promise<'over'> {
  const { raw, clock, fault, emit } = strike
  const { came } = await clientHello(raw, clock)
  if (came !== 'hello') return missed(strike, came)
  const emitted = await deed(raw)
  emit(done(fault, emitted))
  return closed(strike, emitted.ok ? { by: 'server', how } : { by: 'client', how: 'rst' })
}

function endWith(raw: Socket, bytes: Uint8Array): Promise<Emitted> {
  return new Promise((resolve) => {
    raw.end(bytes, (error?: Error | null) => {
      resolve(error ? { ok: false, why: 'gone' } : { ok: true, bytes: bytes.length })
    })
  })
}

/** No ClientHello came, so nothing was done with it. */
function missed<N extends FaultName>(
  strike: TlsStrike<N>,
  came: 'other' | 'gone' | 'silent',
): Promise<'over'> {
  strike.emit({ type: 'none', why: came === 'other' ? 'no ClientHello' : came })
  if (came === 'gone') return closed(strike, { by: 'client', how: 'fin' })
  return closed(strike, { by: 'server', how: came === 'silent' ? 'timeout' : 'fin' })
}

/** Ends our half where that is still to be done, and reads until the client has ended too. */
function closed<N extends FaultName>({ raw, ended }: TlsStrike<N>, how: Gone): Promise<'over'> {
  ended?.(how)
  return new Promise((resolve) => {
    if (raw.closed) return resolve('over')
    raw.once('close', () => resolve('over'))
    if (how.by === 'client' || how.how === 'timeout') raw.destroy()
    else if (!raw.writableEnded) raw.end()
    raw.resume()
  })
}

/**
 * Who may call the admin API. On loopback everybody who is on this machine, but no page of a browser: such a request
 * carries an Origin, or came here by a name that is not loopback's. Beyond loopback, who has the token.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { shown } from '../../src/errors.ts'
import { Refusal } from './call.ts'

/** Addresses that only this machine can reach (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3), and the name for them. */
export function isLoopback(host: string): boolean {
  return /^(127(\.\d{1,3}){3}|\[?::1\]?|localhost)$/i.test(host)
}

/** Throws 401 without a token, 403 with a wrong one, and 403 for a page of a browser. */
export function admit({ headers }: IncomingMessage, token: string | undefined): void {
  if (token === undefined) return noBrowser(headers.origin, headers.host)
  const given = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
  const problem = { at: 'Authorization', expected: 'Bearer and the token that was printed at the start' }
  if (given === undefined) {
    throw new Refusal(401, 'a token is needed', [{ ...problem, got: 'none' }], {
      'www-authenticate': 'Bearer',
    })
  }
  if (!isSame(given, token)) throw new Refusal(403, 'the token is wrong', [{ ...problem, got: 'another' }])
}

function noBrowser(origin: string | undefined, host = ''): void {
  if (origin !== undefined) {
    const problem = { at: 'Origin', expected: 'none: no page of a browser', got: shown(origin) }
    throw new Refusal(403, 'this is not for pages', [problem])
  }
  if (isLoopback(host.replace(/:\d+$/, ''))) return
  const problem = { at: 'Host', expected: 'an address or the name of loopback', got: shown(host) }
  throw new Refusal(403, 'this is for loopback alone', [problem])
}

/** In the same time, whatever differs and wherever. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}

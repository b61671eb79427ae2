/** Where traffic may go while strays are forbidden: loopback, and what was allowed by name. */
import { isIP } from 'node:net'

export interface Target {
  readonly host: string
  readonly port?: number
}

/** `192.0.2.1:80`, `[::1]:80`, `api.example`. */
export function targetOf(authority: string): Target {
  const [, bracketed, name = '', port] = /^(?:\[([^\]]*)\]|([^:]*)|.*?)(?::(\d+))?$/.exec(authority) ?? []
  const host = bracketed ?? (name === '' ? authority : name)
  return { host, ...(port === undefined || host === authority ? {} : { port: Number(port) }) }
}

/** By name or address; a name that is not localhost is not looked up. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  if (isIP(bare) === 4) return bare.startsWith('127.')
  if (isIP(bare) === 6) return bare === '::1' || /^::ffff:127\./.test(bare)
  return bare === 'localhost' || bare.endsWith('.localhost') // RFC 6761 §6.3
}

/** Whether `target` may be reached; `allowed`: hosts, with or without a port. */
export function passes({ host, port }: Target, allowed: readonly string[]): boolean {
  return isLoopback(host) || allowed.includes(host) || allowed.includes(`${host}:${String(port)}`)
}

/** What the client meets; the code is nock's own for the same refusal. */
export function strayError({ host, port }: Target): Error {
  const where = port === undefined ? host : `${host}:${port}`
  return Object.assign(new Error(`stray traffic to ${where} is forbidden`), { code: 'ENETUNREACH' })
}

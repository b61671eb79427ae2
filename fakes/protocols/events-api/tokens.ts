/**
 * Who may do what: a table of bearer tokens and their scopes; pure.
 *
 * The scopes are those of the documentation ("the token needs the scope DATASOURCE:APPEND, or DATASOURCE:CREATE
 * when the data source does not exist yet"); a `*` in place of a name is ours, for the token of a case.
 */
import { headerValue } from '../../../src/exchange.ts'
import type { Head } from '../../../src/exchange.ts'

export type Scope = 'ADMIN' | 'DATASOURCE:CREATE' | `DATASOURCE:APPEND:${string}`

export interface Token {
  readonly token: string
  readonly scopes: readonly Scope[]
  /** Of a workspace in another region, which this one does not know. */
  readonly elsewhere?: true
}

/** RFC 6750 §2.1, or the query, which the guide's Python sample uses. */
export function presentedToken(head: Head, target: URL): string | undefined {
  const bearer = /^bearer +(.+)$/i.exec(headerValue(head.headers, 'authorization') ?? '')
  return bearer?.[1]?.trim() ?? target.searchParams.get('token') ?? undefined
}

export function mayAppend({ scopes }: Token, name: string): boolean {
  const wanted: readonly Scope[] = ['ADMIN', 'DATASOURCE:APPEND:*', `DATASOURCE:APPEND:${name}`]
  return wanted.some((scope) => scopes.includes(scope))
}

export function mayCreate({ scopes }: Token): boolean {
  return scopes.includes('ADMIN') || scopes.includes('DATASOURCE:CREATE')
}

export function isAdmin({ scopes }: Token): boolean {
  return scopes.includes('ADMIN')
}

/** What a rule counts by: a text that is the same for requests that belong together. */
import { headerValue } from '../exchange.ts'
import type { Header } from '../exchange.ts'
import type { Point } from '../fault.ts'
import { limits } from '../limits.ts'
import { digest } from '../random.ts'
import type { Json } from '../record.ts'
import type { Rule } from './plan.ts'
import { valueAt } from './pointer.ts'

/** The key that all requests share; the other kinds hold a dot or a colon. */
export const everyKey = '*'

export interface FoundKey {
  readonly key: string
  /** Whether it depends on the order of arrival, or on what the client draws, which request has which key. */
  readonly orderDependent: boolean
}

interface Keyed {
  readonly content?: string
  readonly connection: number
  readonly headers: readonly Header[]
  readonly json?: Json
}

/**
 * A rule without a key counts by content where there is any, else by connection. One that says `content` is about
 * requests that carry records and no others, so that a request beside them does not use it up; inside the body,
 * where none may have been read yet, the connection stands in (design §5).
 */
export function keyOf({ key }: Rule, point: Point, subject: Keyed): FoundKey | undefined {
  if ((key === undefined || key === 'content') && subject.content !== undefined) {
    return { key: subject.content, orderDependent: false }
  }
  if (key === 'global') return given(everyKey)
  if (key?.startsWith('header:')) return given(`${key}=${shownValue(subject.headers, key.slice(7))}`)
  if (key?.startsWith('json:'))
    return given(`${key}=${JSON.stringify(valueAt(subject.json, key.slice(5))) ?? ''}`)
  const insists = key === 'content' && point.name !== 'request-body'
  return insists ? undefined : given(`connection:${subject.connection}`)
}

function given(text: string): FoundKey {
  return { key: bounded(text), orderDependent: true }
}

/** Keys are entered in the ledger, and what a client authenticates by must not be. */
function shownValue(headers: readonly Header[], name: string): string {
  const value = headerValue(headers, name) ?? ''
  return credentials.test(name) ? digest('', 'key', value).toString('hex', 0, 8) : value
}

const credentials = /^(authorization|proxy-authorization|cookie|(x-)?api-key)$/i

function bounded(text: string): string {
  return text.length <= limits.keyCharsMax ? text : digest('', 'key', text).toString('hex')
}

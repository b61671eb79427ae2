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
  const given = (text: string): FoundKey => ({ key: bounded(text), orderDependent: true })
  if (key === 'global') return given(everyKey)
  if (key?.startsWith('header:')) return given(`${key}=${headerValue(subject.headers, key.slice(7)) ?? ''}`)
  if (key?.startsWith('json:'))
    return given(`${key}=${JSON.stringify(valueAt(subject.json, key.slice(5))) ?? ''}`)
  if (key !== 'connection' && subject.content !== undefined) {
    return { key: subject.content, orderDependent: false }
  }
  const insists = key === 'content' && point.name !== 'request-body'
  return insists ? undefined : given(`connection:${subject.connection}`)
}

function bounded(text: string): string {
  return text.length <= limits.keyCharsMax ? text : digest('', 'key', text).toString('hex')
}

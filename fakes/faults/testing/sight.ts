/** What a client on a bare socket sees of one fault, and the words for it. */
import { faultSpec } from '../../../src/fault.ts'
import type { Fault, FaultName } from '../../../src/fault.ts'
import type { Rule } from '../../../src/plan/plan.ts'
import { dateLine } from '../../testing/serving.ts'

export interface Sight {
  readonly fault: Fault
  /** `response-head` when absent. */
  readonly point?: string
  /** With which of these; both when absent. */
  readonly taken?: readonly boolean[]
  /** Requests that are served on the connection before the one that is struck; none when absent. */
  readonly before?: number
  /** Fields that the struck request has besides; none when absent. */
  readonly asks?: readonly string[]
  /** Everything that the server writes. */
  readonly text: string
  readonly end: 'fin' | 'rst' | 'open'
  /** Records that land, the struck request's and those before it; as `taken` says when absent. */
  readonly landed?: number
}

export type Sights<N extends FaultName> = Readonly<Record<N, readonly Sight[]>>

export const json = 'content-type: application/json'
export const ok: string = answer(202, 'Accepted', '{"ok":true}')

export function answer(status: number, words: string, body: string, more: readonly string[] = []): string {
  return head(status, words, [json, ...more], Buffer.byteLength(body)) + body
}

/** The caller's fields, then Date where there is none, then the framing. */
export function head(
  status: number,
  words: string,
  lines: readonly string[],
  framing: number | 'chunked',
): string {
  const date = lines.some((line) => line.startsWith('date:')) ? [] : [dateLine]
  const framed = framing === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${framing}`
  return [`HTTP/1.1 ${status} ${words}`, ...lines, ...date, framed, '', ''].join('\r\n')
}

export function ruleFor({ fault, point = 'response-head' }: Sight, taken: boolean): Rule {
  if (faultSpec(fault.type).shaper) return { id: 'struck', on: point, shape: [fault] }
  const key = fault.type === 'rate_limit' ? 'global' : keyAt(point)
  const said = point.startsWith('response') ? { taken } : {}
  return { id: 'struck', on: point, key, ...said, fault }
}

function keyAt(point: string): 'connection' | 'content' {
  return point === 'request' || point === 'idle' ? 'connection' : 'content'
}

/** Whether a request is one that a rule is about. Members are joined by AND, lists by OR. */
import { isDeepStrictEqual } from 'node:util'
import { headerValues } from '../exchange.ts'
import type { Header } from '../exchange.ts'
import type { Json } from '../record.ts'
import type { Match, Pattern } from './plan.ts'
import { valueAt } from './pointer.ts'

export interface Matchable {
  readonly method: string
  /** Request target. */
  readonly path: string
  readonly headers: readonly Header[]
  readonly json?: Json
  /** Of the body, as received. */
  readonly bytes?: number
}

export function matches(match: Match | undefined, request: Matchable): boolean {
  const { method, path, headers = {}, json = {}, bytes_above: above } = match ?? {}
  const [pathname = ''] = request.path.split('?', 1)
  return (
    (method === undefined || [method].flat().includes(request.method)) &&
    (path === undefined || [path].flat().some((pattern) => fits(pattern, [pathname]))) &&
    (above === undefined || (request.bytes ?? 0) > above) &&
    Object.entries(headers).every(([name, pattern]) => fits(pattern, headerValues(request.headers, name))) &&
    Object.entries(json).every(([pointer, value]) => isDeepStrictEqual(valueAt(request.json, pointer), value))
  )
}

/** Whether one of `values` fits; a header may come more than once. */
function fits(pattern: Pattern, values: readonly string[]): boolean {
  if (typeof pattern === 'string') return values.includes(pattern)
  if ('present' in pattern) return values.length > 0 === pattern.present
  if ('prefix' in pattern) return values.some((value) => value.startsWith(pattern.prefix))
  const regex = new RegExp(pattern.regex)
  return values.some((value) => regex.test(value))
}

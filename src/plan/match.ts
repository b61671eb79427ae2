/** Whether a request is one that a rule is about. Members are joined by AND, lists by OR. */
import { isDeepStrictEqual } from 'node:util'
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
  if (!match) return true
  const { method, path, headers, json, bytes_above: above } = match
  return (
    (method === undefined || isOf(method, request.method)) &&
    (path === undefined || fitsPath(path, request.path)) &&
    (above === undefined || (request.bytes ?? 0) > above) &&
    (headers === undefined || fitsHeaders(headers, request.headers)) &&
    (json === undefined || fitsJson(json, request.json))
  )
}

function isOf(wanted: string | readonly string[], method: string): boolean {
  return typeof wanted === 'string' ? wanted === method : wanted.includes(method)
}

function fitsPath(path: NonNullable<Match['path']>, target: string): boolean {
  const query = target.indexOf('?')
  const value = query < 0 ? target : target.slice(0, query)
  return Array.isArray(path) ? path.some((pattern) => fits(pattern, value)) : fits(path, value)
}

function fitsHeaders(wanted: NonNullable<Match['headers']>, headers: readonly Header[]): boolean {
  for (const name in wanted)
    if (!fitsHeader(wanted[name] as Pattern, name.toLowerCase(), headers)) return false
  return true
}

/** Whether one of the headers of this name fits; it may come more than once. */
function fitsHeader(pattern: Pattern, name: string, headers: readonly Header[]): boolean {
  const isAbsent = typeof pattern === 'object' && 'present' in pattern && !pattern.present
  for (const header of headers) {
    const [own, value] = header
    if (own.length !== name.length || own.toLowerCase() !== name) continue
    if (isAbsent) return false
    if (fits(pattern, value)) return true
  }
  return isAbsent
}

function fitsJson(wanted: NonNullable<Match['json']>, json: Json | undefined): boolean {
  return Object.entries(wanted).every(([pointer, value]) => isDeepStrictEqual(valueAt(json, pointer), value))
}

function fits(pattern: Pattern, value: string): boolean {
  if (typeof pattern === 'string') return value === pattern
  if ('prefix' in pattern) return value.startsWith(pattern.prefix)
  return 'regex' in pattern ? regexOf(pattern).test(value) : pattern.present
}

const regexes = new WeakMap<object, RegExp>()

/** Made once for each pattern of a plan. */
function regexOf(pattern: { regex: string }): RegExp {
  let regex = regexes.get(pattern)
  if (!regex) regexes.set(pattern, (regex = new RegExp(pattern.regex)))
  return regex
}

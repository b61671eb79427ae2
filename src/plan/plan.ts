/**
 * A plan: a seed and ordered rules that say which fault strikes where, when and whom. One plain object, whether
 * it came from YAML, JSON or TypeScript.
 */
import type { Fault } from '../fault.ts'
import type { Json } from '../record.ts'

/** A text to be equal to, to begin with, or to match. */
export type Pattern = string | { prefix: string } | { regex: string } | { present: boolean }

/** Members are joined by AND, lists by OR. `path` is compared without its query. */
export interface Match {
  method?: string | string[]
  path?: Pattern | Pattern[]
  headers?: Record<string, Pattern>
  /** JSON pointer into the body, and the value that must stand there. */
  json?: Record<string, Json>
  /** Bytes of the body, as received, must be more than this. */
  bytes_above?: number
}

/**
 * What a rule counts by. `content` is the lowest record id of the body (or, at request-body, the first token
 * read so far), so a decision does not depend on the order of arrival.
 */
export type Key = 'content' | 'connection' | 'global' | `header:${string}` | `json:${string}`

/** Conditions are joined by AND. Counts are from 1, kept per (rule, key), and advance whenever the rule matches. */
export interface When {
  /** On these attempts, counted per key. */
  attempt?: number[]
  /** On these matches, whatever the key. */
  nth?: number[]
  every?: number
  probability?: number
  from_s?: number
  until_s?: number
  /** Only when told to, once for each time that it is told (`fakes/steering.ts`). */
  fire?: 'manual'
  /** Only while this state of the scenario is set; every state is off at the start. */
  state?: string
}

/** One rule. Either `on` (a point) or `at` (a site); one of `fault`, `outcomes`, `oneOf`, `shape`. */
export interface Rule {
  id: string
  match?: Match
  key?: Key
  on?: string
  at?: string
  when?: When
  taken?: boolean
  fault?: Fault
  /** A queue per key; the last repeats. */
  outcomes?: Fault[]
  oneOf?: (Fault & { weight?: number })[]
  shape?: Fault[]
  /** How often it must fire for the case to be conclusive; at least once when absent. */
  expect?: { fired: { min?: number; max?: number } }
}

export interface Plan {
  version: 1
  seed: string
  rules: Rule[]
  /** No rule fires after this many seconds of the run's clock. */
  quiet?: { after_s: number }
}

/**
 * The trace of a run: each fault that struck, by a name of its place that another run gives the same place. One line
 * of JSON for each, made from a ledger and from nothing else.
 */
import type { Entry, EntryOf, Struck } from '../entry.ts'
import { messageOf, TailraceError } from '../errors.ts'
import type { Problem } from '../errors.ts'
import { faultNames, faultSpec } from '../fault.ts'
import { limits } from '../limits.ts'
import type { Schema } from '../parameters.ts'
import { problemsOf } from '../schema.ts'
import { parsePoint, pointForms } from './point.ts'
import { anyFaultSchema } from './schema.ts'

export interface TraceLine {
  readonly rule: string
  /** What the rule counted by, and its count. */
  readonly key?: string
  readonly n?: number
  /**
   * Where: `ingest:0.42#1`, the first attempt of a logical request; `0.42#1`, the first time that a body which begins
   * by this record came to the point; `connection:3#2`, the second request on a connection; `connection:3`, itself.
   * Absent where a fault comes by the clock.
   */
  readonly spot?: string
  readonly point: string
  readonly planned: Struck
  readonly emitted: Struck
  /** Of a fault that comes by the clock: seconds of the run; 0 before the first connection. */
  readonly at_s?: number
}

/** The faults of a ledger, in the order in which they were entered. */
export function traceOf(entries: readonly Entry[]): TraceLine[] {
  const lines: TraceLine[] = []
  const problems: Problem[] = []
  let isOpen = false
  for (const entry of entries) {
    if (entry.kind === 'open') isOpen = true
    if (entry.kind !== 'fault') continue
    if (entry.spot === undefined && (entry.req ?? entry.conn) !== undefined) {
      problems.push({ at: `entry ${entry.n}`, expected: 'the key spot', got: 'none' })
    } else lines.push(lineOf(entry, isOpen))
  }
  if (problems.length === 0) return lines
  const shown = problems.slice(0, limits.problemsShown)
  throw new TailraceError('ledger', 'the ledger does not say where its faults struck', shown)
}

function lineOf(entry: EntryOf<'fault'>, isOpen: boolean): TraceLine {
  const { rule, key, n: _, count, spot, planned, emitted } = entry
  const atS = isOpen ? (entry.vt ?? entry.t) / 1e9 : 0
  return {
    rule,
    ...(key === undefined ? {} : { key }),
    ...(count === undefined ? {} : { n: count }),
    ...(spot === undefined ? { at_s: atS } : { spot }),
    ...{ point: planned.point, planned, emitted },
  }
}

export function traceText(lines: readonly TraceLine[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}

/** `name` says in errors which trace it is. */
export function readTrace(text: string, name: string): TraceLine[] {
  const lines: TraceLine[] = []
  const problems: Problem[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const { value, wrong } = readLine(line)
    lines.push(value as TraceLine)
    problems.push(...wrong.map((problem) => ({ ...problem, at: `${name}:${index + 1}: ${problem.at}` })))
  }
  if (problems.length === 0) return lines
  throw new TailraceError('replay', `${name} is no trace`, problems.slice(0, limits.problemsShown))
}

function readLine(line: string): { value: unknown; wrong: readonly Problem[] } {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    return { value, wrong: [{ at: '/', expected: 'JSON', got: messageOf(error) }] }
  }
  const wrong = problemsOf(lineSchema, value)
  return { value, wrong: wrong.length > 0 ? wrong : plannedProblems(value as TraceLine) }
}

/** What stands in a trace is to strike again: it must be a fault, and one that can strike there. */
function plannedProblems({ point, planned }: TraceLine): Problem[] {
  const { point: _, taken: _taken, ids: _ids, ...fault } = planned
  const wrong = problemsOf(anyFaultSchema, fault).map((problem) => ({
    ...problem,
    at: `/planned${problem.at === '/' ? '' : problem.at}`,
  }))
  const place = parsePoint(point)
  if (!place) return [...wrong, { at: '/point', expected: `one of ${pointForms.join(', ')}`, got: point }]
  const name = faultNames.find((known) => known === planned.type)
  if (!name || faultSpec(name).points.includes(place.name)) return wrong
  return [...wrong, { at: '/point', expected: `one of ${faultSpec(name).points.join(', ')}`, got: point }]
}

const struckSchema: Schema = {
  type: 'object',
  properties: { type: { type: 'string' }, point: { type: 'string' }, taken: { type: 'boolean' } },
  required: ['type', 'point'],
}

const lineSchema: Schema = {
  type: 'object',
  properties: {
    rule: { type: 'string', minLength: 1 },
    key: { type: 'string' },
    n: { type: 'integer', minimum: 0 },
    spot: { type: 'string', minLength: 1 },
    point: { type: 'string' },
    planned: struckSchema,
    emitted: struckSchema,
    at_s: { type: 'number', minimum: 0 },
  },
  required: ['rule', 'point', 'planned', 'emitted'],
  additionalProperties: false,
}

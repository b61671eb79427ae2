/**
 * What a GOAWAY asks of its rule. It says of the streams above the last one it names that they were not processed
 * (RFC 9113 §6.8), and the client sends them again: so none of these may have been taken, and the others are served.
 */
import { shown } from '../errors.ts'
import type { Problem } from '../errors.ts'
import { pointsAfterTake } from '../fault.ts'
import type { PointName } from '../fault.ts'

type Loose = Readonly<Record<string, unknown>>

export interface PlacedGoaway {
  readonly fault: Loose
  readonly pointer: string
  readonly point: PointName
  /** What the rule says of it. */
  readonly taken: unknown
  /** Of the rule. */
  readonly at: string
}

export function goawayProblems(goaway: PlacedGoaway): Problem[] {
  const { fault, pointer, point } = goaway
  const late = 'after_ms' in fault && point !== 'idle'
  return [
    ...('streams' in fault ? gatherProblems(goaway) : singleProblems(goaway)),
    ...(late ? [problem(`${pointer}/after_ms`, 'no such key: only at idle does it wait', shown(point))] : []),
    ...unansweredProblems(goaway),
  ]
}

function gatherProblems({ fault, pointer, point }: PlacedGoaway): Problem[] {
  const { streams, keep } = fault
  const isAll = keep === streams
  const beside = ['last', 'two_step_ms'].filter((name) => name in fault)
  const fits = point === 'request' || (point === 'response-head' && isAll)
  const where =
    point === 'response-head'
      ? `${shown(streams)}, as all of them have been read: request where some are not to be served`
      : 'no such key: streams wait for each other at request or response-head'
  return [
    ...beside.map((name) => problem(`${pointer}/${name}`, 'no such key beside streams', shown(fault[name]))),
    ...('keep' in fault ? [] : [problem(pointer, 'the key keep beside streams', 'none')]),
    ...(Number(keep) > Number(streams)
      ? [problem(`${pointer}/keep`, `at most streams, ${shown(streams)}`, shown(keep))]
      : []),
    ...(fits ? [] : [problem(`${pointer}/${point === 'response-head' ? 'keep' : 'streams'}`, where, point)]),
  ]
}

function singleProblems({ fault, pointer, point, taken }: PlacedGoaway): Problem[] {
  const { last } = fault
  const stray = ['keep', 'within_ms'].filter((name) => name in fault)
  const served = last === 'this' || last === 'max'
  const isPast = point === 'session' || point === 'idle' || taken === true
  return [
    ...stray.map((name) => problem(`${pointer}/${name}`, 'no such key without streams', shown(fault[name]))),
    ...('last' in fault ? [] : [problem(pointer, 'the key last, or streams and keep', 'none')]),
    ...('last' in fault && isPast && !served
      ? [problem(`${pointer}/last`, 'this or max: what was taken cannot be unprocessed', shown(last))]
      : []),
    ...('two_step_ms' in fault && last !== 'this'
      ? [problem(`${pointer}/last`, 'this beside two_step_ms: what came until then is served', shown(last))]
      : []),
  ]
}

/** Where the answer goes on it promises the take; where it does not, nobody answers. */
function unansweredProblems({ fault, point, taken, at }: PlacedGoaway): Problem[] {
  if (!pointsAfterTake.includes(point) || taken !== false) return []
  const isServed = 'streams' in fault || fault['last'] === 'this' || fault['last'] === 'max'
  if (fault['then'] !== 'finish' || !isServed) return []
  return [problem(`${at}/taken`, 'true, as then: finish answers what it serves', 'false')]
}

function problem(at: string, expected: string, got: string): Problem {
  return { at, expected, got }
}

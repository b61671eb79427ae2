/**
 * The faults: one table. Name, parameters with units, points and a sentence for each; its type, its JSON
 * Schema, `tailrace faults` and the documentation derive from here. `fakes/faults/` performs them.
 */
import { answers } from './faults/answers.ts'
import { batches } from './faults/batches.ts'
import { client } from './faults/client.ts'
import { cuts } from './faults/cuts.ts'
import { frameAnswers } from './faults/frames-answers.ts'
import { frames } from './faults/frames.ts'
import { malformed } from './faults/malformed.ts'
import { pace } from './faults/pace.ts'
import type { FaultSpec, FaultTable as SpecTable, Point } from './faults/spec.ts'
import { tls } from './faults/tls.ts'
import { argumentsSchema } from './parameters.ts'
import type { Arguments, Schema } from './parameters.ts'

export { numberedPoints, points, pointsAfterTake } from './faults/spec.ts'
export type { FaultSpec, Point, PointName } from './faults/spec.ts'

type Conforming<T extends SpecTable> = T
type FaultTable = Conforming<
  typeof answers &
    typeof cuts &
    typeof malformed &
    typeof pace &
    typeof batches &
    typeof client &
    typeof frames &
    typeof frameAnswers &
    typeof tls
>

export const faults: FaultTable = {
  ...answers,
  ...cuts,
  ...malformed,
  ...pace,
  ...batches,
  ...client,
  ...frames,
  ...frameAnswers,
  ...tls,
}

export type FaultName = keyof FaultTable

/** A fault with its arguments, as it stands in a plan. */
export type Fault = {
  [N in FaultName]: { readonly type: N } & Arguments<FaultTable[N]['parameters']>
}[FaultName]

export type FaultOf<N extends FaultName> = Extract<Fault, { type: N }>

export function faultSpec(name: FaultName): FaultSpec {
  return faults[name]
}

export const faultNames: readonly FaultName[] = Object.keys(faults) as FaultName[]

/** The JSON Schema of one fault in a plan. */
export function faultSchema(name: FaultName): Schema {
  return argumentsSchema('type', name, faults[name].parameters)
}

/** `response-head`, `request-body(4096)`. */
export function shownPoint(point: Point): string {
  return point.n === undefined ? point.name : `${point.name}(${point.n})`
}

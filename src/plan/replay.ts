/**
 * A trace as a plan: each fault strikes again in the place where it struck, whatever the chances were, and in whatever
 * order the requests come. What comes by the clock stands as rules beside it.
 */
import { faultNames, faultSpec, shownPoint } from '../fault.ts'
import type { Fault, Point } from '../fault.ts'
import type { IdRange } from '../record.ts'
import { opensAtS } from './allowance.ts'
import type { Decision, Subject } from './decide.ts'
import type { Plan, Rule } from './plan.ts'
import { parsePoint } from './point.ts'
import { isByTheClock } from './ready.ts'
import type { TraceLine } from './trace.ts'

export interface Replay extends Plan {
  readonly trace: readonly TraceLine[]
}

/** The seed is that of the plan which was traced: what a fault draws for itself, it draws again. */
export function replayOf(trace: readonly TraceLine[], seed: string): Replay {
  return { version: 1, seed, rules: trace.flatMap((line) => ruleByTheClock(line) ?? []), trace }
}

export function isReplay(plan: Plan): plan is Replay {
  return 'trace' in plan
}

export class Replaying {
  readonly shapes: boolean
  /** Bytes of a request's body at which faults strike. */
  readonly bodyThresholds: readonly number[]
  /** By the place, and by what is decided there at once. */
  private readonly planned = new Map<string, TraceLine>()
  private readonly shapersBy = new Map<string, { rule: string; fault: Fault }[]>()

  constructor({ trace }: Replay) {
    const bodies = new Set<number>()
    for (const line of trace) {
      if (line.spot === undefined) continue
      const point = pointOf(line)
      if (isShape(line)) this.shapersOf(line.spot).push({ rule: line.rule, fault: faultOf(line) })
      else this.planned.set(placeOf(line.spot, point), line)
      if (point.name === 'request-body') bodies.add(point.n ?? 0)
    }
    this.shapes = this.shapersBy.size > 0
    this.bodyThresholds = [...bodies]
  }

  draw(spot: string, subject: Subject): Decision | undefined {
    const [name = 'request'] = subject.points
    const line = this.planned.get(placeOf(spot, subject.n === undefined ? { name } : { name, n: subject.n }))
    if (!line) return undefined
    const fault = faultOf(line)
    const { taken, ids } = line.planned
    return {
      ...{ rule: line.rule, point: pointOf(line), fault, key: line.key ?? '', n: line.n ?? 1 },
      orderDependent: false,
      ...(taken === undefined ? {} : { taken }),
      ...(ids === undefined ? {} : { ids: ids as readonly IdRange[] }),
      ...(fault.type === 'rate_limit' ? { opensAtS: opensAtS(fault, subject.atS) } : {}),
    }
  }

  shapers(ordinal: number): readonly { rule: string; fault: Fault }[] {
    return this.shapersBy.get(`connection:${ordinal}`) ?? []
  }

  private shapersOf(spot: string): { rule: string; fault: Fault }[] {
    let all = this.shapersBy.get(spot)
    if (!all) this.shapersBy.set(spot, (all = []))
    return all
  }
}

function pointOf({ point }: TraceLine): Point {
  return parsePoint(point) ?? { name: 'client' } // `readTrace` and the ledger hold none but points
}

/** What is drawn for an answer is drawn at once, wherever in it the fault then strikes. */
function placeOf(spot: string, { name, n }: Point): string {
  const isOfAnswer = name.startsWith('response-')
  return `${spot}@${isOfAnswer ? 'answer' : shownPoint(n === undefined ? { name } : { name, n })}`
}

function faultOf({ planned }: TraceLine): Fault {
  const { point: _, taken: _taken, ids: _ids, ...fault } = planned
  return fault as Fault
}

function isShape({ planned }: TraceLine): boolean {
  return faultNames.some((name) => name === planned.type && faultSpec(name).shaper)
}

function ruleByTheClock(line: TraceLine): Rule | undefined {
  const { rule: id, point: on, at_s: fromS = 0 } = line
  const rule: Rule = { id, on, fault: faultOf(line) }
  if (line.spot !== undefined || !isByTheClock(rule)) return undefined
  return on === 'accept' ? { ...rule, when: { from_s: fromS } } : rule
}

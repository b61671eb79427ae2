/** Points and sites as they stand in a plan: `request-body(4096)`, `ingest:0.42#1@response-head`. */
import type { Site } from '../entry.ts'
import { numberedPoints, points } from '../fault.ts'
import type { Point } from '../fault.ts'

/** How points are written. */
export const pointForms: readonly string[] = points.map((name) =>
  numberedPoints.includes(name) ? `${name}(n)` : name,
)

/** Undefined when there is no such point, or when its number is missing or too much. */
export function parsePoint(text: string): Point | undefined {
  const [, word, digits] = /^([a-z-]+)(?:\((\d{1,9})\))?$/.exec(text) ?? []
  const name = points.find((point) => point === word)
  if (name === undefined || numberedPoints.includes(name) !== (digits !== undefined)) return undefined
  return digits === undefined ? { name } : { name, n: Number(digits) }
}

/** One attempt of one logical request, and a point in it. */
export interface PlannedSite {
  readonly site: Site
  readonly point: Point
}

export const siteForm = 'lane:producer.seq#attempt@point'

const sitePattern = /^(ingest|stream|export|control):(\d+(?:\.\d+)?)#([1-9]\d{0,8})@(.+)$/

export function parseSite(text: string): PlannedSite | undefined {
  const [, lane, logical, attempt, place] = sitePattern.exec(text) ?? []
  const point = parsePoint(place ?? '')
  if (lane === undefined || logical === undefined || !point) return undefined
  return { site: { lane: lane as Site['lane'], logical, attempt: Number(attempt) }, point }
}

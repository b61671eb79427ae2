/**
 * What a schema cannot say of rules: whether the members of each fit together. Rules are checked as far as they
 * are well formed, so that all problems come at once.
 */
import { shown } from '../errors.ts'
import type { Problem } from '../errors.ts'
import { faultNames, faultSpec, points, pointsAfterTake } from '../fault.ts'
import type { Point, PointName } from '../fault.ts'
import { parsePoint, parseSite, pointForms, siteForm } from './point.ts'
import { escaped } from './pointer.ts'
import { faultProblems, pointOf, requestless, requestlessProblems } from './sense-faults.ts'
import type { Planned } from './sense-faults.ts'

type Loose = Readonly<Record<string, unknown>>

const forms = ['fault', 'outcomes', 'oneOf', 'shape'] as const

export function senseProblems(rules: unknown, pointer: string): Problem[] {
  if (!Array.isArray(rules)) return []
  const seen = new Set<unknown>()
  return rules.flatMap((rule: unknown, index) => {
    if (!isObject(rule)) return []
    const at = `${pointer}/${index}`
    const again = typeof rule['id'] === 'string' && seen.has(rule['id'])
    seen.add(rule['id'])
    const doubled = again ? [problem(`${at}/id`, 'an id of its own', shown(rule['id']))] : []
    return [...doubled, ...ruleProblems(rule, at)]
  })
}

function ruleProblems(rule: Loose, at: string): Problem[] {
  const point = pointOf(rule)
  const planned = forms.flatMap((form) => plannedIn(rule, form, at))
  return [
    ...oneOf(rule, forms, at),
    ...oneOf(rule, ['on', 'at'], at),
    ...placeProblems(rule, at),
    ...windowProblems(rule['when'], `${at}/when`),
    ...expectProblems(rule['expect'], `${at}/expect`),
    ...regexProblems(rule['match'], `${at}/match`),
    ...planned.flatMap((each) => [...shaperProblems(each), ...faultProblems(rule, each, at)]),
    ...shapeCountProblems(rule, at),
    ...(point ? pointProblems(rule, point, planned, at) : []),
  ]
}

function oneOf(rule: Loose, names: readonly string[], at: string): Problem[] {
  const given = names.filter((name) => name in rule)
  if (given.length === 1) return []
  return [problem(at, `exactly one of ${names.join(', ')}`, given.join(' and ') || 'none')]
}

function placeProblems({ on, at: site, key, when }: Loose, at: string): Problem[] {
  const badPoint = typeof on === 'string' && !parsePoint(on)
  const badSite = typeof site === 'string' && !parseSite(site)
  return [
    ...(badPoint ? [problem(`${at}/on`, `one of ${pointForms.join(', ')}`, shown(on))] : []),
    ...(badSite ? [problem(`${at}/at`, siteForm, shown(site))] : []),
    ...(site === undefined ? [] : siteProblems(key, when, at)),
  ]
}

/** A site names one attempt of one request: there is nothing to count. */
function siteProblems(key: unknown, when: unknown, at: string): Problem[] {
  const expected = 'no such key beside at, which names the attempt'
  const counts = isObject(when) ? ['attempt', 'nth', 'every'].filter((name) => name in when) : []
  return [
    ...(key === undefined ? [] : [problem(`${at}/key`, expected, shown(key))]),
    ...counts.map((name) => problem(`${at}/when/${name}`, expected, name)),
  ]
}

function windowProblems(when: unknown, at: string): Problem[] {
  if (!isObject(when)) return []
  const { from_s: from, until_s: until } = when
  const empty = typeof from === 'number' && typeof until === 'number' && until <= from
  return empty ? [problem(`${at}/until_s`, `more than from_s, ${from}`, shown(until))] : []
}

function expectProblems(expect: unknown, at: string): Problem[] {
  const fired = isObject(expect) ? expect['fired'] : undefined
  if (!isObject(fired)) return []
  const { min = 1, max } = fired
  const empty = typeof min === 'number' && typeof max === 'number' && max < min
  return empty ? [problem(`${at}/fired/max`, `at least min, ${min}`, shown(max))] : []
}

function regexProblems(match: unknown, at: string): Problem[] {
  if (!isObject(match)) return []
  const paths = Array.isArray(match['path'])
    ? match['path'].map((each: unknown, i) => [`${at}/path/${i}`, each] as const)
    : [[`${at}/path`, match['path']] as const]
  const headers = isObject(match['headers']) ? Object.entries(match['headers']) : []
  const all = [...paths, ...headers.map(([name, each]) => [`${at}/headers/${escaped(name)}`, each] as const)]
  return all.flatMap(([where, pattern]) => {
    const regex = isObject(pattern) ? pattern['regex'] : undefined
    if (typeof regex !== 'string' || isRegex(regex)) return []
    return [problem(`${where}/regex`, 'a regular expression', shown(regex))]
  })
}

function isRegex(text: string): boolean {
  try {
    return Boolean(new RegExp(text))
  } catch {
    return false
  }
}

function plannedIn(rule: Loose, list: Planned['list'], at: string): Planned[] {
  const value = rule[list]
  const all = Array.isArray(value)
    ? value.map((fault: unknown, index) => ({ pointer: `${at}/${list}/${index}`, fault }))
    : [{ pointer: `${at}/${list}`, fault: value }]
  return all.flatMap(({ pointer, fault }) => {
    const name = isObject(fault) ? faultNames.find((known) => known === fault['type']) : undefined
    return name && isObject(fault) ? [{ list, pointer, name, fault }] : []
  })
}

function shaperProblems({ list, pointer, name }: Planned): Problem[] {
  const shaper = faultSpec(name).shaper === true
  if (shaper === (list === 'shape')) return []
  const shapers = faultNames.filter((known) => faultSpec(known).shaper)
  const expected = shaper ? 'shape to hold it, as it shapes' : `one of ${shapers.join(', ')}`
  return [problem(pointer, expected, name)]
}

/** A connection is shaped or not; it has no attempts, and there is no moment at which a shape fires. */
function shapeCountProblems({ shape, when }: Loose, at: string): Problem[] {
  if (shape === undefined || !isObject(when)) return []
  const instead = { attempt: 'nth, which counts connections', fire: 'state, which turns a shape on and off' }
  return Object.entries(instead)
    .filter(([name]) => name in when)
    .map(([name, expected]) => problem(`${at}/when/${name}`, expected, shown(when[name])))
}

function pointProblems(rule: Loose, point: Point, planned: readonly Planned[], at: string): Problem[] {
  const where = 'on' in rule ? `${at}/on` : `${at}/at`
  const strangers = planned.filter(({ name }) => !faultSpec(name).points.includes(point.name))
  return [
    ...strangers.map(({ pointer, name }) =>
      problem(
        pointer,
        `a fault that can strike at ${point.name}`,
        `${name}, for ${faultSpec(name).points.join(', ')}`,
      ),
    ),
    ...('shape' in rule && point.name !== 'accept'
      ? [problem(where, 'accept, where shapers stand', point.name)]
      : []),
    ...takenProblems(rule, point, planned, at),
    ...unknownYet(rule, point.name, at),
    ...requestlessProblems(rule, point.name, at),
  ]
}

function takenProblems(rule: Loose, point: Point, planned: readonly Planned[], at: string): Problem[] {
  const after = pointsAfterTake.includes(point.name)
  const given = 'taken' in rule
  if (after && !given)
    return [problem(at, `the key taken: at ${point.name} records are taken or not`, 'none')]
  if (given && !after)
    return [
      problem(`${at}/taken`, `no such key at ${point.name}: nothing is taken yet`, shown(rule['taken'])),
    ]
  if (!after || rule['taken'] !== false) return []
  return planned
    .filter((each) => promises(each, point.name))
    .map(({ pointer, name }) =>
      problem(pointer, 'an answer that makes no promise, or taken: true, as 2xx follows take', name),
    )
}

/** Whether the client may read a success, which says that the records were taken (design §4: 202 follows take). */
function promises({ list, name, fault }: Planned, point: PointName): boolean {
  if (name === 'none') return list === 'fault' // in a queue it is normal service, which takes
  if (point !== 'response-head') return true // the head is out
  if (name === 'http_error') return Number(fault['status']) < 300
  if (name === 'goaway') return false // sense-goaway.ts
  return faultSpec(name).answer === 'protocol' || 'for_ms' in fault // then the answer goes on
}

/** What the rule asks for before the gate can know it. */
function unknownYet(rule: Loose, point: PointName, at: string): Problem[] {
  if (requestless.includes(point)) return [] // it is never known there
  const isBefore = (other: PointName): boolean => points.indexOf(point) < points.indexOf(other)
  const key = typeof rule['key'] === 'string' ? rule['key'] : ''
  const match = isObject(rule['match']) ? rule['match'] : {}
  const asked: [name: string, asks: boolean, from: PointName, what: string][] = [
    ['key', key === 'content', 'request-body', 'the body'],
    ['key', key.startsWith('header:'), 'request', 'the head'],
    ['key', key.startsWith('json:'), 'response-head', 'the whole body'],
    ['match', Object.keys(match).length > 0, 'request', 'the head'],
    ['match/json', 'json' in match, 'response-head', 'the whole body'],
    ['match/bytes_above', 'bytes_above' in match, 'response-head', 'the whole body'],
    ['at', 'at' in rule, 'response-head', 'the whole body'],
  ]
  return asked
    .filter(([, asks, from]) => asks && isBefore(from))
    .map(([name, , from, what]) =>
      problem(`${at}/${name}`, `${from} or later, where ${what} is known`, point),
    )
}

function problem(at: string, expected: string, got: string): Problem {
  return { at, expected, got }
}

function isObject(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

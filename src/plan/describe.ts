/** Plans in words, one sentence for each rule, made from the sentences of the fault table. */
import { faultSpec, pointsAfterTake } from '../fault.ts'
import type { Fault, FaultName, Point, PointName } from '../fault.ts'
import type { Match, Pattern, Plan, Rule, When } from './plan.ts'
import { parsePoint, parseSite } from './point.ts'

export function describePlan(plan: Plan): string[] {
  const quiet = plan.quiet ? [`After ${plan.quiet.after_s} s no rule strikes.`] : []
  return [...plan.rules.map(describeRule), ...quiet]
}

export function describeRule(rule: Rule): string {
  const planned = rule.at === undefined ? undefined : parseSite(rule.at)
  const point = planned?.point ?? parsePoint(rule.on ?? '')
  if (rule.fault && point && wholes.includes(point.name)) return describeWhole(rule, rule.fault)
  const whom = planned
    ? `On attempt ${planned.site.attempt} of the ${planned.site.lane} request that ${planned.site.logical} names`
    : whomOf(rule, point)
  const taken = rule.taken ? 'takes the records, then' : 'takes nothing and'
  const saysItself = rule.fault && sayWhatTheyTake.includes(rule.fault.type)
  const take = rule.taken === undefined || saysItself ? [] : [taken]
  const where = !rule.shape && point ? placeOf(point) : []
  const strike = [...take, deedOf(rule), ...where].join(' ')
  return `${[whom + matchText(rule.match), ...limitsOf(rule.when), strike].join(', ')}.`
}

/** Points at which a fault strikes the listener or the client as a whole. */
const wholes: readonly PointName[] = ['accept', 'client']

/** Points that a connection comes to once. */
const connectionPoints: readonly PointName[] = ['accept', 'tls', 'session']

/** Faults whose own sentence tells what is taken. */
const sayWhatTheyTake: readonly FaultName[] = ['rate_limit', 'partial_batch', 'discard_after_take']

/** `From 2 s on, closes the listener …`. */
function describeWhole({ when }: Rule, fault: Fault): string {
  const sentence = [...limitsOf(when), sentenceOf(fault)].join(', ')
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`
}

function whomOf(rule: Rule, point: Point | undefined): string {
  if (rule.shape) return 'On every connection'
  const attempts = rule.when?.attempt
  if (point?.name === 'idle') return idlersOf(rule.key, attempts)
  if (point && connectionPoints.includes(point.name)) return 'On every connection'
  if (!attempts) return 'On every request'
  const key = rule.key ?? (point && isContentKnown(point) ? 'content' : 'connection')
  if (key === 'content') return `On ${counted('attempt', attempts)} of each logical request`
  const requests = `On ${counted('request', attempts)}`
  if (key === 'global') return requests
  const [kind, ...name] = key.split(':')
  return `${requests} of each ${name.length > 0 ? `value of ${kind} ${name.join(':')}` : kind}`
}

function idlersOf(key: Rule['key'], attempts: readonly number[] | undefined): string {
  if (!attempts) return 'After every answer'
  return `After ${counted('answer', attempts)}${key === 'global' ? '' : ' of each connection'}`
}

function isContentKnown({ name }: Point): boolean {
  return name === 'request-body' || pointsAfterTake.includes(name)
}

function matchText({ method, path, headers = {}, json = {}, bytes_above: above }: Match = {}): string {
  const methods = method === undefined ? [] : [[method].flat().join(' or ')]
  const paths = path === undefined ? [] : [[path].flat().map(patternText).join(' or ')]
  const target = [...methods, ...paths].join(' ')
  const conditions = [
    ...Object.entries(headers).map(([name, pattern]) => `header ${name} ${patternText(pattern)}`),
    ...Object.entries(json).map(([pointer, value]) => `${JSON.stringify(value)} at ${pointer || 'the root'}`),
    ...(above === undefined ? [] : [`a body of more than ${above} bytes`]),
  ]
  return (target && ` to ${target}`) + (conditions.length > 0 ? ` with ${conditions.join(' and ')}` : '')
}

function patternText(pattern: Pattern): string {
  if (typeof pattern === 'string') return pattern
  if ('prefix' in pattern) return `${pattern.prefix}…`
  if ('regex' in pattern) return `/${pattern.regex}/`
  return pattern.present ? 'present' : 'absent'
}

function limitsOf(when: When = {}): string[] {
  const { nth, every, probability, from_s: from, until_s: until, fire, state } = when
  return [
    ...(fire === undefined ? [] : ['when it is told to']),
    ...(state === undefined ? [] : [`while ${state} is set`]),
    ...(nth ? [`${counted('match', nth)} in all`] : []),
    ...(every === undefined ? [] : [`one match in ${every}`]),
    ...(probability === undefined ? [] : [`with probability ${probability}`]),
    ...(from === undefined ? [] : [`from ${from} s on`]),
    ...(until === undefined ? [] : [`until ${until} s`]),
  ]
}

function deedOf({ fault, outcomes, oneOf, shape }: Rule): string {
  if (outcomes) return `in turn, the last for ever: ${outcomes.map(shortly).join('; ')};`
  if (oneOf) {
    return `one of: ${oneOf.map((each) => `${shortly(each)} with weight ${each.weight ?? 1}`).join('; ')};`
  }
  return [fault ?? [], shape ?? []].flat().map(sentenceOf).join('; ')
}

function shortly(fault: Fault): string {
  return fault.type + argumentsText(fault)
}

function sentenceOf(fault: Fault): string {
  const { says } = faultSpec(fault.type)
  return says.charAt(0).toLowerCase() + says.slice(1).replace(/\.$/, '') + argumentsText(fault)
}

/** The unit stands in the name: `linger_ms: 20` reads `linger 20 ms`. */
function argumentsText(fault: Fault): string {
  const known = faultSpec(fault.type).parameters
  const given = Object.entries(fault).filter(([name]) => name in known)
  const texts = given.map(([name, value]) => {
    const [, words, unit] = /^(.+)_(ms|s|bytes)$/.exec(name) ?? [name, name, '']
    const shown = typeof value === 'object' ? JSON.stringify(value) : String(value)
    return `${words?.replaceAll('_', ' ')} ${shown} ${unit}`.trim()
  })
  return texts.length > 0 ? ` (${texts.join(', ')})` : ''
}

/** Nothing at `idle`, where the fault's own sentence says it. */
function placeOf({ name, n }: Point): string[] {
  switch (name) {
    case 'request':
      return ['when the head of the request is read']
    case 'request-body':
      return [`after ${n} bytes of the request's body`]
    case 'response-head':
      return ['where the head of the answer was due']
    case 'response-body':
      return [`after ${n} bytes of the answer's body`]
    case 'response-end':
      return ['where the end of the answer was due']
    case 'message':
      return [`at message ${n}`]
    case 'idle':
      return []
    default:
      return [`at ${name}`]
  }
}

/** `attempt 1`, `attempts 1, 2 and 3`. */
function counted(noun: string, numbers: readonly number[]): string {
  const before = numbers.slice(0, -1).join(', ')
  const plural = noun === 'match' ? 'matches' : `${noun}s`
  return before ? `${plural} ${before} and ${numbers.at(-1)}` : `${noun} ${numbers[0]}`
}

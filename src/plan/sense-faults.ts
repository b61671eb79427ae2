/** What single faults ask of the rule in which they stand, beyond their own parameters and their points. */
import { shown } from '../errors.ts'
import type { Problem } from '../errors.ts'
import type { FaultName, Point, PointName } from '../fault.ts'
import { parsePoint, parseSite } from './point.ts'
import { escaped } from './pointer.ts'
import { goawayProblems } from './sense-goaway.ts'

type Loose = Readonly<Record<string, unknown>>

/** A fault of a rule, with its place in it. */
export interface Planned {
  readonly list: 'fault' | 'outcomes' | 'oneOf' | 'shape'
  readonly pointer: string
  readonly name: FaultName
  readonly fault: Loose
}

export function faultProblems(rule: Loose, { list, pointer, name, fault }: Planned, at: string): Problem[] {
  switch (name) {
    case 'client_stop': {
      const said = 'after_requests' in fault || 'after_ms' in fault
      return [
        ...(said ? [] : [problem(pointer, 'the key after_requests or after_ms', 'none')]),
        ...onceProblems(rule, list, at, []),
      ]
    }
    case 'connection_refused':
    case 'slow_accept':
    case 'backlog_full':
      return onceProblems(rule, list, at, ['from_s'])
    case 'goaway': {
      const point = pointOf(rule)
      return point ? goawayProblems({ fault, pointer, point: point.name, taken: rule['taken'], at }) : []
    }
    case 'flow_control_stall': {
      const [absent] = ['step_bytes', 'every_ms'].filter((key) => !(key in fault))
      const one = 'step_bytes' in fault || 'every_ms' in fault
      return one && absent ? [problem(pointer, `the key ${absent} beside the other`, 'none')] : []
    }
    case 'http_error': {
      const idle = 'retry_after_form' in fault && !('retry_after_s' in fault)
      return [
        ...(idle ? [problem(pointer, 'the key retry_after_s beside retry_after_form', 'none')] : []),
        ...headerProblems(fault, pointer),
      ]
    }
    case 'early_hints':
      return headerProblems(fault, pointer)
    case 'missing_terminator': {
      const idle = fault['end'] === 'fin' && 'linger_ms' in fault
      return idle ? [problem(`${pointer}/linger_ms`, 'no such key: a FIN does not wait', 'linger_ms')] : []
    }
    case 'partial_batch': {
      const none = Number(fault['from']) >= Number(fault['of'])
      const expected = `less than of, ${shown(fault['of'])}, as nothing would be struck`
      return none ? [problem(`${pointer}/from`, expected, shown(fault['from']))] : []
    }
    case 'slicer': {
      const none = Number(fault['variation_bytes'] ?? 0) >= Number(fault['bytes'])
      const expected = `less than bytes, ${shown(fault['bytes'])}, as nothing is no slice`
      return none ? [problem(`${pointer}/variation_bytes`, expected, shown(fault['variation_bytes']))] : []
    }
    case 'rate_limit': {
      const took = rule['taken'] === true
      return took ? [problem(`${at}/taken`, 'false: what is over the limit is not taken', 'true')] : []
    }
    default:
      return []
  }
}

/** How an answer is framed is for the transport to say: by another length it would be no whole answer. */
const framing = ['content-length', 'transfer-encoding']
/** RFC 9110 §5.1, §5.5. */
const fieldName = /^[\w!#$%&'*+.^`|~-]+$/
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/

function headerProblems({ headers }: Loose, pointer: string): Problem[] {
  if (typeof headers !== 'object' || headers === null) return []
  return Object.entries(headers as Loose).flatMap(([name, value]) => {
    const at = `${pointer}/headers/${escaped(name)}`
    if (!fieldName.test(name)) return [problem(at, 'the name of a header', shown(name))]
    if (framing.includes(name.toLowerCase()))
      return [problem(at, 'no such header: the answer is framed by its own length', shown(value))]
    const isValue = typeof value !== 'string' || fieldValue.test(value)
    return isValue ? [] : [problem(at, 'a text without line ends, of Latin-1', shown(value))]
  })
}

export function pointOf(rule: Loose): Point | undefined {
  if (typeof rule['on'] === 'string') return parsePoint(rule['on'])
  return typeof rule['at'] === 'string' ? parseSite(rule['at'])?.point : undefined
}

/** They strike once, at a time: there is nothing to count, and nothing to draw. */
function onceProblems(rule: Loose, list: Planned['list'], at: string, known: readonly string[]): Problem[] {
  const when = rule['when']
  const given = typeof when === 'object' && when !== null ? Object.keys(when) : []
  const expected = known.length > 0 ? `${known.join(', ')} alone` : 'no such key: the fault says when'
  const odd = given.filter((name) => !known.includes(name))
  return [
    ...odd.map((name) => problem(`${at}/when/${name}`, expected, name)),
    ...(list === 'outcomes' || list === 'oneOf'
      ? [problem(`${at}/${list}`, 'fault, as it strikes once', list)]
      : []),
  ]
}

/** Where nothing has been asked there is no request to look at, nor to count by. */
export const requestless: readonly PointName[] = ['accept', 'tls', 'session', 'idle', 'client']

export function requestlessProblems(rule: Loose, point: PointName, at: string): Problem[] {
  if (!requestless.includes(point)) return []
  const key = rule['key']
  const isOdd = key !== undefined && key !== 'connection' && key !== 'global'
  return [
    ...(isOdd
      ? [problem(`${at}/key`, `connection or global: at ${point} there is no request`, shown(key))]
      : []),
    ...['match', 'at']
      .filter((name) => name in rule)
      .map((name) => problem(`${at}/${name}`, `no such key: at ${point} there is no request`, name)),
  ]
}

function problem(at: string, expected: string, got: string): Problem {
  return { at, expected, got }
}

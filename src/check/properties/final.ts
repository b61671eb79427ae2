/**
 * I8 a definite failure is not retried; the exceptions stand here and are named in `second`.
 *
 * A refusal is a full 4xx that the profile does not have retried. Held is the next attempt of the same
 * logical request that carries all of its records, once the client must have known: a smaller part of them
 * is something else, which may be accepted. The table allows what RFC 9110 or its kin ask for, and each of
 * it once for a logical request, but for 413, where every body may be smaller than the one before.
 */
import type { Attempt } from '../../history.ts'
import { fromFacts } from '../checker.ts'
import type { Checker } from '../checker.ts'
import type { Carrier, Facts } from '../facts.ts'
import { counted, finding } from '../finding.ts'
import { chains, holdsAllOf, inapplicable, knew, pairs, refusedBy, witnessesOf } from './attempts.ts'

type Difference = (refused: Attempt['request'], next: Attempt['request']) => boolean

const otherCredential: Difference = (refused, next) => refused.credential !== next.credential
const otherCoding: Difference = (refused, next) => refused.coding !== next.coding
const smaller: Difference = (refused, next) => next.bytes < refused.bytes
const otherConnection: Difference = (refused, next) => refused.conn !== next.conn
const asItIs: Difference = () => true

/** What the next attempt must have of its own after this refusal. */
const second: Readonly<Record<number, Difference>> = {
  401: otherCredential, // RFC 9110 §15.5.2: a client may repeat it with a new Authorization
  403: otherCredential, // §15.5.4
  413: smaller, // §15.5.14
  415: otherCoding, // §15.5.16
  417: asItIs, // §10.1.1: again without the expectation
  421: otherConnection, // §15.5.20
  425: asItIs, // RFC 8470 §5.2
}

export interface RefusedRepeats {
  readonly refusals: number
  /** Refused attempts, each with the one that repeats it. */
  readonly repeats: readonly (readonly [Carrier, Carrier])[]
}

export function refusedRepeats(facts: Facts): RefusedRepeats {
  const { profile } = facts.run
  let refusals = 0
  const repeats: (readonly [Carrier, Carrier])[] = []
  for (const chain of chains(facts)) {
    const allowed = new Set<number>()
    refusals += chain.filter(({ attempt }) => refusedBy(attempt, profile)).length
    for (const [refused, next] of pairs(chain)) {
      const status = refusedBy(refused.attempt, profile)?.status
      if (status === undefined || !holdsAllOf(next, refused)) continue
      if (!knew(facts, refused.attempt, next.attempt)) continue
      const differs = second[status]?.(refused.attempt.request, next.attempt.request) ?? false
      if (differs && (status === 413 || !allowed.has(status))) allowed.add(status)
      else repeats.push([refused, next])
    }
  }
  return { refusals, repeats }
}

export const noRetryAfterRefusal: Checker<unknown> = fromFacts((facts) => {
  const { refusals, repeats } = refusedRepeats(facts)
  if (refusals === 0) return inapplicable('No request was refused for good.')
  const because = `${counted(refusals, 'request')} refused for good`
  const [first] = repeats
  if (!first) return finding('pass', `${because}, and none sent again as it was.`)
  const [refused, next] = first.map(({ attempt }) => attempt)
  const status = refused?.respond?.status
  const came = `came again as request ${next?.request.req}`
  const shown = `request ${refused?.request.req} was answered ${status} and ${came}`
  return finding('fail', `${because}, ${repeats.length} of them sent again as they were: ${shown}.`, {
    witnesses: repeats.flatMap(witnessesOf),
  })
})

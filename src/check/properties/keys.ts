/**
 * I5 stable idempotency key, I6 key binds content (draft-ietf-httpapi-idempotency-key-header).
 *
 * I5: two attempts in a row that carry the same records have the same key, or neither has one; once the
 * first was answered for good the request is over, and what follows is another. I6: requests under one key
 * carry the same records. Bodies that were cut are left out: what a part of a body holds is not what was to
 * be sent.
 */
import { fromFacts } from '../checker.ts'
import type { Checker } from '../checker.ts'
import type { Carrier, Facts } from '../facts.ts'
import { counted, finding } from '../finding.ts'
import { confirmedAt, grouped, wholeOnes } from '../rules/answers.ts'
import { chains, inapplicable, pairs, refusedBy, sameRecords, witnessesOf } from './attempts.ts'

const keyless = 'The client uses no idempotency key.'

function usesKeys(facts: Facts): boolean {
  return wholeOnes(facts).some(({ attempt }) => attempt.request.key !== undefined)
}

export const stableKey: Checker<unknown> = fromFacts((facts) => {
  if (!usesKeys(facts)) return inapplicable(keyless)
  const { profile } = facts.run
  const over = ({ attempt }: Carrier): boolean =>
    refusedBy(attempt, profile) !== undefined || confirmedAt(attempt, profile) !== undefined
  const again = chains(facts).flatMap((chain) =>
    pairs(chain).filter(([a, b]) => sameRecords(a, b) && !over(a)),
  )
  if (again.length === 0) return inapplicable('No request was sent a second time.')
  const moved = again.filter(([a, b]) => a.attempt.request.key !== b.attempt.request.key)
  const because = `${counted(again.length, 'request')} sent again`
  const [first] = moved
  if (!first) return finding('pass', `${because}, each under the key that it had.`)
  const [a, b] = first.map(({ attempt }) => attempt.request)
  const shown = `request ${a?.req} under ${a?.key ?? 'none'}, request ${b?.req} under ${b?.key ?? 'none'}`
  return finding('fail', `${because}, ${moved.length} of them under another key: ${shown}.`, {
    witnesses: moved.flatMap(witnessesOf),
  })
})

export const keyBindsContent: Checker<unknown> = fromFacts((facts) => {
  if (!usesKeys(facts)) return inapplicable(keyless)
  const keyed = wholeOnes(facts).filter(({ attempt }) => attempt.request.key !== undefined)
  if (keyed.length < 2) return inapplicable('No more than one request had a key: no key could be used twice.')
  const groups = [...grouped(keyed, ({ attempt }) => attempt.request.key).values()]
  const reused = groups.flatMap((group) => pairs(group).filter(([a, b]) => !sameRecords(a, b)))
  const because = `${counted(keyed.length, 'request')} under ${counted(groups.length, 'key')}`
  const [first] = reused
  if (!first) return finding('pass', `${because}, each key for the same records.`)
  const [a, b] = first.map(({ attempt }) => attempt.request)
  const shown = `requests ${a?.req} and ${b?.req} carry other records under ${a?.key}`
  return finding('fail', `${because}: ${shown}.`, { witnesses: reused.flatMap(witnessesOf) })
})

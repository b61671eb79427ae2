/**
 * I15 body integrity, X3 a retry is what the first attempt was.
 *
 * I15: 1. inv.integrity; 2. bodies that are no UTF-8, or no lines of JSON where the profile asks for them,
 * or of which the server had to quarantine lines without a fault that said so; 3. bytes that were no
 * request, on a connection that no fault had struck: a Content-Length that counts characters leaves such; 4.
 * an empty body that took the place of a failed one whose records never came. X3, of two attempts in a row
 * with the same records, or under the same key: method, token, and, but for another content coding, the
 * bytes; not the path, which may count attempts. A refusal for its credentials is an occasion to change
 * them.
 */
import type { EntryOf } from '../../entry.ts'
import { failed, fullAnswer } from '../../history.ts'
import type { Attempt } from '../../history.ts'
import type { Finding } from '../../verdict.ts'
import { fromFacts } from '../checker.ts'
import type { Checker } from '../checker.ts'
import type { Carrier, Facts } from '../facts.ts'
import { counted, finding, merge } from '../finding.ts'
import { integrity } from '../integrity.ts'
import { confirmedAt, grouped, tested, wholeOnes } from '../rules/answers.ts'
import { IdSet } from '../sets.ts'
import { chains, inapplicable, pairs, sameRecords, shared, witnessesOf } from './attempts.ts'

type Request = EntryOf<'request'>

export const bodyIntegrity: Checker<unknown> = fromFacts((facts) => {
  const requests = ingestRequests(facts)
  if (requests.length === 0) return inapplicable('No request that was to write anything was seen.')
  const whole = shared(integrity)(facts, undefined).finish()
  const lines = facts.run.profile.body === 'ndjson'
  const hold = (what: string, held: readonly Attempt[]): Finding[] => {
    const [first] = held
    if (!first) return []
    const because = `${counted(held.length, 'request')} ${what}; the first is request ${first.request.req}.`
    return [finding('fail', because, { witnesses: held.map(({ request }) => request.n) })]
  }
  const complete = requests.filter(({ request }) => request.complete)
  return merge([
    whole,
    ...hold('not in UTF-8', complete.filter(({ request }) => request.utf8 === false)), // prettier-ignore
    ...hold('not in lines of JSON', lines ? complete.filter(notInLines) : []),
    ...hold('with lines that are no JSON', quarantined(facts)),
    ...hold('out of frame: the bytes were no HTTP request', outOfFrame(facts)),
    ...hold('with an empty body in the place of one that had failed', emptied(facts, complete)),
  ])
})

/** Requests of the clients under test that write, and bytes that were to be one. */
function ingestRequests(facts: Facts): Attempt[] {
  const controls = facts.controls()
  return facts.attempts().filter(({ request }) => {
    return request.site.lane === 'ingest' && controls.within(request.ids).length === 0
  })
}

function notInLines({ request: { form } }: Attempt): boolean {
  return form !== undefined && form !== 'ndjson'
}

/** Requests whose records the server quarantined, though no fault told it to. */
function quarantined(facts: Facts): Attempt[] {
  const refused = facts.all('discard').filter(({ why, req }) => why === 'quarantine' && req !== undefined)
  const reqs = new Set(refused.map(({ req }) => req))
  return facts.attempts().filter(({ request, faults }) => reqs.has(request.req) && faults.length === 0)
}

function outOfFrame(facts: Facts): Attempt[] {
  const struck = new Set(facts.all('fault').map(({ conn }) => conn))
  for (const { request, faults } of facts.attempts()) if (faults.length > 0) struck.add(request.conn)
  return facts
    .attempts()
    .filter(({ request }) => request.malformed !== undefined && !struck.has(request.conn))
}

/** Empty requests right after a failed one, or under its key, where its records did not come again. */
function emptied(facts: Facts, complete: readonly Attempt[]): Attempt[] {
  const carriers = tested(facts)
  const lives = new IdSet()
  const given = new Map<number, boolean>()
  for (const { attempt, ids } of [...carriers].reverse()) {
    given.set(attempt.request.req, failed(attempt) && lives.without(ids).length > 0)
    lives.add(ids)
  }
  return complete.filter((attempt, i) => {
    if (attempt.request.bytes > 0 || attempt.request.malformed !== undefined) return false
    const before = complete[i - 1]
    return before !== undefined && given.get(before.request.req) === true
  })
}

export const fidelity: Checker<unknown> = fromFacts((facts) => {
  const again = [
    ...chains(facts)
      .flatMap(pairs)
      .filter(([a, b]) => sameRecords(a, b)),
    ...underOneKey(facts),
  ]
  const retried = again.filter(([a]) => confirmedAt(a.attempt, facts.run.profile) === undefined)
  if (retried.length === 0) return inapplicable('No request was sent a second time.')
  const differing = retried.flatMap(([a, b]) => {
    const members = differences(a.attempt, b.attempt)
    return members.length > 0 ? [{ a, b, members }] : []
  })
  const because = `${counted(retried.length, 'request')} sent again`
  const [first] = differing
  if (!first) return finding('pass', `${because}, each as it was.`)
  const { a, b, members } = first
  const [before, after] = [a, b].map(({ attempt }) => attempt.request.req)
  const shown = `request ${after} has another ${members.join(' and ')} than request ${before}`
  return finding('fail', `${because}, ${differing.length} of them not as they were: ${shown}.`, {
    witnesses: differing.flatMap((pair) => witnessesOf([pair.a, pair.b])),
  })
})

/** Attempts in a row under one key that are not of one logical request: their bytes must be the same, too. */
function underOneKey(facts: Facts): [Carrier, Carrier][] {
  const keyed = grouped(wholeOnes(facts), ({ attempt }) => attempt.request.key)
  return [...keyed.values()].flatMap((group) => pairs(group).filter(([a, b]) => !sameRecords(a, b)))
}

function differences(before: Attempt, after: Attempt): string[] {
  const [a, b] = [before.request, after.request]
  const status = fullAnswer(before)?.status ?? 0
  const refused = status === 401 || status === 403
  const moved = b.elsewhere === true || (status >= 300 && status <= 399)
  const differs = (member: keyof Request): boolean =>
    a[member] !== undefined && b[member] !== undefined && a[member] !== b[member]
  return [
    ...(differs('method') && !moved ? ['method'] : []),
    ...(differs('auth') && !moved && !refused ? ['token'] : []),
    ...(differs('credential') && !moved && !refused ? ['credential'] : []),
    ...(differs('sha') && a.coding === b.coding ? ['body'] : []),
  ]
}

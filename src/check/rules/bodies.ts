/**
 * Rules on what requests hold: ndjson, utf8, authorized, no_credentials_elsewhere, same_records, redirected,
 * told_or_landed.
 *
 * What a part of a body holds says nothing of the whole, so bodies are judged where they arrived whole.
 */
import { fullAnswer } from '../../history.ts'
import type { Attempt } from '../../history.ts'
import { limits } from '../../limits.ts'
import { idsIn, rangesOf } from '../../record.ts'
import type { IdRange, RecordId } from '../../record.ts'
import type { Finding } from '../../verdict.ts'
import { fromFacts } from '../checker.ts'
import type { RuleChecker } from '../checker.ts'
import type { Carrier, Facts } from '../facts.ts'
import { biographies, counted, finding, merge, named, reporter } from '../finding.ts'
import { IdSet, keyOf } from '../sets.ts'
import { grouped, tested, wholeOnes } from './answers.ts'
import { unseen } from './unseen.ts'

/** Every body is NDJSON; n/a under a protocol that does not ask for it. */
export const ndjson: RuleChecker<'ndjson'> = fromFacts((facts) => {
  if (tested(facts).length === 0) return unseen
  const { protocol } = facts.run
  if (protocol !== 'events-api') return finding('n/a', `Protocol ${protocol} does not ask for NDJSON.`)
  const whole = wholeOnes(facts).map(({ attempt }) => attempt)
  const wrong = whole.filter(({ request: { form } }) => form !== undefined && form !== 'ndjson')
  const unsaid = whole.filter(({ request }) => request.form === undefined)
  const forms = [...new Set(wrong.map(({ request }) => request.form))].join(', ')
  return judged(whole, wrong, unsaid, 'in NDJSON', `not in NDJSON but ${forms}`)
})

/** Every body is UTF-8, and not only those in which records were found: UTF-16 hides them. */
export const utf8: RuleChecker<'utf8'> = fromFacts((facts) => {
  const wrong = facts.attempts().filter(({ request: { complete, site, utf8: valid } }) => {
    return complete && site.lane === 'ingest' && valid === false
  })
  if (wrong.length === 0 && tested(facts).length === 0) return unseen
  const all = new Set([...wholeOnes(facts).map(({ attempt }) => attempt), ...wrong])
  return judged([...all], wrong, [], 'in UTF-8', 'not in UTF-8')
})

/** Every request has the token; a preflight has none by its nature (Fetch, "CORS-preflight fetch"). */
export const authorized: RuleChecker<'authorized'> = fromFacts((facts) => {
  const requests = facts.attempts().filter(({ request }) => {
    return request.malformed === undefined && !request.elsewhere && request.method !== 'OPTIONS'
  })
  const controls = facts.controls()
  const theirs = requests.filter(({ request }) => controls.within(request.ids).length === 0)
  const wrong = theirs.filter(({ request }) => request.auth === false)
  if (wrong.length === 0 && tested(facts).length === 0) return unseen
  const unsaid = theirs.filter(({ request }) => request.auth === undefined)
  return judged(theirs, wrong, unsaid, 'with the token', 'without the token')
})

function judged(
  all: readonly Attempt[],
  wrong: readonly Attempt[],
  unsaid: readonly Attempt[],
  as: string,
  asWrong: string,
): Finding {
  if (wrong.length > 0) {
    const shown = `the first is request ${wrong[0]?.request.req}`
    const because = `${counted(wrong.length, 'request')} of ${all.length} ${asWrong}; ${shown}.`
    return finding('fail', because, { witnesses: numbers(wrong) })
  }
  if (unsaid.length > 0) {
    const because = `Of ${counted(unsaid.length, 'request')} the ledger does not say whether they came ${as}.`
    return finding('unknown', because, { witnesses: numbers(unsaid) })
  }
  if (all.length === 0) return finding('unknown', 'No request that could be judged arrived whole.')
  return finding('pass', `${counted(all.length, 'request')}, each ${as}.`)
}

function numbers(attempts: readonly Attempt[]): number[] {
  return attempts.map(({ request }) => request.n)
}

/**
 * After a redirect, no request to another origin carries credentials. One that named another host before could not
 * have followed it: then its Host shows nothing. A token in the query is there because the Location had it.
 */
export const noCredentialsElsewhere: RuleChecker<'no_credentials_elsewhere'> = fromFacts((facts) => {
  const attempts = facts.attempts()
  const redirects = attempts.filter(({ respond }) => respond && respond.status >= 300 && respond.status < 400)
  const whole = redirects.filter((attempt) => fullAnswer(attempt) !== undefined)
  if (whole.length === 0) return finding('unknown', 'No redirect was answered in full.')
  const since = redirects.reduce((least, { respond }) => Math.min(least, respond?.t ?? Infinity), Infinity)
  const elsewhere = attempts.filter(({ request }) => request.elsewhere)
  const before = elsewhere.filter(({ request }) => request.t < since)
  const bearing = elsewhere.filter(({ request: { auth, credential } }) => auth || credential !== undefined)
  if (before.length > 0) {
    const because = 'Requests named another host before any redirect, so their hosts show nothing.'
    return finding('unknown', because, { witnesses: numbers(before) })
  }
  // Our own token cannot come from a redirect of a request that did not have one in its query.
  const given = redirects.some(({ request }) => hasToken(request.path))
  const leaks = ({ request }: Attempt): boolean =>
    !hasToken(request.path) || (request.auth === true && !given)
  const [handed, leaking] = [bearing.filter((one) => !leaks(one)), bearing.filter(leaks)]
  if (leaking.length > 0) {
    const because = `${counted(leaking.length, 'request')} to another origin with credentials.`
    return finding('fail', because, { witnesses: [...numbers(leaking), ...numbers(whole)] })
  }
  if (handed.length > 0) {
    const because =
      'The token stands in the query of the new place, where the redirect itself may have put it.'
    return finding('unknown', because, { witnesses: numbers(handed) })
  }
  const because = `${counted(whole.length, 'redirect')}; ${counted(elsewhere.length, 'request')} to another origin.`
  return finding('pass', because, { witnesses: numbers(elsewhere) })
})

/** Whether the query has a member that may be the token. */
function hasToken(path: string): boolean {
  const names = new URLSearchParams(path.split('?')[1] ?? '').keys()
  return [...names].some((name) => /token|key|auth/i.test(name))
}

/** Every record that came twice or more was each time as it had been offered, or differed at least in a fixed way. */
export const sameRecords: RuleChecker<'same_records'> = fromFacts((facts) => {
  if (tested(facts).length === 0) return unseen
  const whole = wholeOnes(facts)
  const again = new IdSet(facts.carried(whole).where(facts.offered.ranges(), (times) => times > 1))
  if (again.size === 0) return finding('unknown', 'No record came whole a second time.')
  const { changed, fixed } = compared(whole, again)
  const report = reporter(facts.attempts(), facts.word)
  return merge([
    finding('pass', `Came more than once: ${named(again.ranges())}.`),
    ...report('fail', 'Not the same in every attempt', changed),
    ...report('unknown', 'Not as offered at the same place, or not comparable, in every attempt', fixed),
  ])
})

/** Of the records in `again`: those that changed between attempts, and those damaged each time alike. */
function compared(whole: readonly Carrier[], again: IdSet): { changed: IdRange[]; fixed: IdRange[] } {
  const first = new Map<number, string>()
  const changed = new Map<number, RecordId>()
  const fixed = new Map<number, RecordId>()
  for (const { attempt, ids } of whole) {
    const damaged = new Map<number, string>()
    for (const { id, at } of [...(attempt.request.damaged ?? [])].reverse()) damaged.set(keyOf(id), at)
    // The list is bounded: of records that a full one does not name, nothing is known.
    const otherwise = damaged.size >= limits.witnessesMax ? undefined : ''
    for (const id of idsIn(again.within(ids))) {
      const key = keyOf(id)
      const at = damaged.get(key) ?? otherwise
      const before = first.get(key)
      if (at !== '') fixed.set(key, id)
      if (at === undefined) continue
      if (before === undefined) first.set(key, at)
      else if (before !== at) changed.set(key, id)
    }
  }
  for (const key of changed.keys()) fixed.delete(key)
  return { changed: rangesOf(changed.values()), fixed: rangesOf(fixed.values()) }
}

/** After a full 307 or 308, a request with the same records by the same method goes to another place. */
export const redirected: RuleChecker<'redirected'> = fromFacts((facts) => {
  const carriers = tested(facts)
  if (carriers.length === 0) return unseen
  const met = wholeOnes(facts).filter(({ attempt }) => [307, 308].includes(fullAnswer(attempt)?.status ?? 0))
  if (met.length === 0) return finding('unknown', 'No whole request was answered in full with 307 or 308.')
  const alike = grouped(carriers, sameAs)
  const left = met.filter(
    (carrier) => !(alike.get(sameAs(carrier)) ?? []).some((one) => follows(one, carrier)),
  )
  const lost = new IdSet(left.flatMap(({ ids }) => ids)).ranges()
  const told = lost.length > 0 && facts.word.untold(lost).length === 0 ? ', and told' : ''
  const report = reporter(facts.attempts(), facts.word)
  return merge([
    finding('pass', `${counted(met.length, 'request')} answered with 307 or 308.`),
    ...report(facts.word.over ? 'fail' : 'unknown', `Not sent again to the new place${told}`, lost),
  ])
})

/** By which the request that follows a redirect is known: method and records. */
function sameAs({ attempt, ids }: Carrier): string {
  return `${attempt.request.method} ${JSON.stringify(new IdSet(ids).ranges())}`
}

function follows({ attempt: { request } }: Carrier, { attempt: redirect }: Carrier): boolean {
  const { path, elsewhere } = redirect.request
  if (!request.complete || request.t < (redirect.respond?.t ?? Infinity)) return false
  return request.path !== path || request.elsewhere !== elsewhere
}

/** Every record landed, was discarded by the server, or was told. */
export const toldOrLanded: RuleChecker<'told_or_landed'> = fromFacts((facts) => {
  const missing = facts.missing()
  const silent = facts.word.untold(missing)
  if (silent.length > 0) return undelivered(facts, silent)
  if (tested(facts).length === 0) return unseen
  const told = missing.length > 0 ? `; not landed, and told: ${named(missing)}` : ''
  const because = `${facts.landed.seen} of ${facts.offered.size} records landed${told}.`
  return finding('pass', because, { witnesses: missing.length > 0 ? facts.word.witnesses : [] })
})

function undelivered(facts: Facts, silent: readonly IdRange[]): Finding {
  const { word } = facts
  const because = `Neither landed nor told: ${named(silent)}; ${word.shown}.`
  const witnesses = [...word.witnesses, ...biographies(facts.attempts(), silent)]
  return finding(word.over ? 'fail' : 'unknown', because, { witnesses })
}

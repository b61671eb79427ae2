/**
 * What the properties have in common: the records and requests of the clients under test, attempts as chains
 * of one logical request, and what an answer ended.
 *
 * A property that has met nothing to judge by is n/a and says what it would have needed; one that cannot
 * know is unknown.
 */
import type { EntryOf } from '../../entry.ts'
import { failed, fullAnswer, isDoubtful } from '../../history.ts'
import type { Attempt } from '../../history.ts'
import { retries } from '../../profile.ts'
import type { Profile } from '../../profile.ts'
import type { IdRange } from '../../record.ts'
import type { Finding } from '../../verdict.ts'
import type { Checker } from '../checker.ts'
import type { Carrier, Facts } from '../facts.ts'
import { finding } from '../finding.ts'
import { confirmedAt, grouped, wholeOnes } from '../rules/answers.ts'
import { IdSet } from '../sets.ts'

/** A request whose head came within this after an answer may have been on its way, in nanoseconds. */
const underWayNs = 50e6
/** An answer that took this long may have met a client that had given up waiting, in nanoseconds. */
const lateAnswerNs = 500e6

/** A checker that takes no arguments, under another name: one analysis for two promises. */
export function shared(checker: Checker<never>): Checker<unknown> {
  return (facts) => checker(facts, undefined as never)
}

export function inapplicable(because: string, more: Partial<Finding> = {}): Finding {
  return finding('n/a', because, more)
}

/** Records offered to the clients under test. */
export function offeredTo(facts: Facts): IdSet {
  return new IdSet(facts.controls().without(facts.offered.ranges()))
}

/** A number that the client was asked for by this wish; it may have heard it whether or not it says so. */
export function wished({ run }: Facts, knob: string): number | undefined {
  const wish = run.config?.[knob]
  return typeof wish === 'number' ? wish : undefined
}

/** The verdict on what is missing: silence means nothing as long as the client has not ended. */
export function absent({ word }: Facts): 'fail' | 'unknown' {
  return word.over ? 'fail' : 'unknown'
}

/** Why the client was not free to go on until it was done: asked to stop, ended by us, or crashed. */
export function hindrance(facts: Facts): string | undefined {
  const { acts, word } = facts
  if (acts.some(({ what }) => what === 'signal' || what === 'stop')) return 'the client was asked to stop'
  if (facts.all('fault').some(({ emitted }) => emitted.type === 'client_stop'))
    return 'the client was stopped by the plan'
  if (word.stuck || word.crash) return word.shown
  return word.ends.some(({ by }) => by === 'harness') ? 'the client was ended by the harness' : undefined
}

/** By the carriers of a run, which are made anew with every entry. */
const chained = new WeakMap<readonly Carrier[], readonly (readonly Carrier[])[]>()

/** Attempts of one logical request, in the order of their heads, of every one; bodies that came whole. */
export function chains(facts: Facts): readonly (readonly Carrier[])[] {
  const carriers = facts.carriers()
  const known = chained.get(carriers)
  if (known) return known
  const groups = grouped(wholeOnes(facts), ({ attempt }) => attempt.request.site.logical)
  const made = [...groups.values()]
  chained.set(carriers, made)
  return made
}

/** Each attempt of `chain` with the one that follows it. */
export function pairs(chain: readonly Carrier[]): [Carrier, Carrier][] {
  return chain.slice(1).map((next, i): [Carrier, Carrier] => [chain[i] as Carrier, next])
}

/** Whether `b` holds all the records of `a`. */
export function holdsAllOf(b: Carrier, a: Carrier): boolean {
  return new IdSet(b.ids).without(a.ids).length === 0
}

/** Whether the two carry the same records. */
export function sameRecords(a: Carrier, b: Carrier): boolean {
  return holdsAllOf(a, b) && holdsAllOf(b, a)
}

/** Whether it failed in a way that the profile has retried. */
export function failedForNow(attempt: Attempt, profile: Profile): boolean {
  if (!failed(attempt) || confirmedAt(attempt, profile) !== undefined) return false
  const { respond, sent } = attempt
  const wasRead = isDoubtful(attempt) && sent?.written === 'full' && respond !== undefined
  // What may be read as whole may be a refusal for good, which a client is right to heed.
  if (wasRead && !retries(profile, respond.status)) return false
  return retries(profile, fullAnswer(attempt)?.status ?? 'network')
}

/** The full answer by which it was refused for good: a 4xx that the profile does not have retried. */
export function refusedBy(attempt: Attempt, profile: Profile): EntryOf<'respond'> | undefined {
  const answer = fullAnswer(attempt)
  if (!answer || answer.status < 400 || answer.status > 499) return undefined
  if (confirmedAt(attempt, profile) !== undefined) return undefined
  return retries(profile, answer.status) ? undefined : answer
}

/** Whether the request asks to be answered when its records have landed, and not before. */
export function asksForLanding({ request }: Attempt): boolean {
  return /[?&]wait=(true|1)(&|$)/i.test(request.path)
}

/** Whether the head of `later` was parsed when the client must have known how `earlier` had ended. */
export function knew(facts: Facts, earlier: Attempt, later: Attempt): boolean {
  const end = earlier.sent?.t
  if (end === undefined) return false
  const { t } = later.request
  return t - facts.latenessMsAt(t) * 1e6 > end + underWayNs
}

/** When each connection was closed by the client. */
export function departures(facts: Facts): Map<number, number> {
  const closes = facts.all('close').filter(({ by }) => by === 'client')
  return new Map(closes.map(({ conn, t }) => [conn, t]))
}

/**
 * Whether the client may have left before a slow answer came. Over HTTP/1.1 it gives an exchange up by closing
 * the connection (RFC 9112 §9.5), and what is written meanwhile looks whole to the server.
 */
export function mayHaveLeft({ request, respond, sent }: Attempt, left: ReadonlyMap<number, number>): boolean {
  const at = left.get(request.conn)
  if (at === undefined || !respond || !sent) return false
  return respond.t - request.t >= lateAnswerNs && at <= sent.t + underWayNs
}

/** The records of `ids` that are in a carrier which passes `test`. */
export function idsOf(carriers: readonly Carrier[], test: (carrier: Carrier) => boolean): IdSet {
  return setOf(carriers.filter(test).flatMap(({ ids }) => ids))
}

/** Sorted first: a set grows at its end in no time, and at its front by moving all the rest. */
export function setOf(ranges: readonly IdRange[]): IdSet {
  return new IdSet([...ranges].sort((a, b) => a[0] - b[0] || a[1] - b[1]))
}

export function witnessesOf(carriers: Iterable<Carrier>): number[] {
  return [...carriers].flatMap(({ attempt: { request, respond, sent } }) =>
    [request, respond, sent].flatMap((entry) => (entry ? [entry.n] : [])),
  )
}

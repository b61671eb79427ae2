/**
 * Why a case says nothing about this client, if so; then each of its checks is n/a. The case is about HTTP/2 and the
 * client spoke none: not on any connection, or it did not get through TLS. Or a fault needs several requests under way
 * on one connection, and the client never had as many. Or nothing of what was to go wrong could meet this client: a
 * fault between two requests one that sends a single request. A client that made no connection at all is judged as
 * ever, and so is one that has failed all the same.
 */
import { isDeepStrictEqual } from 'node:util'
import type { EntryOf } from '../entry.ts'
import type { Finding } from '../verdict.ts'
import type { Facts } from './facts.ts'
import { finding } from './finding.ts'

export function excuse(facts: Facts, found: readonly Finding[]): Finding | undefined {
  const without = facts.run.http2 ? unspoken(facts) : undefined
  if (without || found.some(({ verdict }) => verdict === 'fail')) return without
  return tooFew(facts) ?? unmet(facts)
}

function unspoken(facts: Facts): Finding | undefined {
  const opens = facts.all('open')
  if (opens.length === 0 || opens.some(({ proto }) => proto === 'h2' || proto === 'h2c')) return undefined
  const failures = facts.all('close').filter(({ handshake }) => handshake !== undefined)
  if (failures.length < opens.length) {
    const witnesses = opens.map(({ n }) => n)
    return finding('n/a', 'The client spoke HTTP/1.1 where HTTP/2 was offered.', { witnesses })
  }
  const because = `The client did not get through TLS (${failures[0]?.handshake ?? ''}): trust TAILRACE_CA.`
  return finding('n/a', because, { witnesses: failures.map(({ n }) => n) })
}

/** Only where the rule has not struck as it should: then the case has shown what it is to show. */
function tooFew(facts: Facts): Finding | undefined {
  const faults = facts.all('fault')
  const waited = faults.filter(isLonely)
  const struck = new Set(faults.filter(isDone).map(({ rule }) => rule))
  const missed = waited.filter(({ rule }) => !struck.has(rule))
  const [first] = missed
  if (!first) return undefined
  const because = `The client never had ${String(first.planned['streams'])} requests under way on one connection.`
  return finding('n/a', because, { witnesses: missed.map(({ n }) => n) })
}

/** None of the faults need strike, and none has. */
function unmet(facts: Facts): Finding | undefined {
  const calls = facts.run.checks.flatMap((check) => (check.id === 'fired' ? check.rules : []))
  if (calls.length === 0 || calls.some(({ min }) => min > 0)) return undefined
  if (facts.all('fault').length > 0 || facts.attempts().length === 0) return undefined
  return finding('n/a', 'The client met none of what was to go wrong: it sends nothing that it could strike.')
}

/** A fault that waits for several streams, and waited in vain. */
export function isLonely({ emitted }: EntryOf<'fault'>): boolean {
  return emitted['why'] === 'few-streams'
}

function isDone({ planned, emitted }: EntryOf<'fault'>): boolean {
  return isDeepStrictEqual(planned, emitted)
}

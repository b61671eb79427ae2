/**
 * Rules on connections: connections, fresh_connection, close_honoured, reused_after_idle.
 *
 * A client that sent everything in one request has no later one to be judged by: then they are n/a.
 */
import type { EntryOf } from '../../entry.ts'
import { fullAnswer } from '../../history.ts'
import type { Attempt } from '../../history.ts'
import type { Finding } from '../../verdict.ts'
import { fromFacts } from '../checker.ts'
import type { RuleChecker } from '../checker.ts'
import type { Carrier, Facts } from '../facts.ts'
import { counted, finding, merge, named, outcomes, reporter } from '../finding.ts'
import { IdSet } from '../sets.ts'
import { tested } from './answers.ts'
import { failureOf, nextCarriers, oneShot, shownFailure } from './carriers.ts'
import { unseen } from './unseen.ts'

/**
 * No more connections are opened than `max`; n/a where there were not two requests to share one, or where a client
 * that was not to be kept from it sent over all of them at the same time.
 */
export const connections: RuleChecker<'connections'> = (facts, { max }) => {
  const opens = new Map<number, number>()
  return {
    step: (entry) => {
      if (entry.kind !== 'open' && entry.kind !== 'request') return
      opens.set(entry.conn, Math.min(entry.n, opens.get(entry.conn) ?? entry.n))
    },
    finish: () => {
      const carriers = tested(facts)
      if (carriers.length === 0) return unseen
      const measured = { connections: opens.size, requests: carriers.length }
      if (carriers.length < 2) {
        return finding('n/a', 'One request alone carried records: there was nothing to share.', { measured })
      }
      const because = `${counted(opens.size, 'connection')} for ${carriers.length} requests; at most ${max} allowed.`
      if (opens.size > max && opens.size <= inUse(carriers) && !facts.run.knobs.includes('concurrency')) {
        return finding('n/a', `${because} All were in use at the same time.`, { measured })
      }
      const witnesses = [...opens.values()].sort((a, b) => a - b).slice(max)
      return finding(opens.size <= max ? 'pass' : 'fail', because, { measured, witnesses })
    },
  }
}

/** The most connections in use at once, each from its first request to its last answer. */
function inUse(carriers: readonly Carrier[]): number {
  const spans = new Map<number, { from: number; to: number }>()
  for (const { attempt } of carriers) {
    const { conn, t } = attempt.request
    const { from = t, to = 0 } = spans.get(conn) ?? {}
    spans.set(conn, { from, to: Math.max(to, attempt.sent?.t ?? Infinity) })
  }
  const all = [...spans.values()]
  return Math.max(0, ...all.map(({ from }) => all.filter((one) => one.from <= from && from < one.to).length))
}

/** What comes again after this failure comes over another connection than the one that it met. */
export const freshConnection: RuleChecker<'fresh_connection'> = fromFacts((facts, { after }) => {
  const carriers = tested(facts)
  if (carriers.length === 0) return unseen
  const nexts = nextCarriers(carriers)
  const pairs = carriers.flatMap(({ attempt }, i) => {
    if (failureOf(attempt) !== after) return []
    // What was on its way when the failure came could not know of it.
    const since = fullAnswer(attempt)?.t ?? attempt.sent?.t ?? Infinity
    const following = (nexts[i] ?? []).flatMap((at) => carriers[at] ?? [])
    return following
      .filter((next) => next.attempt.request.t >= since)
      .map((next) => ({ failed: attempt.request, next: next.attempt.request }))
  })
  if (pairs.length === 0) {
    return finding('unknown', `Nothing was seen to come again after ${shownFailure(after)}.`)
  }
  const same = pairs.filter(({ failed, next }) => failed.conn === next.conn)
  const again = `Sent again after ${shownFailure(after)}: ${counted(pairs.length, 'request')}`
  const because = `${again}; of them over the same connection: ${same.length}.`
  const witnesses = same.flatMap(({ failed, next }) => [failed.n, next.n])
  return finding(same.length > 0 ? 'fail' : 'pass', because, { witnesses })
})

/** No request comes on a connection after an answer that said it would be closed. */
export const closeHonoured: RuleChecker<'close_honoured'> = fromFacts((facts) => {
  const attempts = facts.attempts()
  const closing = attempts.filter((attempt) => fullAnswer(attempt) && attempt.faults.some(saysClose))
  const late = attempts.filter(({ request }) => request.afterClose)
  if (closing.length === 0 && late.length === 0)
    return finding('unknown', 'No answer said that the connection closes.')
  // One that was sent before the answer could not know; nobody pipelines, but it is no reason to blame.
  const answered = new Map<number, number>()
  for (const { request, respond } of closing) {
    const known = answered.get(request.conn) ?? Infinity
    answered.set(request.conn, Math.min(known, respond?.t ?? Infinity))
  }
  const wrong = late.filter(({ request }) => request.t > (answered.get(request.conn) ?? -1))
  if (wrong.length > 0) {
    const because = `${counted(wrong.length, 'request')} on a connection that the server had said it would close.`
    return finding('fail', because, { witnesses: wrong.map(({ request }) => request.n) })
  }
  const first = closing.reduce((least, { respond }) => Math.min(least, respond?.t ?? Infinity), Infinity)
  const later = attempts.filter(({ request }) => request.t > first && !request.afterClose)
  const said = `${counted(closing.length, 'answer')} said that the connection closes`
  const because = `${said}; ${counted(later.length, 'request')} followed on others.`
  if (later.length > 0) return finding('pass', because, { witnesses: later.map(({ request }) => request.n) })
  return oneShot(facts, tested(facts))
    ? finding('n/a', `${because} The client sent all in one request.`)
    : finding('unknown', because)
})

function saysClose({ emitted }: Attempt['faults'][number]): boolean {
  if (emitted.type === 'connection_close') return true
  if (emitted.type === 'early_response') return emitted['close'] === true
  const headers = emitted['headers']
  if (typeof headers !== 'object' || headers === null) return false
  return Object.entries(headers).some(([name, value]) => {
    return name.toLowerCase() === 'connection' && String(value).toLowerCase() === 'close'
  })
}

/** What comes for the first time after the server closed an idle connection lands once. */
export const reusedAfterIdle: RuleChecker<'reused_after_idle'> = (facts) => {
  const closes: EntryOf<'fault'>[] = []
  return {
    step: (entry) => {
      if (entry.kind === 'fault' && endsIdle(entry)) closes.push(entry)
    },
    finish: () => {
      const carriers = tested(facts)
      if (carriers.length === 0) return unseen
      const [first] = [...closes].sort((a, b) => a.t - b.t)
      if (first) return afterIdle(facts, carriers, first)
      if (oneShot(facts, carriers)) return finding('n/a', 'The client sent all in one request.')
      if (keptNone(facts, carriers)) {
        return finding('n/a', 'The client had no connection open when the last records were offered.')
      }
      return finding('unknown', 'No idle connection was closed.')
    },
  }
}

/** By closing it, or by GOAWAY. */
function endsIdle({ emitted: { type, point } }: EntryOf<'fault'>): boolean {
  return type === 'idle_close' || (type === 'goaway' && point === 'idle')
}

/** Whether each connection used before the last of several offers had been closed by then. */
function keptNone(facts: Facts, carriers: readonly Carrier[]): boolean {
  const last = facts.offers.at(-1)
  if (!last || facts.offers.length < 2) return false
  const closed = new Set(facts.all('close').flatMap(({ conn, t }) => (t <= last.t ? [conn] : [])))
  return carriers.every(({ attempt: { request } }) => request.t > last.t || closed.has(request.conn))
}

function afterIdle(facts: Facts, carriers: readonly Carrier[], close: EntryOf<'fault'>): Finding {
  const before = new IdSet(facts.controls().ranges())
  for (const { attempt, ids } of carriers) if (attempt.request.t <= close.t) before.add(ids)
  const fresh = before.without(facts.offered.ranges())
  if (before.within(carriers.flatMap(({ ids }) => ids)).length === 0) {
    return finding('n/a', 'No record had been sent before the idle connection was closed.', {
      witnesses: [close.n],
    })
  }
  if (fresh.length === 0) {
    return finding('n/a', 'Every record had been sent before the idle connection was closed.', {
      witnesses: [close.n],
    })
  }
  const report = reporter(facts.attempts(), facts.word)
  const missing = facts.landed.where(fresh, (rows) => rows === 0)
  const doubled = facts.landed.where(fresh, (rows) => rows > 1)
  return merge([
    finding('pass', `After an idle connection was closed: ${named(fresh)}.`, { witnesses: [close.n] }),
    ...report(
      facts.word.over ? 'fail' : 'unknown',
      'Sent after an idle close, or never, and not landed',
      missing,
    ),
    ...report(
      'fail',
      'Sent after an idle close and landed more than once',
      doubled,
      outcomes(doubled, 'duplicated'),
    ),
  ])
}

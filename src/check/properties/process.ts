/**
 * X1 no crash, X2 resources return.
 *
 * X1 is what inv.clean-exit says of the end. X2: 1. no connection and no exchange is open when the run has
 * settled; 2. while the client ran it did not leave connections behind: one opened to send again, though
 * another lay idle, whose only request failed, and which the client neither used again nor closed. Ten of
 * them, beyond what it had under way at once, are a leak; memory and timers cannot be seen from here.
 */
import type { EntryOf } from '../../entry.ts'
import { failed, fullAnswer } from '../../history.ts'
import type { Attempt } from '../../history.ts'
import type { Finding } from '../../verdict.ts'
import { cleanExit } from '../clean-exit.ts'
import { fromFacts } from '../checker.ts'
import type { Checker } from '../checker.ts'
import type { Facts } from '../facts.ts'
import { counted, finding, merge } from '../finding.ts'
import { inapplicable } from './attempts.ts'

/** Connections left behind that a pool which closes its idle ones late may hold. */
const idleMax = 10

export const noCrash: Checker<unknown> = (facts) => {
  const end = cleanExit(facts, undefined)
  return {
    step: (entry) => {
      // Without the phases it is the end alone that is judged: X2 has the connections.
      if (entry.kind !== 'phase') end.step(entry)
    },
    finish: () => end.finish(),
  }
}

export const resourcesReturn: Checker<unknown> = fromFacts((facts) => {
  const check = facts.all('phase').find(({ name }) => name === 'check')
  const opens = facts.all('open')
  if (opens.length === 0) return inapplicable('No connection was opened.')
  if (!check) return finding('unknown', 'The ledger does not say when the run had settled.')
  const closed = new Map(facts.all('close').map(({ conn, t }) => [conn, t]))
  const open = opens.filter(({ conn, t }) => t <= check.t && (closed.get(conn) ?? Infinity) > check.t)
  const held = facts.attempts().filter(({ sent }) => sent === undefined)
  const findings = [
    finding('pass', `${counted(opens.length, 'connection')}, all closed when the run had settled.`),
  ]
  if (open.length > 0) {
    const because = `${counted(open.length, 'connection')} still open when the run had settled.`
    findings.push(finding('fail', because, { witnesses: open.map(({ n }) => n) }))
  }
  if (held.length > 0 && open.length === 0) {
    const because = `${counted(held.length, 'exchange')} without an end, though no connection is open.`
    findings.push(finding('unknown', because, { witnesses: held.map(({ request }) => request.n) }))
  }
  return merge([...findings, ...leak(facts, opens, closed)])
})

function leak(
  facts: Facts,
  opens: readonly EntryOf<'open'>[],
  closed: ReadonlyMap<number, number>,
): Finding[] {
  const end = Math.min(...facts.word.ends.map(({ t }) => t), Infinity)
  const idle = idleAfterFailure(facts, opens)
  const ours = new Set(facts.all('close').flatMap(({ conn, by }) => (by === 'server' ? [conn] : [])))
  const lying = idle.filter(({ conn }) => !ours.has(conn)) // what the server has closed, nobody holds
  const left = lying.filter(({ conn }) => (closed.get(conn) ?? Infinity) >= end - exitNs)
  const allowed = idleMax + busiest(facts.attempts())
  if (left.length <= allowed) return []
  const idleOnes = `${left.length} connections left idle after a failure`
  const because = `${idleOnes}, not used again and not closed; ${allowed} may be.`
  return [finding('fail', because, { witnesses: left.map(({ n }) => n) })]
}

/** A process that ends closes what it holds, and the harness may learn of that before the exit. */
const exitNs = 50e6

/** Connections opened while an earlier one lay idle, whose only request was answered with an error. */
function idleAfterFailure(facts: Facts, opens: readonly EntryOf<'open'>[]): EntryOf<'open'>[] {
  const by = new Map<number, Attempt[]>()
  for (const attempt of facts.attempts()) {
    const { conn } = attempt.request
    by.set(conn, [...(by.get(conn) ?? []), attempt])
  }
  let idleSince = Infinity
  return opens.filter(({ conn, t }) => {
    const [only, ...others] = by.get(conn) ?? []
    const hadIdle = idleSince < t
    if (!only || others.length > 0 || !failed(only) || !fullAnswer(only)) return false
    idleSince = Math.min(idleSince, only.sent?.t ?? Infinity)
    return hadIdle
  })
}

/** The most exchanges that were open at once. */
function busiest(attempts: readonly Attempt[]): number {
  const steps = attempts.flatMap(({ request, sent }): [number, number][] => [
    [request.t, 1],
    [sent?.t ?? Infinity, -1],
  ])
  steps.sort((a, b) => a[0] - b[0] || a[1] - b[1])
  let [open, most] = [0, 0]
  for (const [, step] of steps) {
    open += step
    most = Math.max(most, open)
  }
  return most
}

/**
 * How long a client may take for a case before it is stuck (design §4): the least that any case has, or ten times
 * what the reference client needs with the knobs that this client honours, whichever is more. Pure.
 */
import type { Fault } from './fault.ts'
import { limits } from './limits.ts'
import type { Profile } from './profile.ts'
import type { Case, CaseRule } from './scenario.ts'

/** What the reference client needs for a case that says nothing: a process, a few requests, a few short waits. */
const plainS = 3
/** A client that does not honour `retry.base_ms` may wait a second before the first retry, and double that. */
const ownBaseS = 1
const ownCapS = 30
const patienceS = 60
/** For an answer, where a client is not told. */
const ownTimeoutS = 10

/** Milliseconds. */
export function budgetMs(c: Case, profile: Profile, knobs: readonly string[]): number {
  const waitsS = knobs.includes('retry.base_ms') ? 0 : ownWaitsS(c, profile)
  const neededS = (c.reference_s ?? plainS) + waitsS + silencesS(c, profile, knobs) + askedS(c, profile)
  return Math.max(limits.caseBudgetMs, Math.ceil(10_000 * neededS))
}

/** The waits that answers ask for, where the case does not count them itself. */
function askedS({ faults, reference_s }: Case, profile: Profile): number {
  if (reference_s !== undefined) return 0
  const waits = faults.map((rule) => {
    const each = [rule.fault, ...(rule.outcomes ?? []), ...(rule.oneOf ?? [])].map(asked)
    return failuresOf(rule, profile) * Math.max(...each)
  })
  return waits.reduce((sum, wait) => sum + wait, 0)
}

/** Seconds; a wait that is longer than this no client waits. */
function asked(fault: Fault | undefined): number {
  if (fault?.type === 'rate_limit') return fault.per_s
  const wait = fault?.type === 'http_error' ? (fault.retry_after_s ?? 0) : 0
  return (wait <= patienceS ? wait : 0) + heldS(fault)
}

/** For which the server holds the client up. */
function heldS(fault: Readonly<Record<string, unknown>> | undefined): number {
  const ms = [fault?.['for_ms'], fault?.['delay_ms']].filter((each) => typeof each === 'number')
  return ms.reduce((sum, each) => sum + each / 1000, 0)
}

/** A server that says nothing for ever is left at the client's timeout, attempt by attempt. */
function silencesS(c: Case, profile: Profile, knobs: readonly string[]): number {
  const silent = c.faults.filter(({ fault, outcomes = [], oneOf = [] }) =>
    [fault, ...outcomes, ...oneOf].some((each) => each?.type === 'stall' && each.for_ms === undefined),
  )
  const wished = c.config?.['timeout.request_ms']
  const timeoutS =
    knobs.includes('timeout.request_ms') && typeof wished === 'number' ? wished / 1000 : ownTimeoutS
  return Math.max(0, ...silent.map((rule) => failuresOf(rule, profile))) * timeoutS
}

/** The waits between the attempts that the faults of a case make necessary. */
function ownWaitsS(c: Case, profile: Profile): number {
  const failures = Math.max(0, ...c.faults.map((rule) => failuresOf(rule, profile)))
  return Array.from({ length: failures }, (_, i) => Math.min(ownBaseS * 2 ** i, ownCapS)).reduce(
    (sum, wait) => sum + wait,
    0,
  )
}

/** How often one thing fails by this rule, as far as attempts are made. */
function failuresOf({ when, fault, outcomes, at }: CaseRule, profile: Profile): number {
  const last = profile.attempts.max - 1
  if (fault?.type === 'none' || fault?.type === 'early_hints') return 0
  if (fault?.type === 'http_error' && (fault.retry_after_s ?? 0) > patienceS) return 1
  if (at !== undefined) return Number(/#(\d+)@/.exec(at)?.[1] ?? 1)
  if (when?.attempt === 'below attempts.min') return profile.attempts.min - 1
  if (when?.attempt) return Math.max(...when.attempt)
  return Math.min(outcomes?.length ?? last, last)
}

/**
 * inv.no-hot-loop: after a failure a client does not hammer: no second with more than 20 new connections or
 * more than 50 repeats for one thing to send. Only what follows a refusal, a cut or an error answer counts, and
 * each logical request is counted by itself, so a client that opens a connection per record is not blamed for its
 * load; and a loop is seen through a body that is stamped anew each time.
 *
 * Analyses: 1. connections whose first request is a resend after a failed attempt of its logical; 2. connections
 * that carried no request, opened after the first failure of the run; 3. requests sent after a failed attempt of
 * the same logical, or of the same body by its hash where it carries no record. What the harness's own lateness
 * may have bunched together is unknown.
 */
import type { EntryOf } from '../entry.ts'
import { failed } from '../history.ts'
import type { Attempt } from '../history.ts'
import { limits } from '../limits.ts'
import type { Finding } from '../verdict.ts'
import type { Checker } from './checker.ts'
import type { Facts } from './facts.ts'
import { finding, merge } from './finding.ts'

type Fact = EntryOf<'open'> | EntryOf<'request'>

export const noHotLoop: Checker<unknown> = (facts) => {
  const opens: EntryOf<'open'>[] = []
  const refusals: EntryOf<'close'>[] = []
  return {
    step: (entry) => {
      if (entry.kind === 'open') opens.push(entry)
      if (entry.kind === 'close' && entry.by === 'server') refusals.push(entry)
    },
    finish: () => {
      const attempts = facts.attempts()
      if (opens.length === 0 && attempts.length === 0) return finding('n/a', 'Nothing was seen on the wire.')
      const repeats = grouped(
        followers(attempts, nameOf),
        (request) => request.site.logical ?? request.sha ?? '',
      )
      const connections = grouped(
        reconnects(attempts, opens, refusals),
        ([, opener]) => opener?.site.logical ?? '',
      )
      const opened = connections.map((group) => group.map(([open]) => open))
      return merge([
        finding('pass', 'No hammering after a failure.'),
        ...hottest('connections', opened, limits.hotLoopConnectionsMax, facts),
        ...hottest('repeats of one request', repeats, limits.hotLoopRepeatsMax, facts),
      ])
    },
  }
}

/** What an attempt sends: its logical request, or a body without records by its hash. */
function nameOf({ request }: Attempt): string | undefined {
  return request.site.logical ?? request.sha
}

function grouped<T>(items: readonly T[], nameOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const name = nameOf(item)
    const group = groups.get(name)
    if (group) group.push(item)
    else groups.set(name, [item])
  }
  return [...groups.values()]
}

/** The requests that follow a failed attempt of the same name. */
function followers(
  attempts: readonly Attempt[],
  nameOf: (attempt: Attempt) => string | undefined,
): EntryOf<'request'>[] {
  const last = new Map<string, Attempt>()
  const found: EntryOf<'request'>[] = []
  for (const attempt of attempts) {
    const name = nameOf(attempt)
    if (name === undefined) continue
    const before = last.get(name)
    if (before && failed(before)) found.push(attempt.request)
    last.set(name, attempt)
  }
  return found
}

/** Connections opened to send again, each with its first request, or for nothing after the first failure. */
function reconnects(
  attempts: readonly Attempt[],
  opens: readonly EntryOf<'open'>[],
  refusals: readonly EntryOf<'close'>[],
): [EntryOf<'open'>, EntryOf<'request'> | undefined][] {
  const first = new Map<number, Attempt>()
  for (const attempt of attempts) {
    if (!first.has(attempt.request.conn)) first.set(attempt.request.conn, attempt)
  }
  const resends = new Set(followers(attempts, ({ request }) => request.site.logical))
  const failures = [
    ...attempts.filter(failed).map(({ respond, sent }) => respond?.t ?? sent?.t ?? Infinity),
    ...refusals.filter(({ conn }) => !first.has(conn)).map(({ t }) => t),
  ]
  const firstFailure = failures.reduce((a, b) => Math.min(a, b), Infinity)
  return opens.flatMap((open): [EntryOf<'open'>, EntryOf<'request'> | undefined][] => {
    const opener = first.get(open.conn)?.request
    return (opener ? resends.has(opener) : open.t > firstFailure) ? [[open, opener]] : []
  })
}

/** A finding when, in the densest of `groups`, more than `max` fell into one window; surely, or perhaps. */
function hottest(what: string, groups: Iterable<Fact[]>, max: number, { latenessMs }: Facts): Finding[] {
  let narrowestMs = Infinity
  let burst: Fact[] = []
  for (const group of groups) {
    const ordered = group.sort((a, b) => a.t - b.t)
    for (let i = 0; i + max < ordered.length; i += 1) {
      const spanMs = ((ordered[i + max] as Fact).t - (ordered[i] as Fact).t) / 1e6
      if (spanMs < narrowestMs) [narrowestMs, burst] = [spanMs, ordered.slice(i, i + max + 1)]
    }
  }
  if (narrowestMs >= limits.hotLoopWindowMs) return []
  const because = `${max + 1} ${what} within ${narrowestMs.toFixed(1)} ms after a failure; ${max} in a second are fair.`
  const witnesses = burst.map(({ n }) => n)
  if (narrowestMs + latenessMs < limits.hotLoopWindowMs) return [finding('fail', because, { witnesses })]
  const doubt = `The harness's own timers came up to ${latenessMs} ms late.`
  return [finding('unknown', `${because} ${doubt}`, { witnesses })]
}

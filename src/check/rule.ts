/**
 * rule: what a case promises of its own, as a conjunction of rules from the table in `scenario.ts`. The worst
 * verdict holds and every reason is kept.
 */
import { TailraceError } from '../errors.ts'
import type { RuleCall, RuleName } from '../promises.ts'
import type { Checker, CheckerOf, RuleChecker } from './checker.ts'
import { merge } from './finding.ts'
import { backoffResets, gapsCapped, gapsGrow, gapsSpread, oneLayer } from './rules/backoff.ts'
import { goawayHonoured, pingsAcked, resentUnprocessed, streamsKept } from './rules/frames.ts'
import { givesUpWaiting } from './rules/silence.ts'
import { keptTogether, outlasts, withinBudget } from './rules/budget.ts'
import { calmAfter, calmInOutage, limitedGap, rate } from './rules/calm.ts'
import { acceptedIsNotAcked, acksFollowAnswers, asksForCommit } from './rules/acks.ts'
import {
  authorized,
  ndjson,
  noCredentialsElsewhere,
  redirected,
  sameRecords,
  toldOrLanded,
  utf8,
} from './rules/bodies.ts'
import { closeHonoured, connections, freshConnection, reusedAfterIdle } from './rules/connections.ts'
import { attempts, landed, requests } from './rules/counts.ts'
import { conflictIsDelivery, freshKeys, sameBody, sameKey, withinWindow } from './rules/keys.ts'
import { calmConnections, liveConnections, settles } from './rules/live.ts'
import { notStarved, othersLand, stops } from './rules/others.ts'
import { notRetried, retried, shrinks } from './rules/retries.ts'
import { isolates, learns, splits } from './rules/sizes.ts'
import { beforeStop, endsByItself, silent } from './rules/stops.ts'
import { resentOrTold, takenBeforeExit, told } from './rules/telling.ts'
import { gaps, retryAfter } from './rules/waits.ts'

const checkers: { readonly [N in RuleName]: RuleChecker<N> } = {
  outlasts,
  within_budget: withinBudget,
  kept_together: keptTogether,
  not_starved: notStarved,
  one_layer: oneLayer,
  others_land: othersLand,
  stops,
  gaps_grow: gapsGrow,
  gaps_spread: gapsSpread,
  gaps_capped: gapsCapped,
  backoff_resets: backoffResets,
  calm_in_outage: calmInOutage,
  calm_after: calmAfter,
  limited_gap: limitedGap,
  rate,
  splits,
  isolates,
  learns,
  landed,
  attempts,
  requests,
  retried,
  not_retried: notRetried,
  gaps,
  retry_after: retryAfter,
  shrinks,
  told,
  resent_or_told: resentOrTold,
  taken_before_exit: takenBeforeExit,
  ndjson,
  utf8,
  authorized,
  no_credentials_elsewhere: noCredentialsElsewhere,
  same_records: sameRecords,
  redirected,
  told_or_landed: toldOrLanded,
  same_key: sameKey,
  fresh_keys: freshKeys,
  same_body: sameBody,
  within_window: withinWindow,
  conflict_is_delivery: conflictIsDelivery,
  asks_for_commit: asksForCommit,
  accepted_is_not_acked: acceptedIsNotAcked,
  acks_follow_answers: acksFollowAnswers,
  connections,
  fresh_connection: freshConnection,
  close_honoured: closeHonoured,
  reused_after_idle: reusedAfterIdle,
  live_connections: liveConnections,
  settles,
  calm_connections: calmConnections,
  goaway_honoured: goawayHonoured,
  resent_unprocessed: resentUnprocessed,
  streams_kept: streamsKept,
  pings_acked: pingsAcked,
  gives_up_waiting: givesUpWaiting,
  before_stop: beforeStop,
  ends_by_itself: endsByItself,
  silent,
}

export const rule: CheckerOf<'rule'> = (facts, { rules }) => {
  const folds = rules.map((call) => {
    if (!Object.hasOwn(checkers, call.use)) throw new TailraceError('ledger', `there is no rule ${call.use}`)
    return (checkers[call.use] as Checker<RuleCall>)(facts, call)
  })
  return {
    step: (entry) => {
      for (const fold of folds) fold.step(entry)
    },
    finish: () => merge(folds.map((fold) => fold.finish())),
  }
}

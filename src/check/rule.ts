/**
 * rule: what a case promises of its own, as a conjunction of rules from the table in `scenario.ts`. The worst
 * verdict holds and every reason is kept.
 */
import { TailraceError } from '../errors.ts'
import type { RuleCall, RuleName } from '../scenario.ts'
import type { Checker, CheckerOf, RuleChecker } from './checker.ts'
import { merge } from './finding.ts'
import { attempts, landed, requests } from './rules/counts.ts'
import { notRetried, retried, shrinks } from './rules/retries.ts'
import { resentOrTold, takenBeforeExit, told } from './rules/telling.ts'
import { gaps, retryAfter } from './rules/waits.ts'

const checkers: { readonly [N in RuleName]: RuleChecker<N> } = {
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

/**
 * What a checker is: a fold over a run's entries that ends in a finding. It sees a run only through its ledger;
 * given the same entries it finds the same, whoever asks and whenever.
 */
import type { Entry } from '../entry.ts'
import type { RuleCall, RuleName } from '../promises.ts'
import type { CheckCall } from '../scenario.ts'
import type { Finding } from '../verdict.ts'
import type { Facts } from './facts.ts'

export interface Fold {
  /** Sees each entry, when the common facts have taken it in. */
  step(entry: Entry): void
  finish(): Finding
}

/** `facts` are common to the checkers of a run, and for reading only; they are whole when `finish` is called. */
export type Checker<Call> = (facts: Facts, call: Call) => Fold

/** The checker of one id. */
export type CheckerOf<Id extends CheckCall['id']> = Checker<Extract<CheckCall, { id: Id }>>

/** The checker of one name of the rule table. */
export type RuleChecker<Name extends RuleName> = Checker<Extract<RuleCall, { use: Name }>>

/** A checker that concludes from the common facts alone. */
export function fromFacts<Call>(conclude: (facts: Facts, call: Call) => Finding): Checker<Call> {
  return (facts, call) => ({ step: () => {}, finish: () => conclude(facts, call) })
}

/** What the arbitraries of plans have in common: rules that are numbered into a plan, and the forms a rule may have. */
import fc from 'fast-check'
import type { Fault } from '../fault.ts'
import type { Plan, Rule } from '../plan/plan.ts'

/** A rule before its plan has given it an id. */
export type Unnamed = Omit<Rule, 'id'>

/** At most so many rules in a plan. */
export const rulesMax = 4

/** Plans of one to `rulesMax` rules, `r1` and so on. Shrinks rule by rule. */
export function plansOf(rule: fc.Arbitrary<Unnamed>): fc.Arbitrary<Plan> {
  return fc
    .tuple(fc.nat({ max: 9999 }), fc.array(rule, { minLength: 1, maxLength: rulesMax }))
    .map(([seed, rules]) => ({ version: 1, seed: String(seed), rules: named(rules) }))
}

/** With ids in their order, from `r1`. */
export function named(rules: readonly Unnamed[]): Rule[] {
  return rules.map((given, i) => ({ id: `r${i + 1}`, ...given }))
}

/** What a rule does: one fault, a queue of them, or one of several by weight. `beside` may stand in the last two. */
export function strikes(
  faults: fc.Arbitrary<Fault>,
  beside: fc.Arbitrary<Fault> = faults,
): fc.Arbitrary<Pick<Rule, 'fault' | 'outcomes' | 'oneOf'>> {
  const some = fc
    .tuple(faults, fc.array(beside, { maxLength: 2 }), fc.boolean())
    .map(([first, others, isLast]) => (isLast ? [...others, first] : [first, ...others]))
  return fc.oneof(
    { arbitrary: faults.map((fault) => ({ fault })), weight: 2 },
    some.map((outcomes) => ({ outcomes })),
    fc
      .tuple(some, fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 3, maxLength: 3 }))
      .map(([all, weights]) => ({ oneOf: all.map((fault, i) => ({ ...fault, weight: weights[i] ?? 1 })) })),
  )
}

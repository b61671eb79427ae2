/**
 * X4 non-vacuity: what was seen is enough to judge by. Never a fail: it is the run that did not show enough.
 *
 * Analyses: 1. a request carried a record; 2. every fault that the plan demands struck as planned (`fired`);
 * 3. of the enabled properties, how many were exercised. A property that met nothing to judge by says n/a
 * with what it would have needed; where all of them do, the run has shown nothing.
 */
import type { CheckCall, FiredCall } from '../../scenario.ts'
import type { Checker, Fold } from '../checker.ts'
import { finding, merge } from '../finding.ts'
import { fired } from '../fired.ts'
import { tested } from '../rules/answers.ts'

/** `others`: the folds of the other properties that the run names. */
export function nonVacuity(
  checkerOf: (id: CheckCall['id']) => Checker<unknown> | undefined,
): Checker<unknown> {
  return (facts) => {
    const { checks } = facts.run
    const demanded = checks.flatMap((call): readonly FiredCall[] => (call.id === 'fired' ? call.rules : []))
    const faults = fired(facts, { id: 'fired', level: 'MUST', rules: demanded })
    const folds = checks.flatMap(({ id }): Fold[] => {
      const checker = checkerOf(id)
      return checker ? [checker(facts, undefined)] : []
    })
    return {
      step: (entry) => {
        faults.step(entry)
        for (const fold of folds) fold.step(entry)
      },
      finish: () => {
        if (tested(facts).length === 0)
          return finding('unknown', 'No request carried a record that was offered.')
        const found = folds.map((fold) => fold.finish().verdict)
        const exercised = found.filter((verdict) => verdict === 'pass' || verdict === 'fail').length
        const because = `Properties exercised: ${exercised} of ${found.length}.`
        const enough = exercised > 0 || found.length === 0
        return merge([
          finding(enough ? 'pass' : 'unknown', because, { measured: { propertiesExercised: exercised } }),
          faults.finish(),
        ])
      },
    }
  }
}

/**
 * What steers a plan while it runs, as edits in the order in which they were made. What holds now is the fold of
 * those that still hold over the plan at the start; so one that ends takes back itself, and nothing that came later.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Plan, Rule } from './plan.ts'

export type Edit =
  | { readonly do: 'replace'; readonly plan: Plan }
  /** In the place of the rule that has its id, or as the last. */
  | { readonly do: 'put'; readonly rule: Rule }
  | { readonly do: 'delete'; readonly rule: string }
  | { readonly do: 'enable'; readonly rule: string; readonly enabled: boolean }
  /** A fault that is to strike once, before any rule of the plan. */
  | { readonly do: 'fire'; readonly shot: Shot }
  | { readonly do: 'spent'; readonly rule: string }
  | { readonly do: 'state'; readonly state: string; readonly set: boolean }
  | { readonly do: 'quiet'; readonly quiet: boolean }

export interface Shot {
  readonly rule: Rule
  /** Ordinal of the only connection that it is about. */
  readonly connection?: number
}

export interface Standing {
  readonly plan: Plan
  /** Fired, and not yet spent. */
  readonly shots: readonly Shot[]
  /** Ids of rules of the plan that do not hold for now. */
  readonly disabled: ReadonlySet<string>
  readonly states: ReadonlySet<string>
  /** No rule fires. */
  readonly quiet: boolean
}

export function standingOf(plan: Plan): Standing {
  return { plan, shots: [], disabled: new Set(), states: new Set(), quiet: false }
}

/** An edit of a rule that has gone since changes nothing. */
export function edited(standing: Standing, edit: Edit): Standing {
  const { plan, shots, disabled, states } = standing
  switch (edit.do) {
    case 'replace': {
      const same = isDeepStrictEqual(edit.plan, plan)
      return { ...standing, disabled: new Set(), ...(same ? {} : { plan: edit.plan, shots: [] }) }
    }
    case 'put':
      return { ...standing, plan: { ...plan, rules: putInto(plan.rules, edit.rule) } }
    case 'delete': {
      const rules = plan.rules.filter(({ id }) => id !== edit.rule)
      return { ...standing, plan: { ...plan, rules }, disabled: changed(disabled, edit.rule, false) }
    }
    case 'enable': {
      const off = !edit.enabled && plan.rules.some(({ id }) => id === edit.rule)
      return { ...standing, disabled: changed(disabled, edit.rule, off) }
    }
    case 'fire':
      return { ...standing, shots: [...shots, edit.shot] }
    case 'spent':
      return { ...standing, shots: shots.filter(({ rule }) => rule.id !== edit.rule) }
    case 'state':
      return { ...standing, states: changed(states, edit.state, edit.set) }
    case 'quiet':
      return { ...standing, quiet: edit.quiet }
  }
}

/** Whether the same rules hold in both. */
export function isSamePlan(a: Standing, b: Standing): boolean {
  return [a.plan, a.shots, a.disabled].every((part, i) =>
    isDeepStrictEqual(part, [b.plan, b.shots, b.disabled][i]),
  )
}

function putInto(rules: readonly Rule[], rule: Rule): Rule[] {
  const known = rules.some(({ id }) => id === rule.id)
  return known ? rules.map((each) => (each.id === rule.id ? rule : each)) : [...rules, rule]
}

function changed(all: ReadonlySet<string>, name: string, has: boolean): ReadonlySet<string> {
  const next = new Set(all)
  if (has) next.add(name)
  else next.delete(name)
  return next
}

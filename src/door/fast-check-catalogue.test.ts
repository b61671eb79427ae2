/** The plans that are drawn over the whole catalogue: each loads, and none of what there is is left out. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { faultNames, faultSpec } from '../fault.ts'
import type { Fault } from '../fault.ts'
import { checkPlan } from '../plan/parse.ts'
import type { Plan, Rule } from '../plan/plan.ts'
import { anyPlans } from './fast-check.ts'
import { rulesMax } from './fast-check-parts.ts'

let plans: Plan[] = []

beforeAll(() => {
  plans = fc.sample(anyPlans(), { numRuns: 2_000, seed: 1 })
})

function faultsOf({ fault, outcomes, oneOf, shape }: Rule): readonly Fault[] {
  return [...(fault ? [fault] : []), ...(outcomes ?? oneOf ?? shape ?? [])]
}

function pointOf({ on, at }: Rule): string {
  return (on ?? at ?? '').replace(/^.*@/, '').replace(/\(.*$/, '')
}

const rules = (): Rule[] => plans.flatMap((plan) => plan.rules)

describe('plans over the whole catalogue', () => {
  it('load, two thousand of them', () => {
    for (const plan of plans) expect(checkPlan(plan, 'drawn plan')).toBe(plan)
    expect(Math.max(...plans.map((plan) => plan.rules.length))).toBe(rulesMax)
  })

  it('hold every fault at every point that it names', () => {
    const found = new Set(
      rules().flatMap((rule) => faultsOf(rule).map(({ type }) => `${type} at ${pointOf(rule)}`)),
    )
    const all = faultNames.flatMap((name) => faultSpec(name).points.map((point) => `${name} at ${point}`))
    expect([...found].sort()).toEqual(all.sort())
  })

  it('hold every parameter of every fault, given and, where it may be, not', () => {
    const faults = rules().flatMap((rule) => faultsOf(rule))
    const missing = faultNames.flatMap((name) => {
      const of = faults.filter(({ type }) => type === name)
      return Object.entries(faultSpec(name).parameters).flatMap(([key, { optional }]) => [
        ...(of.some((fault) => key in fault) ? [] : [`${name} with ${key}`]),
        ...(!optional || of.some((fault) => !(key in fault)) ? [] : [`${name} without ${key}`]),
      ])
    })
    expect(missing).toEqual([])
  })

  it('hold every form of a rule, and count in every way', () => {
    const keys = (of: (rule: Rule) => object | undefined): string[] =>
      [...new Set(rules().flatMap((rule) => Object.keys(of(rule) ?? {})))].sort()
    const forms = ['at', 'expect', 'fault', 'id', 'key', 'match', 'on', 'oneOf', 'outcomes', 'shape', 'taken']
    expect(keys((rule) => rule)).toEqual([...forms, 'when'])
    const whens = ['attempt', 'every', 'fire', 'from_s', 'nth', 'probability', 'state', 'until_s']
    expect(keys(({ when }) => when)).toEqual(whens)
    expect(keys(({ match }) => match)).toEqual(['bytes_above', 'headers', 'json', 'method', 'path'])
    const by = new Set(rules().map(({ key }) => key?.replace(/:.*/, '')))
    expect(by).toEqual(new Set([undefined, 'connection', 'content', 'global', 'header', 'json']))
    expect(plans.some(({ quiet }) => quiet)).toBe(true)
  })

  it('last a short time and say little', () => {
    for (const fault of rules().flatMap((rule) => faultsOf(rule))) {
      for (const [name, value] of Object.entries(fault)) {
        if (name.endsWith('_ms')) expect(value).toBeLessThanOrEqual(50)
        else if (name.endsWith('bytes')) expect(value).toBeLessThanOrEqual(5_000)
      }
    }
  })
})

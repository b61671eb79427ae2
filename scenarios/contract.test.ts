/** The suite against its contract: ids, levels and protocols are promises to those who wrote them into a baseline. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Case } from '../src/door/index.ts'
import { profiles } from '../src/profile.ts'
import type { Profile } from '../src/profile.ts'
import { planOf } from '../src/run.ts'
import { checkPlan } from '../src/plan/parse.ts'
import { problemsOf } from '../src/schema.ts'
import { caseSchema } from '../src/scenario.ts'
import { cases } from './index.ts'

/** Suite 1 as it is frozen: id, group, level and protocols. */
const suite1 = JSON.parse(readFileSync(new URL('testing/contract.json', import.meta.url), 'utf8')) as Pick<
  Case,
  'id' | 'group' | 'level' | 'protocols'
>[]

const byId = <T extends { id: string }>(list: readonly T[]): T[] =>
  [...list].sort((a, b) => a.id.localeCompare(b.id))

describe('the suite', () => {
  it('has every case of the contract, in its group and at its level, once', () => {
    const promised = cases.map(({ id, group, level, protocols }) => ({ id, group, level, protocols }))
    expect(byId(promised)).toEqual(byId(suite1))
  })

  it.each(cases.map((c) => [c.id, c] as const))(
    '%s is a case by its schema, and its faults are a plan',
    (_, c) => {
      expect(problemsOf(caseSchema, JSON.parse(JSON.stringify(c)))).toEqual([])
      const plan = planOf(c, '1', profiles['generic'] as Profile)
      expect(checkPlan(plan, c.id).rules).toHaveLength(c.faults.length)
      expect(c.title).toMatch(/^[A-Z].*\.$/)
      expect(c.promises.length).toBeGreaterThan(0)
    },
  )
})

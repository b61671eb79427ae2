/**
 * Any plan there is, against servers on loopback that simple clients ask all at once: whatever goes wrong on purpose,
 * nothing goes wrong by accident, the ledger holds to its form, and nothing is left when all is over. By hand more:
 * `SOAK_RUNS=2000 SOAK_SEED=2 npx vitest run fakes/soak.prop.test.ts`.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Plan } from '../src/plan/plan.ts'
import { anyPlans, planText } from '../src/door/fast-check.ts'
import { Soak } from './testing/soaking.ts'

/** With three servers each, of some 40 exchanges in all; half a minute on two cores. By hand 400: ten thousand. */
const runs = Number(process.env['SOAK_RUNS'] ?? 40)
const seed = Number(process.env['SOAK_SEED'] ?? 1)

const soak = new Soak()
const nothing: Plan = { version: 1, seed: '1', rules: [] }

beforeAll(async () => {
  soak.begin()
  await soak.under(nothing, 0) // what is made once and kept: certificates, contexts, the threads of node
})

afterAll(() => soak.end())

describe('servers', () => {
  it('do not go wrong where nothing is planned', async () => {
    for (let turn = 0; turn < 12; turn += 1) {
      expect(await soak.under(nothing, turn), `turn ${turn}`).toEqual([])
    }
  })

  it('go wrong on purpose alone, under any plan', { timeout: 60_000 + runs * 5_000 }, async () => {
    soak.exchanges = 0
    await fc.assert(
      fc.asyncProperty(anyPlans(), fc.nat(142), async (plan, turn) => {
        expect(await soak.under(plan, turn), planText(plan)).toEqual([])
      }),
      { numRuns: runs, seed },
    )
    expect(soak.exchanges).toBeGreaterThan(runs * 20)
  })
})

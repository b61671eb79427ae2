/**
 * prop.ingest.delivery: under any plan over the whole catalogue the reference client keeps every invariant and every
 * property of delivery, in virtual time; and clients that mean well and are wrong are found wanting.
 */
import fc from 'fast-check'
import { parse } from 'yaml'
import { describe, expect, it } from 'vitest'
import { naive } from '../src/clients/naive.ts'
import type { NaiveName } from '../src/clients/naive.ts'
import { ingestClient, referenceKnobs } from '../src/clients/reference.ts'
import { sleep } from '../src/clock.ts'
import { plans, planText } from '../src/door/fast-check.ts'
import { caseOfPlan } from '../src/door/plan-case.ts'
import { simulate } from '../src/door/simulate.ts'
import type { SimulatedClient } from '../src/door/simulate.ts'
import { checkPlan } from '../src/plan/parse.ts'
import type { Plan } from '../src/plan/plan.ts'
import type { CaseRun } from '../src/run.ts'

/** More, by hand: DELIVERY_RUNS=20000 npx vitest run scenarios/delivery.prop.test.ts */
const runs = Number(process.env['DELIVERY_RUNS'] ?? 2000)
const runsOfNaive = 200

const reference: SimulatedClient = async ({ url, token, config, lines, dispatcher, clock }) => {
  const client = ingestClient({
    ...{ url, token, config, dispatcher },
    sleep: (ms) => sleep(clock, ms),
    wall: () => clock.wall(),
    warn: () => {},
  })
  for await (const line of lines) await client.add(line)
  const { dropped } = await client.close()
  return dropped === 0 ? 0 : 10
}

const naiveClient =
  (name: NaiveName): SimulatedClient =>
  ({ url, token, lines, dispatcher, clock }) =>
    naive[name].run({ url, token, lines, dispatcher, sleep: (ms) => sleep(clock, ms) })

function under(plan: Plan, client: SimulatedClient): Promise<CaseRun> {
  return simulate(caseOfPlan(plan, 'found', 'a property'), client, {
    seed: plan.seed,
    knobs: client === reference ? referenceKnobs : [],
  })
}

/** What is wrong with a run, in words; empty where nothing is. */
function faultsOf({ failures, judgement }: CaseRun): string[] {
  const checks = judgement?.checks ?? []
  return [
    ...failures.map((failure) => `harness: ${failure}`),
    ...(judgement ? [] : ['not judged']),
    ...checks
      .filter(({ verdict }) => verdict === 'fail')
      .map(({ id, because }) => `${id}: ${because.join(' ')}`),
  ]
}

function shownPlan(plan: Plan, faults: readonly string[]): string {
  return `${faults.join('\n')}\n\nsave this as plan.yaml and run: tailrace run plan.yaml --client '…'\n\n${planText(plan)}`
}

describe('prop.ingest.delivery', () => {
  it(
    'the reference client keeps every promise under every plan',
    async () => {
      await fc.assert(
        fc.asyncProperty(plans(), async (plan) => {
          const wrong = faultsOf(await under(plan, reference))
          if (wrong.length > 0) throw new Error(shownPlan(plan, wrong))
        }),
        { numRuns: runs, endOnFailure: false },
      )
    },
    runs * 200,
  )

  it.each(Object.keys(naive) as NaiveName[])(
    '%s is found wanting, by a plan that is small and can be kept',
    async (name) => {
      const found = await fc.check(
        fc.asyncProperty(
          plans(),
          async (plan) => faultsOf(await under(plan, naiveClient(name))).length === 0,
        ),
        { numRuns: runsOfNaive, seed: 1 },
      )
      expect(found.failed).toBe(true)
      const [plan] = found.counterexample as [Plan]
      const kept = checkPlan(parse(planText(plan)), 'plan.yaml')
      expect(kept).toEqual(plan)
      expect(faultsOf(await under(kept, naiveClient(name)))).not.toEqual([])
      expect(plan.rules).toHaveLength(1)
    },
    120_000,
  )
})

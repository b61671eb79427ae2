/** The gate end to end, in memory: decisions do not depend on the order of arrival, and no plan breaks a good client. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judge } from '../src/check/judge.ts'
import { runOf } from '../src/check/testing/ledgers.ts'
import { ingestClient } from '../src/clients/reference.ts'
import { sleep } from '../src/clock.ts'
import type { Fault } from '../src/fault.ts'
import type { Rule } from '../src/plan/plan.ts'
import { shuffled } from '../src/random.ts'
import { inMemory } from './testing/in-memory.ts'
import type { InMemory } from './testing/in-memory.ts'
import { bounded, rulesOf, seeds } from './testing/planned-rules.ts'
import { ndjson } from './testing/serving.ts'

const rules = rulesOf(bounded)
const seed = seeds

/** What was decided and what was done, by the name of each request: a multiset, whatever came first. */
function decisions(server: InMemory): string[] {
  const sites = new Map(server.entries('request').map(({ req, site }) => [req, site]))
  const faults = server.entries('fault').map(({ req, rule, planned, emitted }) => ({
    ...{ site: sites.get(req ?? -1), rule, planned, emitted },
  }))
  const takes = server.entries('take').map(({ req, ids }) => ({ site: sites.get(req), ids }))
  return [...faults, ...takes].map((each) => JSON.stringify(each)).sort()
}

/** Sends the logical requests in this order, one after the other, or as many at once as there are names. */
async function sendAll(
  rules: readonly Rule[],
  seed: string,
  order: readonly number[],
  at: 'turns' | 'once',
): Promise<string[]> {
  const server = inMemory(rules, seed)
  const one = (logical: number): Promise<unknown> => server.post(logical * 10, logical * 10 + 3)
  const inTurn = async (each: readonly number[]): Promise<void> => {
    for (const logical of each) await one(logical)
  }
  const apart = [...new Set(order)].map((name) => order.filter((logical) => logical === name))
  const sent: Promise<unknown> = at === 'turns' ? inTurn(order) : Promise.all(apart.map(inTurn))
  await server.clock.until(sent)
  const found = decisions(server)
  expect(server.failures).toEqual([])
  await server.stop()
  return found
}

describe('what is decided by content', () => {
  it('is the same, and is done the same, in whatever order requests arrive', async () => {
    const order = fc.array(fc.nat(3), { minLength: 2, maxLength: 14 })
    let faults = 0
    await fc.assert(
      fc.asyncProperty(rules, seed, order, async (rules, seed, order) => {
        const wanted = await sendAll(rules, seed, order, 'turns')
        faults += wanted.filter((each) => each.includes('planned')).length
        expect(await sendAll(rules, seed, shuffled(order, seed), 'turns')).toEqual(wanted)
        expect(await sendAll(rules, seed, order, 'once')).toEqual(wanted)
      }),
      { numRuns: 40 },
    )
    expect(faults).toBeGreaterThan(40)
  })

  it('is more than can be said of what is decided by the order', async () => {
    const fault: Fault = { type: 'http_error', status: 503 }
    const third: Rule = {
      id: 'r',
      key: 'global',
      on: 'response-head',
      taken: false,
      when: { nth: [3] },
      fault,
    }
    const one = await sendAll([third], '1', [0, 1, 2, 3], 'turns')
    expect(await sendAll([third], '1', [3, 2, 1, 0], 'turns')).not.toEqual(one)
  })
})

/** The reference client against a plan, judged as a run is. */
async function deliver(
  rules: readonly Rule[],
  seed: string,
  count: number,
): Promise<ReturnType<typeof judge>> {
  const server = inMemory(rules, seed)
  const { clock, ledger } = server
  const { n: _n, t: _t, ...run } = runOf()
  ledger.write(run)
  const client = ingestClient({
    url: server.url,
    token: 'tk',
    // Each rule strikes three attempts of a content at most, four rules twelve.
    config: { 'batch.max_events': 5, 'retry.max_attempts': 16, 'retry.base_ms': 100 },
    dispatcher: server.transport.dispatcher,
    sleep: (ms) => sleep(clock, ms),
    wall: () => clock.wall(),
    warn: (line) => expect.fail(line),
  })
  ledger.write({ kind: 'offer', ids: [[0, 0, count - 1]] })
  const work = async (): Promise<void> => {
    for (const line of ndjson(0, count - 1)
      .trimEnd()
      .split('\n'))
      await client.add(line)
    expect(await client.close()).toEqual({ delivered: count, dropped: 0 })
  }
  await clock.until(work())
  ledger.write({ kind: 'claim', what: 'exit', code: 0, by: 'client' })
  server.heal()
  await clock.until(server.deserted())
  expect(server.failures).toEqual([])
  await server.stop()
  return judge(ledger.entries)
}

describe('the reference client', () => {
  it('delivers everything under any plan of faults that end, in virtual time, and no check fails', async () => {
    await fc.assert(
      fc.asyncProperty(rules, seed, fc.integer({ min: 1, max: 24 }), async (rules, seed, count) => {
        const { checks } = await deliver(rules, seed, count)
        const bad = checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'unknown')
        expect(bad.map(({ id, because }) => ({ id, because }))).toEqual([])
        expect(checks.find(({ id }) => id === 'inv.no-loss')?.verdict).toBe('pass')
      }),
      { numRuns: 50 },
    )
  })
})

/** The rate limit, in virtual time: whom it serves, whom it refuses, and until when. */
import { describe, expect, it } from 'vitest'
import { sleep } from '../../src/clock.ts'
import type { FaultOf } from '../../src/fault.ts'
import type { Rule } from '../../src/plan/plan.ts'
import { inMemory } from '../testing/in-memory.ts'
import type { InMemory } from '../testing/in-memory.ts'

function limit(fault: Partial<FaultOf<'rate_limit'>>, over: Partial<Rule> = {}): Rule {
  const whole = { type: 'rate_limit', limit: 2, per_s: 10, ...fault } as const
  return { id: 'limit', key: 'global', on: 'response-head', taken: false, fault: whole, ...over }
}

/** Posts record i at each of these seconds; the statuses. */
async function statusesAt(server: InMemory, ...atS: number[]): Promise<(number | string)[]> {
  const statuses: (number | string)[] = []
  const work = async (): Promise<void> => {
    for (const [i, at] of atS.entries()) {
      await sleep(server.clock, at * 1000 - server.clock.now() / 1e6)
      statuses.push((await server.post(i)).status)
    }
  }
  await server.clock.until(work())
  await server.stop()
  return statuses
}

describe('a rate limit', () => {
  it('serves so many in each window, and what it refuses counts for nothing', async () => {
    const server = inMemory([limit({})])
    const statuses = await statusesAt(server, 0, 1, 2, 9.9, 10, 10.1, 19, 35, 36, 37)
    expect(statuses).toEqual([202, 202, 429, 429, 202, 202, 429, 202, 202, 429])
    expect(server.entries('fault')).toHaveLength(4)
    expect(server.entries('take')).toHaveLength(6)
    for (const { orderDependent, planned, emitted } of server.entries('fault')) {
      expect([orderDependent, planned.taken]).toEqual([true, false])
      expect(emitted).toEqual(planned)
    }
  })

  it.each<[FaultOf<'rate_limit'>['retry_after'], number[]]>([
    [undefined, [10_000, 9000, 1000]],
    ['seconds', [10_000, 9000, 1000]],
    // The calendar of the clock is at 1.4 s and 9.9 s then, and the window ends with a second.
    ['date', [10_000, 8600, 100]],
    ['none', []],
  ])('says with %s when the window ends, never too soon', async (retry_after, waits) => {
    const server = inMemory([limit({ limit: 0, ...(retry_after ? { retry_after } : {}) })])
    await statusesAt(server, 0, 1.4, 9.9)
    expect(server.entries('respond').flatMap(({ retryAfterMs }) => retryAfterMs ?? [])).toEqual(waits)
  })

  it('counts by its key', async () => {
    const server = inMemory([limit({ limit: 1 }, { key: 'content' })])
    expect(await statusesAt(server, 0, 1, 2)).toEqual([202, 202, 202])
    expect(server.entries('fault')).toEqual([])
  })

  it('takes no slot from a rule behind it, and does not count whom that refuses', async () => {
    const refused: Rule = {
      ...{ id: 'down', key: 'global', on: 'response-head', taken: false },
      ...{ when: { attempt: [1, 2] }, fault: { type: 'http_error', status: 503 } },
    }
    const server = inMemory([limit({ limit: 1 }), refused])
    expect(await statusesAt(server, 0, 1, 2, 3)).toEqual([503, 503, 202, 429])
  })

  it('holds within the window of its rule', async () => {
    const server = inMemory([limit({ limit: 0 }, { when: { from_s: 2, until_s: 4 } })])
    expect(await statusesAt(server, 1, 2, 3, 4)).toEqual([202, 429, 429, 202])
  })
})

/** What faults of the application take, land and lose, and what they say of it. */
import { describe, expect, it } from 'vitest'
import type { Fault } from '../../src/fault.ts'
import type { Rule } from '../../src/plan/plan.ts'
import { tokenOf } from '../../src/record.ts'
import { inMemory } from '../testing/in-memory.ts'
import type { InMemory } from '../testing/in-memory.ts'
import { RawClient } from '../testing/raw-client.ts'
import { ndjson, post, serving, source, token } from '../testing/serving.ts'

function rule(fault: Fault, over: Partial<Rule> = {}): Rule {
  return { id: 'r', key: 'content', on: 'response-head', taken: true, fault, ...over }
}

const part = { type: 'partial_batch', from: 2, of: 4 } as const

/** Sends the batches in turn; what the client reads, and what the ledger says of the records. */
async function sent(
  rules: readonly Rule[],
  ...batches: [number, number][]
): Promise<InMemory & { texts: string[] }> {
  const server = inMemory(rules)
  const texts: string[] = []
  for (const [from, to] of batches) texts.push((await server.clock.until(server.post(from, to))).text)
  await server.clock.until(server.quiet())
  await server.stop()
  expect(server.failures).toEqual([])
  return Object.assign(server, { texts })
}

describe('a partial batch', () => {
  it('takes and quarantines those that are struck', async () => {
    const server = await sent([rule({ ...part, as: 'quarantine' })], [0, 5])
    expect(server.texts).toEqual(['{"successful_rows":4,"quarantined_rows":2}'])
    expect(server.entries('take')[0]?.ids).toEqual([
      [0, 0, 1],
      [0, 4, 5],
      [0, 2, 3],
    ])
    expect(server.entries('discard')).toMatchObject([{ ids: [[0, 2, 3]], why: 'quarantine' }])
    expect(server.entries('land').flatMap(({ ids }) => ids)).toEqual([
      [0, 0, 1],
      [0, 4, 5],
    ])
    const [struck] = server.entries('fault')
    expect(struck?.planned).toEqual({
      ...{ point: 'response-head', taken: true, ids: [[0, 2, 3]] },
      ...{ ...part, as: 'quarantine' },
    })
    expect(struck?.emitted).toEqual(struck?.planned)
  })

  it('does not take those that are to come again, and strikes each no more often than it may', async () => {
    const again: Fault = { ...part, as: 'retry', times: 1 }
    const server = await sent([rule(again)], [0, 3], [2, 3], [2, 2])
    const named = [2, 3].map((seq) => tokenOf(source.nonce, [0, seq]))
    expect(server.texts).toEqual([
      `{"successful_rows":2,"quarantined_rows":0,"retry":${JSON.stringify(named)}}`,
      '{"ok":true}',
      '{"ok":true}',
    ])
    expect(server.entries('take').map(({ ids }) => ids)).toEqual([[[0, 0, 1]], [[0, 2, 3]], [[0, 2, 2]]])
    expect(server.entries('discard')).toEqual([])
    expect(server.entries('fault')).toHaveLength(1)
  })

  it('leaves the slot to the next rule where it finds nothing to strike', async () => {
    const next = rule({ type: 'early_hints' }, { id: 'next' })
    const server = await sent([rule({ ...part, as: 'retry' }), next], [0, 1], [2, 2])
    expect(server.entries('fault').map((entry) => entry.rule)).toEqual(['next', 'r'])
  })

  it('is a misfire where the protocol refuses the batch', async () => {
    await using server = await serving([rule({ ...part, as: 'quarantine' })], 'events-api')
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(2, 2), '/v0/events?name=tailrace'))
    expect(await client.until('no token')).toMatch(/^HTTP\/1.1 401 /)
    const { planned, emitted } = await server.first('fault')
    expect([planned.taken, emitted.taken]).toEqual([true, false])
    client.socket.destroy()
  })
})

describe('what is lost behind the answer', () => {
  it.each([
    ['202', ''],
    ['202, also where the landing was waited for', '&wait=true'],
  ])('is taken, answered with %s, and entered as lost after that', async (_, query) => {
    await using server = await serving([rule({ type: 'discard_after_take' })], 'events-api')
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(0, 2), `/v0/events?name=tailrace&token=${token}${query}`))
    expect(await client.until('"quarantined_rows":0}')).toMatch(/^HTTP\/1.1 202 Accepted/)
    await server.first('discard')
    const story = server.ledger.entries.flatMap(({ kind }) =>
      /^(take|respond|sent|discard)$/.exec(kind) ? kind : [],
    )
    expect(story).toEqual(['take', 'respond', 'sent', 'discard'])
    expect(server.entries('take')).toMatchObject([{ ids: [[0, 0, 2]] }])
    expect(server.entries('respond')).toMatchObject([{ status: 202, ack: 'accepted' }])
    expect(server.entries('discard')).toMatchObject([{ ids: [[0, 0, 2]], why: 'injected' }])
    await server.quiet()
    expect(server.entries('land')).toEqual([])
    client.socket.destroy()
  })
})

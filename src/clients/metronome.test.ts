/** The metronome: the same wait each time, whatever the failure. */
import { Readable } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import { inMemory } from '../../fakes/testing/in-memory.ts'
import type { InMemory } from '../../fakes/testing/in-memory.ts'
import { ndjson } from '../../fakes/testing/serving.ts'
import type { Rule } from '../plan/plan.ts'
import { clientCommand, clientNames } from './command.ts'
import { metronome } from './metronome.ts'

async function run(rules: readonly Rule[], count: number): Promise<{ server: InMemory; code: number }> {
  const server = inMemory(rules)
  const { clock, url } = server
  onTestFinished(() => clock.until(server.stop()))
  const stdin = Readable.from([ndjson(0, count - 1)])
  const { dispatcher } = server.transport
  const code = await clock.until(metronome({ url, token: 'tk', stdin, waitMs: 500, clock, dispatcher }))
  return { server, code }
}

function timesOf({ server }: { server: InMemory }, logical: string): number[] {
  const requests = server.entries('request').filter(({ site }) => site.logical === logical)
  return requests.map(({ t }) => t / 1e6)
}

const failing = (fault: Rule['fault'], when?: Rule['when']): Rule => ({
  id: 'failing',
  key: 'content',
  on: 'response-head',
  taken: false,
  ...(when ? { when } : {}),
  ...(fault ? { fault } : {}),
})

describe('the metronome', () => {
  it('sends each record in a request of its own, all at once', async () => {
    const { server, code } = await run([], 60)
    expect(code).toBe(0)
    const requests = server.entries('request')
    expect(requests.map(({ ids }) => ids)).toEqual(Array.from({ length: 60 }, (_, seq) => [[0, seq, seq]]))
    expect(new Set(requests.map(({ t }) => t))).toEqual(new Set([0]))
  })

  it.each<[string, Rule['fault']]>([
    ['a 503', { type: 'http_error', status: 503 }],
    ['a 400', { type: 'http_error', status: 400 }],
    ['a reset', { type: 'reset_peer', linger_ms: 0 }],
  ])('waits the same after %s, up to six attempts, and tells', async (_, fault) => {
    const ran = await run([failing(fault)], 2)
    expect(ran.code).toBe(10)
    for (const logical of ['0.0', '0.1']) {
      expect(timesOf(ran, logical)).toEqual([0, 500, 1_000, 1_500, 2_000, 2_500])
    }
  })

  it('delivers in the end', async () => {
    const twice = failing({ type: 'http_error', status: 503 }, { attempt: [1, 2] })
    const ran = await run([twice], 1)
    expect(ran.code).toBe(0)
    expect(timesOf(ran, '0.0')).toEqual([0, 500, 1_000])
  })

  it('has at most 64 under way', async () => {
    const once = failing({ type: 'http_error', status: 503 }, { attempt: [1] })
    const { server, code } = await run([once], 100)
    expect(code).toBe(0)
    expect(server.entries('request').filter(({ t }) => t === 0)).toHaveLength(64)
    expect(server.entries('open').length).toBeLessThanOrEqual(64)
  })

  it('is a measure, and none of the clients that are judged', () => {
    expect(clientNames).not.toContain('metronome')
    expect(clientCommand('metronome')).toMatch(/\/src\/clients\/metronome-main\.ts'$/)
  })
})

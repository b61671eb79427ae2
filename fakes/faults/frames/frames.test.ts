/**
 * Every fault of HTTP/2 that strikes a stream, seen frame by frame: what is sent, how the connection ends, what the
 * ledger planned and what it says was emitted, with the record taken and not taken.
 */
import { describe, expect, it } from 'vitest'
import type { Rule } from '../../../src/plan/plan.ts'
import { countIds } from '../../../src/record.ts'
import { RawClient } from '../../testing/raw-client.ts'
import { RawH2Client, seen } from '../../testing/raw-h2-client.ts'
import { ndjson, post, serving } from '../../testing/serving.ts'
import { ok } from '../testing/sight.ts'
import { streamPerformers } from './index.ts'
import { frameSights } from './testing/sights.ts'
import type { FrameSight } from './testing/sights.ts'

const h2 = { h2: true, frames: true }

const cases = Object.entries(frameSights).flatMap(([name, all]) =>
  all.flatMap((sight) => {
    const title = `${name} at ${sight.point ?? 'response-head'}: ${JSON.stringify(sight.fault)}`
    return (sight.taken ?? [true, false]).map((taken) => [title, taken, sight] as const)
  }),
)

function ruleFor({ fault, point = 'response-head' }: FrameSight, taken: boolean): Rule {
  const said = point.startsWith('response') ? { taken } : {}
  return { id: 'struck', on: point, key: point === 'request' ? 'connection' : 'content', ...said, fault }
}

describe('every fault of a stream', () => {
  it('has a sight of its own name', () => {
    const sights = [...Object.keys(frameSights), 'goaway'] // goaway.test.ts
    expect(sights.sort()).toEqual(Object.keys(streamPerformers).sort())
    for (const [name, all] of Object.entries(frameSights)) {
      expect(new Set(all.map(({ fault }) => fault.type)), name).toEqual(new Set([name]))
    }
  })

  it.each(cases)('%s, taken %s', async (_, taken, sight) => {
    await using server = await serving([ruleFor(sight, taken)], 'generic', h2)
    const client = await RawH2Client.ready(server.port)
    client.post(ndjson(0, 0))
    await server.first('fault')
    if (sight.end === 'open') {
      await server.first('sent')
      await client.settled()
    } else {
      expect(await client.ended).toBe(sight.end)
    }
    expect(seen(client.frames)).toEqual(sight.frames)
    expect(client.rest.toString('hex')).toBe(sight.rest ?? '')
    client.socket.destroy()
    await server.deserted()
    const [struck] = server.entries('fault')
    expect(struck?.emitted).toEqual(struck?.planned)
    expect(struck?.planned).toMatchObject({ ...sight.fault, point: sight.point ?? 'response-head' })
    expect(server.entries('fault')).toHaveLength(1)
    expect(server.entries('sent').map(({ written }) => written)).toEqual([sight.written])
    expect(server.entries('request')).toHaveLength(sight.unread ? 0 : 1)
    expect(countIds(server.entries('land').flatMap(({ ids }) => ids))).toBe(taken ? 1 : 0)
    expect(server.failures).toEqual([])
  })
})

describe('a fault of HTTP/2 on HTTP/1.1', () => {
  const points = ['response-head', 'response-end'] as const
  const each = Object.entries(frameSights).map(([name, [sight]]) => [name, sight as FrameSight] as const)

  it.each(each)('%s is a misfire, and the answer goes its way', async (_, sight) => {
    const point = points.find((p) => p === sight.point) ?? (sight.point ? 'request' : 'response-head')
    await using server = await serving([ruleFor({ ...sight, point }, true)], 'generic', h2)
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(0, 0)))
    expect(await client.until(ok)).toBe(ok)
    expect((await server.first('fault')).emitted).toMatchObject({ type: 'none', why: 'unsupported' })
    client.socket.destroy()
  })
})

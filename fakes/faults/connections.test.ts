/** Faults around the ends of connections: what the ledger learns of requests that meet them. */
import { describe, expect, it } from 'vitest'
import { sleep } from '../../src/clock.ts'
import type { Rule } from '../../src/plan/plan.ts'
import { profiles } from '../../src/profile.ts'
import type { Profile } from '../../src/profile.ts'
import { inMemory } from '../testing/in-memory.ts'
import { RawClient, requestText } from '../testing/raw-client.ts'
import { ndjson, post, serving } from '../testing/serving.ts'
import type { Serving } from '../testing/serving.ts'
import { HandWound } from './testing/hand-wound.ts'
import { answer, ok } from './testing/sight.ts'

const site = (logical: string, attempt: number): object => ({ lane: 'ingest', logical, attempt })

describe('an answer that says Connection: close', () => {
  const closes: Rule = { id: 'close', on: 'response-head', taken: true, fault: { type: 'connection_close' } }
  const error = { type: 'http_error', status: 408, headers: { connection: 'close' } } as const
  const refuses: Rule = { ...closes, taken: false, fault: error }

  it.each([
    ['the protocol', closes],
    ['a fault', refuses],
  ])('of %s: what still comes is entered and not served', async (_, rule) => {
    await using server = await serving([rule])
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(0, 0)))
    expect(await client.ended).toBe('fin')
    client.send(post(ndjson(0, 1)) + post(ndjson(5, 5)))
    client.socket.end()
    await server.deserted()
    const [first, ...late] = server.entries('request')
    expect(first).toMatchObject({ site: site('0.0', 1) })
    expect(first).not.toHaveProperty('afterClose')
    expect(late).toMatchObject([
      { site: site('0.0', 2), ids: [[0, 0, 1]], complete: true, afterClose: true },
      { site: site('0.5', 1), ids: [[0, 5, 5]], complete: true, afterClose: true },
    ])
    expect(new Set(server.entries('request').map(({ req }) => req)).size).toBe(3)
    expect(server.entries('sent').map(({ written }) => written)).toEqual(['full', 'none', 'none'])
    expect(server.entries('respond')).toHaveLength(1)
    expect(server.entries('fault')).toHaveLength(1)
    expect(server.failures).toEqual([])
  })
})

describe('a kept connection', () => {
  const races: Rule = { id: 'race', on: 'request', fault: { type: 'keepalive_race', how: 'rst' } }

  it('is spared its first request, which is none that the rule counts', async () => {
    await using server = await serving([{ ...races, key: 'global', when: { attempt: [2] } }])
    const [one, other] = [await RawClient.to(server.port), await RawClient.to(server.port)]
    one.send(post(ndjson(0, 0)))
    expect(await one.until(ok)).toBe(ok)
    other.send(post(ndjson(1, 1)))
    expect(await other.until(ok)).toBe(ok)
    one.send(post(ndjson(2, 2)))
    expect(await one.until(ok + ok)).toBe(ok + ok)
    other.send(post(ndjson(3, 3)))
    expect(await other.toEnd()).toEqual({ text: ok, how: 'rst' })
    expect(server.entries('fault')).toMatchObject([{ orderDependent: true, planned: { how: 'rst' } }])
    one.socket.destroy()
  })

  it('leaves the slot to another rule where it spares', async () => {
    await using server = await serving([races, { id: 'cut', on: 'request', fault: { type: 'reset_peer' } }])
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(0, 0)))
    expect(await client.toEnd()).toEqual({ text: '', how: 'rst' })
    expect(server.entries('fault').map(({ rule }) => rule)).toEqual(['cut'])
  })
})

describe('an idle connection', () => {
  const closes: Rule = { id: 'idle', on: 'idle', fault: { type: 'idle_close', after_ms: 800 } }

  it('is closed when its time has passed on the clock of the run, and not while it is used', async () => {
    const server = inMemory([closes])
    const work = async (): Promise<void> => {
      for (let i = 0; i < 4; i += 1) {
        await server.post(i)
        await sleep(server.clock, i === 2 ? 900 : 700)
      }
    }
    await server.clock.until(work())
    expect(server.entries('fault')).toMatchObject([{ rule: 'idle', conn: 0, orderDependent: true }])
    expect(server.entries('fault')[0]?.t).toBe(2_200_000_000)
    expect(server.entries('close')[0]).toMatchObject({ conn: 0, by: 'server', how: 'fin' })
    expect(server.entries('request').map(({ conn }) => conn)).toEqual([0, 0, 0, 1])
    await server.stop()
  })

  it.each<[Rule['when'], number[]]>([
    [{ attempt: [2] }, [1800]],
    [{ nth: [1] }, [800]],
    [{ from_s: 1 }, [1800]],
    [{ until_s: 0 }, []],
  ])('is closed as its rule counts answers: %j', async (when, atMs) => {
    const server = inMemory([{ ...closes, ...(when ? { when } : {}) }])
    const work = async (): Promise<void> => {
      await server.post(0)
      await sleep(server.clock, 1000)
      await server.post(1)
      await sleep(server.clock, 5000)
    }
    await server.clock.until(work())
    expect(server.entries('fault').map(({ t }) => t / 1e6)).toEqual(atMs)
    await server.stop()
  })

  it('stays where the faults are healed, and where the client has closed first', async () => {
    const server = inMemory([closes])
    await server.clock.until(server.post(0))
    server.heal()
    await server.clock.advance(5000)
    expect(server.entries('fault')).toEqual([])
    await server.stop()
    const other = inMemory([closes])
    await other.clock.until(other.post(0))
    await other.transport.dispatcher.close()
    await other.clock.until(other.deserted())
    await other.clock.advance(5000)
    expect(other.entries('fault')).toEqual([])
    await other.stop()
  })
})

describe('an answer before the body', () => {
  const body = ndjson(0, 1)
  const early = (close: boolean): Rule => ({
    ...{ id: 'early', on: 'request', when: { attempt: [1] } },
    fault: { type: 'early_response', status: 413, ...(close ? { close } : {}) },
  })
  const headOnly = requestText('POST /', [`Content-Length: ${Buffer.byteLength(body)}`])
  const words = [413, 'Payload Too Large', '{"error":"Payload Too Large"}'] as const

  async function begun(server: Serving, text: string): Promise<RawClient> {
    const client = await RawClient.to(server.port)
    client.send(headOnly)
    expect(await client.until(text)).toBe(text)
    return client
  }

  it('leaves the connection, and the attempt is entered when its body is over', async () => {
    await using server = await serving([early(false)])
    const client = await begun(server, answer(...words))
    expect(server.entries('request')).toEqual([])
    client.send(body + post(ndjson(0, 0)))
    expect(await client.until(ok)).toBe(answer(...words) + ok)
    expect(server.entries('request')).toMatchObject([
      { req: 0, site: site('0.0', 1), ids: [[0, 0, 1]], complete: true, form: 'ndjson' },
      { req: 1, site: site('0.0', 2), ids: [[0, 0, 0]], complete: true },
    ])
    expect(server.entries('take')).toMatchObject([{ req: 1 }])
    client.socket.destroy()
  })

  it('enters the records of a body that was all there before the answer', async () => {
    await using server = await serving([early(false)])
    const client = await RawClient.to(server.port)
    client.send(headOnly + body)
    expect(await client.until(answer(...words))).toBe(answer(...words))
    client.socket.end()
    await server.deserted()
    expect(server.entries('request')).toMatchObject([{ req: 0, ids: [[0, 0, 1]], complete: true }])
  })

  it('ends our half where it closes, and drains what still comes, also of the next request', async () => {
    await using server = await serving([early(true)])
    const client = await begun(server, answer(...words, ['connection: close']))
    expect(await client.ended).toBe('fin')
    client.send(body + post(ndjson(7, 7)))
    client.socket.end()
    await server.deserted()
    expect(server.entries('request')).toMatchObject([
      { req: 0, ids: [[0, 0, 1]], complete: true },
      { req: 1, ids: [[0, 7, 7]], complete: true, afterClose: true },
    ])
    expect(server.entries('request')[0]).not.toHaveProperty('afterClose')
    expect(server.entries('take')).toEqual([])
  })

  it.each([false, true])('enters what had come of a body that is cut; close: %s', async (close) => {
    await using server = await serving([early(close)])
    const client = await begun(server, answer(...words, close ? ['connection: close'] : []))
    client.send(ndjson(0, 0))
    client.socket.end()
    await server.deserted()
    expect(server.entries('request')).toMatchObject([{ ids: [[0, 0, 0]], complete: false }])
    expect(server.entries('sent')).toMatchObject([{ req: 0, written: 'full' }])
    expect(server.failures).toEqual([])
  })
})

describe('a part of an answer that has no body', () => {
  const part = { type: 'limit_data', bytes: 4, end: 'fin' } as const
  const generic = profiles['generic'] as Profile
  const silent: Profile = { ...generic, reply: { ...generic.reply, status: 204 } }

  it.each([
    ['to HEAD', generic, requestText('HEAD /'), 'HTTP/1.1 405'],
    ['of 204', silent, post(ndjson(0, 0)), 'HTTP/1.1 204'],
  ])('%s is a misfire, and the answer goes its way', async (_, profile, request, begins) => {
    const cuts: Rule = { id: 'cut', on: 'response-head', taken: true, fault: part }
    await using server = await serving([cuts], 'generic', { profile })
    const client = await RawClient.to(server.port)
    client.send(request)
    expect(await client.until('\r\n\r\n')).toMatch(new RegExp(`^${begins}.*\\r\\n\\r\\n$`, 's'))
    expect(await server.first('sent')).toMatchObject({ written: 'full' })
    expect(server.entries('fault')).toMatchObject([{ emitted: { type: 'none', why: 'no-body' } }])
    client.socket.destroy()
  })

  it('is not struck within the body that an answer to HEAD does not have', async () => {
    const cuts: Rule = { id: 'cut', on: 'response-body(5)', taken: true, fault: part }
    await using server = await serving([cuts])
    const client = await RawClient.to(server.port)
    client.send(requestText('HEAD /'))
    expect(await server.first('sent')).toMatchObject({ written: 'full' })
    expect(server.entries('fault')).toEqual([])
    client.socket.destroy()
  })
})

describe('a client that leaves while it is held', () => {
  it.each([
    { type: 'stall', for_ms: 3_600_000 },
    { type: 'header_delay', delay_ms: 3_600_000 },
  ] as const)('leaves no timer behind: %j', async (fault) => {
    await using scene = await HandWound.under({ id: 'held', on: 'response-head', taken: true, fault })
    const client = await scene.client()
    client.send(post(ndjson(0, 0)))
    await scene.first('take')
    client.socket.resetAndDestroy()
    expect(await scene.first('sent')).toMatchObject({ written: 'none' })
    await expect(scene.clock.until(new Promise(() => {}))).rejects.toThrow('no timer is set')
    expect(scene.clock.now()).toBe(0)
  })
})

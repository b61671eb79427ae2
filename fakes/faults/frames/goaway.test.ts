/** GOAWAY, byte for byte: what it names is served, nothing above it is, and then the connection ends. */
import { describe, expect, it } from 'vitest'
import type { Fault } from '../../../src/fault.ts'
import type { Rule } from '../../../src/plan/plan.ts'
import { frameTypes } from '../../../src/wire/h2-frames.ts'
import type { ReadFrame } from '../../../src/wire/h2-frames.ts'
import { RawClient } from '../../testing/raw-client.ts'
import { RawH2Client, seen } from '../../testing/raw-h2-client.ts'
import { ndjson, post, serving } from '../../testing/serving.ts'
import type { Serving } from '../../testing/serving.ts'
import { ok } from '../testing/sight.ts'

type Goaway = Extract<Fault, { type: 'goaway' }>

const answer = (stream: number): string[] => [`HEADERS ${stream}`, `DATA ${stream} end {"ok":true}`]
const isGoaway = ({ type }: ReadFrame): boolean => type === frameTypes.GOAWAY

function rule(fault: Omit<Goaway, 'type'>, more: Partial<Rule> = {}): Rule {
  const { on = 'request' } = more
  const said = on.startsWith('response') ? { taken: true } : {}
  return { id: 'away', on, ...said, fault: { type: 'goaway', ...fault }, ...more }
}

function on(rules: Rule): Promise<Serving> {
  return serving([rules], 'generic', { h2: true, frames: true })
}

/** GOAWAY bytes: last stream and code, eight digits each. */
function goaway(last: string, code = '00000000', debug = ''): string {
  const length = (8 + Buffer.byteLength(debug)).toString(16).padStart(6, '0')
  return `${length}070000000000${last}${code}${Buffer.from(debug).toString('hex')}`
}

/** What came on each of these streams, whatever the order between them. */
function streamed(client: RawH2Client, ...streams: readonly number[]): string[] {
  return streams.flatMap((stream) => seen(client.frames.filter((frame) => frame.stream === stream)))
}

/** Of each request, by its first record: whether it was taken, and how much was written. */
function outcomes(server: Serving): Record<string, string> {
  const takes = new Set(server.entries('take').map(({ req }) => req))
  const sent = new Map(server.entries('sent').map(({ req, written }) => [req, written]))
  return Object.fromEntries(
    server
      .entries('request')
      .map(({ req, site }) => [
        site.logical ?? '',
        `${takes.has(req) ? 'taken' : 'untaken'} ${sent.get(req)}`,
      ]),
  )
}

describe('goaway at one stream', () => {
  it('names none on the first: it is read, entered and not served, and the connection ends', async () => {
    await using server = await on(rule({ code: 'NO_ERROR', last: 'none', then: 'finish' }))
    const client = await RawH2Client.ready(server.port)
    client.post(ndjson(0, 0))
    expect(await client.ended).toBe('fin')
    expect(seen(client.frames)).toEqual(['0000080700000000000000000000000000'])
    client.socket.end()
    await server.deserted()
    expect(outcomes(server)).toEqual({ '0.0': 'untaken none' })
    expect(server.entries('close')).toMatchObject([{ by: 'server', how: 'goaway' }])
    const [fault] = server.entries('fault')
    expect(fault?.emitted).toEqual(fault?.planned)
    const frame = server.entries('frame').find(({ type }) => type === 'GOAWAY')
    expect(frame).toMatchObject({ dir: 'out', last: 0, code: 0, stream: 0 })
  })

  it.each([
    ['request', [goaway('00000001', '0000000b', 'calm'), ...answer(1)]],
    ['response-head', [goaway('00000001', '0000000b', 'calm'), ...answer(1)]],
    [
      'response-body(5)',
      ['HEADERS 1', 'DATA 1 {"ok"', goaway('00000001', '0000000b', 'calm'), 'DATA 1 end :true}'],
    ],
    [
      'response-end',
      ['HEADERS 1', 'DATA 1 {"ok":true}', goaway('00000001', '0000000b', 'calm'), 'DATA 1 end '],
    ],
  ])('names this at %s, and the answer goes out before FIN', async (point, frames) => {
    const fault = { code: 'ENHANCE_YOUR_CALM', last: 'this', debug: 'calm', then: 'finish' } as const
    await using server = await on(rule(fault, { on: point }))
    const client = await RawH2Client.ready(server.port)
    client.post(ndjson(0, 0))
    expect(await client.ended).toBe('fin')
    expect(seen(client.frames)).toEqual(frames)
    client.socket.end()
    await server.deserted()
    expect(outcomes(server)).toEqual({ '0.0': 'taken full' })
  })

  it('names the stream below, serves what is under way there, and reads what comes later', async () => {
    await using server = await on(
      rule({ code: 'NO_ERROR', last: 'below', then: 'finish' }, { key: 'global', when: { nth: [3] } }),
    )
    const client = await RawH2Client.ready(server.port)
    const [first, second] = [client.begin(), client.begin()]
    client.post(ndjson(2, 2))
    await client.until(isGoaway)
    client.post(ndjson(3, 3))
    client.data(first, ndjson(0, 0))
    await client.finished(first)
    client.data(second, ndjson(1, 1))
    expect(await client.ended).toBe('fin')
    expect(seen(client.frames)).toEqual([goaway('00000003'), ...answer(1), ...answer(3)])
    client.socket.end()
    await server.deserted()
    expect(outcomes(server)).toEqual({
      '0.0': 'taken full',
      '0.1': 'taken full',
      '0.2': 'untaken none',
      '0.3': 'untaken none',
    })
    expect(server.failures).toEqual([])
  })

  it('gives up a stream above whose body is still to come, and takes nothing of it', async () => {
    await using server = await on(
      rule(
        { code: 'NO_ERROR', last: 'none', then: 'finish' },
        {
          on: 'response-head',
          key: 'content',
          taken: false,
          when: { attempt: [1] },
          match: { path: '/struck' },
        },
      ),
    )
    const client = await RawH2Client.ready(server.port)
    const other = client.begin()
    client.post(ndjson(0, 0), '/struck')
    await client.until(isGoaway)
    client.data(other, ndjson(1, 1))
    expect(await client.ended).toBe('fin')
    client.socket.end()
    await server.deserted()
    expect(seen(client.frames)).toEqual([goaway('00000000')])
    expect(outcomes(server)).toEqual({ '0.0': 'untaken none', '0.1': 'untaken none' })
  })

  it('names the largest there is, and serves what comes until nothing is under way', async () => {
    await using server = await on(
      rule({ code: 7, last: 'max', then: 'finish' }, { key: 'global', when: { nth: [1] } }),
    )
    const client = await RawH2Client.ready(server.port)
    const first = client.begin()
    await client.until(isGoaway)
    client.post(ndjson(1, 1))
    await client.finished(3)
    client.data(first, ndjson(0, 0))
    expect(await client.ended).toBe('fin')
    expect(seen(client.frames)).toEqual([goaway('7fffffff', '00000007'), ...answer(3), ...answer(1)])
    client.socket.destroy()
  })

  it.each([
    ['fin', 'request', 'none', [goaway('00000000')], {}],
    ['rst', 'request', 'none', [goaway('00000000')], {}],
    ['fin', 'response-head', 'this', [goaway('00000001')], { '0.0': 'taken none' }],
    [
      'rst',
      'response-body(5)',
      'this',
      ['HEADERS 1', 'DATA 1 {"ok"', goaway('00000001')],
      { '0.0': 'taken partial' },
    ],
  ] as const)('then ends by %s at once at %s', async (then, point, last, frames, entered) => {
    await using server = await on(rule({ code: 'NO_ERROR', last, then }, { on: point }))
    const client = await RawH2Client.ready(server.port)
    client.post(ndjson(0, 0))
    expect(await client.ended).toBe(then)
    expect(seen(client.frames)).toEqual(frames)
    client.socket.destroy()
    await server.deserted()
    expect(outcomes(server)).toEqual(entered)
    const [fault] = server.entries('fault')
    expect(fault?.emitted).toEqual(fault?.planned)
  })

  it('comes in two steps, and serves what came between them', async () => {
    const fault = { code: 'NO_ERROR', last: 'this', two_step_ms: 30, then: 'finish' } as const
    await using server = await on(rule(fault, { when: { nth: [1] }, key: 'global' }))
    const client = await RawH2Client.ready(server.port)
    client.post(ndjson(0, 0))
    await client.until(isGoaway)
    client.post(ndjson(1, 1))
    expect(await client.ended).toBe('fin')
    const frames = seen(client.frames)
    expect(frames[0]).toBe(goaway('7fffffff'))
    expect(frames.at(-1)).toBe(goaway('00000003'))
    expect(streamed(client, 1, 3)).toEqual([...answer(1), ...answer(3)])
    client.socket.end()
    await server.deserted()
    expect(outcomes(server)).toEqual({ '0.0': 'taken full', '0.1': 'taken full' })
  })
})

describe('goaway at streams that wait for each other', () => {
  const four = { code: 'NO_ERROR', streams: 4, then: 'finish' } as const

  it('serves those that it keeps, from the first on, and none of the others', async () => {
    await using server = await on(rule({ ...four, keep: 2, within_ms: 60_000 }))
    const client = await RawH2Client.ready(server.port)
    for (let i = 0; i < 4; i += 1) client.post(ndjson(i, i))
    expect(await client.ended).toBe('fin')
    expect(seen(client.frames)[0]).toBe(goaway('00000003'))
    expect(streamed(client, 1, 3, 5, 7)).toEqual([...answer(1), ...answer(3)])
    client.socket.end()
    await server.deserted()
    expect(outcomes(server)).toEqual({
      '0.0': 'taken full',
      '0.1': 'taken full',
      '0.2': 'untaken none',
      '0.3': 'untaken none',
    })
    const faults = server.entries('fault')
    expect(faults).toHaveLength(4)
    for (const { planned, emitted } of faults) expect(emitted).toEqual(planned)
  })

  it.each(['request', 'response-head'])('keeps all of them at %s', async (point) => {
    await using server = await on(rule({ ...four, keep: 4, within_ms: 60_000 }, { on: point }))
    const client = await RawH2Client.ready(server.port)
    for (let i = 0; i < 4; i += 1) client.post(ndjson(i, i))
    expect(await client.ended).toBe('fin')
    expect(seen(client.frames)[0]).toBe(goaway('00000007'))
    expect(streamed(client, 1, 3, 5, 7)).toEqual([1, 3, 5, 7].flatMap(answer))
    client.socket.destroy()
  })

  it('keeps none: the last is the stream below the first of them', async () => {
    await using server = await on(
      rule({ ...four, streams: 2, keep: 0 }, { key: 'global', when: { nth: [2, 3] } }),
    )
    const client = await RawH2Client.ready(server.port)
    for (let i = 0; i < 3; i += 1) client.post(ndjson(i, i))
    expect(await client.ended).toBe('fin')
    expect(seen(client.frames)).toContain(goaway('00000001'))
    client.socket.end()
    await server.deserted()
    expect(outcomes(server)).toEqual({ '0.0': 'taken full', '0.1': 'untaken none', '0.2': 'untaken none' })
  })

  it('lets them go on where too few come, and says so', async () => {
    await using server = await on(rule({ ...four, keep: 2, within_ms: 20 }))
    const client = await RawH2Client.ready(server.port)
    for (let i = 0; i < 3; i += 1) client.post(ndjson(i, i))
    await Promise.all([1, 3, 5].map((stream) => client.finished(stream)))
    expect(client.frames.some(isGoaway)).toBe(false)
    expect(server.entries('fault').map(({ emitted }) => emitted)).toEqual(
      [1, 2, 3].map(() => ({ point: 'request', type: 'none', why: 'few-streams' })),
    )
    client.socket.destroy()
  })

  it('counts those of one connection alone, and not one that its client has reset', async () => {
    await using server = await on(rule({ ...four, streams: 2, keep: 0, within_ms: 60_000 }))
    const [one, other] = [await RawH2Client.ready(server.port), await RawH2Client.ready(server.port)]
    one.post(ndjson(0, 0))
    other.post(ndjson(1, 1))
    await Promise.all([one.settled(), other.settled()])
    one.reset(1)
    expect((await server.first('fault')).emitted).toMatchObject({ type: 'none', why: 'gone' })
    one.post(ndjson(2, 2))
    await one.settled()
    expect([one, other].map(({ frames }) => seen(frames))).toEqual([[], []])
    other.post(ndjson(3, 3))
    expect(await other.ended).toBe('fin')
    expect(seen(other.frames)).toEqual([goaway('00000000')])
    for (const client of [one, other]) client.socket.destroy()
  })
})

describe('goaway between exchanges', () => {
  const away = { code: 'NO_ERROR', last: 'this', then: 'finish' } as const

  it.each([
    ['idle', { ...away }],
    ['idle', { ...away, after_ms: 5 }],
    ['session', { ...away }],
  ] as const)('at %s follows the first answer: %j', async (point, fault) => {
    await using server = await on(rule(fault, { on: point }))
    const client = await RawH2Client.ready(server.port)
    client.post(ndjson(0, 0))
    expect(await client.ended).toBe('fin')
    expect(seen(client.frames)).toEqual([...answer(1), goaway('00000001')])
    const [struck] = server.entries('fault')
    expect(struck).toMatchObject({ conn: 0, emitted: { point, type: 'goaway' } })
    expect(struck?.emitted).toEqual(struck?.planned)
    client.socket.destroy()
  })

  it('is not idle while another stream is under way', async () => {
    await using server = await on(rule(away, { on: 'idle' }))
    const client = await RawH2Client.ready(server.port)
    const other = client.begin()
    client.post(ndjson(0, 0))
    await client.finished(3)
    await client.settled()
    expect(client.frames.some(isGoaway)).toBe(false)
    client.data(other, ndjson(1, 1))
    expect(await client.ended).toBe('fin')
    expect(seen(client.frames)).toEqual([...answer(3), ...answer(1), goaway('00000003')])
    client.socket.destroy()
  })

  it('is a misfire on HTTP/1.1', async () => {
    await using server = await on(rule(away, { on: 'idle' }))
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(0, 0)))
    expect(await client.until(ok)).toBe(ok)
    expect((await server.first('fault')).emitted).toMatchObject({ type: 'none', why: 'unsupported' })
    client.socket.destroy()
  })
})

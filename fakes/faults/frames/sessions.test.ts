/** Faults of a session: what its first frames are, what is kept back, and what is made good when the faults are healed. */
import { connect } from 'node:http2'
import type { ClientHttp2Session } from 'node:http2'
import { describe, expect, it } from 'vitest'
import type { Fault } from '../../../src/fault.ts'
import {
  dataFrame,
  flags,
  frameTypes,
  isAck,
  pingFrame,
  settingsOf,
  windowUpdateFrame,
} from '../../../src/wire/h2-frames.ts'
import type { ReadFrame } from '../../../src/wire/h2-frames.ts'
import { RawClient } from '../../testing/raw-client.ts'
import { RawH2Client, seen } from '../../testing/raw-h2-client.ts'
import { ndjson, post, serving } from '../../testing/serving.ts'
import type { Serving } from '../../testing/serving.ts'
import { ok } from '../testing/sight.ts'
import type { SessionName } from './index.ts'

const answer = (stream: number): string[] => [`HEADERS ${stream}`, `DATA ${stream} end {"ok":true}`]

function under(fault: Fault): Promise<Serving> {
  return serving([{ id: 'session', on: 'session', fault }], 'generic', { h2: true, frames: true })
}

/** What the server has said in SETTINGS, frame by frame. */
function said({ frames }: RawH2Client): (Record<string, number> | undefined)[] {
  return frames.filter((frame) => frame.type === frameTypes.SETTINGS && !isAck(frame)).map(settingsOf)
}

const saysSettings = (frame: ReadFrame): boolean => frame.type === frameTypes.SETTINGS && !isAck(frame)
const acknowledges = (frame: ReadFrame): boolean => frame.type === frameTypes.SETTINGS && isAck(frame)
const isUpdate = (frame: ReadFrame): boolean => frame.type === frameTypes.WINDOW_UPDATE && frame.stream !== 0

/** What was planned was done, once, and the server has nothing to complain of. */
function expectDone(server: Serving): void {
  const [struck, ...others] = server.entries('fault')
  expect(struck).toMatchObject({ rule: 'session', conn: 0, planned: { point: 'session' } })
  expect(struck?.emitted).toEqual(struck?.planned)
  expect(others).toEqual([])
  expect(server.entries('request').flatMap(({ malformed }) => malformed ?? [])).toEqual([])
  expect(server.failures).toEqual([])
}

describe('max_concurrent_streams', () => {
  it('stands in the first SETTINGS, and is 100 when the faults are healed', async () => {
    await using server = await under({ type: 'max_concurrent_streams', streams: 1 })
    const client = await RawH2Client.ready(server.port)
    expect(said(client)).toEqual([{ MAX_CONCURRENT_STREAMS: 1, MAX_HEADER_LIST_SIZE: 65_536 }])
    client.post(ndjson(0, 0))
    await client.finished(1)
    server.heal()
    await client.until((frame) => saysSettings(frame) && frame.payload.length === 6)
    expect(said(client)[1]).toEqual({ MAX_CONCURRENT_STREAMS: 100 })
    client.post(ndjson(1, 1))
    await client.finished(3)
    expect(seen(client.frames)).toEqual([...answer(1), ...answer(3)])
    expectDone(server)
    client.socket.destroy()
  })

  it('comes behind the first answer where that is asked for', async () => {
    await using server = await under({ type: 'max_concurrent_streams', streams: 0, warm: true })
    const client = await RawH2Client.ready(server.port)
    client.post(ndjson(0, 0))
    const second = await client.until((frame) => saysSettings(frame) && frame.payload.length === 6)
    expect(settingsOf(second)).toEqual({ MAX_CONCURRENT_STREAMS: 0 })
    expect(client.frames.indexOf(second)).toBeGreaterThan(client.frames.indexOf(await client.finished(1)))
    await client.settled() // the session has not taken the acknowledgement for one of its own
    expectDone(server)
    client.socket.destroy()
  })

  it('is understood by a client: it opens no second stream', async () => {
    await using server = await under({ type: 'max_concurrent_streams', streams: 1, warm: true })
    const client = await NodeClient.to(server)
    await client.post(ndjson(0, 0))
    let acks = 0 // the first is for the SETTINGS of the session
    await server.ledger.until(
      (entry) =>
        entry.kind === 'frame' &&
        entry.dir === 'in' &&
        entry.type === 'SETTINGS' &&
        entry.ack === true &&
        ++acks === 2,
    )
    await Promise.all([1, 2, 3].map((i) => client.post(ndjson(i, i))))
    const streams = server.entries('frame').filter(({ stream }) => stream > 1)
    let open = 0
    for (const { dir, type, end } of streams) {
      if (dir === 'in' && type === 'HEADERS') open += 1
      expect(open).toBeLessThanOrEqual(1)
      if (dir === 'out' && end) open -= 1
    }
    expect(server.entries('take')).toHaveLength(4)
    client.close()
  })
})

describe('flow_control_stall', () => {
  it('gives streams no window until the faults are healed, and all of it then', async () => {
    await using server = await under({ type: 'flow_control_stall' })
    const client = await NodeClient.to(server)
    const body = ndjson(0, 999)
    const answered = client.post(body)
    await server.ledger.until(
      (entry) => entry.kind === 'frame' && entry.dir === 'in' && entry.type === 'HEADERS',
    )
    await client.ping()
    expect(server.entries('frame').filter(({ type }) => type === 'DATA')).toEqual([])
    server.heal()
    expect(await answered).toBe(202)
    expect(server.entries('request')).toMatchObject([{ bytes: Buffer.byteLength(body), complete: true }])
    expectDone(server)
    client.close()
  })

  it('widens the window of each stream step by step', async () => {
    await using server = await under({ type: 'flow_control_stall', step_bytes: 50, every_ms: 5 })
    const client = await RawH2Client.ready(server.port)
    expect(said(client)[0]).toMatchObject({ INITIAL_WINDOW_SIZE: 0 })
    const body = ndjson(0, 0)
    const stream = client.begin()
    for (let at = 0, steps = 1; at < body.length; at += 50, steps += 1) {
      await client.until(() => client.frames.filter(isUpdate).length >= steps)
      client.data(stream, body.slice(at, at + 50), { end: at + 50 >= body.length })
    }
    await client.finished(stream)
    const updates = client.frames.filter(isUpdate)
    expect(new Set(updates.map(({ bytes }) => bytes.toString('hex')))).toEqual(
      new Set([windowUpdateFrame(1, 50).toString('hex')]),
    )
    server.heal()
    await client.until((frame) => saysSettings(frame) && frame.payload.length === 6)
    expect(said(client)[1]).toEqual({ INITIAL_WINDOW_SIZE: 65_535 })
    expectDone(server)
    client.socket.destroy()
  })

  it('lets a client of several megabytes through that keeps to its windows, and heals in the midst of it', async () => {
    await using server = await under({
      type: 'flow_control_stall',
      step_bytes: 16_384,
      every_ms: 1,
      warm: true,
    })
    const client = await NodeClient.to(server)
    await client.post(ndjson(0, 0))
    await server.first('fault')
    const bodies = [ndjson(0, 9_999), ndjson(0, 9_999)]
    const answers = Promise.all(bodies.map((body) => client.post(body)))
    const isData = (bytes: number): Promise<unknown> => {
      let left = bytes
      return server.ledger.until((entry) => {
        if (entry.kind === 'frame' && entry.dir === 'in' && entry.type === 'DATA') left -= entry.bytes
        return left <= 0
      })
    }
    await isData(400_000)
    server.heal()
    expect(await answers).toEqual([202, 202])
    expectDone(server)
    expect(server.entries('frame').filter(({ code }) => code !== undefined)).toEqual([])
    client.close()
  })

  it('never gives by hand more than the session reckons with, also where nothing of a body is read', async () => {
    await using server = await serving(
      [
        {
          id: 'session',
          on: 'session',
          fault: { type: 'flow_control_stall', step_bytes: 16_384, every_ms: 1 },
        },
        { id: 'held', on: 'request', fault: { type: 'stall' } },
      ],
      'generic',
      { h2: true, frames: true },
    )
    const client = await RawH2Client.ready(server.port)
    const stream = client.begin()
    const given = (): number =>
      client.frames.filter(isUpdate).reduce((sum, { payload }) => sum + payload.readUInt32BE(), 0)
    let sent = 0
    for (let steps = 1; steps <= 3; steps += 1) {
      await client.until(() => client.frames.filter(isUpdate).length >= steps)
      client.send(dataFrame(stream, Buffer.alloc(given() - sent, ' ')))
      sent = given()
    }
    await server.ledger.until((entry) => entry.kind === 'frame' && entry.type === 'DATA')
    expect(given()).toBe(49_151)
    server.heal()
    const healed = await client.until((frame) => saysSettings(frame) && frame.payload.length === 6)
    expect(settingsOf(healed)).toEqual({ INITIAL_WINDOW_SIZE: 16_384 })
    client.send(dataFrame(stream, Buffer.alloc(16_384, ' '), { end: true }))
    await client.finished(stream)
    client.socket.destroy()
  })
})

describe('SETTINGS and PING', () => {
  it('settings_missing: the first frame is no SETTINGS, and none follows', async () => {
    await using server = await under({ type: 'settings_missing' })
    const client = await RawH2Client.ready(server.port)
    client.post(ndjson(0, 0))
    await client.finished(1)
    expect(said(client)).toEqual([])
    expect(client.frames[0]).toMatchObject({ type: frameTypes.SETTINGS, flags: flags.ACK })
    expectDone(server)
    client.socket.destroy()
  })

  it('settings_ack_withheld: it comes when the faults are healed', async () => {
    await using server = await under({ type: 'settings_ack_withheld' })
    const client = await RawH2Client.to(server.port)
    client.post(ndjson(0, 0))
    await client.finished(1)
    expect(client.frames.some(acknowledges)).toBe(false)
    server.heal()
    await client.until(acknowledges)
    expect(client.frames.filter(acknowledges)).toHaveLength(1)
    expectDone(server)
    client.socket.destroy()
  })

  it('ping_unanswered: entered with the first PING, answered when the faults are healed', async () => {
    await using server = await under({ type: 'ping_unanswered' })
    const client = await RawH2Client.ready(server.port)
    expect(server.entries('fault')).toEqual([])
    client.send(pingFrame(Buffer.from('12345678')), pingFrame(Buffer.from('abcdefgh')))
    client.post(ndjson(0, 0))
    await client.finished(1)
    const pings = (): string[] =>
      client.frames.filter(({ type }) => type === frameTypes.PING).map(({ payload }) => payload.toString())
    expect(pings()).toEqual([])
    server.heal()
    await client.until(() => pings().length === 2)
    expect(pings()).toEqual(['12345678', 'abcdefgh'])
    expectDone(server)
    client.socket.destroy()
  })
})

describe('a session that does not come about', () => {
  it('h1_on_h2: is answered in HTTP/1.1', async () => {
    await using server = await under({ type: 'h1_on_h2' })
    const client = await RawH2Client.to(server.port)
    expect(await client.ended).toBe('fin')
    expect(client.frames).toEqual([])
    const text = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
    expect(client.rest.toString()).toBe(text)
    client.socket.destroy()
    await server.deserted()
    expectDone(server)
  })

  it('tcp_reset: is reset before anything is said', async () => {
    await using server = await under({ type: 'tcp_reset', linger_ms: 0 })
    const client = await RawH2Client.to(server.port)
    expect(await client.ended).toBe('rst')
    expect(client.frames).toEqual([])
    await server.deserted()
    expectDone(server)
    expect(server.entries('close')).toMatchObject([{ by: 'server', how: 'rst' }])
  })

  it.each([[5], [undefined]])('h2_stall: is silent for %s ms, or until healed', async (ms) => {
    await using server = await under({ type: 'h2_stall', ...(ms === undefined ? {} : { for_ms: ms }) })
    const client = await RawH2Client.to(server.port)
    client.post(ndjson(0, 0))
    await server.first('take')
    if (ms === undefined) {
      expect(client.frames).toEqual([])
      server.heal()
    }
    await client.finished(1)
    expect(client.frames[0]).toMatchObject({ type: frameTypes.SETTINGS })
    expect(seen(client.frames)).toEqual(answer(1))
    expectDone(server)
    client.socket.destroy()
  })
})

describe('a session fault', () => {
  const some: Record<SessionName, Fault> = {
    goaway: { type: 'goaway', code: 'NO_ERROR', last: 'this', then: 'fin' },
    max_concurrent_streams: { type: 'max_concurrent_streams', streams: 1 },
    flow_control_stall: { type: 'flow_control_stall' },
    ping_unanswered: { type: 'ping_unanswered' },
    settings_missing: { type: 'settings_missing' },
    settings_ack_withheld: { type: 'settings_ack_withheld' },
    h1_on_h2: { type: 'h1_on_h2' },
    tcp_reset: { type: 'tcp_reset' },
    h2_stall: { type: 'h2_stall' },
  }

  it.each(Object.values(some))('$type strikes no connection that speaks HTTP/1.1', async (fault) => {
    await using server = await under(fault)
    const client = await RawClient.to(server.port)
    client.send(post(ndjson(0, 0)))
    expect(await client.until(ok)).toBe(ok)
    expect(server.entries('fault')).toEqual([])
    client.socket.destroy()
  })
})

/** Node's own client, which keeps to windows and limits. */
class NodeClient {
  private readonly session: ClientHttp2Session

  private constructor(session: ClientHttp2Session) {
    this.session = session
  }

  static async to(server: Serving): Promise<NodeClient> {
    const session = connect(server.base)
    await new Promise((resolve, reject) => session.once('remoteSettings', resolve).once('error', reject))
    return new NodeClient(session)
  }

  /** Resolves to the status. */
  post(body: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const stream = this.session.request({ ':method': 'POST', ':path': '/' })
      let status = 0
      stream.on('response', (headers) => (status = Number(headers[':status'])))
      stream.on('end', () => resolve(status)).on('error', reject)
      stream.resume()
      stream.end(body)
    })
  }

  ping(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.session.ping((error) => (error ? reject(error) : resolve()))
    })
  }

  close(): void {
    this.session.destroy()
  }
}

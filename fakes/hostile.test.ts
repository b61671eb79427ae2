/**
 * Peers that do not mean well, on the port of the reference server: each is bounded, answered in the protocol's way,
 * and entered; and the server goes on serving others.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../src/limits.ts'
import {
  errorCodeOf,
  flags,
  frameBytes,
  frameTypes,
  headersFrame,
  pingFrame,
  preface,
  rstStreamFrame,
  settingsFrame,
} from '../src/wire/h2-frames.ts'
import { literalBlock } from '../src/wire/hpack-literal.ts'
import { RawClient, requestText } from './testing/raw-client.ts'
import { RawH2Client } from './testing/raw-h2-client.ts'
import { serving } from './testing/serving.ts'
import type { Serving } from './testing/serving.ts'

let server: Serving

beforeEach(async () => {
  server = await serving([], 'generic', { h2: true })
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
})

async function goesOn(): Promise<void> {
  const client = await RawH2Client.ready(server.port)
  const stream = client.post('{"a":1}')
  await client.finished(stream)
  client.socket.destroy()
  expect(server.failures).toEqual([])
}

function malformed(): (string | undefined)[] {
  return server.entries('request').flatMap((entry) => entry.malformed ?? [])
}

/** The code of the GOAWAY with which the server ends a connection. */
async function codeOfEnd(client: RawH2Client): Promise<number | undefined> {
  const frame = await client.until(({ type }) => type === frameTypes.GOAWAY)
  return errorCodeOf(frame)
}

/** More than the buffers of both ends hold. */
const floodBytesMax = 100_000_000

const head = literalBlock([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'test'],
])

describe('bytes that are no protocol', () => {
  it.each([
    ['garbage', Buffer.from('\u0001\u0002 what is this\r\n\r\n')],
    ['a preface that goes wrong', Buffer.concat([preface.subarray(0, 20), Buffer.from('oops\r\n\r\n')])],
    ['a ClientHello on a port without TLS', Buffer.from('160301000501000001fe', 'hex')],
  ])('%s are answered with 400 and entered', async (_, bytes) => {
    const raw = await RawClient.to(server.port)
    raw.send(bytes)
    expect((await raw.toEnd()).text).toMatch(/^HTTP\/1\.1 400 /)
    await server.first('close')
    expect(malformed()).toHaveLength(1)
    await goesOn()
  })

  it('half a preface is a connection of which nothing came', async () => {
    const raw = await RawClient.to(server.port)
    raw.send(preface.subarray(0, 10))
    raw.socket.end()
    await raw.ended
    await server.first('close')
    expect(server.entries('open')).toHaveLength(1)
    await goesOn()
  })

  it('bytes behind the preface that are no frames end the connection', async () => {
    const raw = await RawClient.to(server.port)
    raw.send(Buffer.concat([preface, Buffer.alloc(400, 0xff)]))
    await raw.toEnd()
    await server.first('close')
    expect(malformed().length).toBeGreaterThan(0)
    await goesOn()
  })

  it('HTTP/1.1 is spoken on the same port', async () => {
    const raw = await RawClient.to(server.port)
    raw.send(requestText('POST /', ['Content-Length: 2', 'Connection: close'], '{}'))
    expect((await raw.toEnd()).text).toMatch(/^HTTP\/1\.1 202 /)
    expect(server.entries('open')[0]?.proto).toBe('h1')
  })
})

describe('floods of HTTP/2', () => {
  /** Sends without reading until the server has had enough, which it enters; then leaves. */
  async function flood(client: RawH2Client, bytes: Buffer): Promise<void> {
    client.socket.pause()
    const enough = server.first('request')
    let isEnough = false
    void enough.then(() => (isEnough = true))
    for (let sent = 0; sent < floodBytesMax && !isEnough; sent += bytes.length) {
      if (!client.socket.write(bytes)) await Promise.race([once(client.socket, 'drain'), enough])
    }
    expect((await enough).malformed).toMatch(/flood|too many/i)
    client.socket.destroy()
    await server.first('close')
    await goesOn()
  }

  const times = (count: number, frame: Buffer): Buffer => Buffer.concat(Array<Buffer>(count).fill(frame))

  it('PING without end', async () => {
    await flood(await RawH2Client.ready(server.port), times(10_000, pingFrame(Buffer.alloc(8))))
  })

  it('SETTINGS without end', async () => {
    await flood(await RawH2Client.ready(server.port), times(10_000, settingsFrame({})))
  })

  it('a header block without end', async () => {
    const client = await RawH2Client.ready(server.port)
    client.send(frameBytes({ type: frameTypes.HEADERS, flags: 0, stream: 1, payload: head }))
    const payload = literalBlock([['x-a', 'a'.repeat(4_000)]])
    await flood(client, frameBytes({ type: frameTypes.CONTINUATION, flags: 0, stream: 1, payload }))
  })

  it('rapid reset: streams that are opened and reset at once', async () => {
    const client = await RawH2Client.ready(server.port)
    for (let stream = 1; stream < 20_000; stream += 2) {
      client.send(headersFrame(stream, head), rstStreamFrame(stream, 8))
    }
    await client.ended
    client.socket.destroy()
    await server.first('close')
    expect([0x2, 0xb]).toContain(client.frames.map(errorCodeOf).find((code) => code !== undefined))
    expect(malformed()).toHaveLength(1)
    expect(server.entries('request').length).toBeLessThan(2_100)
    await goesOn()
  })

  it('a frame longer than allowed ends the connection with FRAME_SIZE_ERROR', async () => {
    const client = await RawH2Client.ready(server.port)
    const payload = Buffer.alloc(20_000)
    client.send(frameBytes({ type: frameTypes.DATA, flags: flags.END_STREAM, stream: 1, payload }))
    expect(await codeOfEnd(client)).toBe(6)
    await goesOn()
  })

  it('a request that breaks the rules resets its stream and is entered', async () => {
    const client = await RawH2Client.ready(server.port)
    const upper = literalBlock([
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', '/'],
      ['X-Upper', 'a'],
    ])
    client.send(headersFrame(1, upper, { end: true }))
    const reset = await client.until(({ type }) => type === frameTypes.RST_STREAM)
    expect([reset.stream, errorCodeOf(reset)]).toEqual([1, 1])
    expect(malformed()).toEqual(['stream 1 reset with 1'])
    client.socket.destroy()
    await goesOn()
  })
})

describe('connections that say nothing', () => {
  /** They live in a thread of their own, so that the server's is not the one that is busy. */
  const source = `
    const { connect } = require('node:net')
    const { parentPort, workerData } = require('node:worker_threads')
    const sockets = []
    let open = 0, over = 0
    const tell = () => { if (open + over === workerData.count) parentPort.postMessage({ open, over }) }
    for (let i = 0; i < workerData.count; i += 1) {
      const socket = connect(workerData.port, '127.0.0.1')
      socket.once('connect', () => { socket.write('P'); open += 1; tell() })
      socket.once('error', () => { over += 1; tell() })
      sockets.push(socket)
    }
    parentPort.on('message', () => { for (const s of sockets) s.destroy(); parentPort.close() })
  `

  it('ten thousand are bounded, and it is told', async () => {
    const worker = new Worker(source, { eval: true, workerData: { port: server.port, count: 10_000 } })
    try {
      await once(worker, 'message')
      worker.postMessage('end')
      await once(worker, 'exit')
      await server.deserted()
      expect(server.failures).toEqual([expect.stringContaining(String(limits.connectionsMax))])
      expect(server.entries('open').length).toBeLessThanOrEqual(10_000)
      const client = await RawH2Client.ready(server.port)
      await client.finished(client.post('{}'))
      client.socket.destroy()
    } finally {
      await worker.terminate()
    }
  }, 60_000)
})

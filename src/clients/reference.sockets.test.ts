/** The reference client on real sockets: connections that are cut, answers that stall, a server that is slow. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ingestClient } from './reference.ts'
import type { IngestClient } from './reference.ts'

interface Request {
  readonly body: string
  readonly key: IncomingHttpHeaders[string]
}

interface Served {
  readonly client: IngestClient
  readonly requests: Request[]
  /** Connections, from the first to the last. */
  readonly connections: Socket[]
}

/** A server that answers the n-th request (from 1) as told, and a client aimed at it that does not dawdle. */
async function served(
  answer: (n: number, response: ServerResponse) => void,
  config: Record<string, unknown> = {},
): Promise<Served> {
  const requests: Request[] = []
  const connections: Socket[] = []
  const listener: RequestListener = (request, response) => {
    void text(request).then((body) => {
      answer(requests.push({ body, key: request.headers['idempotency-key'] }), response)
    })
  }
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.on('connection', (socket) => connections.push(socket))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const client = ingestClient({
    url: `http://127.0.0.1:${port}/`,
    token: 'tk_1',
    config,
    sleep: () => Promise.resolve(),
    warn: () => {},
  })
  return { client, requests, connections }
}

describe('an answer that does not arrive whole', () => {
  const accept = (response: ServerResponse): unknown => response.writeHead(202).end('{}')
  const cut = (response: ServerResponse, end: () => void): void => {
    response.writeHead(202, { 'content-length': '100' })
    response.write('x'.repeat(40), end)
  }

  it.each<[string, (response: ServerResponse) => void]>([
    ['cut by FIN after a 202', (response) => cut(response, () => response.socket?.end())],
    ['cut by RST after a 202', (response) => cut(response, () => response.socket?.resetAndDestroy())],
    ['reset before the answer', (response) => response.socket?.resetAndDestroy()],
    ['closed before the answer', (response) => response.socket?.end()],
    ['stalled before the answer', () => {}],
    ['stalled within the answer', (response) => cut(response, () => {})],
  ])('%s is no answer: the same bytes go out again under the same key', async (_how, fail) => {
    const { client, requests } = await served(
      (n, response) => (n === 1 ? fail(response) : accept(response)),
      {
        'timeout.request_ms': 400,
      },
    )
    await client.add('{"seq":0}')
    expect(await client.close()).toEqual({ delivered: 1, dropped: 0 })
    expect(requests).toHaveLength(2)
    expect(requests[1]).toEqual(requests[0])
  })

  it('is told when it never does', async () => {
    const { client, requests } = await served((_n, response) => response.socket?.resetAndDestroy())
    await client.add('{"seq":0}')
    expect(await client.close()).toEqual({ delivered: 0, dropped: 1 })
    expect(requests).toHaveLength(5)
  })

  it('but refuses by its status is final all the same', async () => {
    const { client, requests } = await served((_n, response) => {
      response.writeHead(400, { 'content-length': '100' })
      response.write('x', () => response.socket?.end())
    })
    await client.add('{"seq":0}')
    expect(await client.close()).toEqual({ delivered: 0, dropped: 1 })
    expect(requests).toHaveLength(1)
  })
})

describe('backpressure', () => {
  it('keeps no more than the batches under way and one being filled', async () => {
    const held: ServerResponse[] = []
    let open = false
    let added = 0
    let arrive: () => void = () => {}
    const arrived = new Promise<void>((resolve) => (arrive = resolve))
    const answer = (n: number, response: ServerResponse): void => {
      if (open) response.end()
      else held.push(response)
      if (n === 2) arrive()
    }
    const { client, requests } = await served(answer, { 'batch.max_events': 10, concurrency: 2 })
    const adding = (async () => {
      for (const line of Array<string>(100).fill('{}')) {
        await client.add(line)
        added += 1
      }
    })()
    await arrived
    expect(added).toBe(29) // two batches are under way; the last record of the third waits for one of them
    expect(requests).toHaveLength(2)
    open = true
    for (const response of held) response.end()
    await adding
    expect(await client.close()).toEqual({ delivered: 100, dropped: 0 })
  })
})

describe('connections', () => {
  it('are kept for the batches that follow', async () => {
    const config = { 'batch.max_events': 1, concurrency: 1 }
    const { client, requests, connections } = await served((_n, response) => response.end(), config)
    for (let n = 0; n < 50; n += 1) await client.add(JSON.stringify({ n }))
    expect(await client.close()).toEqual({ delivered: 50, dropped: 0 })
    expect(requests).toHaveLength(50)
    expect(connections).toHaveLength(1)
  })

  it('are no more than batches under way', async () => {
    const config = { 'batch.max_events': 1, concurrency: 3 }
    const { client, connections } = await served((_n, response) => response.end(), config)
    for (let n = 0; n < 50; n += 1) await client.add(JSON.stringify({ n }))
    expect(await client.close()).toEqual({ delivered: 50, dropped: 0 })
    expect(connections.length).toBeLessThanOrEqual(3)
  })

  it('that the server closed while they were idle are not used again', async () => {
    const { client, requests, connections } = await served((_n, response) => {
      response.end(() => response.socket?.end())
    })
    await client.add('{"seq":0}')
    await client.flush()
    await once(connections[0] as Socket, 'close')
    await client.add('{"seq":1}')
    expect(await client.close()).toEqual({ delivered: 2, dropped: 0 })
    expect(requests.map(({ body }) => body)).toEqual(['{"seq":0}\n', '{"seq":1}\n'])
    expect(connections).toHaveLength(2)
  })

  it.each<[string, (socket: Socket) => unknown]>([
    ['FIN', (socket) => socket.end()],
    ['RST', (socket) => socket.resetAndDestroy()],
  ])('that the server closes by %s as a request comes lose nothing', async (_how, end) => {
    const { client, requests, connections } = await served((n, response) => {
      if (n === 2) end(response.socket as Socket)
      else response.end()
    })
    await client.add('{"seq":0}')
    await client.flush()
    await client.add('{"seq":1}')
    expect(await client.close()).toEqual({ delivered: 2, dropped: 0 })
    expect(requests).toHaveLength(3)
    expect(requests[2]).toEqual(requests[1])
    expect(connections).toHaveLength(2)
  })

  it('may be many, without a warning of a leak', async () => {
    const warnings: Error[] = []
    const warned = (warning: Error): number => warnings.push(warning)
    process.on('warning', warned)
    onTestFinished(() => void process.off('warning', warned))
    const config = { 'batch.max_events': 1, concurrency: 32, 'retry.max_attempts': 40 }
    const { client, connections } = await served((n, response) => {
      if (n > 32) response.end()
      else response.writeHead(503).end()
    }, config)
    for (let n = 0; n < 200; n += 1) await client.add(JSON.stringify({ n }))
    expect(await client.close({ deadlineMs: 60_000 })).toMatchObject({ delivered: 200 })
    expect(connections.length).toBeGreaterThan(10)
    expect(warnings).toEqual([])
  })
})

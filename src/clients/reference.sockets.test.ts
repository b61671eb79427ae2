/** The reference client on real sockets: connections that are cut, answers that stall, a server that is slow. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ingestClient } from './reference.ts'
import type { IngestClient } from './reference.ts'

interface Request {
  readonly body: string
  readonly key: IncomingHttpHeaders[string]
}

/** A server that answers the n-th request (from 1) as told, and a client aimed at it that does not dawdle. */
async function served(
  answer: (n: number, response: ServerResponse) => void,
  config: Record<string, unknown> = {},
): Promise<{ client: IngestClient; requests: Request[] }> {
  const requests: Request[] = []
  const listener: RequestListener = (request, response) => {
    void text(request).then((body) => {
      answer(requests.push({ body, key: request.headers['idempotency-key'] }), response)
    })
  }
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
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
  return { client, requests }
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

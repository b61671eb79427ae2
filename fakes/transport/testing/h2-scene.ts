/** A listener that speaks HTTP/2, and node's own client; new for each test. */
import { connect } from 'node:http2'
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'
import { afterEach, beforeEach } from 'vitest'
import { realClock } from '../../../src/clock.ts'
import type { Exchange } from '../../../src/exchange.ts'
import { listen } from '../listener.ts'
import type { Listening } from '../listener.ts'
import { Witnessed } from './facts.ts'

export interface H2Answer {
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly trailers?: IncomingHttpHeaders
  readonly informed: readonly IncomingHttpHeaders[]
  /** How the stream ended: 0 is well. */
  readonly code: number
}

export class H2Scene {
  arrivals: Witnessed = new Witnessed()
  private current: Listening | undefined
  private readonly clients: ClientHttp2Session[] = []

  constructor() {
    beforeEach(async () => {
      this.arrivals = new Witnessed()
      this.current = await listen({
        host: '127.0.0.1',
        clock: realClock(),
        arrivals: this.arrivals,
        h2: true,
      })
    })
    afterEach(async () => {
      await this.listening.stop()
      for (const client of this.clients.splice(0)) client.destroy()
    })
  }

  get listening(): Listening {
    if (!this.current) throw new Error('the scene begins with the test')
    return this.current
  }

  client(): ClientHttp2Session {
    const made = connect(this.listening.base)
    made.on('error', () => {}) // what a stream says is what is looked at
    this.clients.push(made)
    return made
  }

  /** Has `serve` play once, and awaits it beside the answer. */
  async play(
    serve: (exchange: Exchange) => Promise<unknown>,
    headers: Record<string, string> = {},
    body?: Buffer,
  ): Promise<H2Answer> {
    const served = new Promise<void>((resolve, reject) => {
      this.arrivals.serve = async (exchange) => {
        await serve(exchange).then(() => resolve(), reject)
      }
    })
    const [answer] = await Promise.all([answered(ask(this.client(), headers, body)), served])
    return answer
  }
}

export function ask(
  client: ClientHttp2Session,
  headers: Record<string, string> = {},
  body?: Buffer,
): ClientHttp2Stream {
  const stream = client.request({ ':method': 'POST', ':path': '/in?x=1', ...headers })
  stream.end(body)
  return stream
}

/** All that comes, until the stream is closed. */
export async function answered(stream: ClientHttp2Stream): Promise<H2Answer> {
  let headers: IncomingHttpHeaders = {}
  let trailers: IncomingHttpHeaders | undefined
  const informed: IncomingHttpHeaders[] = []
  const chunks: Buffer[] = []
  stream.on('error', () => {})
  stream.on('headers', (interim: IncomingHttpHeaders) => informed.push(interim))
  stream.on('response', (found: IncomingHttpHeaders) => (headers = found))
  stream.on('trailers', (found: IncomingHttpHeaders) => (trailers = found))
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  await new Promise<void>((resolve) => stream.once('close', () => resolve()))
  return {
    ...{ headers, informed, body: Buffer.concat(chunks), code: stream.rstCode ?? 0 },
    ...(trailers ? { trailers } : {}),
  }
}

/** HTTP/1.1 on a loopback socket. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import { TailraceError } from '../../src/errors.ts'
import { limits } from '../../src/limits.ts'
import { H1Server } from './h1-server.ts'
import type { H1Options } from './h1-server.ts'

export interface ListenOptions extends H1Options {
  readonly host: string
  /** A free one between `limits.portFirst` and `limits.portLast` when absent. */
  readonly port?: number
  /** Only the port is found out; the listener opens when it is told to. */
  readonly shut?: boolean
}

export interface Listening {
  readonly host: string
  readonly port: number
  /** Origin: scheme, host and port. */
  readonly base: string
  /** Open connections. */
  connections(): number
  /** Closes the listener and leaves the connections. */
  shut(): void
  /** Opens it again on the same port; rejects when another has taken that. */
  open(): Promise<void>
  /** Ends every connection that is left, and the listener. */
  stop(): Promise<void>
}

export async function listenH1(options: ListenOptions): Promise<Listening> {
  const { host } = options
  const server = new H1Server(options)
  const port = await listen(server.http, host, options.port === undefined ? candidates() : [options.port])
  if (options.shut) shut()
  const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  return {
    host,
    port,
    base: `http://${authority}`,
    connections: () => server.connections(),
    shut,
    open: async () => {
      await listen(server.http, host, [port])
      kept.delete(port)
    },
    stop: async () => {
      kept.delete(port)
      await server.stop()
    },
  }

  function shut(): void {
    kept.add(port)
    server.shut()
  }
}

let listeners = 0
/** Ports of listeners that are shut for a while. */
const kept = new Set<number>()

/** Every port of ours once, from a place that differs between processes and between listeners. */
function* candidates(): Generator<number> {
  const span = limits.portLast - limits.portFirst + 1
  const start = process.pid * 31 + listeners++
  for (let i = 0; i < span; i += 1) {
    const port = limits.portFirst + ((start + i) % span)
    if (!kept.has(port)) yield port
  }
}

async function listen(server: Server, host: string, ports: Iterable<number>): Promise<number> {
  let got = 'no port to try'
  for (const port of ports) {
    try {
      server.listen({ host, port, exclusive: true })
      await once(server, 'listening')
      return portOf(server)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      got = message
      if (code !== 'EADDRINUSE') break
    }
  }
  throw new TailraceError('usage', 'cannot listen', [{ at: host, expected: 'a free port', got }])
}

/** The port that was given, or that the system chose where it was 0. */
function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

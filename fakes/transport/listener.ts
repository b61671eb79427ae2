/** The reception on a loopback socket: one listener for whatever is spoken. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { TailraceError } from '../../src/errors.ts'
import { limits } from '../../src/limits.ts'
import { Reception } from './reception.ts'
import type { ReceptionOptions } from './reception.ts'

export interface ListenOptions extends ReceptionOptions {
  readonly host: string
  /** `limits.connectionsMax` when absent. */
  readonly connectionsMax?: number
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

export async function listen(options: ListenOptions): Promise<Listening> {
  const { host, arrivals, connectionsMax = limits.connectionsMax } = options
  const reception = new Reception(options)
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => reception.take(socket))
  server.maxConnections = connectionsMax
  server.on('drop', () => arrivals.dropped(connectionsMax))
  const port = await bind(server, host, options.port === undefined ? candidates() : [options.port])
  if (options.shut) shut()
  const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  return {
    host,
    port,
    base: `${options.secure ? 'https' : 'http'}://${authority}`,
    connections: () => reception.size,
    shut,
    open: async () => {
      await bind(server, host, [port])
      kept.delete(port)
    },
    stop: async () => {
      kept.delete(port)
      const closed = server.listening && new Promise<void>((resolve) => server.close(() => resolve()))
      await reception.stop()
      await closed
    },
  }

  function shut(): void {
    kept.add(port)
    server.close()
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

async function bind(server: Server, host: string, ports: Iterable<number>): Promise<number> {
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

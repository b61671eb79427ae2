/**
 * HTTP/1.1 without a network: undici's own client on one end of a pair of streams, the same server as on a
 * socket at the other. Only the socket is ours, so a client meets the very bytes and errors it would meet on
 * loopback, without ports and in virtual time.
 */
import type { Socket } from 'node:net'
import { Agent } from 'undici'
import type { Dispatcher } from 'undici'
import { limits } from '../../src/limits.ts'
import { MemorySocket, socketError } from './memory-socket.ts'
import { timeouts } from './memory-timeouts.ts'
import { Reception } from './reception.ts'
import type { ReceptionOptions } from './reception.ts'

export interface MemoryOptions extends Pick<ReceptionOptions, 'clock' | 'arrivals' | 'h2'> {
  /** The only host there is. */
  readonly host?: string
  /** How many connections the client opens at most. */
  readonly connections?: number
  /** Refuses connections until it is opened. */
  readonly shut?: boolean
}

export interface MemoryTransport {
  /** Origin to be asked for. */
  readonly base: string
  /** To be given as `dispatcher` to undici's `request` or `fetch`. */
  readonly dispatcher: Dispatcher
  /** A connection for a client that speaks for itself. Throws as a socket fails: ECONNREFUSED. */
  connect(): MemorySocket
  /** Open connections. */
  connections(): number
  /** Refuses new connections and leaves those that are open. */
  shut(): void
  /** Takes them again. */
  open(): Promise<void>
  /** Ends every connection that is left; new ones are refused. */
  stop(): Promise<void>
}

/** Idle connections stay: nothing on this side but the clock ends anything. The most that a timer can hold. */
const idleMs = 2 ** 31 - 1

export function memoryTransport(options: MemoryOptions): MemoryTransport {
  const { host = 'memory.invalid', clock } = options // RFC 2606 §2: resolves nowhere
  const reception = new Reception(options)
  let stopped = false
  let isShut = options.shut ?? false

  function connect(hostname: string): MemorySocket | Error {
    if (hostname !== host) return socketError('getaddrinfo', 'ENOTFOUND')
    if (stopped || isShut) return socketError('connect', 'ECONNREFUSED')
    const [near, far] = MemorySocket.pair()
    reception.take(far)
    return near
  }

  const agent = new Agent({
    connections: options.connections ?? limits.connectionsMax,
    keepAliveTimeout: idleMs,
    keepAliveMaxTimeout: idleMs,
    // A connection takes a turn, as on a network; undici counts on it.
    connect: ({ hostname }, callback) =>
      process.nextTick(() => {
        const made = connect(hostname)
        if (made instanceof Error) callback(made, null)
        else callback(null, made as unknown as Socket) // undici uses no more of it than a Duplex has
      }),
  })

  return {
    base: `http://${host}`,
    dispatcher: agent.compose(timeouts(clock)),
    connect: () => {
      const made = connect(host)
      if (made instanceof Error) throw made
      return made
    },
    connections: () => reception.size,
    shut: () => {
      isShut = true
    },
    open: () => {
      isShut = false
      return Promise.resolve()
    },
    stop: async () => {
      stopped = true
      await reception.stop()
    },
  }
}

/**
 * Sockets of node:net, and with them those of node:tls, node:http, node:http2 and undici: all of them connect by one
 * method, which is replaced.
 */
import { Socket } from 'node:net'
import { isLoopback, passes, strayError } from './passage.ts'
import type { Target } from './passage.ts'

/** Refuses what does not pass, and says so to `refused`, until what is returned is called. */
export function closeSockets(allowed: readonly string[], refused: (target: Target) => void): () => void {
  const { prototype } = Socket
  const before = Object.getOwnPropertyDescriptor(prototype, 'connect')
  const connect = Reflect.get(prototype, 'connect') as (this: Socket, ...args: unknown[]) => Socket
  let released = false
  const guarded = function (this: Socket, ...args: unknown[]): Socket {
    const target = released ? undefined : targetOf(args)
    if (!target) return connect.apply(this, args)
    const stray = (found: Target): void => {
      refused(found)
      process.nextTick(() => this.destroy(strayError(found)))
    }
    if (!passes(target, allowed)) {
      stray(target)
      return this
    }
    if (!isLoopback(target.host)) return connect.apply(this, args)
    // A name of loopback that a lookup of the client's own leads elsewhere.
    this.on('lookup', (_error: Error | null, address: string | undefined) => {
      if (address === undefined || isLoopback(address)) return
      const found = { ...target, host: address }
      refused(found)
      this.destroy(strayError(found))
    })
    return connect.apply(this, args)
  }
  Object.defineProperty(prototype, 'connect', { ...before, value: guarded })
  return () => {
    released = true // another may have put a method of its own before this one
    if (Reflect.get(prototype, 'connect') === guarded && before)
      Object.defineProperty(prototype, 'connect', before)
  }
}

/** Where `connect` is to lead; undefined for a socket of the file system. node hands over its own form as an array. */
function targetOf(args: readonly unknown[]): Target | undefined {
  const [first, second] = Array.isArray(args[0]) ? (args[0] as unknown[]) : args
  if (typeof first === 'object' && first !== null) {
    const { path, host, port } = first as { path?: unknown; host?: unknown; port?: unknown }
    if (typeof path === 'string') return undefined
    return at(host, port)
  }
  const isPort = typeof first === 'number' || (typeof first === 'string' && /^\d+$/.test(first))
  return isPort ? at(second, first) : undefined
}

function at(host: unknown, port: unknown): Target {
  return { host: typeof host === 'string' && host !== '' ? host : 'localhost', port: Number(port) }
}

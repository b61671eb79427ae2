/** The reference server in memory. Apart from the other, as what its clients go through takes its time to load. */
import { endpoint, Fake } from './server.ts'
import type { ServerOptions, SteeredEndpoint } from './server.ts'
import { memoryTransport } from './transport/memory.ts'
import type { MemoryTransport } from './transport/memory.ts'

/** Its clients go through `transport.dispatcher`. */
export function serveMemory(
  options: ServerOptions,
): SteeredEndpoint & { readonly transport: MemoryTransport } {
  const fake = new Fake(options)
  const { fromStart: shut } = fake.refusals
  const { clock, h2 = false } = options
  const transport = memoryTransport({ clock, arrivals: fake, shut, h2 })
  return { ...endpoint(fake, transport), transport }
}

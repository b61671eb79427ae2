/**
 * A case in virtual time: the reference server in memory, a client in this process, and a clock that jumps from timer
 * to timer. The bytes are HTTP/1.1 all the same, through the same parser, gate and ledger.
 */
import { serveMemory } from '../../fakes/server-memory.ts'
import type { MemoryTransport } from '../../fakes/transport/memory.ts'
import { HandClock } from '../clock.ts'
import { inProcessDriver } from '../drivers/in-process.ts'
import type { Given } from '../drivers/in-process.ts'
import { profiles } from '../profile.ts'
import type { Profile } from '../profile.ts'
import { runCase } from '../run.ts'
import type { CaseRun } from '../run.ts'
import type { Case } from '../scenario.ts'

/** A client that sends through undici. */
export type SimulatedClient = (given: Given & Pick<MemoryTransport, 'dispatcher'>) => Promise<number>

export interface Simulation {
  readonly seed?: string
  readonly protocol?: string
  readonly profile?: Profile
  /** Knobs that the client honours. */
  readonly knobs?: readonly string[]
}

/** Runs one case; the same seed gives the same run. */
export async function simulate(c: Case, client: SimulatedClient, given: Simulation = {}): Promise<CaseRun> {
  const clock = new HandClock()
  const protocol = given.protocol ?? 'generic'
  let transport: MemoryTransport | undefined
  const driver = inProcessDriver({
    name: client.name,
    ingest: (it) => client({ ...it, dispatcher: (transport as MemoryTransport).dispatcher }),
  })
  const running = runCase(
    c,
    {
      endpoint: (options) => {
        const endpoint = serveMemory(options)
        transport = endpoint.transport
        return Promise.resolve(endpoint)
      },
      driver,
      protocol,
      profile: given.profile ?? (profiles[protocol] as Profile),
      seed: given.seed ?? '1',
      host: 'memory.invalid',
      knobs: given.knobs ?? [],
      clock,
      virtual: true,
      tool: 'tailrace in virtual time',
    },
    { dir: '' },
  )
  return clock.until(running)
}

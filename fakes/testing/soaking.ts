/** Servers under a plan, all kinds of clients at them, and what is wrong when all is over. */
import { realClock, within } from '../../src/clock.ts'
import { Ledger } from '../../src/ledger.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { serveAt } from '../server.ts'
import { Leftovers } from './leftovers.ts'
import { ledgerProblems } from './ledger-problems.ts'
import { optionsFor } from './serving.ts'
import { nodeHttp, nodeHttp2, rawSocket, silentSocket, undiciClient } from './soak-clients.ts'
import type { Quarry, SoakClient } from './soak-clients.ts'

const servers: readonly { readonly tls: boolean; readonly h2: boolean; readonly clients: SoakClient[] }[] = [
  { tls: false, h2: false, clients: [nodeHttp, undiciClient, rawSocket, rawSocket] },
  { tls: false, h2: true, clients: [nodeHttp2, nodeHttp2, rawSocket, silentSocket] },
  { tls: true, h2: true, clients: [nodeHttp, undiciClient, nodeHttp2, rawSocket] },
]

/** After all that a plan holds has been let go. */
const settleMs = 5_000

export class Soak {
  /** Requests that were entered. */
  exchanges = 0
  /** What nobody has caught. */
  private readonly mishaps: unknown[] = []
  private readonly note = (what: unknown): void => void this.mishaps.push(what)

  begin(): void {
    process.on('unhandledRejection', this.note).on('uncaughtException', this.note)
  }

  end(): void {
    process.off('unhandledRejection', this.note).off('uncaughtException', this.note)
  }

  /** Everything that is wrong about each server under this plan; empty where nothing is. `turn`: what is asked. */
  async under(plan: Plan, turn: number): Promise<string[]> {
    const leftovers = new Leftovers()
    const found = await Promise.all(servers.map((server) => this.soak(plan, turn, server)))
    const left = await leftovers.found()
    const mishaps = this.mishaps.splice(0).map((what) => (what instanceof Error ? what.stack : String(what)))
    return [
      ...found.flat(),
      ...left.map((what) => `left: ${what}`),
      ...mishaps.map((what) => `mishap: ${what}`),
    ]
  }

  private async soak(plan: Plan, turn: number, server: (typeof servers)[number]): Promise<string[]> {
    const clock = realClock()
    const options = optionsFor([], clock)
    const ledger = new Ledger(clock)
    const { tls, h2 } = server
    const endpoint = await serveAt({ ...options, plan, ledger, tls, h2, frames: true })
    const { base, steering, failures, authority } = endpoint
    const quarry: Quarry = {
      ...{ base, port: Number(new URL(base).port), h2 },
      ...(authority === undefined ? {} : { authority }),
    }
    for (const { id, when } of plan.rules) if (when?.fire) steering.fire({ rule: id, times: 2 })
    if (turn % 2 === 0) steering.set('on')
    const inTime = (work: Promise<unknown>): Promise<boolean> =>
      within(
        clock,
        settleMs,
        work.then(() => true),
        false,
      )
    const haveLeft = await Promise.all(server.clients.map((client, i) => inTime(client(quarry, turn + i))))
    endpoint.heal()
    const isOver = await inTime(endpoint.deserted())
    const hasStopped = await inTime(endpoint.stop())
    this.exchanges += ledger.entries.filter(({ kind }) => kind === 'request').length
    return [
      ...server.clients.filter((_, i) => !haveLeft[i]).map(({ name }) => `${name} does not leave`),
      ...(hasStopped ? [] : ['does not stop']),
      ...(isOver ? [] : ['its connections stay when all clients have left']),
      ...failures.filter((failure) => !isTaken(failure, plan)).map((failure) => `fails: ${failure}`),
      ...ledgerProblems(ledger.entries),
    ].map((what) => `${tls ? 'tls' : h2 ? 'h2c' : 'h1'}: ${what}`)
  }
}

/** A door that is shut has no hold on its port: another process may have it when it is to open, and that is said. */
function isTaken(failure: string, { rules }: Plan): boolean {
  const shuts = rules.some(({ on, fault }) => on === 'accept' && fault !== undefined)
  return shuts && failure.includes('EADDRINUSE')
}

/** A server with a plan in memory, on a clock wound by hand, for tests. */
import { request } from 'undici'
import { HandClock } from '../../src/clock.ts'
import type { EntryKind, EntryOf } from '../../src/entry.ts'
import type { Ledger } from '../../src/ledger.ts'
import type { Plan, Rule } from '../../src/plan/plan.ts'
import { serveMemory } from '../server-memory.ts'
import { entriesOf, ndjson, optionsFor } from './serving.ts'

/** What a client saw of one request. */
export interface Seen {
  readonly status: number | 'cut'
  readonly text: string
  /** Milliseconds of the clock when the answer was whole or the connection lost. */
  readonly atMs: number
}

export interface InMemory extends ReturnType<typeof serveMemory> {
  readonly clock: HandClock
  readonly ledger: Ledger
  entries<K extends EntryKind>(kind: K): EntryOf<K>[]
  /** Sends the records 0.from to 0.to once. */
  post(from: number, to?: number): Promise<Seen>
}

/** Under rules with a seed, or under a plan as it is. */
export function inMemory(planned: readonly Rule[] | Plan, seed = '1'): InMemory {
  const clock = new HandClock()
  const options = optionsFor('rules' in planned ? [] : planned, clock)
  const { ledger } = options
  const plan = 'rules' in planned ? planned : { ...options.plan, seed }
  const endpoint = serveMemory({ ...options, plan })
  const { dispatcher } = endpoint.transport

  async function post(from: number, to: number = from): Promise<Seen> {
    const at = (): number => clock.now() / 1e6
    try {
      const answer = await request(endpoint.url, { dispatcher, method: 'POST', body: ndjson(from, to) })
      const text = await answer.body.text()
      return { status: answer.statusCode, text, atMs: at() }
    } catch {
      return { status: 'cut', text: '', atMs: at() }
    }
  }

  return Object.assign(endpoint, {
    clock,
    ledger,
    entries: <K extends EntryKind>(kind: K) => entriesOf(ledger.entries, kind),
    post,
  })
}

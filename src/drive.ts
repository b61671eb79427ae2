/**
 * The clients of one case: started together or in turn, each a producer of its own, and stopped in the middle where
 * the plan says so.
 */
import { setMaxListeners } from 'node:events'
import { join } from 'node:path'
import type { Clock, Timer } from './clock.ts'
import type { Drive, Driven, Driver, Kill } from './driver.ts'
import type { Fault, FaultOf } from './fault.ts'
import type { Ledger } from './ledger.ts'
import type { IdRange } from './record.ts'
import type { Case } from './scenario.ts'

/** What every client of a case has in common. */
export type Common = Omit<Drive, 'ids' | 'client' | 'control' | 'kill'>

export interface Drivers {
  readonly driver: Driver
  /** A client of ours, for cases that measure against one. */
  readonly metronome?: Driver
}

/** What is offered to each client: its own producer, sequences from 0. */
export function offeredIds({ clients, records }: Case): IdRange[][] {
  return (clients?.records ?? [records]).map((count, producer) => rangesFrom(producer, count))
}

function rangesFrom(producer: number, count: number): IdRange[] {
  return count > 0 ? [[producer, 0, count - 1]] : []
}

/** Resolves when all have ended; to how the first did that did not end by itself, else to the first. */
export async function driveClients(c: Case, drivers: Drivers, common: Common): Promise<Driven> {
  const offers = offeredIds(c)
  // Each client listens for the end of the case; beyond ten Node would warn of a leak.
  if (common.signal) setMaxListeners(offers.length + 10, common.signal)
  const kill: Kill = { send: undefined }
  const killing = stopAsPlanned(c, common, kill)
  const one = (ids: IdRange[], client: number): Promise<Driven> =>
    drivers.driver.drive(
      c.clients
        ? { ...common, env: { ...common.env, ...dirOf(c, common, client) }, ids, client, kill }
        : { ...common, ids, kill },
    )
  const control = controlled(c, drivers, common, offers.length)
  try {
    const driven =
      c.clients?.how === 'together' ? await Promise.all(offers.map(one)) : await inTurn(offers, one)
    return driven.find(({ ended }) => ended !== 'exit') ?? (driven[0] as Driven)
  } finally {
    killing.cancel()
    await control
  }
}

async function inTurn(
  offers: readonly IdRange[][],
  one: (ids: IdRange[], client: number) => Promise<Driven>,
): Promise<Driven[]> {
  const all: Driven[] = []
  for (const [client, ids] of offers.entries()) {
    const driven = await one(ids, client)
    all.push(driven)
    // Those behind one that hangs or cannot start would tell nothing more; one that was killed may have left work.
    if (driven.ended === 'stuck' || driven.ended === 'not-started') break
  }
  return all
}

/** Clients in turn find what the one before them left; those that run together must not. */
function dirOf({ clients }: Case, { env }: Common, client: number): Record<string, string> {
  return clients?.how === 'together' ? { TAILRACE_DIR: join(env['TAILRACE_DIR'] ?? '', String(client)) } : {}
}

async function controlled(
  { clients }: Case,
  { metronome }: Drivers,
  common: Common,
  client: number,
): Promise<void> {
  if (clients?.control === undefined || !metronome) return
  await metronome.drive({ ...common, ids: rangesFrom(client, clients.control), client, control: true })
}

/** Performs `client_stop`: when so many requests have been seen, or so much time has passed. */
function stopAsPlanned(c: Case, { ledger, clock }: Common, kill: Kill): Timer {
  const timers = c.faults.flatMap(({ id, fault }) => {
    return isStop(fault) ? [stopOnce(id, fault, ledger, clock, kill)] : []
  })
  return { cancel: () => timers.forEach((timer) => timer.cancel()) }
}

function isStop(fault: Fault | undefined): fault is FaultOf<'client_stop'> {
  return fault?.type === 'client_stop'
}

function stopOnce(
  rule: string,
  fault: FaultOf<'client_stop'>,
  ledger: Ledger,
  clock: Clock,
  kill: Kill,
): Timer {
  let over = false
  const strike = (): void => {
    if (over) return
    over = true
    const planned = { point: 'client', ...fault }
    const emitted = kill.send ? planned : { point: 'client', type: 'none', why: 'gone' }
    ledger.write({ kind: 'fault', rule, planned, emitted })
    kill.send?.(fault.how === 'sigkill' ? 'SIGKILL' : 'SIGTERM')
  }
  const { after_ms, after_requests } = fault
  const timer = after_ms === undefined ? undefined : clock.after(after_ms, strike)
  if (after_requests !== undefined) {
    let seen = 0
    const enough = ledger.until((entry) => {
      if (entry.kind === 'request' && entry.ids.length > 0) seen += 1
      return seen >= after_requests
    })
    void enough.then(strike)
  }
  return {
    cancel: () => {
      over = true
      timer?.cancel()
    },
  }
}

/**
 * The ledger of a server that runs until it is ended: entries go to a file or nowhere, and none is kept, so that
 * days of traffic take no memory. It is a whole ledger of a run without checks: nothing was offered, so there is
 * nothing to be judged by, and `tailrace check` says n/a.
 */
import { watchLateness } from '../../clock.ts'
import type { Clock } from '../../clock.ts'
import type { Entry, EntryBody, PhaseName } from '../../entry.ts'
import { enterInto, Ledger } from '../../ledger.ts'
import type { Sink } from '../../ledger.ts'
import type { Plan } from '../../plan/plan.ts'
import type { Profile } from '../../profile.ts'

export class PassingLedger extends Ledger {
  private readonly at: Clock
  private readonly to: Sink | undefined
  private written = 0

  constructor(clock: Clock, sink?: Sink) {
    super(clock, sink)
    this.at = clock
    this.to = sink
  }

  override write(body: EntryBody, t: number = this.at.now()): Entry {
    const n = this.written++
    if (this.to) enterInto(this.to, n, t, body)
    return { n, t, ...body }
  }

  /** Nothing is kept, so nothing can be waited for. */
  override until(): Promise<never> {
    return Promise.reject(new Error('this ledger keeps no entries'))
  }
}

/** The name under which records of a served run have their nonce. */
export const servedCase = 'serve'

export interface ServedRun {
  readonly protocol: string
  readonly profile: Profile
  readonly seed: string
  readonly plan: Plan
  readonly tool: string
}

/** Enters the beginning. The function that it returns enters the end. */
export function beginRun(ledger: Ledger, { protocol, profile, seed, plan, tool }: ServedRun): () => void {
  const phase = (name: PhaseName): void => void ledger.write({ kind: 'phase', name })
  ledger.write({
    kind: 'run',
    case: servedCase,
    title: 'A server that was left to itself.',
    mode: 'ingest',
    level: 'MAY',
    source: 'tailrace serve',
    suite: 1,
    seed,
    protocol,
    rung: 'none',
    profile,
    knobs: [],
    can: [],
    checks: [],
    plan,
    tool,
    schema: 1,
  })
  phase('start')
  phase('drive')
  const watch = watchLateness()
  return () => {
    ledger.write({ kind: 'lateness', ...watch.stop() })
    for (const name of ['heal', 'settle', 'check', 'stop'] as const) phase(name)
  }
}

/**
 * Faults of the listener: closed for a while, so that connections are refused. It strikes once, `from_s` after the
 * run began, or from its very start; whoever is connected stays so.
 */
import { sleep } from '../../src/clock.ts'
import type { Clock } from '../../src/clock.ts'
import { messageOf } from '../../src/errors.ts'
import type { FaultOf } from '../../src/fault.ts'
import type { Ledger } from '../../src/ledger.ts'
import type { Plan } from '../../src/plan/plan.ts'

/** A listener that can be closed and opened again. */
export interface Door {
  shut(): void
  open(): Promise<void>
}

export interface RefusalOptions {
  readonly plan: Plan
  readonly ledger: Ledger
  readonly clock: Clock
  /** Aborts when the faults are healed: what is closed then opens. */
  readonly healed: AbortSignal
  /** The port could not be had again. */
  failed(why: string): void
}

interface Refusal {
  readonly rule: string
  readonly fault: FaultOf<'connection_refused'>
  readonly fromS: number
}

export class Refusals {
  private readonly options: RefusalOptions
  private readonly planned: readonly Refusal[]
  private readonly stopping = new AbortController()
  /** Refusals under way; the door is open when there are none. */
  private closed = 0
  private runs: readonly Promise<void>[] = []

  constructor(options: RefusalOptions) {
    this.options = options
    this.planned = refusalsOf(options.plan)
  }

  /** Whether the door is to be shut before anybody can come. */
  get fromStart(): boolean {
    return this.planned.some(({ fromS }) => fromS === 0)
  }

  /** `door` is shut already where that is so from the start. */
  begin(door: Door): void {
    this.runs = this.planned.map((refusal) =>
      connection_refused(refusal, this.options, this.signal, () => this.hold(door)),
    )
  }

  /** Nothing is opened any more when this resolves. */
  async stop(): Promise<void> {
    this.stopping.abort()
    await Promise.all(this.runs)
  }

  private get signal(): AbortSignal {
    return AbortSignal.any([this.options.healed, this.stopping.signal])
  }

  /** Shuts the door until what is returned is called. */
  private hold(door: Door): () => Promise<void> {
    if (this.closed === 0) door.shut()
    this.closed += 1
    return async () => {
      this.closed -= 1
      if (this.closed > 0 || this.stopping.signal.aborted) return
      await door.open().catch((error: unknown) => this.options.failed(messageOf(error)))
    }
  }
}

/** Waits for its time, holds the door, and lets it go when the time is over or `signal` aborts. */
export async function connection_refused(
  { rule, fault, fromS }: Refusal,
  { ledger, clock }: Pick<RefusalOptions, 'ledger' | 'clock'>,
  signal: AbortSignal,
  hold: () => () => Promise<void>,
): Promise<void> {
  if (fromS > 0) await sleep(clock, Math.max(0, fromS * 1000 - clock.now() / 1e6), signal)
  if (signal.aborted) return
  const release = hold()
  const struck = { point: 'accept', ...fault }
  ledger.write({ kind: 'fault', rule, planned: struck, emitted: struck })
  await sleep(clock, fault.for_ms, signal)
  await release()
}

function refusalsOf({ rules, quiet }: Plan): Refusal[] {
  return rules.flatMap(({ id, fault, when }) => {
    const fromS = when?.from_s ?? 0
    const isQuiet = quiet !== undefined && fromS >= quiet.after_s
    return fault?.type === 'connection_refused' && !isQuiet ? [{ rule: id, fault, fromS }] : []
  })
}

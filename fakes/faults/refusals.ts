/**
 * Faults of the listener: closed for a while, so that connections are refused, or replaced by one that accepts nobody.
 * Each strikes once, `from_s` after the run began, or from its very start; whoever is connected stays so.
 */
import { sleep } from '../../src/clock.ts'
import type { Clock } from '../../src/clock.ts'
import type { EntryOf } from '../../src/entry.ts'
import { messageOf } from '../../src/errors.ts'
import type { FaultOf } from '../../src/fault.ts'
import type { Ledger } from '../../src/ledger.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { backlog_full, slow_accept } from './backlog.ts'
import type { Done } from './strike.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

/** A listener that can be closed and opened again. */
export interface Door {
  /** Where it stands; absent where no system makes the connections. */
  readonly host?: string
  readonly port?: number
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

/** What a fault has put in the place of the listener. */
export interface Standing {
  /** Nanoseconds of the clock when it began. */
  readonly since: number
  /** It does not do what it should. */
  readonly why?: string
  /** The place is free when this resolves. */
  readonly leave: () => Promise<void>
}

/** Closes the listener by `shut`, and puts in its place what the fault says. */
export type DoorPerformer = (at: Address, shut: () => void, clock: Clock) => Promise<Standing>

type RefusalName = 'connection_refused' | 'slow_accept' | 'backlog_full'

interface Refusal {
  readonly rule: string
  readonly fault: FaultOf<RefusalName>
  readonly fromS: number
}

/** Nothing stands in the place of a listener that is closed. */
const connection_refused: DoorPerformer = (_, shut, clock) => {
  shut()
  return Promise.resolve({ since: clock.now(), leave: () => Promise.resolve() })
}

/** Faults that strike the listener. */
export const listenerPerformers: { readonly [N in RefusalName]: DoorPerformer } = {
  connection_refused,
  slow_accept,
  backlog_full,
}

export class Refusals {
  private readonly options: RefusalOptions
  private readonly planned: readonly Refusal[]
  private readonly stopping = new AbortController()
  /** Under way; the door is open when there are none. */
  private readonly under = new Set<Refusal>()
  private runs: readonly Promise<void>[] = []
  private starts: readonly Promise<void>[] = []

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
    const begun = this.planned.map((refusal) => {
      let tell = (): void => {}
      const start = new Promise<void>((resolve) => (tell = resolve))
      const run = this.run(door, refusal, tell)
        .catch((error: unknown) => this.options.failed(messageOf(error)))
        .finally(tell)
      return { start: refusal.fromS > 0 ? Promise.resolve() : start, run }
    })
    this.runs = begun.map(({ run }) => run)
    this.starts = begun.map(({ start }) => start)
  }

  /** Resolves when what is planned from the very start has struck: nobody is to come before. */
  async ready(): Promise<void> {
    await Promise.all(this.starts)
  }

  /** Nothing is opened any more when this resolves. */
  async stop(): Promise<void> {
    this.stopping.abort()
    await Promise.all(this.runs)
  }

  /** Waits for its time, holds the door, and lets it go when that is over or the faults are. */
  private async run(door: Door, refusal: Refusal, struck: () => void): Promise<void> {
    const { clock, healed } = this.options
    const signal = AbortSignal.any([healed, this.stopping.signal])
    const { fault, fromS } = refusal
    if (fromS > 0) await sleep(clock, Math.max(0, fromS * 1000 - clock.now() / 1e6), signal)
    if (signal.aborted) return
    const why = this.obstacle(door, fault.type)
    if (why === undefined) await this.hold(door, refusal, struck, signal)
    else this.enter(refusal, { type: 'none', why })
    if (this.under.size === 0 && !this.stopping.signal.aborted) await door.open()
  }

  private async hold(door: Door, refusal: Refusal, struck: () => void, signal: AbortSignal): Promise<void> {
    const { clock } = this.options
    const { fault } = refusal
    const { host = '', port = 0 } = door
    const isFirst = this.under.size === 0
    this.under.add(refusal)
    try {
      const shut = (): void => (isFirst ? door.shut() : undefined)
      const { since, why, leave } = await listenerPerformers[fault.type]({ host, port }, shut, clock)
      this.enter(refusal, why === undefined ? fault : { type: 'none', why }, since)
      struck()
      const leftMs = fault.for_ms - (clock.now() - since) / 1e6
      if (why === undefined) await sleep(clock, Math.max(0, leftMs), signal)
      await leave()
    } finally {
      this.under.delete(refusal)
    }
  }

  /** Windows in which the door is closed may overlap; what stands in its place stands there alone. */
  private obstacle({ port }: Door, name: RefusalName): string | undefined {
    const closes = name === 'connection_refused'
    if (!closes && port === undefined) return 'unsupported'
    const beside = [...this.under].some(({ fault }) => !closes || fault.type !== 'connection_refused')
    return beside ? 'another fault holds the listener' : undefined
  }

  private enter({ rule, fault }: Refusal, deed: Done, t?: number): void {
    const emitted = { point: 'accept', ...deed } as EntryOf<'fault'>['emitted']
    this.options.ledger.write({ kind: 'fault', rule, planned: { point: 'accept', ...fault }, emitted }, t)
  }
}

function refusalsOf({ rules, quiet }: Plan): Refusal[] {
  return rules.flatMap(({ id, fault, when }) => {
    const fromS = when?.from_s ?? 0
    const isQuiet = quiet !== undefined && fromS >= quiet.after_s
    return fault && isRefusal(fault) && !isQuiet ? [{ rule: id, fault, fromS }] : []
  })
}

function isRefusal(fault: { readonly type: string }): fault is FaultOf<RefusalName> {
  return fault.type in listenerPerformers
}

/**
 * The gate asks the plan as it stands for a decision, and enters what was planned beside what was emitted. What it
 * decides of an exchange is performed in `gated-exchange.ts`; of an idle connection in `idling.ts`.
 */
import { setMaxListeners } from 'node:events'
import type { Clock } from '../src/clock.ts'
import type { EntryOf } from '../src/entry.ts'
import type { Connection } from '../src/exchange.ts'
import { shownPoint } from '../src/fault.ts'
import type { Ledger } from '../src/ledger.ts'
import { limits } from '../src/limits.ts'
import type { Decision, Subject } from '../src/plan/decide.ts'
import type { Generation } from '../src/plan/generation.ts'
import type { Answer } from './answer.ts'
import type { Done } from './faults/strike.ts'
import { Shaping } from './shaping.ts'
import type { Shaper } from './shaping.ts'
import type { Steering } from './steering.ts'

export interface GateOptions {
  steering: Steering
  ledger: Ledger
  clock: Clock
  errorAnswer: (status: number) => Answer
  /** The first record token in a part of a body, as `0.42`. */
  firstToken: (bytes: Uint8Array) => string | undefined
}

export class Gate {
  readonly options: GateOptions
  readonly shaping: Shaping
  private readonly healing = new AbortController()
  /** Requests that each connection has carried. */
  private readonly turns = new WeakMap<Connection, number>()
  /** How often a body that begins by a record has come to a point, by both. */
  private readonly visits = new Map<string, number>()
  /** Connections under a plan that shapes: their number, and the rules entered for them; by ordinal. */
  private readonly shaped = new Map<number, { readonly conn: number; readonly rules: Set<string> }>()

  constructor(options: GateOptions) {
    // Every exchange that a fault holds waits for it; beyond ten Node would warn of a leak.
    setMaxListeners(limits.connectionsMax, this.healing.signal)
    this.options = options
    this.shaping = new Shaping({
      clock: options.clock,
      healed: this.healed,
      seed: () => this.current.plan.seed,
      shapersOf: (ordinal) => this.shapersOf(ordinal),
    })
  }

  /** What decides for what begins now. */
  get current(): Generation {
    return this.options.steering.current
  }

  get healed(): AbortSignal {
    return this.healing.signal
  }

  /** Ends the rules still alive and lets go what they hold. */
  heal(): void {
    this.healing.abort()
  }

  /** Enters the shapers of a new connection. */
  opened(conn: number, ordinal: number): void {
    this.shaped.set(ordinal, { conn, rules: new Set() })
    this.shapersOf(ordinal)
  }

  closed(ordinal: number): void {
    this.shaped.delete(ordinal)
  }

  /** The shapers that hold now. One that comes later than its connection is entered when it is first asked for. */
  private shapersOf(ordinal: number): readonly Shaper[] {
    if (this.healed.aborted) return []
    const all = this.current.shapers(ordinal, this.atS()) as readonly Shaper[]
    const entered = this.shaped.get(ordinal)
    if (!entered || all.every(({ rule }) => entered.rules.has(rule))) return all
    for (const { rule, fault } of all.filter((shaper) => !entered.rules.has(shaper.rule))) {
      const struck = { point: 'accept', ...fault }
      const where = { conn: entered.conn, spot: `connection:${ordinal}` }
      this.options.ledger.write({ kind: 'fault', rule, ...where, planned: struck, emitted: struck })
    }
    for (const { rule } of all) entered.rules.add(rule)
    return all
  }

  /** A request has come: which it is on its connection, from 1. To be called once for each. */
  turn(connection: Connection): number {
    const turn = this.turnOf(connection) + 1
    this.turns.set(connection, turn)
    return turn
  }

  /** Requests that the connection has carried. */
  turnOf(connection: Connection): number {
    return this.turns.get(connection) ?? 0
  }

  /** A body that begins by this record has come to `n` bytes: how often that has been, from 1. */
  visit(content: string, n: number): number {
    const name = `${content}@${n}`
    const visit = (this.visits.get(name) ?? 0) + 1
    this.visits.delete(name) // so that it becomes the last
    this.visits.set(name, visit)
    if (this.visits.size > limits.spotsMax) this.visits.delete(this.visits.keys().next().value ?? '')
    return visit
  }

  /** Enters what was done beside what was planned; `took`: whether the records were taken. */
  struck(
    { rule, point, fault, taken, ids, orderDependent, key, n, spot, generation }: Decision,
    where: Pick<EntryOf<'fault'>, 'req' | 'conn'>,
    deed: Done,
    took?: boolean,
  ): void {
    const of = (value: boolean | undefined): object => ({
      point: shownPoint(point),
      ...(taken === undefined ? {} : { taken: value }),
      ...(ids ? { ids } : {}),
    })
    this.options.ledger.write({
      kind: 'fault',
      rule,
      ...where,
      ...(orderDependent ? { orderDependent } : {}),
      ...{ key, count: n },
      ...(spot === undefined ? {} : { spot }),
      ...(generation === undefined ? {} : { generation }),
      planned: { ...of(taken), ...fault } as EntryOf<'fault'>['planned'],
      emitted: { ...of(took), ...deed } as EntryOf<'fault'>['emitted'],
    })
  }

  /** Asks this generation, or the one that holds now. */
  draw(subject: Omit<Subject, 'atS'>, generation: Generation = this.current): Decision | undefined {
    if (generation.isIdle || this.healed.aborted) return undefined
    return generation.draw({ ...subject, atS: this.atS() })
  }

  private atS(): number {
    return this.options.clock.now() / 1e9
  }
}

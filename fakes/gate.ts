/**
 * The gate wraps an exchange and strikes at named points. It asks the plan for a decision, hands the exchange to
 * the fault's performer, and enters what was planned beside what was emitted.
 *
 *   request ─ request-body(n) ─ [body whole: draw] ─ take or not ─ response-head ─ response-body(n) ─ response-end
 *
 * The rule for the answer is drawn when the body is complete, before the take, because it says whether the take
 * happens, and what of (design §5). Protocols see an ordinary Exchange: where a fault ends it, later calls say
 * `ended`.
 */
import { setMaxListeners } from 'node:events'
import { sleep } from '../src/clock.ts'
import type { Clock } from '../src/clock.ts'
import type { EntryOf } from '../src/entry.ts'
import type { Connection, Emitted, Exchange, Framing, Header } from '../src/exchange.ts'
import { shownPoint } from '../src/fault.ts'
import type { FaultOf } from '../src/fault.ts'
import type { Ledger } from '../src/ledger.ts'
import { limits } from '../src/limits.ts'
import { counters, decide, shapers, thresholds } from '../src/plan/decide.ts'
import type { Counters, Decision, Subject } from '../src/plan/decide.ts'
import type { Plan } from '../src/plan/plan.ts'
import { unit } from '../src/random.ts'
import type { IdRange } from '../src/record.ts'
import type { Answer } from './answer.ts'
import { jsonOf } from './body-json.ts'
import { performers } from './faults/index.ts'
import type { StruckName } from './faults/index.ts'
import type { Aftermath, Done, DueHead, Performer, Rest } from './faults/strike.ts'

/** What is known of a request once its body is whole. */
export type Content = Pick<Subject, 'content' | 'site' | 'bytes' | 'ids'>

/** What the plan makes of a take. */
export interface Admission {
  /** Whether it happens. */
  readonly allowed: boolean
  /** Records that are struck out of it, and how. */
  readonly partial?: { readonly fault: FaultOf<'partial_batch'>; readonly struck: readonly IdRange[] }
  /** What is taken is lost behind the answer. */
  readonly loses: boolean
}

export interface GateOptions {
  plan: Plan
  ledger: Ledger
  clock: Clock
  errorAnswer: (status: number) => Answer
  /** The first record token in a part of a body, as `0.42`. */
  firstToken: (bytes: Uint8Array) => string | undefined
}

export class Gate {
  readonly options: GateOptions
  readonly counters: Counters = counters()
  readonly bodyThresholds: readonly number[]
  /** Nothing is planned. */
  readonly isIdle: boolean
  /** Whether a rule shapes connections. */
  readonly shapes: boolean
  /** Whether a rule looks into bodies by JSON pointer. */
  readonly readsJson: boolean
  private readonly healing = new AbortController()
  private readonly used = new WeakSet<Connection>()

  constructor(options: GateOptions) {
    // Every exchange that a fault holds waits for it; beyond ten Node would warn of a leak.
    setMaxListeners(limits.connectionsMax, this.healing.signal)
    this.options = options
    this.isIdle = options.plan.rules.length === 0
    this.shapes = options.plan.rules.some(({ shape }) => shape !== undefined)
    this.bodyThresholds = thresholds(options.plan, 'request-body')
    this.readsJson = options.plan.rules.some((rule) => rule.match?.json || rule.key?.startsWith('json:'))
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
    for (const { rule, fault } of this.shapersOf(ordinal)) {
      const struck = { point: 'accept', ...fault }
      this.options.ledger.write({ kind: 'fault', rule, conn, planned: struck, emitted: struck })
    }
  }

  shapersOf(ordinal: number): readonly { rule: string; fault: FaultOf<'latency'> }[] {
    if (this.healed.aborted) return []
    return shapers(this.options.plan, ordinal, this.atS()) as { rule: string; fault: FaultOf<'latency'> }[]
  }

  /** Whether this is the first request on its connection; to be asked once for each. */
  isFirst({ connection }: Exchange): boolean {
    if (this.used.has(connection)) return false
    this.used.add(connection)
    return true
  }

  /** Enters what was done beside what was planned; `took`: whether the records were taken. */
  struck(
    { rule, point, fault, taken, ids, orderDependent }: Decision,
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
      planned: { ...of(taken), ...fault } as EntryOf<'fault'>['planned'],
      emitted: { ...of(took), ...deed } as EntryOf<'fault'>['emitted'],
    })
  }

  draw(subject: Omit<Subject, 'atS'>): Decision | undefined {
    if (this.isIdle || this.healed.aborted) return undefined
    return decide(this.options.plan, { ...subject, atS: this.atS() }, this.counters)
  }

  private atS(): number {
    return this.options.clock.now() / 1e9
  }
}

/** An exchange as protocols see it. */
export class GatedExchange implements Exchange {
  readonly id: Exchange['id']
  readonly connection: Exchange['connection']
  readonly head: Exchange['head']
  readonly gone: Exchange['gone']
  readonly read: Exchange['read']
  private readonly gate: Gate
  private readonly inner: Exchange
  private decision: Decision | undefined
  private takenForReal: boolean | undefined
  private lost: readonly IdRange[] | undefined
  private over = false
  private rest: Rest | undefined
  private written = 0
  private writes = 0
  private bodyEnded = false

  constructor(gate: Gate, inner: Exchange) {
    this.gate = gate
    this.inner = gate.shapes ? delayed(inner, () => this.shape()) : inner
    if (inner.read && gate.bodyThresholds.length === 0) this.read = (each) => this.readWhole(each)
    this.id = inner.id
    this.connection = inner.connection
    this.head = inner.head
    this.gone = inner.gone
  }

  /**
   * Strikes at `request`. `over`: that ended the exchange; `answered`: too, and what comes of the request is still
   * to be read.
   */
  async enter(): Promise<'open' | 'over' | 'answered'> {
    if (this.gate.isIdle) return 'open'
    const first = this.gate.isFirst(this.inner)
    const aftermath = await this.strikeAt(this.gate.draw({ ...this.subject(), first, points: ['request'] }))
    if (aftermath === 'answered') return aftermath
    return this.over ? 'over' : 'open'
  }

  /** Ends early where a fault strikes in the body; `complete` is then false. */
  get body(): AsyncIterable<Uint8Array> {
    return this.chunks()
  }

  get complete(): boolean {
    return this.bodyEnded && this.inner.complete
  }

  private async readWhole(each: (chunk: Uint8Array) => void): Promise<void> {
    await this.inner.read?.(each)
    this.bodyEnded = true
  }

  /** Where nothing is planned for this answer it goes as it is. */
  get answer(): Exchange['answer'] {
    const { answer } = this.inner
    const isFree = !this.decision && !this.over && !this.rest
    return isFree && answer ? (whole) => answer.call(this.inner, whole) : undefined
  }

  private async *chunks(): AsyncGenerator<Uint8Array> {
    const waiting = [...this.gate.bodyThresholds]
    const seen: Uint8Array[] = []
    let total = 0
    for await (const chunk of this.inner.body) {
      let rest = chunk
      while (waiting[0] !== undefined && waiting[0] <= total + rest.length) {
        const n = waiting.shift() as number
        // Exactly n bytes are read before the strike, however the client's bytes were cut up on their way.
        const part = rest.subarray(0, n - total)
        rest = rest.subarray(part.length)
        total += part.length
        seen.push(part)
        yield part
        const content = this.gate.options.firstToken(Buffer.concat(seen))
        const known = content === undefined ? {} : { content }
        await this.strikeAt(this.gate.draw({ ...this.subject(), ...known, points: ['request-body'], n }))
        if (this.over) return
      }
      if (waiting.length > 0 && total < limits.bodyBytesMax) seen.push(rest)
      total += rest.length
      yield rest
    }
    this.bodyEnded = true
  }

  /** Draws the rule for the answer. */
  admit(content: Content, body: Buffer): Admission {
    if (!this.gate.isIdle) {
      this.decision = this.gate.draw({
        ...this.subject(),
        ...content,
        ...(this.gate.readsJson ? jsonOf(body) : {}),
        points: ['response-head', 'response-body', 'response-end'],
      })
    }
    const { taken: allowed = true, fault, ids: struck = [] } = this.decision ?? {}
    // Of a request without records everything is taken that there is.
    this.takenForReal = content.content === undefined && allowed
    return {
      allowed,
      loses: fault?.type === 'discard_after_take',
      ...(fault?.type === 'partial_batch' ? { partial: { fault, struck } } : {}),
    }
  }

  /** The records were taken; those of `lost` are to be lost once the answer is out. */
  tookRecords(lost?: readonly IdRange[]): void {
    this.takenForReal = true
    this.lost = lost
  }

  /** The exchange is over, however it ended. */
  close(): void {
    const { lost } = this
    this.lost = undefined
    if (lost?.length)
      this.gate.options.ledger.write({ kind: 'discard', req: this.id, ids: lost, why: 'injected' })
  }

  inform(status: number, headers: readonly Header[]): Promise<Emitted> {
    return this.over ? ended() : this.inner.inform(status, headers)
  }

  async respond(
    status: number,
    headers: readonly Header[],
    framing: Framing,
    ack?: Parameters<Exchange['respond']>[3],
  ): Promise<Emitted> {
    if (this.over) return ended()
    const due: DueHead = { status, headers, framing, ...(ack === undefined ? {} : { ack }) }
    if (this.decision?.point.name === 'response-head') await this.strikeAt(this.decision, due)
    if (this.over) return ended()
    if (this.rest) return { ok: true, bytes: 0 } // the fault has written the head
    return this.inner.respond(status, headers, framing, ack)
  }

  async write(bytes: Uint8Array): Promise<Emitted> {
    if (this.over) return ended()
    const at = this.decision?.point.name === 'response-body' ? (this.decision.point.n ?? 0) : undefined
    if (at === undefined || this.rest || this.written + bytes.length < at) return this.pass(bytes)
    const before = bytes.subarray(0, at - this.written)
    if (before.length > 0) await this.pass(before)
    const { decision } = this
    this.decision = undefined
    await this.strikeAt(decision)
    return this.over ? ended() : this.pass(bytes.subarray(before.length))
  }

  private async pass(bytes: Uint8Array): Promise<Emitted> {
    const emitted = await (this.rest ?? this.inner).write(bytes)
    if (emitted.ok) this.written += emitted.bytes
    return emitted
  }

  trailers(headers: readonly Header[]): Promise<Emitted> {
    return this.over || this.rest ? ended() : this.inner.trailers(headers)
  }

  async end(): Promise<Emitted> {
    if (this.over) return ended()
    if (this.rest) return this.rest.end()
    if (this.decision?.point.name === 'response-end') await this.strikeAt(this.decision)
    return this.over ? ended() : this.inner.end()
  }

  cut(how: Parameters<Exchange['cut']>[0]): Promise<Emitted> {
    return this.over ? ended() : this.inner.cut(how)
  }

  private subject(): Omit<Subject, 'atS' | 'points'> {
    const { method, path, headers } = this.head
    return { method, path, headers, connection: this.connection.ordinal }
  }

  private async shape(): Promise<void> {
    const { plan, clock } = this.gate.options
    const write = this.writes++
    for (const { rule, fault } of this.gate.shapersOf(this.connection.ordinal)) {
      const swing = 2 * unit(plan.seed, rule, this.connection.ordinal, this.id, write, 'jitter') - 1
      await sleep(clock, Math.max(0, fault.delay_ms + swing * (fault.jitter_ms ?? 0)), this.gate.healed)
    }
  }

  private async strikeAt(decision: Decision | undefined, due?: DueHead): Promise<Aftermath> {
    if (!decision) return 'proceed'
    const aftermath = await this.perform(decision, due)
    this.over = aftermath === 'over' || aftermath === 'answered'
    if (typeof aftermath === 'object') this.rest = aftermath
    if (aftermath === 'proceed' && decision.taken === false) {
      // What would go on is the protocol's answer, and it promises the take: without it there is none.
      this.over = true
      await this.inner.cut({ fin: true })
    }
    return aftermath
  }

  private perform(decision: Decision, due?: DueHead): Promise<Aftermath> {
    const { clock, errorAnswer } = this.gate.options
    const { fault, point, opensAtS } = decision
    const performer = performers[fault.type as StruckName] as Performer<StruckName>
    return performer({
      fault: fault as FaultOf<StruckName>,
      point,
      exchange: this.inner,
      clock,
      healed: this.gate.healed,
      errorAnswer,
      emit: (deed: Done) => this.gate.struck(decision, { req: this.id }, deed, this.takenForReal),
      ...(due ? { due } : {}),
      ...(opensAtS === undefined ? {} : { opensAtS }),
    })
  }
}

/** Each write, of a fault as of a protocol, waits its turn; order is kept because writes are awaited. */
function delayed(inner: Exchange, wait: () => Promise<void>): Exchange {
  const { id, connection, head, gone } = inner
  return {
    ...{ id, connection, head, gone },
    get body() {
      return inner.body
    },
    get complete() {
      return inner.complete
    },
    read: inner.read?.bind(inner),
    inform: (...head) => wait().then(() => inner.inform(...head)),
    respond: (...head) => wait().then(() => inner.respond(...head)),
    write: (bytes) => wait().then(() => inner.write(bytes)),
    trailers: (headers) => inner.trailers(headers),
    end: () => inner.end(),
    cut: (how) => inner.cut(how),
  }
}

function ended(): Promise<Emitted> {
  return Promise.resolve({ ok: false, why: 'ended' })
}

/**
 * The gate wraps an exchange and strikes at named points. It asks the plan for a decision, hands the exchange to
 * the fault's performer, and enters what was planned beside what was emitted.
 *
 *   request ─ request-body(n) ─ [body whole: draw] ─ take or not ─ response-head ─ response-body(n) ─ response-end
 *
 * The rule for the answer is drawn when the body is complete, before the take, because it says whether the take
 * happens (design §5). Protocols see an ordinary Exchange: where a fault ends it, later calls say `ended`.
 */
import { setMaxListeners } from 'node:events'
import { sleep } from '../src/clock.ts'
import type { Clock } from '../src/clock.ts'
import type { Emitted, Exchange, Framing, Header } from '../src/exchange.ts'
import { shownPoint } from '../src/fault.ts'
import type { FaultName, FaultOf } from '../src/fault.ts'
import type { Ledger } from '../src/ledger.ts'
import { limits } from '../src/limits.ts'
import { counters, decide, shapers, thresholds } from '../src/plan/decide.ts'
import type { Counters, Decision, Subject } from '../src/plan/decide.ts'
import type { Plan } from '../src/plan/plan.ts'
import { unit } from '../src/random.ts'
import type { Json } from '../src/record.ts'
import type { Answer } from './answer.ts'
import { performers } from './faults/index.ts'
import type { Aftermath, Done, DueHead, Performer, Rest } from './faults/strike.ts'

/** What is known of a request once its body is whole: its site, and its lowest record. */
export type Content = Pick<Subject, 'content' | 'site'>

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
  /** Whether a rule looks into bodies by JSON pointer. */
  readonly readsJson: boolean
  private readonly healing = new AbortController()

  constructor(options: GateOptions) {
    // Every exchange that a fault holds waits for it; beyond ten Node would warn of a leak.
    setMaxListeners(limits.connectionsMax, this.healing.signal)
    this.options = options
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

  draw(subject: Omit<Subject, 'atS'>): Decision | undefined {
    if (this.healed.aborted) return undefined
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
  private readonly gate: Gate
  private readonly inner: Exchange
  private decision: Decision | undefined
  private takenForReal: boolean | undefined
  private over = false
  private rest: Rest | undefined
  private written = 0
  private writes = 0
  private bodyEnded = false

  constructor(gate: Gate, inner: Exchange) {
    this.gate = gate
    this.inner = delayed(inner, () => this.shape())
    this.id = inner.id
    this.connection = inner.connection
    this.head = inner.head
    this.gone = inner.gone
  }

  /** Strikes at `request`; false when that ended the exchange. */
  async enter(): Promise<boolean> {
    await this.strikeAt(this.gate.draw({ ...this.subject(), points: ['request'] }))
    return !this.over
  }

  /** Ends early where a fault strikes in the body; `complete` is then false. */
  get body(): AsyncIterable<Uint8Array> {
    return this.read()
  }

  get complete(): boolean {
    return this.bodyEnded && this.inner.complete
  }

  private async *read(): AsyncGenerator<Uint8Array> {
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

  /** Draws the rule for the answer. Says whether it lets the take happen. */
  admit(content: Content, body: Buffer): boolean {
    this.decision = this.gate.draw({
      ...this.subject(),
      ...content,
      ...(this.gate.readsJson ? jsonOf(body) : {}),
      points: ['response-head', 'response-body', 'response-end'],
    })
    const allowed = this.decision?.taken ?? true
    this.takenForReal = false
    return allowed
  }

  /** The records were taken. */
  tookRecords(): void {
    this.takenForReal = true
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

  private async strikeAt(decision: Decision | undefined, due?: DueHead): Promise<void> {
    if (!decision) return
    const aftermath = await this.perform(decision, decision.fault.type, due)
    this.over = aftermath === 'over'
    if (typeof aftermath === 'object') this.rest = aftermath
    if (aftermath === 'proceed' && decision.taken === false) {
      // What would go on is the protocol's answer, and it promises the take: without it there is none.
      this.over = true
      await this.inner.cut({ fin: true })
    }
  }

  private perform(decision: Decision, type: FaultName, due?: DueHead): Promise<Aftermath> {
    const { ledger, clock, errorAnswer } = this.gate.options
    if (type === 'latency') return Promise.resolve('proceed')
    const performer = performers[type] as Performer<FaultName>
    const emit = (deed: Done): void => {
      const point = shownPoint(decision.point)
      const took = this.takenForReal
      ledger.write({
        kind: 'fault',
        rule: decision.rule,
        req: this.id,
        planned: { point, ...taken(decision.taken), ...decision.fault },
        emitted: { point, ...taken(decision.taken === undefined ? undefined : took), ...deed },
      })
    }
    const common = {
      point: decision.point,
      exchange: this.inner,
      clock,
      healed: this.gate.healed,
      errorAnswer,
      emit,
    }
    return performer({ ...common, fault: decision.fault, ...(due ? { due } : {}) })
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
    inform: (...head) => wait().then(() => inner.inform(...head)),
    respond: (...head) => wait().then(() => inner.respond(...head)),
    write: (bytes) => wait().then(() => inner.write(bytes)),
    trailers: (headers) => inner.trailers(headers),
    end: () => inner.end(),
    cut: (how) => inner.cut(how),
  }
}

function taken(value: boolean | undefined): { taken?: boolean } {
  return value === undefined ? {} : { taken: value }
}

/** The body as JSON; the first line where it is NDJSON. */
function jsonOf(body: Buffer): { json?: Json } {
  const text = body.toString()
  for (const reading of [text, text.split('\n', 1)[0] ?? '']) {
    try {
      return { json: JSON.parse(reading) as Json }
    } catch {
      continue // not JSON in this reading
    }
  }
  return {}
}

function ended(): Promise<Emitted> {
  return Promise.resolve({ ok: false, why: 'ended' })
}

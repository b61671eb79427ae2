/**
 * An exchange as protocols see it: the gate wraps it and strikes at named points, by handing it to the performers of
 * faults.
 *
 *   request ─ request-body(n) ─ [body whole: draw] ─ take or not ─ response-head ─ response-body(n) ─ response-end
 *
 * The rule for the answer is drawn when the body is complete, before the take, because it says whether the take
 * happens, and what of (design §5). Where a fault ends the exchange, later calls say `ended`.
 */
import type { Emitted, Exchange, Framing, Header } from '../src/exchange.ts'
import type { FaultOf } from '../src/fault.ts'
import { limits } from '../src/limits.ts'
import type { Decision, Subject } from '../src/plan/decide.ts'
import type { Generation } from '../src/plan/generation.ts'
import { digest } from '../src/random.ts'
import type { IdRange } from '../src/record.ts'
import { jsonOf } from './body-json.ts'
import { performers } from './faults/index.ts'
import type { StruckName } from './faults/index.ts'
import { foretold } from './faults/pace.ts'
import type { Aftermath, Done, DueHead, Performer, Rest } from './faults/strike.ts'
import type { Gate } from './gate.ts'

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

/** An exchange as protocols see it. */
export class GatedExchange implements Exchange {
  readonly id: Exchange['id']
  readonly connection: Exchange['connection']
  readonly head: Exchange['head']
  readonly gone: Exchange['gone']
  readonly read: Exchange['read']
  readonly stream?: number
  private readonly gate: Gate
  private readonly inner: Exchange
  /** It decides to the end of this exchange, whatever is edited meanwhile. */
  private readonly plan: Generation
  /** Which request it is on its connection, from 1. */
  private readonly turn: number
  private decision: Decision | undefined
  private takenForReal: boolean | undefined
  private lost: readonly IdRange[] | undefined
  private over = false
  private rest: Rest | undefined
  private written = 0
  private bodyEnded = false

  constructor(gate: Gate, inner: Exchange) {
    this.gate = gate
    this.plan = gate.current
    this.turn = gate.turn(inner.connection)
    this.inner = this.plan.shapes ? gate.shaping.shaped(inner) : inner
    if (inner.read && this.plan.bodyThresholds.length === 0) this.read = (each) => this.readWhole(each)
    this.id = inner.id
    this.connection = inner.connection
    this.head = inner.head
    this.gone = inner.gone
    if (inner.stream !== undefined) this.stream = inner.stream
  }

  get refused(): boolean {
    return this.inner.refused ?? false
  }

  /**
   * Strikes at `request`. `over`: that ended the exchange; `answered`: too, and what comes of the request is still
   * to be read.
   */
  async enter(): Promise<'open' | 'over' | 'answered'> {
    if (this.plan.isIdle) return 'open'
    const first = this.turn === 1
    const aftermath = await this.strikeAt(this.draw({ ...this.subject(), first, points: ['request'] }))
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
    const waiting = [...this.plan.bodyThresholds]
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
        const known =
          content === undefined ? {} : { content, spot: `${content}#${this.gate.visit(content, n)}` }
        await this.strikeAt(this.draw({ ...this.subject(), ...known, points: ['request-body'], n }))
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
    if (!this.plan.isIdle) {
      this.decision = this.draw({
        ...this.subject(),
        ...content,
        ...spotOf(content),
        ...(this.plan.readsJson ? jsonOf(body) : {}),
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
    const given: DueHead = { status, headers, framing, ...(ack === undefined ? {} : { ack }) }
    const due = foretold(this.decision?.fault, given, this.connection)
    if (this.decision?.point.name === 'response-head') await this.strikeAt(this.decision, due)
    if (this.over) return ended()
    if (this.rest) return { ok: true, bytes: 0 } // the fault has written the head
    return this.inner.respond(due.status, due.headers, due.framing, due.ack)
  }

  async write(bytes: Uint8Array): Promise<Emitted> {
    if (this.over) return ended()
    const at = this.decision?.point.name === 'response-body' ? (this.decision.point.n ?? 0) : undefined
    // An answer to HEAD has no body to strike in (RFC 9110 §9.3.2).
    const passes = at === undefined || this.rest !== undefined || this.head.method === 'HEAD'
    if (passes || this.written + bytes.length < at) return this.pass(bytes)
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

  async trailers(headers: readonly Header[]): Promise<Emitted> {
    if (this.over || this.rest) return ended()
    await this.strikeAtEnd()
    return this.over || this.rest ? ended() : this.inner.trailers(headers)
  }

  async end(): Promise<Emitted> {
    if (this.over) return ended()
    if (this.rest) return this.rest.end()
    await this.strikeAtEnd()
    return this.over ? ended() : this.inner.end()
  }

  private async strikeAtEnd(): Promise<void> {
    if (this.decision?.point.name === 'response-end') await this.strikeAt(this.decision)
  }

  cut(how: Parameters<Exchange['cut']>[0]): Promise<Emitted> {
    return this.over ? ended() : this.inner.cut(how)
  }

  private subject(): Omit<Subject, 'atS' | 'points'> {
    const { method, path, headers } = this.head
    const { ordinal } = this.connection
    return { method, path, headers, connection: ordinal, spot: `connection:${ordinal}#${this.turn}` }
  }

  private draw(subject: Omit<Subject, 'atS'>): Decision | undefined {
    return this.gate.draw(subject, this.plan)
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
    const { rule, key, n, fault, point, opensAtS } = decision
    const performer = performers[fault.type as StruckName] as Performer<StruckName>
    return performer({
      fault: fault as FaultOf<StruckName>,
      rule,
      point,
      exchange: this.inner,
      clock,
      healed: this.gate.healed,
      errorAnswer,
      digest: (...reason) => digest(this.plan.plan.seed, rule, key, n, ...reason),
      emit: (deed: Done) => this.gate.struck(decision, { req: this.id }, deed, this.takenForReal),
      ...(due ? { due } : {}),
      ...(opensAtS === undefined ? {} : { opensAtS }),
    })
  }
}

/** A request without records has no name of its own. */
function spotOf({ site }: Content): Pick<Subject, 'spot'> {
  if (site?.logical === undefined) return {}
  return { spot: `${site.lane}:${site.logical}#${site.attempt}` }
}

function ended(): Promise<Emitted> {
  return Promise.resolve({ ok: false, why: 'ended' })
}

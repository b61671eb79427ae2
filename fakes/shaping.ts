/**
 * Shapers: how fast an exchange's bytes move. They compose as latency -> bandwidth -> slicer, whatever their order and
 * however many rules they stand in: each write waits for all its delays, then goes out in pieces that fit every
 * bandwidth and every slice, each when every bandwidth has room for it and its gap is over. Bytes and their order stay
 * as they are: writes are awaited, those of faults as those of protocols. Which shapers hold is asked anew for each
 * piece, so that they end in the midst of a write; nothing waits for a client that is gone.
 */
import type { Clock } from '../src/clock.ts'
import type { Connection, Emitted, Exchange, Header } from '../src/exchange.ts'
import type { FaultOf } from '../src/fault.ts'
import { unit } from '../src/random.ts'
import { leaving, sleepUnless } from './faults/pace-wait.ts'

/** A shaper as a plan has it for one connection. */
export interface Shaper {
  readonly rule: string
  readonly fault: FaultOf<'latency' | 'bandwidth' | 'slicer'>
}

type Bandwidth = FaultOf<'bandwidth'>
type Slicer = FaultOf<'slicer'>

export interface ShapingOptions {
  readonly clock: Clock
  /** Aborts when the faults are healed. */
  readonly healed: AbortSignal
  /** Of the plan that holds now. */
  seed(): string
  /** The shapers that hold now for a connection, by its ordinal. */
  shapersOf(ordinal: number): readonly Shaper[]
}

/** What the exchanges of a connection share. */
interface Line {
  readonly up: Map<Bandwidth, Bucket>
  readonly down: Map<Bandwidth, Bucket>
  /** Nanoseconds of the clock when something was last written. */
  writtenAt: number
}

export class Shaping {
  private readonly options: ShapingOptions
  private readonly lines = new WeakMap<Connection, Line>()

  constructor(options: ShapingOptions) {
    this.options = options
  }

  /** The exchange under the shapers of its connection. */
  shaped(inner: Exchange): Exchange {
    let line = this.lines.get(inner.connection)
    if (!line)
      this.lines.set(inner.connection, (line = { up: new Map(), down: new Map(), writtenAt: -Infinity }))
    return new ShapedExchange(inner, line, this.options)
  }
}

/** A write on its way. */
interface Passage {
  /** Number of the write within its exchange, from 0. */
  readonly write: number
  /** What is left of the slice under way, and how many there were. */
  readonly slices: Map<Slicer, { left: number; many: number }>
}

class ShapedExchange implements Exchange {
  readonly id: Exchange['id']
  readonly connection: Exchange['connection']
  readonly head: Exchange['head']
  readonly gone: Exchange['gone']
  readonly stream?: number
  readonly read: Exchange['read']
  private readonly inner: Exchange
  private readonly line: Line
  private readonly options: ShapingOptions
  private readonly left: AbortSignal
  private writes = 0

  constructor(inner: Exchange, line: Line, options: ShapingOptions) {
    this.inner = inner
    this.line = line
    this.options = options
    this.left = leaving(inner)
    this.id = inner.id
    this.connection = this.withRaw(inner.connection)
    this.head = inner.head
    this.gone = inner.gone
    if (inner.stream !== undefined) this.stream = inner.stream
    if (inner.read) this.read = (each) => this.readAll(each)
  }

  get refused(): boolean {
    return this.inner.refused ?? false
  }

  get body(): Exchange['body'] {
    return { [Symbol.asyncIterator]: () => this.pieces() }
  }

  get complete(): boolean {
    return this.inner.complete
  }

  inform(status: number, headers: readonly Header[]): Promise<Emitted> {
    return this.passHead(headers, () => this.inner.inform(status, headers))
  }

  respond(...head: Parameters<Exchange['respond']>): Promise<Emitted> {
    return this.passHead(head[1], () => this.inner.respond(...head))
  }

  get withhold(): Exchange['withhold'] {
    return this.inner.withhold?.bind(this.inner)
  }

  get answerRaw(): Exchange['answerRaw'] {
    const { inner } = this
    const raw = inner.answerRaw?.bind(inner)
    return raw && ((bytes, as) => this.passWhole(bytes.length, () => raw(bytes, as)))
  }

  write(bytes: Uint8Array): Promise<Emitted> {
    return this.pass(bytes, (part) => this.inner.write(part))
  }

  trailers(headers: readonly Header[]): Promise<Emitted> {
    return this.inner.trailers(headers)
  }

  end(): Promise<Emitted> {
    return this.inner.end()
  }

  cut(how: Parameters<Exchange['cut']>[0]): Promise<Emitted> {
    return this.inner.cut(how)
  }

  /** Bytes past every codec wait as well. Those of HTTP/2 are frames, which may not be mixed with others': not cut. */
  private withRaw(connection: Connection): Connection {
    const whole = connection.proto === 'h2' || connection.proto === 'h2c'
    const raw = (bytes: Uint8Array): Promise<Emitted> => {
      const emit = (part: Uint8Array): Promise<Emitted> => connection.raw(part)
      return whole ? this.passWhole(bytes.length, () => emit(bytes)) : this.pass(bytes, emit)
    }
    return new Proxy(connection, {
      get: (of, name) => {
        if (name === 'raw') return raw
        const member: unknown = Reflect.get(of, name, of)
        return typeof member === 'function' ? (member.bind(of) as unknown) : member
      },
    })
  }

  private async pass(bytes: Uint8Array, emit: (part: Uint8Array) => Promise<Emitted>): Promise<Emitted> {
    const passage: Passage = { write: this.writes++, slices: new Map() }
    await this.delay(passage)
    let written = 0
    let at = 0
    do {
      const size = await this.turn(passage, bytes.length - at)
      const emitted = await emit(bytes.subarray(at, at + size))
      this.line.writtenAt = this.options.clock.now()
      if (!emitted.ok) return emitted
      if (emitted.bytes < size) this.paid('down', emitted.bytes - size) // as where an answer has no body
      written += emitted.bytes
      at += size
    } while (at < bytes.length)
    return { ok: true, bytes: written }
  }

  /** A head cannot be cut here. Its framing and Date are not known yet: what they take is paid for afterwards. */
  private passHead(headers: readonly Header[], emit: () => Promise<Emitted>): Promise<Emitted> {
    return this.passWhole(
      headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0),
      emit,
    )
  }

  private async passWhole(expected: number, emit: () => Promise<Emitted>): Promise<Emitted> {
    const passage: Passage = { write: this.writes++, slices: new Map() }
    await this.delay(passage)
    await this.wait(this.paid('down', expected))
    await this.gap(this.shapers().flatMap(({ fault }) => (fault.type === 'slicer' ? [fault] : [])))
    const emitted = await emit()
    this.line.writtenAt = this.options.clock.now()
    if (emitted.ok) this.paid('down', emitted.bytes - expected)
    return emitted
  }

  private async delay({ write }: Passage): Promise<void> {
    const { ordinal } = this.connection
    for (const { rule, fault } of this.shapers()) {
      if (fault.type !== 'latency') continue
      const swing = 2 * unit(this.options.seed(), rule, ordinal, this.id, write, 'jitter') - 1
      await this.wait(fault.delay_ms + swing * (fault.jitter_ms ?? 0))
    }
  }

  /** Waits until the next piece of `due` bytes may go, and returns its size. */
  private async turn(passage: Passage, due: number): Promise<number> {
    const shapers = this.shapers()
    let size = Math.min(due, this.pieceOf('down'))
    const begun: Slicer[] = []
    for (const { rule, fault } of shapers) {
      if (fault.type !== 'slicer') continue
      const slice = passage.slices.get(fault) ?? { left: 0, many: 0 }
      passage.slices.set(fault, slice)
      if (slice.left === 0) {
        slice.left = this.sliceOf(rule, fault, passage.write, slice.many++)
        begun.push(fault)
      }
      size = Math.min(size, slice.left)
    }
    for (const slice of passage.slices.values()) slice.left = Math.max(0, slice.left - size)
    await this.wait(this.paid('down', size))
    await this.gap(begun)
    return size
  }

  private sliceOf(
    rule: string,
    { bytes, variation_bytes: most = 0 }: Slicer,
    write: number,
    n: number,
  ): number {
    if (most === 0) return bytes
    const at = unit(this.options.seed(), rule, this.connection.ordinal, this.id, write, `slice ${n}`)
    return Math.max(1, bytes - most + Math.floor(at * (2 * most + 1)))
  }

  /** Writes that follow at once can reach the client as one; a timer may fire early, so the clock is asked again. */
  private async gap(begun: readonly Slicer[]): Promise<void> {
    if (begun.length === 0) return
    const gapMs = Math.max(...begun.map((slicer) => slicer.gap_ms ?? 1))
    const leftMs = (): number => gapMs - (this.options.clock.now() - this.line.writtenAt) / 1e6
    while (leftMs() > 0 && !this.left.aborted && !this.options.healed.aborted) await this.wait(leftMs())
  }

  private async *pieces(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.inner.body) {
      for (let at = 0; at < chunk.length;) {
        const part = chunk.subarray(at, at + this.pieceOf('up'))
        await this.wait(this.paid('up', part.length))
        yield part
        at += part.length
      }
    }
  }

  private async readAll(each: (chunk: Uint8Array) => void): Promise<void> {
    for await (const piece of this.body) each(piece)
  }

  private pieceOf(direction: 'up' | 'down'): number {
    return Math.min(Infinity, ...this.bandwidths(direction).map(({ bytes_per_s: rate }) => burstOf(rate)))
  }

  /** Takes these bytes out of every bucket; milliseconds until there is room for them in each. */
  private paid(direction: 'up' | 'down', bytes: number): number {
    const now = this.options.clock.now()
    const buckets = this.line[direction]
    const waits = this.bandwidths(direction).map((fault) => {
      let bucket = buckets.get(fault)
      if (!bucket) buckets.set(fault, (bucket = new Bucket(fault.bytes_per_s, now)))
      return bucket.take(bytes, now)
    })
    return Math.max(0, ...waits)
  }

  private bandwidths(direction: 'up' | 'down'): Bandwidth[] {
    return this.shapers().flatMap(({ fault }) => {
      if (fault.type !== 'bandwidth') return []
      const { direction: which = 'both' } = fault
      return which === 'both' || which === direction ? [fault] : []
    })
  }

  private shapers(): readonly Shaper[] {
    return this.left.aborted ? [] : this.options.shapersOf(this.connection.ordinal)
  }

  private wait(ms: number): Promise<void> {
    return sleepUnless(this.options.clock, ms, [this.left, this.options.healed])
  }
}

/** What may pass at once: a tenth of a second's worth, and one byte at least. */
function burstOf(bytesPerS: number): number {
  return Math.max(1, Math.floor(bytesPerS / 10))
}

/** Fills by the rate up to one burst, from empty; what is taken beyond that has to be waited for. */
class Bucket {
  private readonly bytesPerS: number
  private level = 0
  private at: number

  /** `now`: nanoseconds. */
  constructor(bytesPerS: number, now: number) {
    this.bytesPerS = bytesPerS
    this.at = now
  }

  /** Milliseconds until these bytes may pass; the turns of those who ask follow one another. */
  take(bytes: number, now: number): number {
    const filled = this.level + ((now - this.at) / 1e9) * this.bytesPerS
    this.level = Math.min(burstOf(this.bytesPerS), filled) - bytes
    this.at = now
    return Math.max(0, (-this.level / this.bytesPerS) * 1000)
  }
}

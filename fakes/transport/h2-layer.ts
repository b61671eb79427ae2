/**
 * The frames of one HTTP/2 connection: what has crossed the wire of each stream, what of the session's is kept back,
 * and whose acknowledgement is awaited. All of it goes through the tap, so what is said to be out is with the socket.
 */
import type { Frames, Settings, WholeFrame } from '../../src/exchange.ts'
import {
  errorCodeOf,
  frameBytes,
  frameHeadBytes,
  frameTypes,
  isAck,
  lastStreamOf,
  settingsFrame,
} from '../../src/wire/h2-frames.ts'
import type { Frame, ReadFrame } from '../../src/wire/h2-frames.ts'
import type { Socket } from './h1-connection.ts'
import { Credit } from './h2-credit.ts'
import { StreamState } from './h2-stream-state.ts'
import { H2Tap } from './h2-tap.ts'
import type { TapWatch } from './h2-tap.ts'

/** An exchange under way. */
export interface StreamPassenger {
  /** By a GOAWAY of ours. */
  giveUp(): void
  /** The client has ended the connection: no more comes than has. */
  clientFinished(): void
}

export interface LayerWatch {
  /** A frame has crossed the wire. */
  seen(dir: 'in' | 'out', frame: Frame): void
  /** The session ends itself for what the client has done. */
  gaveUp(code: number): void
  /** The client has ended the connection, and no stream is under way. */
  deserted(): void
}

export class FrameLayer implements Frames, TapWatch {
  readonly tap: H2Tap
  readonly ready: Promise<void>
  readonly warm: Promise<void>
  last = 0
  /** No stream above this is served. */
  servedUpTo: number = Infinity
  /** Who has said GOAWAY first. */
  goawayBy: 'client' | 'server' | undefined
  private isFinished = false
  private readonly watch: LayerWatch
  private readonly states = new Map<number, StreamState>()
  private readonly passengers = new Map<number, StreamPassenger>()
  private readonly muted = new Set<number>()
  private readonly kept = new Set<(frame: WholeFrame) => boolean>()
  private readonly credit = new Credit()
  /** What the first SETTINGS of the session are to say besides. */
  private greeting: Settings | undefined
  /** Who waits until no stream that is served is under way. */
  private draining: (() => void)[] = []
  /** Whose SETTINGS are acknowledged next: the session's, or ours. */
  private readonly settingsDue: ('session' | (() => void))[] = []
  private readonly pingsDue = new Map<string, () => void>()
  private up: () => void = () => {}
  private warmed: () => void = () => {}
  private onEmpty: () => void = () => {}

  constructor(socket: Socket, watch: LayerWatch) {
    this.watch = watch
    this.ready = new Promise((resolve) => (this.up = resolve))
    this.warm = new Promise((resolve) => (this.warmed = resolve))
    this.tap = new H2Tap(socket, this)
  }

  get open(): readonly number[] {
    return [...this.passengers.keys()].sort((a, b) => a - b)
  }

  state(stream: number): StreamState {
    const known = this.states.get(stream)
    if (known) return known
    const made = new StreamState()
    this.states.set(stream, made)
    return made
  }

  /** A stream is under way. */
  board(stream: number, passenger: StreamPassenger): void {
    this.last = Math.max(this.last, stream)
    this.passengers.set(stream, passenger)
    if (this.isFinished) passenger.clientFinished()
  }

  /** Its exchange is over. */
  leave(stream: number): void {
    if (this.passengers.delete(stream)) this.warmed()
    if (this.passengers.size === 0) this.onEmpty()
    this.tellDrained()
  }

  /** The session knows the stream no more. */
  forget(stream: number): void {
    this.states.delete(stream)
    this.credit.forget(stream)
  }

  get settings(): Settings {
    return this.credit.settings
  }

  window(stream: number): number {
    return this.credit.left(stream)
  }

  greet(settings: Settings): void {
    this.greeting = { ...this.greeting, ...settings }
  }

  mute(stream: number): void {
    this.muted.add(stream)
  }

  withhold(which: (frame: WholeFrame) => boolean): () => void {
    this.kept.add(which)
    return () => void this.kept.delete(which)
  }

  hold(): () => void {
    return this.tap.hold()
  }

  acknowledged(of: 'settings' | Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (of === 'settings') this.settingsDue.push(resolve)
      else this.pingsDue.set(Buffer.from(of).toString('hex'), resolve)
    })
  }

  refuseAbove(stream: number): readonly number[] {
    this.servedUpTo = Math.min(this.servedUpTo, stream)
    const above = this.open.filter((each) => each > stream)
    for (const each of above) {
      this.mute(each)
      this.passengers.get(each)?.giveUp()
    }
    this.tellDrained()
    return above
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.draining.push(resolve)
      this.tellDrained()
    })
  }

  /** The session hears of it when no stream is under way: what it then says of one would come behind its own end. */
  finished(tell: () => void): void {
    this.isFinished = true
    for (const passenger of this.passengers.values()) passenger.clientFinished()
    this.onEmpty = () => {
      this.onEmpty = () => {}
      tell()
      this.watch.deserted()
    }
    if (this.passengers.size === 0) this.onEmpty()
  }

  incoming(frame: Frame): boolean {
    this.watch.seen('in', frame)
    if (frame.stream > this.last || this.states.has(frame.stream)) this.state(frame.stream).came(frame)
    this.credit.incoming(frame)
    if (frame.type === frameTypes.GOAWAY) this.goawayBy ??= 'client'
    if (!isAck(frame)) return true
    return frame.type === frameTypes.SETTINGS ? this.settingsAcked() : this.pingAcked(frame)
  }

  outgoing(frame: ReadFrame): ReadFrame | undefined {
    const code = frame.type === frameTypes.GOAWAY ? (errorCodeOf(frame) ?? 0) : 0
    if (code !== 0) this.watch.gaveUp(code)
    if (this.contradicts(frame) || this.muted.has(frame.stream)) return undefined
    if ([...this.kept].some((which) => which(frame))) return undefined
    if (frame.type !== frameTypes.SETTINGS || isAck(frame)) return frame
    this.settingsDue.push('session')
    const { greeting } = this
    this.greeting = undefined
    return greeting ? saying(frame, greeting) : frame
  }

  handed(frame: Frame): void {
    this.watch.seen('out', frame)
    if (frame.type === frameTypes.GOAWAY) this.goawayBy ??= 'server'
    if (frame.stream !== 0) this.states.get(frame.stream)?.out(frame)
    this.credit.outgoing(frame)
  }

  private tellDrained(): void {
    if (this.open.some((stream) => stream <= this.servedUpTo)) return
    for (const wake of this.draining.splice(0)) wake()
  }

  /** The session knows nothing of our GOAWAY, and must not name a later stream (RFC 9113 §6.8). */
  private contradicts(frame: Frame): boolean {
    return (lastStreamOf(frame) ?? 0) > this.servedUpTo
  }

  /** Whether the session is to hear of it. */
  private settingsAcked(): boolean {
    const due = this.settingsDue.shift()
    if (typeof due === 'function') {
      due()
      return false
    }
    this.up()
    return true
  }

  private pingAcked({ payload }: Frame): boolean {
    const name = payload.toString('hex')
    const due = this.pingsDue.get(name)
    this.pingsDue.delete(name)
    due?.()
    return !due
  }
}

/** SETTINGS with these values besides: of two for one setting the later holds (RFC 9113 §6.5.3). */
function saying(frame: ReadFrame, more: Settings): ReadFrame {
  const payload = Buffer.concat([frame.payload, settingsFrame(more).subarray(frameHeadBytes)])
  return { ...frame, payload, bytes: frameBytes({ ...frame, payload }) }
}

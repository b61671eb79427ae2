/**
 * The frames of one HTTP/2 connection: what has crossed the wire of each stream, what of the session's is kept back,
 * and whose acknowledgement is awaited. All of it goes through the tap, so what is said to be out is with the socket.
 */
import type { FrameHead, Frames } from '../../src/exchange.ts'
import { endsStream, frameTypes, isAck } from '../../src/wire/h2-frames.ts'
import type { Frame } from '../../src/wire/h2-frames.ts'
import type { Socket } from './h1-connection.ts'
import { StreamState } from './h2-stream-state.ts'
import { H2Tap } from './h2-tap.ts'
import type { TapWatch } from './h2-tap.ts'

/** An exchange under way, which may be given up by a GOAWAY. */
export interface StreamPassenger {
  giveUp(): void
}

type Seen = (dir: 'in' | 'out', frame: Frame) => void

export class FrameLayer implements Frames, TapWatch {
  readonly tap: H2Tap
  readonly ready: Promise<void>
  readonly warm: Promise<void>
  last = 0
  /** No stream above this is served. */
  servedUpTo = Infinity
  /** Who has said GOAWAY first. */
  goawayBy: 'client' | 'server' | undefined
  private readonly seen: Seen
  private readonly states = new Map<number, StreamState>()
  private readonly passengers = new Map<number, StreamPassenger>()
  private readonly muted = new Set<number>()
  private readonly kept = new Set<(frame: FrameHead) => boolean>()
  /** Whose SETTINGS are acknowledged next: the session's, or ours. */
  private readonly settingsDue: ('session' | (() => void))[] = []
  private readonly pingsDue = new Map<string, () => void>()
  private up: () => void = () => {}
  private warmed: () => void = () => {}

  constructor(socket: Socket, seen: Seen) {
    this.seen = seen
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
  }

  /** Its exchange is over. */
  leave(stream: number): void {
    if (this.passengers.delete(stream)) this.warmed()
  }

  /** The session knows the stream no more. */
  forget(stream: number): void {
    this.states.delete(stream)
  }

  mute(stream: number): void {
    this.muted.add(stream)
  }

  withhold(which: (frame: FrameHead) => boolean): () => void {
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
    return above
  }

  incoming(frame: Frame): boolean {
    this.seen('in', frame)
    if (endsStream(frame)) this.state(frame.stream).endIn()
    if (frame.type === frameTypes.GOAWAY) this.goawayBy ??= 'client'
    if (!isAck(frame)) return true
    return frame.type === frameTypes.SETTINGS ? this.settingsAcked() : this.pingAcked(frame)
  }

  outgoing(frame: Frame): boolean {
    const isKept = this.muted.has(frame.stream) || [...this.kept].some((which) => which(frame))
    if (frame.type === frameTypes.SETTINGS && !isAck(frame)) {
      if (!isKept) this.settingsDue.push('session')
    }
    return !isKept
  }

  handed(frame: Frame): void {
    this.seen('out', frame)
    if (frame.type === frameTypes.GOAWAY) this.goawayBy ??= 'server'
    if (frame.stream !== 0) this.states.get(frame.stream)?.out(frame)
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

/**
 * Connections on which no exchange is open: at the beginning of an HTTP/2 session, and when they have carried an
 * answer and now stay idle. There the plan is asked when an exchange has ended; what it plans strikes when its time has
 * passed without another request.
 */
import type { Timer } from '../src/clock.ts'
import type { Connection } from '../src/exchange.ts'
import type { FaultOf } from '../src/fault.ts'
import type { Decision } from '../src/plan/decide.ts'
import { idlePerformers, sessionPerformers } from './faults/index.ts'
import type { SessionName } from './faults/index.ts'
import type { ConnectionPerformer, ConnectionStrike } from './faults/strike.ts'
import type { Gate } from './gate.ts'

type IdleName = keyof typeof idlePerformers

export class Idling {
  private readonly gate: Gate
  /** By connection. */
  private readonly timers = new Map<number, Timer>()
  /** Of connections that were struck, by connection. */
  private readonly closings = new Map<number, AbortController>()

  constructor(gate: Gate) {
    this.gate = gate
    gate.healed.addEventListener('abort', () => {
      for (const id of [...this.timers.keys()]) this.end(id)
    })
  }

  /** A session begins, and nothing has been said on it. */
  session(connection: Connection): void {
    const decision = this.draw(connection, 'session', `connection:${connection.ordinal}`)
    if (!decision) return
    const performer = sessionPerformers[decision.fault.type as SessionName]
    void (performer as ConnectionPerformer<SessionName>)(this.strike(connection, decision))
  }

  /** An exchange on this connection, or this stream of it, has ended. */
  begin(connection: Connection, stream?: number): void {
    if (this.gate.current.isIdle || !connection.open) return
    if (connection.frames?.open.some((other) => other !== stream)) return
    const spot = `connection:${connection.ordinal}#${this.gate.turnOf(connection)}`
    const decision = this.draw(connection, 'idle', spot)
    if (!decision) return
    const strike = this.strike<IdleName>(connection, decision)
    const performer = idlePerformers[strike.fault.type] as ConnectionPerformer<IdleName>
    const { after_ms: ms = 0 } = strike.fault
    const timer = this.gate.options.clock.after(ms, () => {
      this.timers.delete(connection.id)
      if (connection.open) void performer(strike)
    })
    this.timers.set(connection.id, timer)
  }

  /** A request has come on it. */
  end(id: number): void {
    this.timers.get(id)?.cancel()
    this.timers.delete(id)
  }

  closed(id: number): void {
    this.end(id)
    this.closings.get(id)?.abort()
    this.closings.delete(id)
  }

  private draw(connection: Connection, point: 'session' | 'idle', spot: string): Decision | undefined {
    const nothing = { method: '', path: '', headers: [] }
    return this.gate.draw({ ...nothing, connection: connection.ordinal, spot, points: [point] })
  }

  private strike<N extends SessionName | IdleName>(
    connection: Connection,
    decision: Decision,
  ): ConnectionStrike<N> {
    const closing = this.closings.get(connection.id) ?? new AbortController()
    this.closings.set(connection.id, closing)
    return {
      fault: decision.fault as FaultOf<N>,
      connection,
      clock: this.gate.options.clock,
      healed: this.gate.healed,
      closed: closing.signal,
      emit: (deed) => this.gate.struck(decision, { conn: connection.id }, deed),
    }
  }
}

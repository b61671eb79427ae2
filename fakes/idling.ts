/**
 * Connections that have carried an answer and now stay idle. The plan is asked when an exchange has ended; what it
 * plans strikes when its time has passed without another request.
 */
import type { Timer } from '../src/clock.ts'
import type { Connection } from '../src/exchange.ts'
import { idlePerformers } from './faults/index.ts'
import type { Gate } from './gate.ts'

export class Idling {
  private readonly gate: Gate
  /** By connection. */
  private readonly timers = new Map<number, Timer>()

  constructor(gate: Gate) {
    this.gate = gate
    gate.healed.addEventListener('abort', () => {
      for (const id of [...this.timers.keys()]) this.end(id)
    })
  }

  /** An exchange on this connection has ended. */
  begin(connection: Connection): void {
    if (this.gate.isIdle || !connection.open) return
    const nothing = { method: '', path: '', headers: [] }
    const decision = this.gate.draw({ ...nothing, connection: connection.ordinal, points: ['idle'] })
    if (decision?.fault.type !== 'idle_close') return
    const { fault } = decision
    const timer = this.gate.options.clock.after(fault.after_ms, () => {
      this.timers.delete(connection.id)
      if (!connection.open) return
      void idlePerformers.idle_close({
        fault,
        connection,
        emit: (deed) => this.gate.struck(decision, { conn: connection.id }, deed),
      })
    })
    this.timers.set(connection.id, timer)
  }

  /** A request has come on it, or it has closed. */
  end(id: number): void {
    this.timers.get(id)?.cancel()
    this.timers.delete(id)
  }
}

/** Faults of a connection on which no exchange is open. */
import type { Cut } from '../../src/exchange.ts'
import type { ConnectionPerformer } from './strike.ts'

/** Not entered where the client has ended the connection first: there was nothing left to close. */
export const idle_close: ConnectionPerformer<'idle_close'> = async ({ connection, fault, emit }) => {
  const how: Cut = fault.how === 'rst' ? { rst: true, linger_ms: 0 } : { fin: true }
  if ((await connection.cut(how)).ok) emit(fault)
}

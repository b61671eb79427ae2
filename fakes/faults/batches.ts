/**
 * Faults of the application: the batch was read, and what became of its records is not what a client hopes for. The
 * intake takes by the decision; here the protocol's answer goes out, and is entered.
 */
import { done, untouched } from './strike.ts'
import type { Performer } from './strike.ts'

/** The protocol has been told which records were struck, and says so in its own way. */
export const partial_batch: Performer<'partial_batch'> = async (strike) => {
  const { due, exchange, fault } = strike
  if (!due) return 'proceed'
  const head = await exchange.respond(due.status, due.headers, due.framing, due.ack)
  strike.emit(done(fault, head))
  return head.ok ? untouched(exchange) : 'over'
}

/** What a server that waits for the landing would call landed was only accepted: 202, whatever was asked for. */
export const discard_after_take: Performer<'discard_after_take'> = async (strike) => {
  const { due, exchange, fault } = strike
  if (!due) return 'proceed'
  const head =
    due.ack === 'landed'
      ? await exchange.respond(202, due.headers, due.framing, 'accepted')
      : await exchange.respond(due.status, due.headers, due.framing, due.ack)
  strike.emit(done(fault, head))
  return head.ok ? untouched(exchange) : 'over'
}

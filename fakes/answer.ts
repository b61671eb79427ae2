/** A whole answer, and the one way to give it. */
import type { Ack, Emitted, Exchange, Header } from '../src/exchange.ts'

export interface Answer {
  readonly status: number
  readonly headers: readonly Header[]
  readonly body: Uint8Array
  /** What it claims, where the status alone does not say (200 after the landing). */
  readonly ack?: Ack
}

export function jsonAnswer(status: number, value: unknown, headers: readonly Header[] = []): Answer {
  const body = Buffer.from(JSON.stringify(value))
  return { status, headers: [['content-type', 'application/json'], ...headers], body }
}

/** Gives the answer; resolves to what was emitted, body bytes counted, or to the first thing that was not. */
export async function give(exchange: Exchange, answer: Answer): Promise<Emitted> {
  if (exchange.answer) return (await exchange.answer(answer)).emitted
  const framing = { length: answer.body.length }
  const head = await exchange.respond(answer.status, answer.headers, framing, answer.ack)
  if (!head.ok) return head
  const body = answer.body.length > 0 ? await exchange.write(answer.body) : { ok: true as const, bytes: 0 }
  if (!body.ok) return body
  const end = await exchange.end()
  return end.ok ? body : end
}

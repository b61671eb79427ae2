/** What a transport told, one fact at a time, to be awaited instead of slept for. */
import type { Arrivals, Connection, Exchange, Gone } from '../../../src/exchange.ts'

export class Facts<T> {
  readonly all: T[] = []
  private taken = 0
  private waiting: (() => void)[] = []

  push(fact: T): void {
    this.all.push(fact)
    for (const wake of this.waiting.splice(0)) wake()
  }

  /** The first fact not yet taken, when there is one. */
  async next(): Promise<T> {
    while (this.taken >= this.all.length) await new Promise<void>((resolve) => this.waiting.push(resolve))
    return this.all[this.taken++] as T
  }
}

/** Arrivals that keep what they are told and serve exchanges as a test says. */
export class Witnessed implements Arrivals {
  readonly openings: Facts<Connection> = new Facts()
  readonly closings: Facts<Gone & { id: number }> = new Facts()
  readonly refusals: Facts<{ status: number | undefined; why: string }> = new Facts()
  readonly drops: Facts<number> = new Facts()
  readonly unanswered: Facts<{ path: string; body: string; complete: boolean; afterClose: boolean }> =
    new Facts()
  serve: (exchange: Exchange) => Promise<void> = (exchange) => answer(exchange, 'ok')

  opened(connection: Connection): void {
    this.openings.push(connection)
  }

  closed({ id }: Connection, how: Gone): void {
    this.closings.push({ id, ...how })
  }

  exchange(exchange: Exchange): Promise<void> {
    return this.serve(exchange)
  }

  async unserved(exchange: Exchange, afterClose: boolean): Promise<void> {
    const body = String(await readAll(exchange))
    this.unanswered.push({ path: exchange.head.path, body, complete: exchange.complete, afterClose })
  }

  dropped(limit: number): void {
    this.drops.push(limit)
  }

  malformed(_: Connection, status: number | undefined, why: string): void {
    this.refusals.push({ status, why })
  }
}

export async function readAll(exchange: Exchange): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of exchange.body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export async function answer(exchange: Exchange, text: string): Promise<void> {
  await readAll(exchange)
  const body = Buffer.from(text)
  await exchange.respond(200, [], { length: body.length })
  await exchange.write(body)
  await exchange.end()
}

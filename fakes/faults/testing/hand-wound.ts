/** A server with one rule on a real socket, on a clock wound by hand, for tests of pace. */
import { HandClock } from '../../../src/clock.ts'
import type { EntryKind, EntryOf } from '../../../src/entry.ts'
import type { Ledger } from '../../../src/ledger.ts'
import type { Rule } from '../../../src/plan/plan.ts'
import { serveSocket } from '../../server.ts'
import { RawClient } from '../../testing/raw-client.ts'
import { entriesOf, optionsFor } from '../../testing/serving.ts'

/** More than the buffers of both ends of a connection on loopback hold, and less than a body may have. */
export const largeBytes = 10_000_000

/** A request with a body of so many spaces. */
export function largePost(): Buffer {
  const head = `POST / HTTP/1.1\r\nHost: t\r\nContent-Length: ${largeBytes}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), Buffer.alloc(largeBytes, ' ')])
}

/** Bytes of which the client has not been rid yet. */
export function unsent({ socket }: RawClient): number {
  return (socket as unknown as { _handle: { writeQueueSize: number } })._handle.writeQueueSize
}

export class HandWound implements AsyncDisposable {
  readonly clock: HandClock
  readonly ledger: Ledger
  readonly port: number
  private readonly endpoint: Awaited<ReturnType<typeof serveSocket>>
  private readonly clients: RawClient[] = []

  private constructor(clock: HandClock, ledger: Ledger, endpoint: HandWound['endpoint']) {
    this.clock = clock
    this.ledger = ledger
    this.endpoint = endpoint
    this.port = Number(new URL(endpoint.base).port)
  }

  static async under(rule: Rule, h2 = false): Promise<HandWound> {
    const clock = new HandClock()
    const options = optionsFor([rule], clock)
    return new HandWound(clock, options.ledger, await serveSocket({ ...options, h2 }))
  }

  async client(): Promise<RawClient> {
    const client = await RawClient.to(this.port)
    this.clients.push(client)
    return client
  }

  heal(): void {
    this.endpoint.heal()
  }

  entries<K extends EntryKind>(kind: K): EntryOf<K>[] {
    return entriesOf(this.ledger.entries, kind)
  }

  async first<K extends EntryKind>(kind: K): Promise<EntryOf<K>> {
    return (await this.ledger.until((entry) => entry.kind === kind)) as EntryOf<K>
  }

  /** Of the only fault that was planned. */
  get emitted(): EntryOf<'fault'>['emitted'] | undefined {
    return this.entries('fault')[0]?.emitted
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.clients) socket.destroy()
    await this.endpoint.stop()
  }
}

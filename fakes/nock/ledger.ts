/**
 * The ledger of answers through nock. A client that has given up leaves unseen, and nock takes the answer for it all
 * the same. So of an answer that a fault held back, long enough for a client to leave, nobody can say that it was read.
 */
import type { Entry, EntryBody } from '../../src/entry.ts'
import { Ledger } from '../../src/ledger.ts'

export class NockLedger extends Ledger {
  /** Numbers of the `sent` entries of answers that were held back. */
  readonly unsure: Set<number> = new Set()
  private readonly held = new Set<number>()
  private shaped = false

  override write(body: EntryBody, ...at: [t?: number]): Entry {
    const entry = super.write(body, ...at)
    if (body.kind === 'fault') this.note(body)
    if (body.kind === 'sent' && (this.shaped || this.held.has(body.req))) this.unsure.add(entry.n)
    return entry
  }

  private note({ req, emitted }: Extract<EntryBody, { kind: 'fault' }>): void {
    if (emitted.type === 'latency') this.shaped = true
    else if (emitted.type === 'header_delay' && req !== undefined) this.held.add(req)
  }
}

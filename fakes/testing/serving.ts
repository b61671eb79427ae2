/** A server with a plan on a real socket, for tests: what it was asked, and what its ledger says. */
import { realClock } from '../../src/clock.ts'
import type { Clock } from '../../src/clock.ts'
import type { Endpoint, EndpointOptions } from '../../src/endpoint.ts'
import type { Entry, EntryKind, EntryOf } from '../../src/entry.ts'
import { Ledger } from '../../src/ledger.ts'
import { checkPlan } from '../../src/plan/parse.ts'
import type { Rule } from '../../src/plan/plan.ts'
import { profiles } from '../../src/profile.ts'
import type { Profile } from '../../src/profile.ts'
import { recordAt, recordSource } from '../../src/record.ts'
import type { RecordSource } from '../../src/record.ts'
import { serveSocket } from '../server.ts'
import { requestText } from './raw-client.ts'

export const source: RecordSource = recordSource('1', 'test')
export const token = 'tk_test'

/** A real clock whose calendar stands still, so that answers have the same bytes every time. */
export function datedClock(): Clock {
  return { ...realClock(), wall: () => Date.UTC(2026, 0, 1) }
}

export const dateLine = 'Date: Thu, 01 Jan 2026 00:00:00 GMT'

export function optionsFor(rules: readonly Rule[], clock: Clock, protocol = 'generic'): EndpointOptions {
  return {
    mode: 'ingest',
    protocol,
    profile: profiles[protocol] as Profile,
    plan: checkPlan({ version: 1, seed: '1', rules }, 'test plan'),
    ledger: new Ledger(clock),
    clock,
    source,
    token,
    host: '127.0.0.1',
  }
}

export interface Serving extends Endpoint, AsyncDisposable {
  readonly port: number
  readonly ledger: Ledger
  entries<K extends EntryKind>(kind: K): EntryOf<K>[]
  /** Resolves to the first entry of a kind, written already or yet to come. */
  first<K extends EntryKind>(kind: K): Promise<EntryOf<K>>
}

export async function serving(
  rules: readonly Rule[],
  protocol = 'generic',
  more: Partial<EndpointOptions> = {},
): Promise<Serving> {
  const options = { ...optionsFor(rules, datedClock(), protocol), ...more }
  const endpoint = await serveSocket(options)
  const { ledger } = options
  return Object.assign(endpoint, {
    port: Number(new URL(endpoint.base).port),
    ledger,
    entries: <K extends EntryKind>(kind: K) => entriesOf(ledger.entries, kind),
    first: async <K extends EntryKind>(kind: K) =>
      (await ledger.until((entry) => entry.kind === kind)) as EntryOf<K>,
    [Symbol.asyncDispose]: () => endpoint.stop(),
  })
}

export function entriesOf<K extends EntryKind>(entries: readonly Entry[], kind: K): EntryOf<K>[] {
  return entries.filter((entry): entry is EntryOf<K> => entry.kind === kind)
}

/** The records 0.from to 0.to as NDJSON. */
export function ndjson(from: number, to: number): string {
  let text = ''
  for (let seq = from; seq <= to; seq += 1) text += `${JSON.stringify(recordAt(source, [0, seq]))}\n`
  return text
}

/** A POST with a body, as bytes on the wire. */
export function post(body: string, path = '/', more: readonly string[] = []): string {
  const fields = ['Host: test', `Content-Length: ${Buffer.byteLength(body)}`, ...more]
  return requestText(`POST ${path}`, fields, body)
}

/** Small programs for the lines rung, and what a drive of one comes to. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { realClock } from '../../clock.ts'
import type { Drive, Driven, Driver } from '../../driver.ts'
import type { EntryKind, EntryOf } from '../../entry.ts'
import { Ledger } from '../../ledger.ts'
import { recordSource, tokenOf } from '../../record.ts'
import type { RecordSource } from '../../record.ts'

const prelude = `
import { createInterface } from 'node:readline'
const say = (message) => process.stdout.write(JSON.stringify(message) + '\\n')
const raw = (bytes) => process.stdout.write(bytes)
const hello = { t: 'hello', v: 1, client: 'small', version: '1.2', can: ['ingest', 'flush'], knobs: ['a.b'] }
const on = { start() {}, send({ id }) { say({ t: 'ack', id }) }, flush() {}, stop() { say({ t: 'done' }) } }
`
const loop = `
for await (const line of createInterface({ input: process.stdin })) {
  process.stderr.write(line + '\\n')
  const message = JSON.parse(line)
  await on[message.t]?.(message)
}
`

let programs = 0

/** The command of a program that repeats its input on stderr and acts as \`body\` says; it begins with the hello. */
export function speaker(dir: string, body = '', greeting = 'say(hello)'): string {
  const path = join(dir, `speaker-${(programs += 1)}.mjs`)
  writeFileSync(path, [prelude, greeting, body, loop].join('\n'))
  return `exec '${process.execPath}' '${path}'`
}

export interface Spoken extends Driven {
  readonly ledger: Ledger
  /** Messages that the program was sent, and what else it printed on stderr. */
  readonly told: readonly string[]
}

export async function speak(
  driver: Driver,
  env: Readonly<Record<string, string>>,
  options: Partial<Drive> = {},
): Promise<Spoken> {
  const clock = options.clock ?? realClock()
  const ledger = new Ledger(clock)
  const source = options.source ?? recordSource('1', 'lines')
  const driven = await driver.drive({
    ...{ ledger, clock, source, ids: [[0, 0, 2]], budgetMs: 20_000 },
    ...options,
    env: { ...env, ...options.env },
  })
  return { ...driven, ledger, told: driven.stderr.bytes.toString().split('\n').slice(0, -1) }
}

export function entries<K extends EntryKind>({ ledger }: { ledger: Ledger }, kind: K): EntryOf<K>[] {
  return ledger.entries.filter((entry): entry is EntryOf<K> => entry.kind === kind)
}

/** Claims without number and time, in their order. */
export function claims(spoken: { ledger: Ledger }): object[] {
  return entries(spoken, 'claim').map(({ n: _n, t: _t, kind: _kind, ...members }) => members)
}

export function alerts(spoken: { ledger: Ledger }): string[] {
  return entries(spoken, 'claim').flatMap(({ what, raw }) => (what === 'alert' ? [raw ?? ''] : []))
}

/** The token of a record of producer 0. */
export function tokenAt({ nonce }: RecordSource, seq: number): string {
  return tokenOf(nonce, [0, seq])
}

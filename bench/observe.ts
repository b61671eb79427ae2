/**
 * What clients see of each fault of the catalogue, each against a real server on loopback: `docs/faults.observed.json`,
 * and the page that is made from it.
 *
 *   npm run observe                              all of them, some minutes
 *   node dist/bench/observe.js goaway stall      these alone; printed, and nothing is written
 *
 * One client after the other, so that none waits for another's work. Without curl its columns stay empty, and that is
 * said.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { authority } from '../fakes/tls/certificates.ts'
import { faultSpec } from '../src/fault.ts'
import { say } from './figures.ts'
import { boundMs, timedBoundMs, timeoutMs } from './observe/asking.ts'
import type { Client } from './observe/asking.ts'
import { catalogue, columns, unseen } from './observe/catalogue.ts'
import type { Column, Placed } from './observe/catalogue.ts'
import { curlClient, curlVersion } from './observe/curl.ts'
import type { CurlHttp } from './observe/curl.ts'
import { documentText, jsonPath, pagePath } from './observe/document.ts'
import type { NotApplicable, Observation, ObservedDocument, Row } from './observe/document.ts'
import { observation } from './observe/observing.ts'
import { page } from './observe/page.ts'
import { remote } from './observe/remote.ts'
import type { Remote } from './observe/remote.ts'
import { described } from './observe/row.ts'
import { answerBytes } from './observe/trial.ts'
import type { Trial } from './observe/trial.ts'
import { versions } from './observe/versions.ts'

const absent: NotApplicable = { notApplicable: 'no curl on this machine' }
/** curl 7.88.1 fails so with --http2-prior-knowledge, whatever the server. */
const unkept: NotApplicable = { notApplicable: 'in normal service too fails on a kept connection' }
const second: Trial = { fault: { type: 'none' }, before: 'answered' }

class Clients {
  private readonly ca: string
  private readonly hasCurl: boolean
  private readonly keeping = new Map<string, Promise<boolean>>()
  private readonly remotes = new Map<string, Promise<Remote>>()

  constructor(ca: string, hasCurl: boolean) {
    this.ca = ca
    this.hasCurl = hasCurl
  }

  async of({ program }: Column): Promise<Client | undefined> {
    if (isCurl(program)) return this.hasCurl ? curlClient(program, this.ca) : undefined
    let found = this.remotes.get(program)
    if (!found) this.remotes.set(program, (found = remote(program, this.ca)))
    return found
  }

  /** Whether a second request on one connection is answered in normal service. */
  keeps(column: Column, client: Client): Promise<boolean> {
    let found = this.keeping.get(column.name)
    if (!found) {
      found = observation(second, client, column.carrier).then(
        (seen) => 'outcome' in seen && seen.outcome === 'ok',
      )
      this.keeping.set(column.name, found)
    }
    return found
  }

  async stop(): Promise<void> {
    for (const each of this.remotes.values()) (await each).stop()
  }
}

function isCurl(program: Column['program']): program is CurlHttp {
  return program.startsWith('--')
}

async function observed({ layer, trial }: Placed, clients: Clients): Promise<Row> {
  const seen: Record<string, Observation | NotApplicable> = {}
  for (const column of columns[layer]) {
    const client = await clients.of(column)
    const isShared = trial.before !== undefined || trial.atOnce !== undefined
    if (!client) seen[column.name] = absent
    else if (isShared && !(await clients.keeps(column, client))) seen[column.name] = unkept
    else seen[column.name] = await observation(trial, client, column.carrier)
  }
  return { ...described({ layer, trial }), seen }
}

const directory = mkdtempSync(join(tmpdir(), 'tailrace-observe-'))
const ca = join(directory, 'authority.pem')
writeFileSync(ca, await authority())
const clients = new Clients(ca, (await curlVersion()) !== undefined)
const asked = process.argv.slice(2)
const rows: Row[] = []
try {
  for (const placed of catalogue) {
    const { type } = placed.trial.fault
    if (asked.length > 0 && !asked.includes(type)) continue
    rows.push(await observed(placed, clients))
    say(`${type} (${faultSpec(type).layer})`)
  }
} finally {
  await clients.stop()
  rmSync(directory, { recursive: true })
}
const document: ObservedDocument = {
  schema: 1,
  versions: await versions(),
  conditions: {
    timeout_ms: timeoutMs,
    bound_ms: boundMs,
    timed_bound_ms: timedBoundMs,
    answer_bytes: answerBytes,
  },
  unseen,
  rows,
}
if (asked.length > 0) say(documentText(document))
else {
  writeFileSync(jsonPath, documentText(document))
  writeFileSync(pagePath, page(document))
}
if ((await curlVersion()) === undefined) say('curl was not found: its columns are empty')

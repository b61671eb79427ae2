/** Whole runs on real sockets, with drivers that live in this process, for tests. */
import { request } from 'undici'
import { serveSocket } from '../../fakes/server.ts'
import { realClock } from '../clock.ts'
import type { Drive, Driven, Driver } from '../driver.ts'
import type { EndpointFactory } from '../endpoint.ts'
import { profiles } from '../profile.ts'
import type { Profile } from '../profile.ts'
import { idsIn, recordAt } from '../record.ts'
import type { Report } from '../report.ts'
import type { Setup } from '../run.ts'
import type { Case } from '../scenario.ts'
import { runSuite } from '../suite.ts'
import type { SuiteOptions } from '../suite.ts'
import { caseOf } from './cases.ts'

/** What a driver's client does: resolves to its exit code. */
export type Client = (drive: Drive) => Promise<number>

export function driverOf(client: Client): Driver {
  return {
    rung: 'test',
    command: 'client --of test',
    drive: async (drive) => {
      const which = drive.client === undefined ? {} : { client: drive.client }
      drive.ledger.write({ kind: 'offer', ids: drive.ids, ...which })
      const code = await client(drive)
      drive.ledger.write({ kind: 'claim', what: 'exit', code, by: 'client', ...which })
      return driven({ code })
    },
  }
}

export function driven(over: Partial<Driven> & { said?: string } = {}): Driven {
  const { said = '', ...rest } = over
  const stderr = { bytes: Buffer.from(said), total: said.length }
  const stdout = { bytes: Buffer.alloc(0), total: 0 }
  return { ended: 'exit', code: 0, signal: null, stdout, stderr, ...rest }
}

/** Sends everything in one request; resolves to its status. */
export async function post({ env, ids, source }: Drive): Promise<number> {
  const lines = [...idsIn(ids)].map((id) => `${JSON.stringify(recordAt(source, id))}\n`)
  const answer = await request(env['TAILRACE_URL'] ?? '', {
    method: 'POST',
    body: lines.join(''),
    reset: true,
  })
  await answer.body.dump()
  return answer.statusCode
}

export const honest: Client = async (drive) => ((await post(drive)) === 202 ? 0 : 10)
export const idle: Client = () => Promise.resolve(0)
/** Honest, but in the cases named. */
export const honestBut = (names: readonly string[], client: Client): Client => {
  return (drive) => (names.includes(drive.source.case) ? client(drive) : honest(drive))
}

export const probe: Case = caseOf('base.one', { promises: [{ use: 'attempts', min: 1, max: 1 }] })
export const a: Case = caseOf('a')
export const b: Case = caseOf('b')
export const c: Case = caseOf('c')

export interface Staging extends Partial<Omit<SuiteOptions, 'selected'>> {
  readonly cases?: readonly Case[]
  readonly notApplicable?: SuiteOptions['selected']['notApplicable']
  readonly driver?: Driver
  readonly endpoint?: EndpointFactory
  readonly seed?: string
}

export function run(client: Client, staging: Staging = {}): Promise<Report> {
  const {
    cases = [probe, a, b],
    notApplicable = [],
    driver,
    endpoint = serveSocket,
    seed = '1',
    ...over
  } = staging
  const setup: Setup = {
    endpoint,
    driver: driver ?? driverOf(client),
    protocol: 'generic',
    profile: profiles['generic'] as Profile,
    seed,
    host: '127.0.0.1',
    knobs: [],
    clock: realClock(),
    tool: 'tailrace test',
  }
  return runSuite(setup, {
    selected: { run: cases, notApplicable },
    probe,
    control: driverOf(honest),
    nullClient: driverOf(idle),
    mode: 'ingest',
    level: 'should',
    suite: 1,
    parallel: 2,
    shuffle: false,
    bail: false,
    run: 'test',
    version: '0',
    stage: () => ({ dir: '' }),
    keep: () => {},
    context: () => ({ seed, repeat: 1, ledger: '', replay: '' }),
    ...over,
  })
}

export const verdicts = ({ cases }: Report): Record<string, string> =>
  Object.fromEntries(cases.map(({ id, verdict }) => [id, verdict]))

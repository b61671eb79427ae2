/**
 * A server for tests, as `tailrace/server`: the reference server on loopback with its ledger in memory, for a client
 * that is tested in whatever runner, without ours.
 */
import { serveAt } from '../../fakes/server.ts'
import { authority } from '../../fakes/tls/certificates.ts'
import { realClock } from '../clock.ts'
import type { Clock } from '../clock.ts'
import type { Endpoint } from '../endpoint.ts'
import { TailraceError } from '../errors.ts'
import { readRunOptions } from './server-options.ts'
import type { OwnOptions, RunOptions } from './server-options.ts'
import { begin, watch } from './server-watch.ts'
import type { WatchedRun } from './server-watch.ts'

export type { Fired } from './server-claims.ts'
export type { CheckName, Found } from './server-judge.ts'
export type { Watched, WatchedRun } from './server-watch.ts'

export interface ServerOptions extends RunOptions {
  /** A free one when absent; 0 is one that the system chooses. */
  readonly port?: number
  /** 127.0.0.1 when absent. */
  readonly host?: string
  /** HTTP/2 is spoken too: to whom begins with its preface. */
  readonly h2?: boolean
  /** TLS, by a certificate of an authority of our own. */
  readonly tls?: boolean
}

export interface TestServer extends WatchedRun, AsyncDisposable {
  /** Where records are to be sent. */
  readonly url: string
  /** Origin only. */
  readonly base: string
  readonly port: number
  /** The authority to trust, PEM, where the server speaks TLS. */
  readonly ca?: string
  /** Heals, waits for what is open, 2 s at most, and closes what is left. The ledger can be read on. */
  stop(): Promise<void>
}

const flag = (value: unknown): string | undefined =>
  typeof value === 'boolean' ? undefined : 'true or false'

const own: OwnOptions = {
  port: (value) => {
    const isPort = Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535
    return isPort ? undefined : 'a whole number from 0 to 65535'
  },
  host: (value) => (typeof value === 'string' && value !== '' ? undefined : 'an address'),
  h2: flag,
  tls: flag,
}

/** Starts a server. Throws `usage` with all that is wrong with the options. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const settings = readRunOptions(options, own)
  const clock = realClock()
  const begun = begin(settings, clock)
  const endpoint = await listening(options, { ...settings, ...begun, clock })
  const { run, end } = watch(begun, endpoint)
  return {
    ...run,
    url: endpoint.url,
    base: endpoint.base,
    port: Number(new URL(endpoint.base).port),
    ...(options.tls ? { ca: await authority() } : {}),
    stop: end,
    [Symbol.asyncDispose]: end,
  }
}

/** Runs `act` with a server that is stopped behind it, however it ends. */
export async function withServer<T>(
  options: ServerOptions,
  act: (server: TestServer) => T | Promise<T>,
): Promise<T> {
  await using server = await startServer(options)
  return await act(server)
}

type Served = ReturnType<typeof readRunOptions> & ReturnType<typeof begin> & { readonly clock: Clock }

async function listening(
  { host = '127.0.0.1', port, h2 = false, tls = false }: ServerOptions,
  served: Served,
): Promise<Endpoint> {
  const { protocol, profile, plan, ledger, clock, source, token } = served
  const common = { mode: 'ingest', protocol, profile, plan, ledger, clock, source, token } as const
  try {
    return await serveAt({ ...common, host, h2, tls, ...(port === undefined ? {} : { port }) })
  } catch (error) {
    if (!(error instanceof TailraceError)) throw error
    const at = port === undefined ? 'host' : 'port'
    const problems = error.problems.map((problem) => ({ ...problem, at }))
    throw new TailraceError('usage', 'cannot listen', problems, { cause: error })
  }
}

/**
 * Answers in place of an origin, as `tailrace/nock`, for a client that cannot be pointed at another address: the part
 * of a plan that nock can do, with the ledger, the records and the checks of a server. nock is a peer: bring your own.
 */
import { NockLedger, serveNock } from '../../fakes/nock/index.ts'
import { realClock } from '../clock.ts'
import { shown } from '../errors.ts'
import type { Plan } from '../plan/plan.ts'
import { readRunOptions } from './server-options.ts'
import type { OwnOptions, RunOptions } from './server-options.ts'
import { begin, watch } from './server-watch.ts'
import type { WatchedRun } from './server-watch.ts'

export { forbidStrayTraffic } from '../../fakes/nock/index.ts'
export type { Stray, StrayOptions, StrayTraffic } from '../../fakes/nock/index.ts'

export interface NockOptions extends Omit<RunOptions, 'plan'> {
  /** Scheme, host and port that the client sends to: `https://api.example`. */
  readonly origin: string
}

export interface NockedOrigin extends WatchedRun, AsyncDisposable {
  /** Where records are expected. */
  readonly url: string
  /** Heals, waits for what is open, 2 s at most, and gives the origin back. The ledger can be read on. */
  release(): Promise<void>
}

const own: OwnOptions = {
  origin: (value) => (isOrigin(value) ? undefined : 'an origin: http or https, a host, no path'),
}

function isOrigin(value: unknown): value is string {
  if (typeof value !== 'string' || !URL.canParse(value)) return false
  const { protocol, origin, href } = new URL(value)
  return (protocol === 'http:' || protocol === 'https:') && href === `${origin}/`
}

/**
 * Answers for `origin`, as `plan` says. Throws `usage` with all that is wrong with the options, or with all of the plan
 * that nock cannot do, each with its JSON pointer.
 */
export async function nockPlan(plan: Plan | string | undefined, options: NockOptions): Promise<NockedOrigin> {
  const missing = options?.origin === undefined
  const problem = { at: 'origin', expected: 'the origin to answer for', got: shown(options?.origin) }
  const given = plan === undefined ? options : { ...options, plan }
  const settings = readRunOptions(given, own, missing ? [problem] : [])
  const clock = realClock()
  const ledger = new NockLedger(clock)
  const begun = begin(settings, clock, ledger)
  const { origin } = new URL(options.origin)
  const { protocol, profile } = settings
  const { source, token } = begun
  const common = {
    mode: 'ingest',
    protocol,
    profile,
    plan: begun.plan,
    ledger,
    clock,
    source,
    token,
  } as const
  const endpoint = await serveNock(origin, common)
  const { run, end } = watch(begun, endpoint, ledger.unsure)
  return { ...run, url: endpoint.url, release: end, [Symbol.asyncDispose]: end }
}

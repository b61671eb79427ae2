/** The far side through nock, for clients that cannot be pointed at another address. */
import type { EndpointOptions } from '../../src/endpoint.ts'
import { TailraceError } from '../../src/errors.ts'
import { nockProblems } from './expressible.ts'
import { intercept } from './intercept.ts'
import { loadNock } from './peer.ts'
import { Served } from './served.ts'

export { nockProblems } from './expressible.ts'
export { NockLedger } from './ledger.ts'
export { forbidStrayTraffic } from './stray.ts'
export type { Stray, StrayOptions, StrayTraffic } from './stray.ts'

/** What answers in place of an origin. */
export interface NockEndpoint {
  readonly url: string
  readonly failures: readonly string[]
  heal(): void
  quiet(): Promise<void>
  /** Forgets the origin. */
  stop(): Promise<void>
}

/** Answers for `origin` through nock. Throws `usage` where nock is missing or the plan cannot be done through it. */
export async function serveNock(
  origin: string,
  options: Omit<EndpointOptions, 'host'>,
): Promise<NockEndpoint> {
  const problems = nockProblems(options.plan)
  if (problems.length > 0) throw new TailraceError('usage', 'nock cannot do this plan', problems)
  const served = new Served({ ...options, host: new URL(origin).host })
  const release = intercept(await loadNock(), origin, served, options.clock)
  return {
    url: origin + (served.protocol.paths.ingest ?? '/'),
    failures: served.failures,
    heal: () => served.heal(),
    quiet: () => served.quiet(),
    stop: () => {
      release()
      return Promise.resolve()
    },
  }
}

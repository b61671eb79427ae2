/**
 * Matchers for vitest, as `tailrace/vitest`: what a client that is tested against `startServer`, or through nock, has
 * delivered and how it behaved. Importing it registers them. vitest is a peer: bring your own.
 *
 * Each waits until no exchange is open, so each is awaited. A claim that can neither be held nor refuted by what was
 * seen fails, with `.not` as without.
 */
import { entryLine } from '../../reporters/entry-line.ts'
import { plain } from '../../reporters/ink.ts'
import { messageOf, shown, TailraceError } from '../errors.ts'
import { limits } from '../limits.ts'
import type { CheckVerdict } from '../verdict.ts'
import * as claims from './server-claims.ts'
import type { Claim, Records, Times } from './server-claims.ts'
import type { Seen } from './server-judge.ts'
import type { Watched } from './server-watch.ts'

export { startServer, withServer } from './server.ts'
export type { ServerOptions, TestServer, WatchedRun } from './server.ts'
export type { Records, Times } from './server-claims.ts'

/** A promise where the subject is a server of ours; else the call does not compile. */
type Asked<T> = T extends Watched ? Promise<void> : never

declare module 'vitest' {
  interface Matchers<T> {
    /** The rule of the plan, or any of them, struck as planned: once at least, or as often as `times` says. */
    toHaveFired(rule?: string, times?: Times): Asked<T>
    /** Some fault struck, and each did what was planned. */
    toHaveNoMisfires(): Asked<T>
    /** Every record offered, or each of `records`, landed as it was. */
    toDeliverAtLeastOnce(records?: Records): Asked<T>
    /** Every record offered landed once, as it was. */
    toDeliverExactlyOnce(): Asked<T>
    /** What landed, landed once. */
    toHaveNoDuplicates(): Asked<T>
    /** Records landed in the order in which they were offered, over more than one landing. */
    toKeepOrder(): Asked<T>
    /** No attempt came before the Retry-After of the answer before it had passed. */
    toHonourRetryAfter(): Asked<T>
    /** After a failure the client did not hammer. */
    toHaveNoHotLoop(): Asked<T>
  }
}

interface State {
  readonly isNot: boolean
}

interface Outcome {
  readonly pass: boolean
  readonly message: () => string
}

function matcher<A extends readonly unknown[]>(
  promise: string,
  claimOf: (seen: Seen, ...args: A) => Claim,
): (this: State, received: unknown, ...args: A) => Promise<Outcome> {
  return async function (received, ...args) {
    const watched = watchedOf(received)
    await watched.quiet()
    const claim = trusted(watched, claimOf({ entries: watched.ledger(), unsure: watched.unsure() }, ...args))
    // Neither held nor refuted: it is to fail either way, and vitest turns `pass` round for `.not`.
    const pass = claim.verdict === 'pass' || (claim.verdict !== 'fail' && this.isNot)
    return { pass, message: () => messageFor(this.isNot ? `not ${promise}` : promise, claim) }
  }
}

function watchedOf(received: unknown): Watched {
  const has = (name: string): boolean =>
    typeof received === 'object' &&
    received !== null &&
    name in received &&
    typeof Reflect.get(received, name) === 'function'
  if (['ledger', 'unsure', 'failures', 'quiet'].every(has)) return received as Watched
  throw new TailraceError('usage', 'this matcher is about a server', [
    { at: 'expect()', expected: 'what startServer or nockPlan gives', got: shown(received) },
  ])
}

function trusted(watched: Watched, claim: Claim): Claim {
  const failures = watched.failures()
  return failures.length === 0
    ? claim
    : { ...claim, verdict: 'unknown', because: [...failures, ...claim.because] }
}

const signs: Readonly<Record<CheckVerdict, string>> = {
  pass: 'It did.',
  fail: 'It did not.',
  unknown: 'What was seen tells neither that nor the opposite.',
  'n/a': 'Nothing was seen that could tell.',
}

/** What was expected, what was seen, why, and the entries that show it as the text reporter shows them. */
function messageFor(promise: string, { verdict, because, entries }: Claim): string {
  const lines = entries.slice(0, limits.entriesShown).map((entry) => `  ${plain(entryLine(entry))}`)
  return [
    `expected the run ${promise}. ${signs[verdict]}`,
    ...because.slice(0, limits.becauseShown).map((sentence) => `  ${plain(sentence)}`),
    ...(lines.length > 0 ? ['', ...lines] : []),
  ].join('\n')
}

const matchers = {
  toHaveFired: matcher('to have fired', claims.fired),
  toHaveNoMisfires: matcher('to have no misfires', claims.noMisfires),
  toDeliverAtLeastOnce: matcher('to deliver at least once', claims.deliveredAtLeastOnce),
  toDeliverExactlyOnce: matcher('to deliver exactly once', claims.deliveredExactlyOnce),
  toHaveNoDuplicates: matcher('to have no duplicates', claims.noDuplicates),
  toKeepOrder: matcher('to keep the order', claims.keptOrder),
  toHonourRetryAfter: matcher('to honour Retry-After', claims.honouredRetryAfter),
  toHaveNoHotLoop: matcher('to have no hot loop', claims.noHotLoop),
}

const { expect } = await import('vitest').catch((error: unknown) => {
  const problem = {
    at: 'tailrace/vitest',
    expected: 'the package vitest beside tailrace',
    got: messageOf(error),
  }
  throw new TailraceError('usage', 'the matchers need vitest', [problem], { cause: error })
})

expect.extend(matchers)

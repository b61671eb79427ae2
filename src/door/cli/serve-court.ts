/**
 * What a served run offers, and what its checkers find: the judge of a run over the entries that are still there. Where
 * some are missing, or may mislead, it is unknown, and the reason is said. By asking, one says that the client is done.
 */
import type { Court, VerifyAsked } from '../../../fakes/admin/call.ts'
import type { Kept } from '../../../fakes/admin/kept.ts'
import { realClock, within } from '../../clock.ts'
import type { Endpoint } from '../../endpoint.ts'
import type { Entry } from '../../entry.ts'
import { TailraceError } from '../../errors.ts'
import type { Ledger } from '../../ledger.ts'
import { limits } from '../../limits.ts'
import { ingestInvariants } from '../../promises.ts'
import { recordAt, shownRange } from '../../record.ts'
import type { IdRange, JsonObject, RecordSource } from '../../record.ts'
import type { CheckCall } from '../../scenario.ts'
import { worst } from '../../verdict.ts'
import type * as ServerJudge from '../server-judge.ts'
import type { CheckName, Found } from '../server-judge.ts'

export interface CourtParts {
  readonly ledger: Ledger
  readonly kept: Kept
  readonly source: RecordSource
  readonly endpoint: Pick<Endpoint, 'failures' | 'quiet'>
  /** The server's clock does not go with the client's: how long anybody waited cannot be told. */
  readonly timeless: boolean
  /** Enters how late the harness's timers have come. */
  readonly lap: () => void
}

interface Offer {
  /** Number of its entry. */
  readonly n: number
  readonly ids: IdRange
  broken: boolean
}

export function court(parts: CourtParts): Court {
  const { ledger, source, kept } = parts
  const offers: Offer[] = []
  return {
    offer: (count) => {
      const from = (offers.at(-1)?.ids[2] ?? -1) + 1
      checkCount(count, from)
      const ids: IdRange = [0, from, from + count - 1]
      const made: Offer = { n: ledger.write({ kind: 'offer', ids: [ids] }).n, ids, broken: false }
      offers.push(made)
      return { records: recordsOf(source, ids), broken: () => void (made.broken = true) }
    },
    verify: async ({ offered, checks = ingestInvariants }) => {
      const judge = await import('../server-judge.ts') // it takes its time to load, and a server is waited for
      const calls = callsOf(judge, checks)
      await within(realClock(), limits.settleMs, parts.endpoint.quiet(), undefined)
      parts.lap()
      const doubts = [...parts.endpoint.failures, ...doubtsOf(kept, offers)]
      const all = [...(offered ?? []), ...offers.map(({ ids }) => ids)]
      const found = calls.map((call) => {
        // What was offered is no invention, whatever the rest is asked about.
        const about = offered && call.id === 'inv.no-invention' ? all : offered
        const own = parts.timeless && !isTimeless(call) ? [...doubts, timelessDoubt] : doubts
        return doubted(own, judgedBy(judge, kept, call, about))
      })
      return {
        verdict: worst(found.map(({ verdict }) => verdict)),
        checks: found,
        ledger: { from: kept.from, next: kept.next, dropped: kept.dropped },
      }
    },
  }
}

function checkCount(count: number, before: number): void {
  const left = limits.recordsMax - before
  if (count <= left) return
  const problem = { at: '/records', expected: `at most ${left} more`, got: String(count) }
  throw new TailraceError('usage', 'so many records cannot be made', [problem])
}

function* recordsOf(source: RecordSource, [producer, from, to]: IdRange): Generator<JsonObject> {
  for (let seq = from; seq <= to; seq += 1) yield recordAt(source, [producer, seq])
}

type Judge = typeof ServerJudge

function callsOf({ checkCalls }: Judge, checks: Required<VerifyAsked>['checks']): readonly CheckCall[] {
  try {
    return checkCalls(checks as readonly CheckName[])
  } catch (error) {
    if (!(error instanceof TailraceError)) throw error
    const problems = error.problems.map((problem) => ({
      ...problem,
      at: problem.at.replace(/^names\//, '/checks/'),
    }))
    throw new TailraceError('usage', 'these are no checks', problems)
  }
}

/** Why what is left of the ledger may not be the truth about what was offered since it was last emptied. */
function doubtsOf(kept: Kept, offers: readonly Offer[]): string[] {
  const doubts: string[] = []
  const { from, dropped } = kept
  if (dropped > 0) {
    doubts.push(`The ledger holds from entry ${from} on: ${dropped} before it have made room.`)
  }
  const since = from - dropped
  const broken = offers.find((offer) => offer.broken && offer.n >= since)
  if (broken)
    doubts.push(`The records ${shownRange(broken.ids)} were offered, and not all of them were fetched.`)
  const before = offers.findLast((offer) => offer.n < since)?.ids[2]
  if (before !== undefined && comesAgain(kept, before)) {
    doubts.push('Records that were offered before the ledger was emptied came after it.')
  }
  return doubts
}

function comesAgain(kept: Kept, before: number): boolean {
  for (const entry of kept.entries()) {
    const isSeen = entry.kind === 'request' || entry.kind === 'take' || entry.kind === 'land'
    if (isSeen && entry.ids.some(([producer, from]) => producer === 0 && from <= before)) return true
  }
  return false
}

/** They count rows and compare records, and look at no time. */
const timelessChecks: readonly string[] = ['inv.no-loss', 'inv.integrity', 'inv.no-invention']
const timelessDoubt = "The server's clock is wound by hand, and does not tell when a client did what."

function isTimeless(call: CheckCall): boolean {
  if (call.id === 'rule') return call.rules.every(({ use }) => use === 'landed')
  return timelessChecks.includes(call.id)
}

/** Judges what is there, numbered as a whole ledger would be; witnesses have their own numbers again. */
function judgedBy(
  { judged }: Judge,
  kept: Kept,
  call: CheckCall,
  offered: readonly IdRange[] | undefined,
): Found {
  const there = [...kept.entries()]
  const all: Entry[] = kept.run && there[0]?.kind !== 'run' ? [kept.run, ...there] : there
  const numbered = all.map((entry, n): Entry => ({ ...entry, n }))
  const [found] = judged({ entries: numbered }, [call], offered ? { offered } : {}).found
  const { witnesses, entries, ...rest } = found as Found
  return {
    ...rest,
    witnesses: witnesses.flatMap((n) => all[n]?.n ?? []),
    entries: entries.flatMap(({ n }) => all[n] ?? []),
  }
}

function doubted(doubts: readonly string[], found: Found): Found {
  if (doubts.length === 0) return found
  return { ...found, verdict: 'unknown', because: [...doubts, ...found.because] }
}

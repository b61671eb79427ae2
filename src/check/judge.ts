/**
 * The judge: runs the checks that a ledger's first entry names over its entries, in one pass. It needs no server
 * and no client, so a ledger can be judged again at any time.
 *
 * A checker that throws is unknown, with the error as its reason: a judge that is broken must not acquit.
 */
import type { Entry, EntryOf } from '../entry.ts'
import { messageOf, shown, TailraceError } from '../errors.ts'
import type { CheckCall } from '../scenario.ts'
import { caseVerdict } from '../verdict.ts'
import type { CaseVerdict, Finding, Guarantee, Level } from '../verdict.ts'
import type { Checker, CheckerOf, Fold } from './checker.ts'
import { cleanExit } from './clean-exit.ts'
import { excuse } from './excuse.ts'
import { Facts } from './facts.ts'
import { finding } from './finding.ts'
import { fired } from './fired.ts'
import { integrity } from './integrity.ts'
import { noDouble } from './no-double.ts'
import { noFalseAck } from './no-false-ack.ts'
import { noFalseFail } from './no-false-fail.ts'
import { noFalseSuccess } from './no-false-success.ts'
import { noHotLoop } from './no-hot-loop.ts'
import { noInvention } from './no-invention.ts'
import { noLoss } from './no-loss.ts'
import { properties } from './properties/index.ts'
import { rule } from './rule.ts'
import { guaranteeOf } from './tier.ts'

export interface Judgement {
  readonly run: EntryOf<'run'>
  readonly verdict: CaseVerdict
  readonly checks: readonly (Finding & { readonly id: string; readonly level: Level })[]
  /** Figures of all checks, by name. */
  readonly measured: Readonly<Record<string, number>>
  /** What the client was seen to guarantee; absent where the ledger does not tell. */
  readonly guarantee?: Guarantee
}

export const checkers: { readonly [Id in CheckCall['id']]: CheckerOf<Id> } = {
  rule,
  fired,
  'inv.no-loss': noLoss,
  'inv.no-double': noDouble,
  'inv.no-false-ack': noFalseAck,
  'inv.no-false-success': noFalseSuccess,
  'inv.no-false-fail': noFalseFail,
  'inv.no-invention': noInvention,
  'inv.integrity': integrity,
  'inv.no-hot-loop': noHotLoop,
  'inv.clean-exit': cleanExit,
  ...properties,
}

export function judge(entries: Iterable<Entry>): Judgement {
  let court: Court | undefined
  for (const entry of entries) {
    court ??= convene(entry)
    court.step(entry)
  }
  if (!court) throw headless(undefined)
  return court.finish()
}

interface Court {
  step(entry: Entry): void
  finish(): Judgement
}

function convene(run: Entry): Court {
  if (run.kind !== 'run') throw headless(run)
  const facts = new Facts(run)
  const common = guard()
  const folds = run.checks.map((call) => guarded(() => begin(facts, call)))
  return {
    step: (entry) => {
      common.run(() => facts.step(entry))
      for (const fold of folds) fold.step(entry)
    },
    finish: () => {
      const judged = folds.map((fold) => common.failure() ?? fold.finish())
      const excused = common.run(() => excuse(facts, judged))
      const found = excused ? judged.map(() => excused) : judged
      const guarantee = excused ? undefined : common.run(() => guaranteeOf(facts))
      return {
        run,
        verdict: caseVerdict(found.map(({ verdict }) => verdict)),
        checks: run.checks.map(({ id, level }, i) => ({ ...(found[i] as Finding), id, level })),
        measured: Object.assign({}, ...found.map(({ measured }) => measured)) as Record<string, number>,
        ...(guarantee ? { guarantee } : {}),
      }
    },
  }
}

function begin(facts: Facts, call: CheckCall): Fold {
  if (!Object.hasOwn(checkers, call.id)) throw new TailraceError('ledger', `there is no check ${call.id}`)
  return (checkers[call.id] as Checker<CheckCall>)(facts, call)
}

/** A fold that turns unknown when the one inside throws, at its making or later. */
function guarded(make: () => Fold): Fold {
  const { run, failure } = guard()
  const fold = run(make)
  return {
    step: (entry) => run(() => fold?.step(entry)),
    finish: () => run(() => fold?.finish()) ?? failure() ?? finding('unknown', 'The checker found nothing.'),
  }
}

/** Runs what may throw, up to the first time that it does. */
function guard(): { run: <T>(act: () => T) => T | undefined; failure: () => Finding | undefined } {
  let failure: Finding | undefined
  return {
    run: (act) => {
      if (failure) return undefined
      try {
        return act()
      } catch (error) {
        failure = finding('unknown', `The checker failed: ${messageOf(error)}`)
        return undefined
      }
    },
    failure: () => failure,
  }
}

function headless(entry: Entry | undefined): TailraceError {
  const got = entry ? shown(entry.kind) : 'none'
  return new TailraceError('ledger', 'the ledger does not begin with a run', [
    { at: '/0/kind', expected: 'run', got },
  ])
}

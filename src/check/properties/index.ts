/** The properties by their ids; `docs/properties.md` says what each promises, and what HTTP/1.1 shows of it. */
import type { PropertyName } from '../../promises.ts'
import type { Checker, Fold } from '../checker.ts'
import type { Facts } from '../facts.ts'
import type { Finding } from '../../verdict.ts'
import { ackHonesty, committedMeansCommitted } from './acks.ts'
import { backoff, noStorm, retryAfterObeyed } from './backoff.ts'
import { partialAccept, splitOnTooLarge } from './batches.ts'
import { bodyIntegrity, fidelity } from './bodies.ts'
import { crash, goaway, spill } from './crash.ts'
import { atMostOnce, noResend } from './doubles.ts'
import { noRetryAfterRefusal } from './final.ts'
import { keyBindsContent, stableKey } from './keys.ts'
import { bufferBound, closeContract, noSilentLoss } from './losses.ts'
import { producerOrder } from './order.ts'
import { noCrash, resourcesReturn } from './process.ts'
import { isolation, progress, staleness } from './progress.ts'
import { retryable } from './retries.ts'
import { nonVacuity } from './vacuity.ts'

const others: { readonly [Id in Exclude<PropertyName, 'X4'>]: Checker<unknown> } = {
  I1: noSilentLoss,
  I2: ackHonesty,
  I3: committedMeansCommitted,
  I4: atMostOnce,
  I5: stableKey,
  I6: keyBindsContent,
  I7: noResend,
  I8: noRetryAfterRefusal,
  I9: retryable,
  I10: retryAfterObeyed,
  I11: backoff,
  I12: noStorm,
  I13: goaway,
  I14: producerOrder,
  I15: bodyIntegrity,
  I16: partialAccept,
  I17: splitOnTooLarge,
  I18: bufferBound,
  I19: spill,
  I20: closeContract,
  I21: crash,
  I22: progress,
  I23: isolation,
  I24: staleness,
  X1: noCrash,
  X2: resourcesReturn,
  X3: fidelity,
}

/** Each judged once a run, though X4 asks for what all of them found. */
const once = Object.fromEntries(
  Object.entries(others).map(([id, checker]) => [id, judgedOnce(checker)]),
) as typeof others

export const properties: { readonly [Id in PropertyName]: Checker<unknown> } = {
  ...once,
  X4: nonVacuity((id) => (Object.hasOwn(once, id) ? once[id as keyof typeof once] : undefined)),
}

/** The first who asks gets the fold, the others what it finds; one that threw throws for all. */
function judgedOnce(checker: Checker<unknown>): Checker<unknown> {
  const made = new WeakMap<Facts, Fold>()
  return (facts) => {
    const known = made.get(facts)
    if (known) return { step: () => {}, finish: () => known.finish() }
    const fold = remembering(checker(facts, undefined))
    made.set(facts, fold)
    return fold
  }
}

function remembering(fold: Fold): Fold {
  let failure: { readonly error: unknown } | undefined
  let found: Finding | undefined
  const guarded = <T>(act: () => T): T => {
    if (failure) throw failure.error
    try {
      return act()
    } catch (error) {
      failure = { error }
      throw error
    }
  }
  return {
    step: (entry) => guarded(() => fold.step(entry)),
    finish: () => (found ??= guarded(() => fold.finish())),
  }
}

/**
 * The properties of single requests and of the client itself, on ledgers that they are content with, that they are
 * not, and that they cannot judge; and what all properties have in common.
 */
import { describe, expect, it } from 'vitest'
import type { PropertyName } from '../../promises.ts'
import {
  itJudges,
  first,
  second,
  refused,
  reset,
  ten,
  tries,
  two,
  killed,
  stuck,
  fleet,
  hidden,
  stall,
  late,
  manyRetries,
  demanding,
  found,
} from './testing/stories.ts'
import type { Judged } from './testing/stories.ts'

const bareLf = { type: 'bare_lf', point: 'response-head', taken: true }

const manners: Readonly<
  Record<
    Extract<PropertyName, 'I5' | 'I6' | 'I8' | 'I9' | 'I10' | 'I11' | 'I12' | 'X1' | 'X2' | 'X3' | 'X4'>,
    Judged
  >
> = {
  I5: {
    pass: { 'one key': () => two({ ...reset, key: 'a' }, { key: 'a' }).exit(0) },
    fail: {
      'another key': () => two({ ...reset, key: 'a' }, { key: 'b' }).exit(0),
      'the key lost': () => two({ ...refused, key: 'a' }).exit(0),
    },
    'n/a': {
      'no key': () => two(reset).exit(0),
      'other records': () => two({ ids: first, ...reset, key: 'a' }, { key: 'b' }).exit(0),
      'after a refusal': () => two({ status: 400, key: 'a' }, { key: 'b' }).exit(0),
    },
  },
  I6: {
    pass: { 'other keys': () => two({ ids: first, key: 'a' }, { ids: second, key: 'b' }).exit(0) },
    fail: { 'one key': () => two({ ids: first, key: 'a' }, { ids: second, key: 'a' }).exit(0) },
    'n/a': {
      'one request': () => ten().attempt({ key: 'a' }).exit(0),
      'a body that was cut': () => two({ ids: first, key: 'a', ...reset, head: { complete: false } }, { key: 'a' }).exit(0), // prettier-ignore
    },
  },
  I8: {
    pass: {
      once: () => ten().attempt({ status: 400 }).exit(10),
      '413, smaller': () => two({ status: 413, bytes: 100 }, { bytes: 50 }).exit(0),
      '401, another credential': () =>
        two({ status: 401, head: { credential: 'a' } }, { head: { credential: 'b' } }).exit(0),
      '415, another coding': () => two({ status: 415, head: { coding: 'gzip' } }).exit(0),
      'a part of it': () => two({ status: 400 }, { ids: first }).exit(10),
    },
    fail: {
      'as it was': () => two({ status: 404 }).exit(0),
      'with more': () => two({ ids: first, status: 422 }).exit(0),
      '413, as large': () => two({ status: 413 }).exit(0),
      '401 with a second other credential': () =>
        two({ status: 401, head: { credential: 'a' } }, { status: 401, head: { credential: 'b' } })
          .attempt({ at: 900, head: { credential: 'c' } })
          .exit(0),
    },
    'n/a': { 'a 429 is not for good': () => two({ status: 429 }).exit(0) },
  },
  I9: {
    pass: {
      again: () => two(refused).exit(0),
      'as often as it must': () => tries(ten(), [100, 200, 400]).exit(0),
      'fewer, as it was wished': () =>
        ten({ config: { 'retry.max_attempts': 1 } })
          .attempt(refused)
          .exit(10),
      'a cut that a window of de-duplication has passed over': () =>
        two(reset, refused, { config: { 'dedup.window_ms': 400 } }).exit(10),
      'more, as it was wished': () =>
        tries(ten({ config: { 'retry.max_attempts': 9 } }), [100, 200, 400, 800, 1600, 3200]).exit(0),
      'not for so long a wait': () => ten().attempt({ status: 503, retryAfterMs: 86_400_000 }).exit(10),
    },
    fail: {
      'given up': () => ten().attempt(refused).exit(10),
      'one batch of two': () => two({ ids: first }, { ids: second, ...refused }).exit(10),
      'given up after 503 in a bad head': () =>
        ten()
          .attempt({ ...refused, struckBy: bareLf })
          .exit(10),
      'too often': () => tries(ten(), [100, 200, 400, 800, 1600, 3200]).exit(0),
    },
    unknown: {
      'cut before a record was read': () =>
        [1, 2, 3]
          .reduce(
            (of) => of.attempt({ ids: [], ...reset, head: { complete: false } }),
            ten().attempt(refused),
          )
          .exit(10),
      'no end': () => ten().attempt(refused),
    },
    'n/a': {
      'nothing failed': () => ten().attempt().exit(0),
      'refused for good in a bad head': () => ten().attempt({ status: 400, struckBy: bareLf }).exit(10),
    },
  },
  I10: {
    pass: { waited: () => two({ status: 429, retryAfterMs: 400 }).exit(0) },
    fail: { 'too early': () => two({ status: 503, retryAfterMs: 1000 }).exit(0) },
    unknown: { 'the harness was late': () => two({ status: 503, retryAfterMs: 400 }).write(late).exit(0) },
    'n/a': {
      'not asked': () => two(refused).exit(0),
      'never again': () => ten().attempt({ status: 429, retryAfterMs: 400 }).exit(10),
    },
  },
  I11: {
    pass: {
      growing: () => tries(ten(), [60, 110, 250, 390]).exit(0),
      'eight clients, spread': () => fleet((client) => 60 + 5 * client).exit(0),
      'constant at the cap': () => tries(ten({ config: { 'retry.max_ms': 300 } }), [300, 301, 300]).exit(0),
      'as good as constant, within the jitter of the cap': () =>
        tries(ten({ config: { 'retry.max_ms': 1000 } }), [712, 715, 708]).exit(0),
      'short as it was wished': () => tries(ten({ config: { 'retry.base_ms': 10 } }), [12, 30]).exit(0),
      'long, as uploads that were cut fall into it': () => hidden([360, 390, 420]).exit(0),
      'constant by Retry-After': () =>
        tries(ten(), [1000, 1001, 1000], { status: 503, retryAfterMs: 1000 }).exit(0),
    },
    fail: {
      'at once': () => tries(ten(), [3]).exit(0),
      constant: () => tries(ten(), [100, 100, 100]).exit(0),
      'constant, well below the cap': () =>
        tries(ten({ config: { 'retry.max_ms': 1000 } }), [400, 401, 402]).exit(0),
      shrinking: () => tries(ten(), [800, 300, 100, 40]).exit(0),
      'eight clients in step': () => fleet(() => 100),
    },
    unknown: { 'constant, and the harness late': () => tries(ten(), [400, 400, 400]).write(late).exit(0) },
    'n/a': { 'nothing sent again': () => ten().attempt(refused).exit(10) },
  },
  I12: {
    pass: { calm: () => tries(ten(), [100, 200]).exit(0) },
    fail: {
      'one request hammered': () => tries(ten(), Array<number>(60).fill(5)).exit(0),
      'many requests, each a little': () => manyRetries(40).exit(0),
    },
    unknown: {
      'bunched, perhaps': () => manyRetries(130).write(late).exit(0),
    },
    'n/a': { 'nothing failed': () => ten().attempt().exit(0) },
  },
  X1: {
    pass: { 'an exit': () => ten().attempt().exit(10) },
    fail: { 'a crash': () => ten().attempt().exit(139), stuck: () => stuck(ten().attempt(), 30_000) },
    unknown: { 'no end': () => ten().attempt() },
    'n/a': { 'never came': () => ten().exit(0) },
  },
  X2: {
    pass: { closed: () => ten().open(1).attempt().close(1).exit(0).settled() },
    fail: { open: () => ten().open(1).attempt().exit(0).settled() },
    unknown: {
      'not settled': () => ten().open(1).attempt().close(1).exit(0),
      'an exchange without an end': () =>
        ten().open(1).attempt({ written: 'open' }).close(1).exit(0).settled(),
    },
    'n/a': { 'no connection': () => ten().exit(10) },
  },
  X3: {
    pass: { 'as it was': () => two({ ...reset, sha: 'a' }, { sha: 'a' }).exit(0) },
    fail: {
      bytes: () => two({ ...reset, sha: 'a' }, { sha: 'b' }).exit(0),
      token: () => two({ ...refused, head: { auth: true } }, { head: { auth: false } }).exit(0),
      credential: () => two({ ...refused, head: { credential: 'a' } }, { head: { credential: 'b' } }).exit(0),
      method: () => two(refused, { head: { method: 'PUT' } }).exit(0),
    },
    'n/a': { once: () => ten().attempt().exit(0) },
  },
  X4: {
    pass: { seen: () => ten().attempt().exit(0) },
    unknown: {
      'nothing came': () => ten().exit(0),
      'a fault did not strike': () => demanding().offer(10).attempt().exit(0),
      'a misfire': () => ten().attempt().write({ kind: 'fault', rule: 'f', planned: killed, emitted: stall() }).exit(0), // prettier-ignore
    },
  },
}

describe('the properties', () => {
  itJudges(manners)

  it('let a client that sends nothing pass nothing, whatever it says', () => {
    for (const code of [0, 10]) {
      const { checks } = ten().exit(code).judge()
      const passed = checks.filter(({ id, verdict }) => /^[IX]\d/.test(id) && verdict === 'pass')
      // A loss that was told is no loss; that something was to be sent is for I20 and the rules to say.
      expect(passed.map(({ id }) => id)).toEqual(code === 0 ? [] : ['I1'])
    }
  })

  it('are counted by X4 where they were exercised, and judged no second time for it', () => {
    const { checks } = two(refused).exit(0).judge()
    const exercised = checks.filter(({ id, verdict }) => {
      return /^[IX]\d/.test(id) && id !== 'X4' && (verdict === 'pass' || verdict === 'fail')
    })
    expect(exercised.length).toBeGreaterThan(10)
    expect(found(two(refused).exit(0), 'X4').measured).toEqual({ propertiesExercised: exercised.length })
  })

  it('measure what they do not judge', () => {
    const { measured } = found(two({ ...refused, at: 10 }).exit(0), 'I24')
    expect(measured).toEqual({ stalenessMsMax: 499 })
    expect(found(tries(ten(), [60, 120]).exit(0), 'I11').measured).toEqual({ gapMsMin: 60, gapMsMax: 120 })
    expect(found(two(refused).exit(0), 'I9').measured).toEqual({ retryableFailures: 1 })
  })

  it('say what a failure is about', () => {
    expect(found(two({ status: 404 }).exit(0), 'I8').because[0]).toBe(
      '1 request refused for good, 1 of them sent again as they were: request 1 was answered 404 and came again as request 2.',
    )
    expect(found(two({ ...reset, key: 'a' }, { key: 'b' }).exit(0), 'I5').because[0]).toBe(
      '1 request sent again, 1 of them under another key: request 1 under a, request 2 under b.',
    )
  })
})

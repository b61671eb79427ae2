/** What must hold of the rules on attempts whatever the ledger: order, bounds from above, careful clients. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entry } from '../../entry.ts'
import { shuffled } from '../../random.ts'
import type { IdRange } from '../../record.ts'
import type { RuleCall } from '../../promises.ts'
import type { CheckVerdict } from '../../verdict.ts'
import { judge } from '../judge.ts'
import type { Judgement } from '../judge.ts'
import { ledger, ruled } from '../testing/ledgers.ts'
import type { LedgerOf, Told } from '../testing/ledgers.ts'

const bounds: readonly RuleCall[] = [
  { use: 'within_budget', most: true },
  { use: 'stops', after: 503, seen: 2, at_most: 2 },
  { use: 'calm_in_outage', until_s: 2, workers: 1 },
  { use: 'calm_after', share: 0.9, grace_ms: 10 },
  { use: 'rate', per_s_max: 2, until_s: 2 },
]
const rules: readonly RuleCall[] = [
  ...bounds,
  { use: 'outlasts', failures: 2 },
  { use: 'kept_together' },
  { use: 'not_starved' },
  { use: 'others_land', after: 400 },
  { use: 'not_retried', after: 401 },
  { use: 'gaps_grow', factor: 2, gaps_min: 2 },
  { use: 'gaps_spread', share: 0.2, clients_min: 2 },
  { use: 'gaps_capped', knob: 'retry.max_ms', cap_ms: 20, factor: 2 },
  { use: 'backoff_resets' },
  { use: 'one_layer' },
  { use: 'limited_gap', slack_ms: 50 },
  { use: 'splits' },
  { use: 'isolates', seq: 3 },
  { use: 'learns' },
]
const offered = 12

function under(call: RuleCall, { entries }: Pick<LedgerOf, 'entries'>): Judgement {
  const run = { ...ruled(call), knobs: ['retry.max_ms'] }
  return judge([run, ...entries.slice(1)])
}

const verdictOf = (call: RuleCall, of: Pick<LedgerOf, 'entries'>): CheckVerdict =>
  under(call, of).checks[0]?.verdict as CheckVerdict

/** Any requests of one client and of a control, beside and after each other, with any answers. */
const anything: fc.Arbitrary<LedgerOf> = fc
  .record({
    attempts: fc.array(
      fc.record({
        producer: fc.constantFrom(0, 0, 0, 1),
        from: fc.constantFrom(0, 0, 0, 4, 8),
        length: fc.constantFrom(1, 4, offered),
        at: fc.nat(300),
        answers: fc.nat(30),
        bytes: fc.constantFrom(50, 100),
        status: fc.constantFrom(202, 400, 401, 413, 429, 503, 503, 503, 'none' as const),
        retryAfterMs: fc.constantFrom(undefined, undefined, 100),
      }),
      { maxLength: 12 },
    ),
    late: fc.nat(20),
    code: fc.constantFrom(0, 10, 10, undefined),
  })
  .map(({ attempts, late, code }) => {
    const of = ledger().offer(offered)
    of.write({ kind: 'offer', ids: [[1, 0, offered - 1]], client: 1, control: true })
    for (const { producer, from, length, at, answers, status, bytes, retryAfterMs } of attempts) {
      const ids: IdRange[] = [[producer, from, Math.min(from + length, offered) - 1]]
      of.attempt({
        ids,
        at,
        answeredAt: at + answers,
        status,
        bytes,
        ...(retryAfterMs ? { retryAfterMs } : {}),
      })
    }
    of.write({ kind: 'lateness', p50: 0, p99: 0, p999: late })
    return code === undefined ? of : of.exit(code)
  })

describe('the rules on attempts', () => {
  it.each(rules)(
    '$use finds the same in any order of writing, with figures that can be written down',
    (call) => {
      fc.assert(
        fc.property(anything, fc.string(), (of, seed) => {
          const [run, offer, control, ...rest] = of.entries as [Entry, Entry, Entry, ...Entry[]]
          const entries = [run, offer, control, ...shuffled(rest, seed, 'order')]
          const found = (judgement: Judgement): unknown =>
            judgement.checks.map(({ verdict, because, measured }) => [verdict, because, measured])
          const before = under(call, of)
          const again = under(call, { entries: entries.map((entry, n) => ({ ...entry, n })) })
          expect(found(again)).toEqual(found(before))
          for (const figure of Object.values(before.measured)) expect(figure).toSatisfy(Number.isFinite)
        }),
      )
    },
  )

  it.each(rules)('$use cannot tell of a client that sent nothing', (call) => {
    const silent = ledger().offer(offered)
    expect(verdictOf(call, silent)).toBe('unknown')
    expect(verdictOf(call, silent.exit(0))).toBe('unknown')
  })

  it.each(rules)('$use holds nothing against a running client that its end could excuse', (call) => {
    fc.assert(
      fc.property(anything, fc.constantFrom(0, 10), (of, code) => {
        const entries = of.entries.filter(({ kind }) => kind !== 'claim')
        const running = verdictOf(call, { entries })
        const claim: Entry = { kind: 'claim', what: 'exit', code, n: entries.length, t: 1e9 }
        const ended = verdictOf(call, { entries: [...entries, claim] })
        if (running === 'fail') expect(ended).toBe('fail')
      }),
    )
  })

  it.each(bounds)('$use does not turn from fail to anything else by one request more', (call) => {
    const more = fc.record({ at: fc.integer({ min: 301, max: 900 }), from: fc.nat(offered - 1) })
    fc.assert(
      fc.property(anything, more, (of, { at, from }) => {
        const [before] = under(call, of).checks
        of.attempt({ ids: [[0, from, offered - 1]], at, answeredAt: at + 1, status: 503 })
        // What was carried too seldom may be carried often enough then.
        const beyond = call.use !== 'within_budget' || before?.because[0]?.startsWith('Carried by more')
        if (before?.verdict === 'fail' && beyond) expect(verdictOf(call, of)).toBe('fail')
      }),
    )
  })

  it('calm_after is content again without the requests that came too early', () => {
    const call: RuleCall = { use: 'calm_after', share: 0.9, grace_ms: 10 }
    const early = fc.array(fc.integer({ min: 121, max: 999 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(early, (times) => {
        const limited = (): LedgerOf =>
          ledger()
            .offer(offered)
            .attempt({ ids: [[0, 0, 0]], at: 100, answeredAt: 110, status: 429, retryAfterMs: 1000 })
        const noisy = limited()
        for (const at of times) noisy.attempt({ ids: [[0, 1, 1]], at })
        expect(verdictOf(call, noisy.attempt({ ids: [[0, 2, 2]], at: 1500 }).exit(0))).toBe('fail')
        expect(
          verdictOf(
            call,
            limited()
              .attempt({ ids: [[0, 2, 2]], at: 1500 })
              .exit(0),
          ),
        ).toBe('pass')
      }),
    )
  })
})

describe('a careful client', () => {
  /** Batches side by side, each sent whole again until it is answered; all, or all but one. */
  const client = (size: number, troubles: readonly number[], givenUp?: number): LedgerOf => {
    const of = ledger().offer(offered)
    for (let from = 0, batch = 0; from < offered; from += size, batch += 1) {
      const ids: IdRange[] = [[0, from, Math.min(from + size, offered) - 1]]
      const failing = Array<Told>(troubles[batch] ?? 0).fill({ status: 503 })
      const tries: Told[] = givenUp === batch ? [{ status: 503 }] : [...failing, {}]
      tries.forEach((told, i) => of.attempt({ ...told, ids, at: 10 + batch + 100 * (2 ** i - 1) }))
    }
    return of.exit(givenUp === undefined ? 0 : 10)
  }
  const size = fc.integer({ min: 1, max: offered })
  const troubles = fc.array(fc.nat(3), { maxLength: offered })
  const kept = rules.filter(({ use }) => use !== 'stops' && use !== 'gaps_capped')

  it.each(kept)('never fails $use', (call) => {
    // Many batches are many workers; the outage that they share has room for as many.
    const fair = call.use === 'calm_in_outage' ? { ...call, workers: offered } : call
    fc.assert(
      fc.property(size, troubles, (records, failures) => {
        expect(verdictOf(fair, client(records, failures))).not.toBe('fail')
      }),
    )
  })

  it('is found out where it gives one batch up after the first failure', () => {
    fc.assert(
      fc.property(size, troubles, fc.nat(offered - 1), (records, failures, batch) => {
        const given = client(records, failures, batch % Math.ceil(offered / records))
        expect(verdictOf({ use: 'outlasts', failures: 2 }, given)).toBe('fail')
        expect(verdictOf({ use: 'within_budget' }, given)).toBe('fail')
        expect(verdictOf({ use: 'kept_together' }, given)).toBe('fail')
      }),
    )
  })
})

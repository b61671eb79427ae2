import { describe, expect, it } from 'vitest'
import type { Entry } from '../entry.ts'
import { limits } from '../limits.ts'
import { ruleNames } from '../promises.ts'
import type { RuleCall } from '../promises.ts'
import type { CheckCall } from '../scenario.ts'
import { checkers, judge } from './judge.ts'
import { ledger, ruled, runOf } from './testing/ledgers.ts'

const calls: readonly RuleCall[] = [
  { use: 'landed', times: 1 },
  { use: 'attempts', min: 1, max: 1 },
  { use: 'requests', max: 10 },
  { use: 'retried', after: 503 },
  { use: 'not_retried', after: 400 },
  { use: 'gaps', min_ms: 25, slack_ms: 20, count_min: 0 },
  { use: 'retry_after', slack_ms: 50 },
  { use: 'shrinks' },
  { use: 'told' },
  { use: 'resent_or_told' },
  { use: 'taken_before_exit' },
  { use: 'ndjson' },
  { use: 'utf8' },
  { use: 'authorized' },
  { use: 'no_credentials_elsewhere' },
  { use: 'same_records' },
  { use: 'redirected' },
  { use: 'told_or_landed' },
  { use: 'same_key' },
  { use: 'fresh_keys' },
  { use: 'same_body' },
  { use: 'within_window', knob: 'dedup.window_ms', window_ms: 500 },
  { use: 'conflict_is_delivery' },
  { use: 'asks_for_commit' },
  { use: 'accepted_is_not_acked' },
  { use: 'acks_follow_answers' },
  { use: 'connections', max: 2 },
  { use: 'fresh_connection', after: 408 },
  { use: 'close_honoured' },
  { use: 'reused_after_idle' },
  { use: 'before_stop', what: 'request' },
  { use: 'ends_by_itself' },
  { use: 'silent', client: 1 },
  { use: 'outlasts', failures: 3 },
  { use: 'within_budget', most: true },
  { use: 'kept_together' },
  { use: 'not_starved' },
  { use: 'one_layer' },
  { use: 'others_land', after: 400 },
  { use: 'stops', after: 401, seen: 3, at_most: 5 },
  { use: 'gaps_grow', factor: 2, gaps_min: 3 },
  { use: 'gaps_spread', share: 0.2, clients_min: 20 },
  { use: 'gaps_capped', knob: 'retry.max_ms', cap_ms: 200, factor: 2 },
  { use: 'backoff_resets' },
  { use: 'calm_in_outage', until_s: 2, workers: 4 },
  { use: 'calm_after', share: 0.95, grace_ms: 100 },
  { use: 'limited_gap', slack_ms: 50 },
  { use: 'rate', per_s_max: 3, until_s: 10 },
  { use: 'splits' },
  { use: 'isolates', seq: 63 },
  { use: 'learns' },
  { use: 'live_connections', max: 8, knob: 'concurrency' },
  { use: 'settles', live: 4, more_max: 10 },
  { use: 'calm_connections', min_ms: 25 },
  { use: 'goaway_honoured', grace_ms: 100 },
  { use: 'resent_unprocessed' },
  { use: 'streams_kept', max: 1 },
  { use: 'pings_acked', grace_ms: 100 },
  { use: 'gives_up_waiting' },
]

describe('judge', () => {
  it('merges its checks by worst, each with its own level', () => {
    const judgement = ledger().offer(2).attempt().exit(10).judge()
    expect(judgement.verdict).toBe('fail')
    const failed = judgement.checks.filter(({ verdict }) => verdict === 'fail')
    expect(failed.map(({ id, level }) => [id, level])).toEqual([['inv.no-false-fail', 'SHOULD']])
    expect(judgement.measured).toMatchObject({ records: 2, landed: 2, doubles: 0 })
  })

  it('passes a good run', () => {
    expect(ledger().offer(2).attempt().exit(0).judge().verdict).toBe('pass')
  })

  it('lets a client that sends nothing pass nothing, whatever it says', () => {
    expect(calls.map(({ use }) => use).sort()).toEqual([...ruleNames].sort())
    const fired: CheckCall = { id: 'fired', level: 'MUST', rules: [{ rule: 'f', min: 1 }] }
    const checks = [...runOf().checks, fired]
    const silent = ledger(runOf({ checks })).offer(3).exit(0).judge()
    expect(silent.checks.filter(({ verdict }) => verdict === 'pass')).toEqual([])
    expect(silent.verdict).toBe('fail')
    for (const call of calls) {
      for (const code of [0, 10]) {
        expect(['fail', 'unknown']).toContain(ledger(ruled(call)).offer(3).exit(code).verdict('rule'))
      }
    }
  })

  it('acquits nobody by a ledger that it cannot take in: every check is unknown, with the reason', () => {
    const beyond = ledger()
      .write({ kind: 'offer', ids: [[0, 0, limits.recordsMax]] })
      .attempt()
    const { checks } = beyond
      .land([[0, limits.recordsMax, limits.recordsMax]])
      .exit(0)
      .judge()
    expect(new Set(checks.map(({ verdict }) => verdict))).toEqual(new Set(['unknown']))
    expect(checks[0]?.because[0]).toMatch(
      /^The checker failed: the ledger offers more records than a case may/,
    )
  })

  it('makes unknown of a check or a rule that it does not know', () => {
    const strange = { id: 'toString', level: 'MUST' } as unknown as CheckCall
    expect(
      ledger(runOf({ checks: [strange] }))
        .offer(1)
        .exit(0)
        .verdict('toString'),
    ).toBe('unknown')
    const rule = { use: 'constructor' } as unknown as RuleCall
    expect(ledger(ruled(rule)).offer(1).exit(0).verdict('rule')).toBe('unknown')
  })

  it('has a checker for each id and refuses a ledger that does not begin with a run', () => {
    for (const { id } of runOf().checks) expect(checkers).toHaveProperty([id])
    expect(() => judge([])).toThrow(/does not begin with a run/)
    const [, ...headless]: Entry[] = ledger().offer(1).entries
    expect(() => judge(headless)).toThrow(/expected run, got "offer"/)
  })

  it('keeps witnesses and records within their bounds', () => {
    const many = ledger().offer(1000)
    for (let i = 0; i < 100; i += 1) many.attempt({ status: 503 })
    for (const { witnesses, records = [] } of many.exit(0).judge().checks) {
      expect(witnesses.length).toBeLessThanOrEqual(limits.witnessesMax)
      expect(records.length).toBeLessThanOrEqual(limits.witnessesMax)
    }
  })
})

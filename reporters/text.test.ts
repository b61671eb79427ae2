/** What the terminal shows, whole. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Report } from '../src/report.ts'
import type { Counterproof, Guarantee } from '../src/verdict.ts'
import { makeReporter, progressLine } from './index.ts'
import { caseResult, check, mixed, report } from './testing/reports.ts'

const text = (of: Report): string => makeReporter('text', { color: false }).render(of)

describe('the text report', () => {
  it('tells a passing run in few lines and asks for more', () => {
    const passing = report([caseResult('ing.base.one', 'pass')], {
      client: { command: "sh -c 'it''s mine'" },
    })
    expect(text(passing)).toMatchInlineSnapshot(`
      "1 case in 12.3 s:  ✓ 1 pass

      judge: control pass, null fail, timers 0.4 ms late at p99.9
      run: suite 1, seed 7, generic over pipe, profile generic

      exit 0: nothing that gates failed
      next: tailrace run --client 'sh -c '\\''it'\\'''\\''s mine'\\''' --level may
      "
    `)
  })

  it('shows each ending, and ends with the replay of the gravest', () => {
    expect(text(mixed)).toMatchInlineSnapshot(`
      "inv.no-loss: broken in 1 case
      ✗ ing.retry.503  MUST  fail
          promise  the promise of ing.retry.503
          source   RFC 9110 §15.6
          ✗ rule
            0.0–0.9 was sent once
            the answer was 503
          ✗ inv.no-loss
            10 records never landed
               1.0 ms  offer 0.0–0.9
              90.4 ms  open connection 1, h1
              91.0 ms  request 1  POST / 0.0–0.9 attempt 1
              91.2 ms  respond 503 throttled to request 1, Retry-After 2000 ms
              91.3 ms  sent answer to request 1: full
              91.3 ms  fault http_error at response-head, status 503, not taken (first)
              95.0 ms  fault reset_peer at response-head, not taken (cut), misfired: none at response-head, not taken
              99.0 ms  close connection 1, fin by the client
             120.0 ms  claim exit 0
          replay   tailrace replay .tailrace/r1/replay/ing.retry.503.json

      ! ing.base.many  MUST  port 20000 is taken

      ~ ing.413.terminates  MUST  failed in 1 of 3 repeats

      7 cases in 12.3 s:  ✓ 1 pass  ✗ 2 fail (1 expected)  ? 1 inconclusive  – 1 n/a  ~ 1 flaky  ! 1 harness-error
        inconclusive: 1 × fired: the fault never fired
        n/a: 1 × needs rung lines
        the baseline expects ing.idem.ack-lost:rule not to pass, and it does

      judge: control pass, null fail, timers 0.4 ms late at p99.9
      run: suite 1, seed 7, generic over pipe, profile generic

      exit 4: the harness failed; the client is not to blame
      next: tailrace replay .tailrace/r1/replay/ing.base.many.json
      "
    `)
  })

  it('says in one line what the client was seen to guarantee, and what speaks against more', () => {
    const against: Counterproof = {
      tier: 'effectively-once',
      because: 'record 0.3 landed twice',
      case: 'ing.idem.ack-lost',
      records: [[0, 3]],
      entries: [4, 9],
    }
    const seen: Guarantee = { atLeast: 'landed', atMost: 'none', tier: 'at-least-once', against }
    const shown = text(report([caseResult('ing.base.one', 'pass')], { guarantee: seen }))
    expect(shown).toContain(
      '\n\nguarantee: at-least-once, not effectively-once: record 0.3 landed twice in ing.idem.ack-lost\njudge: ',
    )
    const whole: Guarantee = { atLeast: 'landed', atMost: 'once', tier: 'effectively-once' }
    expect(text(report([], { guarantee: whole }))).toContain('\nguarantee: effectively-once\n')
    expect(text(report([]))).not.toContain('guarantee')
  })

  it('says how often a case passed that did not do so each time', () => {
    const repeats = [
      { id: 'ing.a', runs: 20, passed: 17, interval: [0.64, 0.948] },
      { id: 'ing.b', runs: 20, passed: 20, interval: [0.839, 1] },
    ] as const
    const shown = text(report([], { repeats }))
    expect(shown).toContain('\n  ing.a passed 17 of 20 times (95 %: 0.64–0.95)\n')
    expect(shown).not.toContain('ing.b')
  })

  it('gives the reason of a failure that no check explains', () => {
    const stuck = caseResult('ing.a', 'fail', { reason: 'the client is stuck' })
    expect(text(report([stuck], { exitCode: 1 }))).toContain('    reason   the client is stuck\n')
  })

  it('groups failures by promise, three in full, those that gate first', () => {
    const lost = [check('rule', 'fail', ['sent once']), check('inv.no-loss', 'fail', ['a record is lost'])]
    const weak = {
      level: 'SHOULD',
      checks: [{ ...check('rule', 'fail', ['too eager']), level: 'SHOULD' }],
    } as const
    const cases = [
      caseResult('ing.weak', 'fail', weak),
      ...['a', 'b', 'c', 'd'].map((name) => caseResult(`ing.${name}`, 'fail', { checks: lost })),
    ]
    const shown = text(report(cases, { exitCode: 1 }))
    expect(shown.match(/^.*broken in.*$/gm)).toEqual([
      'inv.no-loss: broken in 4 cases',
      "the case's own rule: broken in 1 case",
    ])
    expect(shown.match(/^ {4}promise.*$/gm)).toEqual(
      ['a', 'b', 'c'].map((n) => `    promise  the promise of ing.${n}`),
    )
    expect(shown).toContain('✗ ing.d  MUST  sent once\n')
    expect(shown).toContain('✗ ing.weak  SHOULD  too eager\n')
    expect(shown).toMatch(/next: tailrace replay \.tailrace\/r1\/replay\/ing\.a\.json\n$/)
  })

  it('is headed by what a client that never connected wrote to stderr', () => {
    const client = { command: 'node nothing.mjs', stderr: ['Error: no such \u001b[31mhost'] }
    const shown = text(report([caseResult('ing.base.one', 'fail')], { client, exitCode: 1 }))
    expect(shown.split('\n').slice(0, 2)).toEqual([
      'stderr of node nothing.mjs',
      '  Error: no such \\x1b[31mhost',
    ])
  })

  it('counts each reason for which cases were not judged', () => {
    const cases = ['a', 'b', 'c'].map((id) =>
      caseResult(id, 'n/a', { reason: id === 'a' ? 'no h2' : 'no lines' }),
    )
    expect(text(report(cases, { exitCode: 3 }))).toContain('  n/a: 2 × no lines\n  n/a: 1 × no h2\n')
  })

  it('suggests repeats once every level gates, and nothing for a client it cannot start', () => {
    const pass = [caseResult('a', 'pass')]
    expect(text(report(pass, { gates: ['MUST', 'SHOULD'] }))).toMatch(/--level may --shuffle --seed \S+\n$/)
    expect(text(report(pass, { rung: 'http' }))).toMatch(/exit 0: nothing that gates failed\n$/)
  })
})

describe('a progress line', () => {
  it('says the verdict, the case, its duration, and why where it is no pass', () => {
    expect(mixed.cases.map((result) => progressLine(result, { color: false })).join('\n'))
      .toMatchInlineSnapshot(`
      "✓ ing.base.one  740 ms
      ✗ ing.retry.503  740 ms  rule: 0.0–0.9 was sent once
      ✗ ing.4xx.400  740 ms  expected: sent twice
      ? ing.backoff.exists  740 ms  fired: the fault never fired
      – ing.stop.flushes  0 ms  needs rung lines
      ~ ing.413.terminates  740 ms  failed in 1 of 3 repeats
      ! ing.base.many  740 ms  port 20000 is taken"
    `)
  })

  it('is cut at the width of the terminal', () => {
    const long = caseResult('ing.retry.503', 'fail', { reason: 'x'.repeat(200) })
    const line = progressLine(long, { color: false, width: 40 })
    expect(Array.from(line)).toHaveLength(40)
    expect(line.endsWith('…')).toBe(true)
  })

  it('colours the sign alone, and only when asked', () => {
    const line = progressLine(caseResult('a', 'pass'), { color: true })
    expect(line).toBe('\u001b[32m✓\u001b[39m a  740 ms')
  })
})

describe('text without colour', () => {
  it('holds no control character but line ends, whatever the client wrote', () => {
    const wild = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(wild, wild, (a, b) => {
        const bad = caseResult('ing.x', 'fail', {
          title: a,
          source: b,
          checks: [check('rule', 'fail', [a, b])],
        })
        const done = report([bad, caseResult('ing.y', 'inconclusive', { reason: a })], {
          client: { command: a, stderr: [b] },
        })
        const shown =
          makeReporter('text', { color: false }).render(done) + progressLine(bad, { color: false })
        expect(shown.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
      }),
    )
  })
})

/** JUnit XML: each ending as CI systems show it, and well-formed whatever stands in the report. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Report } from '../src/report.ts'
import { makeReporter } from './index.ts'
import { caseResult, check, mixed, report } from './testing/reports.ts'

const junit = (of: Report): string => makeReporter('junit', { color: false }).render(of)

describe('the JUnit report', () => {
  it('shows each ending as CI systems do', () => {
    expect(junit(mixed)).toMatchInlineSnapshot(`
      "<?xml version="1.0" encoding="UTF-8"?>
      <testsuites name="tailrace" tests="8" failures="3" errors="1" skipped="3" time="12.340">
        <testsuite name="tailrace" tests="8" failures="3" errors="1" skipped="3" time="12.340" timestamp="2026-01-01T00:00:00.000Z">
          <properties>
            <property name="client" value="python my_driver.py"/>
            <property name="seed" value="7"/>
            <property name="suite" value="1"/>
            <property name="profile" value="generic"/>
            <property name="protocol" value="generic"/>
            <property name="rung" value="pipe"/>
            <property name="tool" value="tailrace 0.1.0"/>
          </properties>
          <testcase name="ing.base.one" classname="tailrace.ing.base" time="0.740"/>
          <testcase name="ing.retry.503" classname="tailrace.ing.retry" time="0.740">
            <failure message="fail: rule: 0.0–0.9 was sent once" type="fail">
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
      </failure>
          </testcase>
          <testcase name="ing.4xx.400" classname="tailrace.ing.4xx" time="0.740">
            <skipped message="expected not to pass: sent twice"/>
          </testcase>
          <testcase name="ing.backoff.exists" classname="tailrace.ing.backoff" time="0.740">
            <failure message="inconclusive: fired: the fault never fired" type="inconclusive">
      ? ing.backoff.exists  MUST  inconclusive
          promise  the promise of ing.backoff.exists
          source   RFC 9110 §15.6
          ? fired
            the fault never fired
               1.0 ms  offer 0.0–0.9
              90.4 ms  open connection 1, h1
              91.0 ms  request 1  POST / 0.0–0.9 attempt 1
              91.2 ms  respond 503 throttled to request 1, Retry-After 2000 ms
              91.3 ms  sent answer to request 1: full
              91.3 ms  fault http_error at response-head, status 503, not taken (first)
              95.0 ms  fault reset_peer at response-head, not taken (cut), misfired: none at response-head, not taken
              99.0 ms  close connection 1, fin by the client
             120.0 ms  claim exit 0
          replay   tailrace replay .tailrace/r1/replay/ing.backoff.exists.json
      </failure>
          </testcase>
          <testcase name="ing.stop.flushes" classname="tailrace.ing.stop" time="0.000">
            <skipped message="n/a: needs rung lines"/>
          </testcase>
          <testcase name="ing.413.terminates" classname="tailrace.ing.413" time="0.740">
            <skipped message="flaky: failed in 1 of 3 repeats"/>
          </testcase>
          <testcase name="ing.base.many" classname="tailrace.ing.base" time="0.740">
            <error message="harness-error: port 20000 is taken" type="harness-error">
      ! ing.base.many  MUST  harness-error
          promise  the promise of ing.base.many
          source   RFC 9110 §15.6
          reason   port 20000 is taken
          replay   tailrace replay .tailrace/r1/replay/ing.base.many.json
      </error>
          </testcase>
          <testcase name="ing.idem.ack-lost:rule" classname="tailrace.baseline" time="0.000">
            <failure message="the baseline expects this to fail, and it no longer does" type="stale"/>
          </testcase>
        </testsuite>
      </testsuites>
      "
    `)
  })

  it('fails an inconclusive case where it gates, and skips it where it does not', () => {
    const unknown = (level: 'MUST' | 'SHOULD'): Report =>
      report([caseResult('a', 'inconclusive', { level, checks: [{ ...check('rule', 'unknown'), level }] })])
    expect(junit(unknown('MUST'))).toContain(
      '<failure message="inconclusive: rule is unknown" type="inconclusive">',
    )
    expect(junit(unknown('SHOULD'))).toContain('<skipped message="inconclusive: rule is unknown"/>')
  })

  it('numbers repeats, so that no two cases share a name', () => {
    const twice = report([caseResult('ing.a', 'pass'), caseResult('ing.a', 'pass', { repeat: 2 })])
    expect(junit(twice).match(/testcase name="[^"]*"/g)).toEqual([
      'testcase name="ing.a"',
      'testcase name="ing.a (repeat 2)"',
    ])
  })

  it('is well-formed and counts right whatever the report says', () => {
    const wild = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(wild, wild, wild, (a, b, c) => {
        const failing = caseResult('ing.x', 'fail', { title: a, checks: [check('rule', 'fail', [b])] })
        const text = junit(
          report([failing, caseResult(c, 'n/a', { reason: a })], {
            client: { command: b },
            stale: [c],
            seed: a,
          }),
        )
        expect(malformation(text)).toBeUndefined()
        expect(text).toContain('tests="3" failures="2" errors="0" skipped="1"')
      }),
    )
  })
})

describe('the scan for well-formedness', () => {
  it.each([
    '<a b="<"/>',
    '<a>&</a>',
    '<a>\u0001</a>',
    '<a><b></a></b>',
    '<a>',
    '<a b=c/>',
    '<a>\uD800</a>',
    '<a>>',
  ])('refuses %j', (text) => expect(malformation(text)).toBeDefined())
})

/** What is wrong with `text` as XML of elements, quoted attributes and escaped text; undefined when nothing is. */
function malformation(text: string): string | undefined {
  const illegal = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.exec(text)
  if (illegal) return `an illegal character at ${illegal.index}`
  const open: string[] = []
  const reference = '&(?:amp|lt|gt|quot|apos|#\\d+);'
  const attribute = `\\s[a-z]+="(?:[^<&"]|${reference})*"`
  const token = new RegExp(
    `<\\?xml[^>]*\\?>|<(/?)([a-z]+)((?:${attribute})*)(/?)>|(?:[^<>&]|${reference})+`,
    'y',
  )
  while (token.lastIndex < text.length) {
    const at = token.lastIndex
    const match = token.exec(text)
    if (!match) return `no token at ${at}: ${text.slice(at, at + 40)}`
    const [, closing, name, , empty] = match
    if (name === undefined || empty) continue
    if (!closing) open.push(name)
    else if (open.pop() !== name) return `</${name}> closes nothing at ${at}`
  }
  return open.length > 0 ? `${open.join(', ')} left open` : undefined
}

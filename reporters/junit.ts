/**
 * The report as JUnit XML, in the part of the format that Jenkins, GitLab and GitHub actions all render.
 *
 * A case that failed is a `failure`; one that the baseline expects to fail is `skipped`, with the reason. They
 * know no third outcome, so an inconclusive case is a `failure` of type `inconclusive` where it gates, since the
 * run then exits non-zero and the page must not be green, and else `skipped`; never plainly passed. A fault of
 * the harness is an `error`, which these systems count apart. What does not apply and what is known to be flaky
 * is `skipped`. GitLab tells cases apart by class and name: repeats carry their number.
 */
import type { CaseResult, Report, Reporter } from '../src/report.ts'
import { caseExit } from '../src/verdict.ts'
import { caseText, nameOf, why } from './case-text.ts'

export function junitReporter(): Reporter {
  return { name: 'junit', file: 'junit.xml', render }
}

type Ending = 'passed' | 'failure' | 'error' | 'skipped'

function endingOf(result: CaseResult, report: Report): Ending {
  switch (result.verdict) {
    case 'pass':
      return 'passed'
    case 'fail':
      return result.expected ? 'skipped' : 'failure'
    case 'inconclusive':
      return result.expected || caseExit(result.verdict, result.checks, report.gates) === 0
        ? 'skipped'
        : 'failure'
    case 'harness-error':
      return 'error'
    case 'n/a':
    case 'flaky':
      return 'skipped'
  }
}

interface Row {
  readonly ending: Ending
  readonly xml: string
}

function render(report: Report): string {
  const rows = [
    ...report.cases.map((result) => caseRow(result, endingOf(result, report))),
    ...(report.stale ?? []).map(staleRow),
  ]
  const count = (ending: Ending): number => rows.filter((row) => row.ending === ending).length
  const numbers = {
    tests: rows.length,
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
    time: seconds(report.durationMs),
  }
  const { client, seed, suite, profile, protocol, rung, tool, version } = report
  const properties = {
    client: client.command,
    seed,
    suite,
    profile,
    protocol,
    rung,
    tool: `${tool} ${version}`,
  }
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: 'tailrace', ...numbers })}>`,
    `  <testsuite${attributes({ name: 'tailrace', ...numbers, timestamp: report.startedAt })}>`,
    '    <properties>',
    ...Object.entries(properties).map(([name, value]) => `      <property${attributes({ name, value })}/>`),
    '    </properties>',
    ...rows.map((row) => row.xml),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function caseRow(result: CaseResult, ending: Ending): Row {
  const group = result.id.split('.').slice(0, -1)
  const head = {
    name: nameOf(result),
    classname: ['tailrace', ...group].join('.'),
    time: seconds(result.durationMs),
  }
  const message = `${result.expected ? 'expected not to pass' : result.verdict}: ${why(result)}`
  const story = `\n${caseText(result, { color: false })}\n`
  switch (ending) {
    case 'passed':
      return { ending, xml: `    <testcase${attributes(head)}/>` }
    case 'skipped':
      return { ending, xml: testcase(head, `<skipped${attributes({ message })}/>`) }
    case 'failure':
    case 'error': {
      const open = `<${ending}${attributes({ message, type: result.verdict })}>`
      return { ending, xml: testcase(head, `${open}${escaped(story)}</${ending}>`) }
    }
  }
}

/** A baseline that is no longer true makes the run exit 1, so it is a failure here too. */
function staleRow(name: string): Row {
  const message = 'the baseline expects this to fail, and it no longer does'
  const head = { name, classname: 'tailrace.baseline', time: seconds(0) }
  return { ending: 'failure', xml: testcase(head, `<failure${attributes({ message, type: 'stale' })}/>`) }
}

function testcase(head: Readonly<Record<string, string>>, inner: string): string {
  return `    <testcase${attributes(head)}>\n      ${inner}\n    </testcase>`
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3)
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  const one = ([name, value]: [string, string | number]): string =>
    ` ${name}="${escaped(String(value)).replaceAll('\n', '&#10;')}"`
  return Object.entries(values).map(one).join('')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#9;',
  '\r': '&#13;',
}

/** Escapes for text and attributes alike; what XML 1.0 §2.2 does not allow at all becomes U+FFFD. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"'\t\r]/g, (char) => entities[char] ?? char)
}

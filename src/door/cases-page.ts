/** `docs/cases.md`, from the cases themselves. */
import { cases } from '../../scenarios/index.ts'
import { departures } from '../../scenarios/departures.ts'
import { describeRule } from '../plan/describe.ts'
import { profiles } from '../profile.ts'
import type { Profile } from '../profile.ts'
import { planOf } from '../run.ts'
import type { Case } from '../scenario.ts'
import { promise } from './cli/explain.ts'
import { givenOf, needsOf } from './given.ts'

export function casesPage(): string {
  const groups = [...new Set(cases.map(({ group }) => group))]
  const sections = groups.flatMap((group) => [
    `## ${group}`,
    ...cases.filter((c) => c.group === group).map(section),
  ])
  return `${[head(), departuresSection(), ...sections].join('\n\n')}\n`
}

function head(): string {
  const count = (level: string): number => cases.filter((c) => c.level === level).length
  return `# Cases

<!-- Made from scenarios/ by src/door/generate.ts; edit those. -->

The ${cases.length} cases of suite 1: ${count('MUST')} MUST, ${count('SHOULD')} SHOULD, ${count('MAY')} MAY.
Beside what is said here each is judged by the invariants of every ingest case ([verdicts.md](verdicts.md)).
\`tailrace explain CASE\` prints one of them. Where a profile has another level or another policy,
[profiles.md](profiles.md) says so.`
}

function departuresSection(): string {
  const rows = departures.map(
    ({ id, worded, built, reason }) => `| \`${id}\` | ${cell(worded)} | ${cell(built)} | ${cell(reason)} |`,
  )
  return [
    '## Built otherwise than worded',
    '',
    'Rules of the contract that cannot be built as they are worded, or say less that way.',
    '',
    '| case | worded | built | reason |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}

function section(c: Case): string {
  const { rules } = planOf(c, '1', profiles['generic'] as Profile)
  const needs = needsOf(c)
  const lines = [
    ['level', `${c.level}, tier ${c.tier}, ${c.protocols.join(', ')}`],
    ['source', c.source],
    ...(needs === '' ? [] : [['needs', needs]]),
    ['given', givenOf(c).join(' ')],
    ['goes wrong', rules.length > 0 ? rules.map((rule) => describeRule(rule)).join('; ') : 'nothing'],
    ['promised', c.promises.map(promise).join('; ')],
  ]
  return [`### ${c.id}`, '', c.title, '', ...lines.map(([name, text]) => `- ${name}: ${text}`)].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

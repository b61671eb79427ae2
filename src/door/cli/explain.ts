/** `tailrace explain CASE`: the promise, what goes wrong, and the rule that judges it. */
import type { Command } from 'commander'
import { cases } from '../../../scenarios/index.ts'
import { shown, TailraceError } from '../../errors.ts'
import { describeRule } from '../../plan/describe.ts'
import { profiles } from '../../profile.ts'
import type { Profile } from '../../profile.ts'
import { planOf } from '../../run.ts'
import { givenOf, needsOf } from '../given.ts'
import { ingestInvariants, rules } from '../../promises.ts'
import type { RuleCall } from '../../promises.ts'
import type { Case } from '../../scenario.ts'

export function addExplain(program: Command): void {
  program
    .command('explain')
    .description('explain one case')
    .argument('<case>', 'its id')
    .action((id: string) => {
      process.stdout.write(explain(caseNamed(id)))
    })
}

function caseNamed(id: string): Case {
  const found = cases.find((c) => c.id === id)
  if (found) return found
  throw new TailraceError('selection', 'no such case (see: tailrace list)', [
    { at: 'CASE', expected: 'the id of a case', got: shown(id) },
  ])
}

export function explain(c: Case): string {
  const { rules: planned } = planOf(c, '1', profiles['generic'] as Profile)
  const wrong = planned.length > 0 ? planned.map((rule) => `${rule.id}: ${describeRule(rule)}`) : ['nothing']
  const needs = needsOf(c)
  const sections: [string, string[]][] = [
    ['promise', [`${c.title} (${c.level})`]],
    ['source', [c.source]],
    ['given', givenOf(c)],
    ...(needs === '' ? [] : [['needs', [needs]] as [string, string[]]]),
    ['goes wrong', wrong],
    ['judged by', [...c.promises.map(promise), `and in every case: ${ingestInvariants.join(', ')}`]],
    ['run it', [`tailrace run --only ${c.id} --client '…'`]],
  ]
  return [
    c.id,
    ...sections.flatMap(([name, lines]) => [`  ${name}`, ...lines.map((line) => `    ${line}`)]),
    '',
  ].join('\n')
}

export function promise({ use, ...args }: RuleCall): string {
  const given = Object.entries(args).map(([name, value]) => `${name} ${String(value)}`)
  return `${rules[use].says}${given.length > 0 ? ` (${given.join(', ')})` : ''}`
}

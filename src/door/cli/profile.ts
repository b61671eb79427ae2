/** `tailrace profile`: which profiles there are, what one says and why, and how two of them differ. */
import { isDeepStrictEqual } from 'node:util'
import type { Command } from 'commander'
import { stringify } from 'yaml'
import { cases } from '../../../scenarios/index.ts'
import { levelUnder } from '../../profile.ts'
import { fieldNames, fieldsOf } from '../../profiles/document.ts'
import { shipped } from '../../profiles/shipped.ts'
import { profileAt } from './profile-file.ts'
import type { Sourced } from './profile-file.ts'

interface Output {
  json?: true
}

export function addProfile(program: Command): void {
  const profile = program.command('profile').description('retry policies: list, show, diff')
  const say = (json: true | undefined, value: unknown, text: () => string): void => {
    process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : text())
  }
  profile
    .command('list')
    .description('list the shipped profiles')
    .option('--json', 'as JSON')
    .action(({ json }: Output) => {
      const all = Object.values(shipped).map(({ says, profile: { name } }) => ({ name, says }))
      say(json, all, listText)
    })
  profile
    .command('show')
    .description('show a profile, with the source of each line; what is printed is a profile file')
    .argument('<profile>', 'a name, or the path of a file')
    .option('--json', 'as JSON')
    .action((reference: string, { json }: Output) => {
      const found = profileAt(reference, 'PROFILE')
      const { profile: shownOne, sources } = found
      say(json, { name: shownOne.name, ...fieldsOf(shownOne), sources }, () => showText(found))
    })
  profile
    .command('diff')
    .description('show which fields of two profiles differ, and which cases change their level')
    .argument('<a>', 'a name, or the path of a file')
    .argument('<b>', 'a name, or the path of a file')
    .option('--json', 'as JSON')
    .action((a: string, b: string, { json }: Output) => {
      const difference = diff(profileAt(a, 'A'), profileAt(b, 'B'))
      say(json, difference, () => diffText(difference))
    })
}

function listText(): string {
  const width = Math.max(...Object.keys(shipped).map((name) => name.length))
  return Object.values(shipped)
    .map(({ says, profile: { name } }) => `${name.padEnd(width)}  ${says}\n`)
    .join('')
}

/** YAML: a field to a line, with its source as a comment. */
function showText({ profile, sources }: Sourced): string {
  const fields = fieldsOf(profile)
  const lines = fieldNames.map((name) => {
    const value = stringify(fields[name], { collectionStyle: 'flow', lineWidth: 0 }).trim()
    return `${name}: ${value}  # ${sources[name].replaceAll(/\s+/g, ' ')}\n`
  })
  return [`name: ${stringify(profile.name)}`, ...lines].join('')
}

interface Difference {
  readonly a: string
  readonly b: string
  readonly fields: Readonly<Record<string, readonly [unknown, unknown]>>
  readonly levels: readonly { readonly case: string; readonly a: string; readonly b: string }[]
}

function diff({ profile: a }: Sourced, { profile: b }: Sourced): Difference {
  const [left, right] = [fieldsOf(a), fieldsOf(b)]
  const differing = fieldNames.filter((name) => !isDeepStrictEqual(left[name], right[name]))
  return {
    a: a.name,
    b: b.name,
    fields: Object.fromEntries(differing.map((name) => [name, [left[name], right[name]]])),
    levels: cases
      .map((c) => ({ case: c.id, a: levelUnder(a, c.id, c.level), b: levelUnder(b, c.id, c.level) }))
      .filter((one) => one.a !== one.b),
  }
}

function diffText({ a, b, fields, levels }: Difference): string {
  const width = Math.max(a.length, b.length)
  const line = (name: string, value: unknown): string => `    ${name.padEnd(width)}  ${JSON.stringify(value)}`
  const differing = Object.entries(fields).flatMap(([name, [left, right]]) => [
    `  ${name}`,
    line(a, left),
    line(b, right),
  ])
  const changed = levels.map((one) => `  ${one.case}  ${one.a} → ${one.b}`)
  return [
    differing.length > 0 ? 'fields that differ' : `${a} and ${b} say the same`,
    ...differing,
    ...(changed.length > 0 ? [`cases whose level changes from ${a} to ${b}`, ...changed] : []),
    '',
  ].join('\n')
}

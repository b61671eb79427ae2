/**
 * The pages that are made from the tables in the code: JSON Schemas for `schema/`, and the list of faults for
 * `docs/`. `npm run generate` writes them.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { baselineSchema } from '../baseline.ts'
import { entrySchema } from '../entry.ts'
import { faultNames, faultSpec } from '../fault.ts'
import type { Parameter, Schema } from '../parameters.ts'
import { planSchema } from '../plan/schema.ts'
import { profileSchema } from '../profiles/document.ts'
import { reportSchema } from '../report.ts'
import { errorCodes } from '../wire/h2-frames.ts'
import { caseSchema } from '../scenario.ts'
import { casesPage } from './cases-page.ts'

/** Path from the root to text. */
export function generated(): Map<string, string> {
  return new Map([
    ['schema/baseline.v1.json', schemaText(baselineSchema)],
    ['schema/case.v1.json', schemaText(caseSchema)],
    ['schema/entry.v1.json', schemaText(entrySchema)],
    ['schema/plan.v1.json', schemaText(planSchema)],
    ['schema/profile.v1.json', schemaText(profileSchema)],
    ['schema/report.v1.json', schemaText(reportSchema)],
    ['docs/faults.md', faultsPage()],
    ['docs/cases.md', casesPage()],
  ])
}

function schemaText(schema: Schema): string {
  return `${JSON.stringify(schema, null, 2)}\n`
}

/** Whose answer the client sees, in words. */
const answers = { own: "the fault's own", protocol: "the protocol's", none: 'none' } as const

function faultsPage(): string {
  const sections = faultNames.map((name) => {
    const spec = faultSpec(name)
    const facts = [
      `layer ${spec.layer}`,
      `at ${spec.points.map(code).join(', ')}`,
      `answer: ${answers[spec.answer]}`,
      ...(spec.doubtful
        ? ['a client may read the answer as whole or refuse it, and is held to neither']
        : []),
      ...(spec.shaper ? ['a shaper: composes with other faults and takes no slot'] : []),
      `source: ${spec.source}`,
    ]
    const parameters = Object.entries(spec.parameters).map(([key, p]) => parameterRow(key, p))
    const head = ['| parameter | value | |', '| --- | --- | --- |']
    const table = parameters.length > 0 ? ['', ...head, ...parameters] : []
    return [`## ${name}`, '', spec.says, '', ...facts.map((fact) => `- ${fact}`), ...table].join('\n')
  })
  return `${[faultsHead, ...sections].join('\n\n')}\n`
}

const faultsHead = `# Faults

<!-- Made from src/fault.ts by src/door/generate.ts; edit that. -->

What a rule of a plan can do, and where. At \`response-head\` and later a rule says with \`taken\` whether the
records of the request were taken before the fault struck: that bit divides loss from duplication.`

function parameterRow(name: string, parameter: Parameter): string {
  const optional = parameter.optional ? ', optional' : ''
  return `| ${code(name)} | ${valueText(parameter)}${optional} | ${parameter.says.replaceAll('|', '\\|')} |`
}

function valueText(parameter: Parameter): string {
  switch (parameter.type) {
    case 'integer':
    case 'number':
      return `${parameter.type}, ${parameter.min} to ${parameter.max}`
    case 'text':
    case 'flag':
    case 'headers':
      return parameter.type
    case 'choice':
      return parameter.of.map(code).join(' or ')
    case 'status':
      return '100 to 599, or `network`'
    case 'code':
      return `${Object.keys(errorCodes).map(code).join(' or ')}, or their number`
  }
}

function code(text: string): string {
  return `\`${text}\``
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of generated()) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
}

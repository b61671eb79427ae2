/** `tailrace faults`: what a plan may ask for. */
import type { Command } from 'commander'
import { faultNames, faults, faultSpec } from '../../fault.ts'

export function addFaults(program: Command): void {
  program
    .command('faults')
    .description('list every fault, its points and its parameters')
    .option('--json', 'as JSON')
    .action(({ json }: { json?: true }) => {
      process.stdout.write(
        json ? `${JSON.stringify(faultNames.map(listed), null, 2)}\n` : faultNames.map(page).join(''),
      )
    })
}

function listed(name: (typeof faultNames)[number]): object {
  const { layer, points, parameters } = faults[name]
  return { name, layer, points, parameters }
}

function page(name: (typeof faultNames)[number]): string {
  const { says, points, parameters, source } = faultSpec(name)
  const lines = Object.entries(parameters).map(
    ([key, parameter]) => `    ${parameter.optional ? `[${key}]` : key}: ${parameter.says}`,
  )
  return [`${name}  at ${points.join(', ')}  (${source})`, `  ${says}`, ...lines, ''].join('\n') + '\n'
}

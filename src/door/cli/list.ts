/** `tailrace list`: every case, whatever the defaults of `run`. */
import type { Command } from 'commander'
import { cases } from '../../../scenarios/index.ts'

export function addList(program: Command): void {
  program
    .command('list')
    .description('list every case')
    .option('--json', 'as JSON')
    .action(({ json }: { json?: true }) => {
      process.stdout.write(json ? `${JSON.stringify(cases.map(listed), null, 2)}\n` : table())
    })
}

function listed({
  id,
  title,
  mode,
  level,
  tier,
  suite,
  protocols,
  needs,
  source,
}: (typeof cases)[number]): object {
  return { id, title, mode, level, tier, suite, protocols, needs, source }
}

function table(): string {
  const width = Math.max(...cases.map(({ id }) => id.length))
  return cases.map((c) => `${c.id.padEnd(width)}  ${c.level.padEnd(6)}  ${c.title}\n`).join('')
}

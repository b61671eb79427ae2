/** `tailrace replay FILE`: runs one case again as it was run, and says whether the same came of it. */
import { isDeepStrictEqual } from 'node:util'
import type { Command } from 'commander'
import { makeReporter } from '../../../reporters/index.ts'
import { cases } from '../../../scenarios/index.ts'
import { exitCodes } from '../../errors.ts'
import { runSuite } from '../../suite.ts'
import { RunFolder } from './folder.ts'
import type { Ending } from './ending.ts'
import { checksOf, readReplay } from './replay-file.ts'
import { keptIn, probeOf, setupOf, terminal } from './stage.ts'

export function addReplay(program: Command, ending: Ending): void {
  program
    .command('replay')
    .description('run one case again from its replay file')
    .argument('<file>', 'a file of .tailrace/latest/replay/')
    .option('--client <command>', 'another client than the one it was made with')
    .option('--out <dir>', 'where runs are kept', '.tailrace')
    .action(async (path: string, { client, out }: { client?: string; out: string }) => {
      ending.exitCode = await replay(path, out, client)
    })
}

async function replay(path: string, out: string, client: string | undefined): Promise<number> {
  const before = readReplay(path)
  const parts = { ...before.parts, ...(client === undefined ? {} : { client }) }
  const setup = await setupOf(parts, before.case.mode)
  const folder = new RunFolder(out, setup.clock.wall())
  let checks: Record<string, string> = {}
  const kept = keptIn(folder, parts)
  const probe = probeOf(cases, before.case.mode)
  const report = await runSuite(setup, {
    ...kept,
    selected: { run: [isDeepStrictEqual(before.case, probe) ? probe : before.case], notApplicable: [] },
    probe,
    mode: before.case.mode,
    level: 'should',
    parallel: 1,
    shuffle: false,
    bail: false,
    drawn: true,
    keep: (c, run, repeat) => {
      kept.keep(c, run, repeat)
      checks = checksOf(run)
    },
  }).finally(() => setup.driver.close?.())
  process.stdout.write(makeReporter('text', terminal()).render(report))
  if (report.exitCode === exitCodes.harness) return report.exitCode
  const differs = Object.entries(before.checks).filter(([id, verdict]) => checks[id] !== verdict)
  if (differs.length === 0) {
    process.stdout.write(`replay: the same came of it, ${before.verdict}\n`)
    return report.exitCode
  }
  const lines = differs.map(
    ([id, verdict]) => `  ${id}: ${verdict} before, ${checks[id] ?? 'not judged'} now`,
  )
  process.stdout.write(['replay: diverged', ...lines, ''].join('\n'))
  return exitCodes.nothingJudged
}

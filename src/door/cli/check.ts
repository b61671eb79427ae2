/** `tailrace check LEDGER`: judges again, with no server and no client. */
import type { Command } from 'commander'
import { judge } from '../../check/judge.ts'
import { exitCodes } from '../../errors.ts'
import { readLedger } from '../../ledger.ts'
import { caseExit, levelChoices } from '../../verdict.ts'
import type { Ending } from './ending.ts'

export function addCheck(program: Command, ending: Ending): void {
  program
    .command('check')
    .description('judge a stored ledger again')
    .argument('<ledger>', 'a file of .tailrace/latest/ledger/')
    .option('--json', 'as JSON')
    .action((path: string, { json }: { json?: true }) => {
      const judgement = judge(readLedger(path))
      const { run, verdict, checks } = judgement
      if (json) {
        process.stdout.write(`${JSON.stringify({ case: run.case, verdict, checks }, null, 2)}\n`)
      } else {
        const lines = checks.flatMap(({ id, verdict: v, because, witnesses }) => [
          `  ${v.padEnd(7)} ${id}`,
          ...(v === 'fail' || v === 'unknown' ? because.map((line) => `          ${line}`) : []),
          ...(v === 'fail' ? [`          entries ${witnesses.join(', ')}`] : []),
        ])
        process.stdout.write([`${verdict}  ${run.case}  ${run.title}`, ...lines, ''].join('\n'))
      }
      ending.exitCode =
        verdict === 'n/a' ? exitCodes.nothingJudged : caseExit(verdict, checks, levelChoices.should.gates)
    })
}

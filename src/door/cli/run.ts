/** `tailrace run`: judges a client. */
import type { Command } from 'commander'
import { makeReporter, progressLine } from '../../../reporters/index.ts'
import type { TextOptions } from '../../../reporters/index.ts'
import { cases } from '../../../scenarios/index.ts'
import { baselineOf } from '../../baseline.ts'
import { TailraceError } from '../../errors.ts'
import type { Report } from '../../report.ts'
import { select } from '../../select.ts'
import { runSuite } from '../../suite.ts'
import { readBaseline, readCases, writeBaseline } from './files.ts'
import { RunFolder } from './folder.ts'
import type { Ending } from './ending.ts'
import { readFlags } from './options.ts'
import type { Flags, RawFlags } from './options.ts'
import type { Parts } from './replay-file.ts'
import { keptIn, probeOf, setupOf, suiteNumber, terminal } from './stage.ts'

const many = (value: string, before: string[]): string[] => [...before, value]

export function addRun(program: Command, ending: Ending): void {
  program
    .command('run')
    .description('judge a client')
    .argument('[file...]', 'cases or plans of your own, in place of the suite')
    .option('--client <command>', 'shell command that starts the client; it reads records on stdin')
    .option('--mode <mode>', 'ingest, stream or export', 'ingest')
    .option('--protocol <name>', 'what the server speaks (default: generic)')
    .option(
      '--profile <name>',
      "retry policy to judge by, or a file that holds one (default: the protocol's)",
    )
    .option('--level <level>', 'must, should or may: what is run and what of it gates', 'should')
    .option('--tier <tier>', 'quick, full or soak', 'full')
    .option('--only <glob>', 'only these cases (repeatable)', many, [])
    .option('--skip <glob>', 'not these cases (repeatable)', many, [])
    .option('--parallel <n>', 'cases at a time (default: twice the cores)')
    .option('--seed <seed>', 'what all randomness comes from (default: the suite number)')
    .option('--shuffle', 'run the cases in an order drawn from the seed')
    .option('--bail', 'start no further case after the first that fails at a gating level')
    .option('--rung <rung>', 'pipe or lines: how the client is plugged in', 'pipe')
    .option('--reuse-process', 'one process serves many cases (lines only)')
    .option('--repeat <n>', 'run each case so often')
    .option('--known-flaky <file>', 'failures that come and go, each with a reason and an issue')
    .option('--baseline <file>', 'failures that are known, each with a reason and an issue')
    .option('--write-baseline', 'write what fails now to the baseline file')
    .option('--knobs <list>', 'knobs of TAILRACE_CONFIG that the client honours')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--out <dir>', 'where runs are kept', '.tailrace')
    .option('--report <list>', 'reports to make', 'text,json,junit')
    .action(async (files: string[], raw: RawFlags) => {
      const flags = readFlags(raw)
      if (raw.client === undefined) throw new TailraceError('usage', driverToCopy)
      const report = await run(files, raw.client, flags)
      ending.exitCode = report.exitCode
    })
}

async function run(files: readonly string[], client: string, flags: Flags): Promise<Report> {
  const own = await readCases(files, flags.mode, cases)
  const pool = own.length > 0 ? own.map((one) => one.case) : cases
  const probe = probeOf(cases, flags.mode)
  const ids = [...cases, ...pool].map(({ id }) => id)
  const reading = flags.baselineFile !== undefined && !flags.writeBaseline
  const baseline = reading ? readBaseline(flags.baselineFile, ids) : undefined
  const flaky = flags.flakyFile === undefined ? undefined : readBaseline(flags.flakyFile, ids)
  const seed = flags.seed ?? own.find((o) => o.seed !== undefined)?.seed ?? String(suiteNumber)
  const parts: Parts = { ...flags, client, seed }
  select(pool, { ...flags, rung: flags.rung }) // globs that fit nothing are named before anything starts
  const setup = await setupOf(parts, flags.mode)
  try {
    const { knobs, can = [], hello } = setup
    const selected = select(pool, { ...flags, knobs, can, rung: flags.rung })
    const folder = new RunFolder(flags.out, setup.clock.wall())
    const look = { ...terminal(), files, ...(flags.profileFile ? { profile: flags.profileFile } : {}) }
    const report = await runSuite(setup, {
      ...keptIn(folder, { ...parts, knobs }),
      ...flags,
      selected,
      probe,
      ...(baseline ? { baseline } : {}),
      ...(flaky ? { flaky } : {}),
      ...(hello ? { hello } : {}),
      onResult: (result) => {
        if (flags.reports.includes('text')) process.stdout.write(`${progressLine(result, look)}\n`)
      },
    })
    writeReports(report, flags, folder, look)
    return report
  } finally {
    await setup.driver.close?.()
  }
}

function writeReports(report: Report, flags: Flags, folder: RunFolder, look: TextOptions): void {
  for (const name of flags.reports) {
    const { file, render } = makeReporter(name, look)
    const text = render(report)
    if (file !== undefined) folder.write(file, text)
    else process.stdout.write(text)
  }
  if (flags.baselineFile !== undefined && flags.writeBaseline) {
    writeBaseline(flags.baselineFile, baselineOf(report.cases))
  }
  if (flags.reports.includes('text')) process.stdout.write(`report: ${folder.shown()}\n`)
}

/** Printed where no client is given: a driver is ten lines at most. */
const driverToCopy = `no client given. A client reads one JSON record a line on stdin, sends them to
$TAILRACE_URL and exits 0 when all of them are delivered, 10 when not. Try

  tailrace run --client 'curl -sS --fail --retry 4 --data-binary @- "$TAILRACE_URL"'

or copy this, put the library under test in it, and run it with --client 'python3 driver.py':

  import os, sys, json
  from acme import Client
  client = Client(os.environ["TAILRACE_URL"], token=os.environ["TAILRACE_TOKEN"])
  for line in sys.stdin:
      client.send(json.loads(line))
  sys.exit(0 if client.close() else 10)
`

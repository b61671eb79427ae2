/** Runs cases on real sockets with a client of the shell, for tests. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serveH1 } from '../../fakes/server.ts'
import { clientCommand } from '../../src/clients/command.ts'
import type { ClientName } from '../../src/clients/command.ts'
import { realClock } from '../../src/clock.ts'
import type { Case } from '../../src/door/index.ts'
import { pipeDriver } from '../../src/drivers/pipe.ts'
import { profiles } from '../../src/profile.ts'
import type { Profile } from '../../src/profile.ts'
import type { Report } from '../../src/report.ts'
import { runCase } from '../../src/run.ts'
import type { CaseRun, Setup } from '../../src/run.ts'
import { runSuite } from '../../src/suite.ts'
import { cases } from '../index.ts'

export interface Judging {
  protocol?: string
  profile?: string
  seed?: string
  knobs?: readonly string[]
  /** Cases by id; the whole suite when absent. */
  only?: readonly string[]
  budgetMs?: number
  shuffle?: boolean
}

export function caseNamed(id: string): Case {
  const found = cases.find((c) => c.id === id)
  if (!found) throw new Error(`no case ${id}`)
  return found
}

/** The shell command of a client shipped here, as built: Node 20 runs no TypeScript. */
export function shipped(name: ClientName): string {
  return clientCommand(name).replace('/src/clients/', '/dist/src/clients/').replace(/\.ts'/, ".js'")
}

export function setupFor(client: string, judging: Judging = {}): Setup {
  const protocol = judging.protocol ?? 'generic'
  return {
    endpoint: serveH1,
    driver: pipeDriver(client),
    protocol,
    profile: profiles[judging.profile ?? protocol] as Profile,
    seed: judging.seed ?? '1',
    host: '127.0.0.1',
    knobs: judging.knobs ?? [],
    clock: realClock(),
    tool: 'tailrace test',
    ...(judging.budgetMs === undefined ? {} : { budgetMs: judging.budgetMs }),
  }
}

export function directory(): string {
  return mkdtempSync(join(tmpdir(), 'tailrace-'))
}

export function judgeCase(id: string, client: string, judging: Judging = {}): Promise<CaseRun> {
  return runCase(caseNamed(id), setupFor(client, judging), { dir: directory() })
}

/** A whole run, as the command makes one, without its files. */
export function judgeSuite(client: string, judging: Judging = {}): Promise<Report> {
  const run = cases.filter(({ id }) => judging.only?.includes(id) ?? true)
  return runSuite(setupFor(client, judging), {
    selected: { run, notApplicable: [] },
    probe: caseNamed('ing.base.one'),
    control: pipeDriver(shipped('reference')),
    nullClient: pipeDriver(shipped('null')),
    mode: 'ingest',
    level: 'should',
    suite: 1,
    parallel: 4,
    shuffle: judging.shuffle ?? false,
    bail: false,
    run: 'test',
    version: 'test',
    stage: () => ({ dir: directory() }),
    keep: () => {},
    context: () => ({ seed: judging.seed ?? '1', repeat: 1, ledger: '', replay: '' }),
  })
}

/** Verdict by case id. */
export function verdicts(report: Report): Record<string, string> {
  return Object.fromEntries(report.cases.map(({ id, verdict }) => [id, verdict]))
}

/** The checks of a run that have this verdict. */
export function checksThat(run: CaseRun, verdict: string): string[] {
  return (run.judgement?.checks ?? []).filter((check) => check.verdict === verdict).map(({ id }) => id)
}

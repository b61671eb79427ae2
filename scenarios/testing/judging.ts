/** Runs cases on real sockets with a client of the shell, for tests. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serveSocket } from '../../fakes/server.ts'
import { clientCommand, linesClientCommand } from '../../src/clients/command.ts'
import type { ClientName, LinesClientName } from '../../src/clients/command.ts'
import { referenceHello } from '../../src/clients/reference-lines.ts'
import { realClock } from '../../src/clock.ts'
import type { Case } from '../../src/door/index.ts'
import { linesDriver } from '../../src/drivers/lines.ts'
import { pipeDriver } from '../../src/drivers/pipe.ts'
import { profiles } from '../../src/profile.ts'
import type { Profile } from '../../src/profile.ts'
import type { Report } from '../../src/report.ts'
import { runCase } from '../../src/run.ts'
import type { CaseRun, Setup } from '../../src/run.ts'
import { select } from '../../src/select.ts'
import { runSuite } from '../../src/suite.ts'
import type { Tier } from '../../src/verdict.ts'
import { cases } from '../index.ts'

export interface Judging {
  rung?: 'pipe' | 'lines'
  /** On lines: one process serves many cases. */
  reuse?: boolean
  tier?: Tier
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

/** A shell command of a client shipped here, as built: Node 20 runs no TypeScript. */
const built = (command: string): string =>
  command.replace('/src/clients/', '/dist/src/clients/').replace(/\.ts'/, ".js'")

export const shipped = (name: ClientName): string => built(clientCommand(name))
export const shippedOnLines = (name: LinesClientName): string => built(linesClientCommand(name))

export function setupFor(client: string, judging: Judging = {}): Setup {
  const protocol = judging.protocol ?? 'generic'
  const { rung = 'pipe', reuse = false } = judging
  return {
    endpoint: serveSocket,
    driver: rung === 'lines' ? linesDriver(client, { reuse }) : pipeDriver(client),
    metronome: pipeDriver(shipped('metronome')),
    protocol,
    profile: profiles[judging.profile ?? protocol] as Profile,
    seed: judging.seed ?? '1',
    host: '127.0.0.1',
    knobs: judging.knobs ?? [],
    can: rung === 'lines' ? referenceHello.can : [],
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
export async function judgeSuite(client: string, judging: Judging = {}): Promise<Report> {
  const setup = setupFor(client, judging)
  const { protocol, profile, knobs, can = [] } = setup
  const selected = select(cases, {
    ...{ mode: 'ingest', protocol, profile, level: 'may', tier: judging.tier ?? 'full' },
    ...{ rung: judging.rung ?? 'pipe', knobs, can, only: judging.only ?? [], skip: [] },
  })
  return runSuite(setup, {
    selected,
    probe: caseNamed('ing.base.one'),
    control: pipeDriver(shipped('reference')),
    nullClient: pipeDriver(shipped('null')),
    mode: 'ingest',
    level: 'may',
    suite: 1,
    parallel: 8,
    shuffle: judging.shuffle ?? false,
    bail: false,
    run: 'test',
    version: 'test',
    stage: () => ({ dir: directory() }),
    keep: () => {},
    context: () => ({ seed: judging.seed ?? '1', repeat: 1, ledger: '', replay: '' }),
  }).finally(() => setup.driver.close?.())
}

/** Runs of those that were left open, where the machine was too busy to tell; a verdict is not asked for twice. */
const roundsMax = 3

/** What does not pass, by case, with the reason. */
export async function unpassed(client: string, judging: Judging): Promise<Record<string, string>> {
  let { cases: found } = await judgeSuite(client, judging)
  for (let round = 1; round < roundsMax; round += 1) {
    const open = found.filter(({ verdict }) => verdict === 'inconclusive').map(({ id }) => id)
    if (open.length === 0) break
    const { cases: again } = await judgeSuite(client, { ...judging, only: open })
    found = found.map((result) => again.find(({ id }) => id === result.id) ?? result)
  }
  const rest = found.filter(({ verdict }) => verdict !== 'pass')
  return Object.fromEntries(rest.map(({ id, verdict, reason }) => [id, `${verdict}: ${reason ?? ''}`]))
}

/** The checks of a run that have this verdict. */
export function checksThat(run: CaseRun, verdict: string): string[] {
  return (run.judgement?.checks ?? []).filter((check) => check.verdict === verdict).map(({ id }) => id)
}

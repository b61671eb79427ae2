/**
 * `tailrace serve`: the reference server by itself, until it is told to end. There is no case, no client of ours
 * and no verdict; faults come from a plan, and everything that is asked is entered in the ledger.
 */
import type { Command } from 'commander'
import { DataSources } from '../../../fakes/pipeline/data-sources.ts'
import { Rates } from '../../../fakes/protocols/events-api/rates.ts'
import type { Token } from '../../../fakes/protocols/events-api/tokens.ts'
import { serveAt } from '../../../fakes/server.ts'
import { realClock, within } from '../../clock.ts'
import type { Clock } from '../../clock.ts'
import type { Endpoint } from '../../endpoint.ts'
import { TailraceError } from '../../errors.ts'
import { fileSink } from '../../ledger.ts'
import type { FileSink, Ledger, Sink } from '../../ledger.ts'
import { limits } from '../../limits.ts'
import { profiles } from '../../profile.ts'
import type { Profile } from '../../profile.ts'
import { hex } from '../../random.ts'
import { recordSource } from '../../record.ts'
import type { Ending } from './ending.ts'
import { readServeFlags } from './serve-flags.ts'
import type { RawServeFlags, ServeFlags } from './serve-flags.ts'
import { beginRun, PassingLedger, servedCase } from './serve-ledger.ts'
import { servedJson, servedText } from './serve-text.ts'
import { version } from './version.ts'

const many = (value: string, before: string[]): string[] => [...before, value]

export function addServe(program: Command, ending: Ending): void {
  program
    .command('serve')
    .description('run the reference server until it is told to end (Ctrl-C)')
    .option('--port <n>', 'port to listen on; 0 is any free one', '4040')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--protocol <name>', 'what the server speaks', 'generic')
    .option('--plan <file>', 'faults')
    .option('--seed <seed>', "what all randomness and the tokens come from (default: the plan's, or 1)")
    .option(
      '--datasource <name=file>',
      'a data source, made from its first NDJSON file (repeatable)',
      many,
      [],
    )
    .option('--ledger <file>', 'where every request is entered, as NDJSON')
    .option('--json', 'say where it listens as one line of JSON')
    .action((raw: RawServeFlags) => serve(readServeFlags(raw), ending))
}

async function serve(flags: ServeFlags, ending: Ending): Promise<void> {
  const { plan, ledgerFile, protocol } = flags
  const clock = realClock()
  const told = new Promise<void>((resolve) => (ending.interrupt = resolve))
  const ledger = new PassingLedger(clock, ledgerFile === undefined ? undefined : lateSink(ledgerFile))
  const profile = profileFor(protocol.name)
  const tokens = tokensFor(flags)
  const endpoint = await listening(flags, { clock, ledger, profile, tokens })
  const run = { protocol: protocol.name, profile, seed: plan.seed, plan, tool: `tailrace ${version}` }
  const endRun = beginRun(ledger, run)
  try {
    process.stdout.write((flags.json ? servedJson : servedText)({ flags, endpoint, tokens }))
    await told
    endpoint.heal()
    await within(clock, limits.settleMs, endpoint.quiet(), undefined)
    await endpoint.stop()
    reportFailures(endpoint)
  } finally {
    endRun()
    await ledger.close()
  }
}

/** The protocol's own policy, where it has one: its `reply` is what the server answers under `generic`. */
function profileFor(protocol: string): Profile {
  const found = Object.values(profiles).find(({ name }) => name === protocol)
  return found ?? (profiles['generic'] as Profile)
}

/** Opened at the first line: a second server that finds its port busy must not empty the ledger of the first. */
function lateSink(path: string): Sink {
  let sink: FileSink | undefined
  return {
    line: (text) => (sink ??= fileSink(path)).line(text),
    enter: (n, t, body) => (sink ??= fileSink(path)).enter(n, t, body),
    get room() {
      return sink?.room
    },
    close: () => sink?.close() ?? Promise.resolve(),
  }
}

interface Parts {
  readonly clock: Clock
  readonly ledger: Ledger
  readonly profile: Profile
  readonly tokens: readonly Token[]
}

async function listening(flags: ServeFlags, { clock, ledger, profile, tokens }: Parts): Promise<Endpoint> {
  const { plan, protocol, port, host, dataSources } = flags
  const workspace = {
    tokens,
    dataSources: new DataSources(dataSources, 'refused'),
    rates: new Rates({ clock, enforced: true }),
  }
  const source = recordSource(plan.seed, servedCase)
  const token = tokens[0]?.token ?? ''
  const common = {
    mode: 'ingest',
    protocol: protocol.name,
    profile,
    plan,
    ledger,
    clock,
    source,
    token,
  } as const
  try {
    return await serveAt({ ...common, host, port, workspace })
  } catch (error) {
    if (!(error instanceof TailraceError)) throw error
    const problems = error.problems.map((problem) => ({ ...problem, at: `--host ${host} --port ${port}` }))
    throw new TailraceError('usage', 'cannot listen', problems, { cause: error })
  }
}

/** Drawn from the seed, so that a script can be started again with the same. The first is the admin's. */
function tokensFor({ plan, dataSources, protocol }: ServeFlags): Token[] {
  if (!protocol.needsToken) return []
  const drawn = (what: string): string => `tk_${hex(24, plan.seed, 'token', servedCase, what)}`
  return [
    { token: drawn('admin'), scopes: ['ADMIN'] },
    { token: drawn('create'), scopes: ['DATASOURCE:CREATE'] },
    ...dataSources.map(({ name }): Token => ({
      token: drawn(`append ${name}`),
      scopes: [`DATASOURCE:APPEND:${name}`],
    })),
    { token: drawn('elsewhere'), scopes: ['ADMIN'], elsewhere: true },
  ]
}

function reportFailures({ failures }: Endpoint): void {
  for (const failure of failures) process.stderr.write(`harness error, not the client's: ${failure}\n`)
}

/** A served run from its flags: clock, ledger, server and, where one is asked for, the admin API; and their end. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DataSources } from '../../../fakes/pipeline/data-sources.ts'
import { Rates } from '../../../fakes/protocols/events-api/rates.ts'
import type { Token } from '../../../fakes/protocols/events-api/tokens.ts'
import { serveAt } from '../../../fakes/server.ts'
import type { SteeredEndpoint } from '../../../fakes/server.ts'
import { realClock, within } from '../../clock.ts'
import { messageOf, TailraceError } from '../../errors.ts'
import type { Ledger } from '../../ledger.ts'
import { limits } from '../../limits.ts'
import { profiles } from '../../profile.ts'
import type { Profile } from '../../profile.ts'
import { hex } from '../../random.ts'
import { recordSource } from '../../record.ts'
import type { RecordSource } from '../../record.ts'
import { servedClock } from './serve-clock.ts'
import type { ServedClock } from './serve-clock.ts'
import type { ServeFlags } from './serve-flags.ts'
import { beginRun, heldSink, PassingLedger, servedCase } from './serve-ledger.ts'
import { version } from './version.ts'

export interface Running {
  readonly flags: ServeFlags
  readonly endpoint: SteeredEndpoint
  /** The admin's of the protocol comes first. */
  readonly tokens: readonly Token[]
  /** Where the certificate of our authority stands, where the server speaks TLS. */
  readonly authorityFile?: string
  readonly admin?: { readonly url: string; readonly token?: string }
  /** Errors of our own, whose blame is nobody's else. */
  readonly failures: readonly string[]
  /** Heals, waits for what is open, 2 s at most, and closes what is left; the ledger is whole. */
  stop(): Promise<void>
}

/** Throws `usage` where an address cannot be had, or the authority cannot be written. */
export async function startServing(flags: ServeFlags): Promise<Running> {
  const { plan, protocol, ledgerFile, adminPort } = flags
  const time = servedClock(flags)
  const judging = adminPort === undefined ? undefined : await import('./serve-admin.ts')
  const kept = judging?.keep()
  const sink = ledgerFile === undefined ? undefined : heldSink(ledgerFile)
  const ledger = new PassingLedger({ ...time, sink, heard: kept && ((entry) => kept.enter(entry)) })
  const profile = profileFor(protocol.name)
  const source = recordSource(plan.seed, servedCase)
  const run = beginRun(ledger, {
    ...{ protocol: protocol.name, profile, seed: plan.seed, plan },
    tool: `tailrace ${version}`,
    watched: kept !== undefined && time.wind === undefined,
  })
  let endpoint: SteeredEndpoint | undefined
  let admin: Awaited<ReturnType<NonNullable<typeof judging>['open']>> | undefined
  const stop = async (): Promise<void> => {
    try {
      if (endpoint) await end(endpoint)
    } finally {
      run.end()
      await admin?.stop()
      await ledger.close()
    }
  }
  try {
    const tokens = tokensFor(flags)
    const served = (endpoint = await listening(flags, { time, ledger, profile, tokens, source }))
    const authorityFile = served.authority && (await writeAuthority(flags.out, served.authority))
    const failures: string[] = []
    const parts = { flags, time, ledger, endpoint: served, source, lap: run.lap, failures }
    if (judging && kept) admin = await judging.open({ ...parts, kept })
    sink?.open()
    return {
      ...{ flags, endpoint: served, tokens, stop },
      ...(authorityFile ? { authorityFile } : {}),
      ...(admin ? { admin } : {}),
      get failures() {
        return [...served.failures, ...failures]
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function end(endpoint: SteeredEndpoint): Promise<void> {
  endpoint.heal()
  await within(realClock(), limits.settleMs, endpoint.quiet(), undefined)
  await endpoint.stop()
}

/** The protocol's own policy, where it has one: its `reply` is what the server answers under `generic`. */
function profileFor(protocol: string): Profile {
  const found = Object.values(profiles).find(({ name }) => name === protocol)
  return found ?? (profiles['generic'] as Profile)
}

interface Parts {
  readonly time: ServedClock
  readonly ledger: Ledger
  readonly profile: Profile
  readonly tokens: readonly Token[]
  readonly source: RecordSource
}

async function listening(flags: ServeFlags, parts: Parts): Promise<SteeredEndpoint> {
  const { plan, protocol, port, host, dataSources, tls, h2 } = flags
  const { time, ledger, profile, tokens, source } = parts
  const { clock } = time
  const workspace = {
    tokens,
    dataSources: new DataSources(dataSources, 'refused'),
    rates: new Rates({ clock, enforced: true }),
  }
  const token = tokens[0]?.token ?? ''
  const spoken = { mode: 'ingest', protocol: protocol.name, profile, token, tls, h2 } as const
  try {
    return await serveAt({ ...spoken, plan, ledger, clock, source, host, port, workspace })
  } catch (error) {
    if (!(error instanceof TailraceError)) throw error
    const problems = error.problems.map((problem) => ({ ...problem, at: `--host ${host} --port ${port}` }))
    throw new TailraceError('usage', 'cannot listen', problems, { cause: error })
  }
}

/** `ca.pem` in the folder, which is made where it is not there; its whole path. */
async function writeAuthority(out: string, certificate: string): Promise<string> {
  const path = resolve(join(out, 'ca.pem'))
  try {
    await mkdir(out, { recursive: true })
    await writeFile(path, certificate, { mode: 0o644 })
    return path
  } catch (error) {
    const problem = { at: '--out', expected: `a folder for ${path}`, got: messageOf(error) }
    throw new TailraceError('usage', 'the authority cannot be written', [problem], { cause: error })
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

/** The flags of `serve`, read all at once: every wrong one is named before anything starts. */
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DataSource, isName } from '../../../fakes/pipeline/data-sources.ts'
import { misfitProblem, readFirstFile } from '../../../fakes/pipeline/first-file.ts'
import { readRows } from '../../../fakes/pipeline/rows.ts'
import { caseDataSource } from '../../../fakes/protocols/events-api/workspace.ts'
import type { FakeProtocol } from '../../../fakes/protocols/protocol.ts'
import { protocols } from '../../../fakes/server.ts'
import { messageOf, shown, TailraceError } from '../../errors.ts'
import type { Problem } from '../../errors.ts'
import { limits } from '../../limits.ts'
import { parsePlan } from '../../plan/parse.ts'
import type { Plan } from '../../plan/plan.ts'
import type { JsonObject } from '../../record.ts'
import { readText } from './files.ts'

/** As commander hands them over. */
export interface RawServeFlags {
  port: string
  host: string
  protocol: string
  h2?: true
  tls?: true
  out: string
  plan?: string
  seed?: string
  datasource: string[]
  landing: string
  clock: string
  timeScale: string
  adminPort?: string
  ledger?: string
  json?: true
}

export interface ServeFlags {
  readonly port: number
  readonly host: string
  readonly protocol: FakeProtocol
  readonly h2: boolean
  readonly tls: boolean
  /** Where the certificate of the authority goes. */
  readonly out: string
  readonly plan: Plan
  /** With `tailrace`, which takes rows of any shape. */
  readonly dataSources: readonly DataSource[]
  readonly clock: 'real' | 'virtual'
  /** How many real seconds one of the server takes. */
  readonly timeScale: number
  /** No admin API when absent. */
  readonly adminPort?: number
  readonly ledgerFile?: string
  readonly json: boolean
}

/** What all chance comes from when neither a plan nor a flag says it. */
const seedOtherwise = '1'
const landings: readonly string[] = ['memory']

export function readServeFlags(raw: RawServeFlags): ServeFlags {
  const problems: Problem[] = []
  const protocol = protocolOf(raw.protocol, problems)
  if (raw.datasource.length > 0 && protocol && protocol.name !== 'events-api') {
    problems.push({ at: '--datasource', expected: '--protocol events-api', got: shown(raw.protocol) })
  }
  if (!landings.includes(raw.landing)) {
    problems.push({ at: '--landing', expected: `one of ${landings.join(', ')}`, got: shown(raw.landing) })
  }
  const flags = {
    port: portOf('--port', raw.port, problems),
    host: raw.host,
    h2: raw.h2 ?? false,
    tls: raw.tls ?? false,
    out: raw.tls ? folder(raw.out, problems) : raw.out,
    plan: planOf(raw, problems),
    ...timeOf(raw, problems),
    ...(raw.adminPort === undefined ? {} : { adminPort: portOf('--admin-port', raw.adminPort, problems) }),
    ...(raw.ledger === undefined ? {} : { ledgerFile: writable(raw.ledger, problems) }),
    dataSources: dataSourcesOf(raw.datasource, problems),
    json: raw.json ?? false,
  }
  if (flags.port !== 0 && flags.adminPort === flags.port) {
    problems.push({ at: '--admin-port', expected: 'another port than --port', got: shown(raw.adminPort) })
  }
  if (problems.length > 0 || !protocol) throw new TailraceError('usage', 'these flags do not fit', problems)
  return { ...flags, protocol }
}

/** A clock that is wound by hand needs a hand, and has no pace of its own. */
function timeOf(
  { clock, timeScale, adminPort }: RawServeFlags,
  problems: Problem[],
): Pick<ServeFlags, 'clock' | 'timeScale'> {
  const scale = Number(timeScale)
  const isScale = /^\d+(\.\d+)?$/.test(timeScale) && scale >= scaleMin && scale <= scaleMax
  if (!isScale) {
    const expected = `a number from ${scaleMin} to ${scaleMax}`
    problems.push({ at: '--time-scale', expected, got: shown(timeScale) })
  }
  if (clock !== 'real' && clock !== 'virtual') {
    problems.push({ at: '--clock', expected: 'one of real, virtual', got: shown(clock) })
    return { clock: 'real', timeScale: 1 }
  }
  if (clock === 'virtual' && adminPort === undefined) {
    problems.push({ at: '--clock', expected: '--admin-port, by which the clock is turned', got: 'none' })
  }
  if (clock === 'virtual' && isScale && scale !== 1) {
    problems.push({ at: '--time-scale', expected: '--clock real', got: shown(clock) })
  }
  return { clock, timeScale: isScale ? scale : 1 }
}

/** Beyond these nothing that waits would be told from what does not. */
const [scaleMin, scaleMax] = [0.001, 1000]

function protocolOf(name: string, problems: Problem[]): FakeProtocol | undefined {
  const spoken = protocols.filter(({ paths }) => paths.ingest !== undefined)
  const found = spoken.find((protocol) => protocol.name === name)
  const expected = `one of ${spoken.map((protocol) => protocol.name).join(', ')}`
  if (!found) problems.push({ at: '--protocol', expected, got: shown(name) })
  return found
}

/** 0 is one that the system chooses. */
function portOf(flag: string, raw: string, problems: Problem[]): number {
  const port = Number(raw)
  if (/^\d+$/.test(raw) && port <= 65_535) return port
  problems.push({ at: flag, expected: 'a whole number from 0 to 65535', got: shown(raw) })
  return 0
}

/** A seed of the command line wins over the plan's. */
function planOf({ plan: path, seed }: RawServeFlags, problems: Problem[]): Plan {
  const none: Plan = { version: 1, seed: seedOtherwise, rules: [] }
  const plan =
    path === undefined
      ? none
      : gathered('--plan', problems, none, () => parsePlan(readText(path, 'plan'), path))
  return seed === undefined ? plan : { ...plan, seed }
}

function writable(path: string, problems: Problem[]): string {
  try {
    const there = existsSync(path)
    if (there && statSync(path).isDirectory()) throw new Error('it is a directory')
    accessSync(there ? path : dirname(path), constants.W_OK)
  } catch (error) {
    problems.push({ at: '--ledger', expected: `a file that can be written, ${path}`, got: messageOf(error) })
  }
  return path
}

/** One that is there, or can be made. */
function folder(path: string, problems: Problem[]): string {
  let there = resolve(path)
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there)
  try {
    if (!statSync(there).isDirectory()) throw new Error(`${there} is no directory`)
    accessSync(there, constants.W_OK)
  } catch (error) {
    problems.push({ at: '--out', expected: `a folder that can be written, ${path}`, got: messageOf(error) })
  }
  return path
}

function dataSourcesOf(declared: readonly string[], problems: Problem[]): DataSource[] {
  const made = declared.flatMap((text) => dataSourceOf(text, problems) ?? [])
  const names = [caseDataSource, ...made.map(({ name }) => name)]
  names.forEach((name, index) => {
    if (names.indexOf(name) === index) return
    problems.push({ at: '--datasource', expected: 'each name once', got: shown(name) })
  })
  if (names.length > limits.dataSourcesMax) {
    problems.push({
      at: '--datasource',
      expected: `at most ${limits.dataSourcesMax}`,
      got: String(names.length),
    })
  }
  return [new DataSource(caseDataSource), ...made]
}

/** `hits=first.ndjson`: the columns come from the file, and its rows are there from the start. */
function dataSourceOf(declared: string, problems: Problem[]): DataSource | undefined {
  const at = declared.indexOf('=')
  const [name, path] = [declared.slice(0, Math.max(0, at)), declared.slice(at + 1)]
  if (!isName(name) || path === '') {
    problems.push({
      at: '--datasource',
      expected: 'NAME=FILE, NAME of letters, digits and _',
      got: shown(declared),
    })
    return undefined
  }
  return gathered('--datasource', problems, undefined, () => {
    const rows = readRows(Buffer.from(readText(path, 'usage')), 'ndjson') ?? []
    const first = readFirstFile(rows)
    const found = first.ok ? [] : first.misfits.slice(0, limits.linesShown).map(misfitProblem)
    if (rows.length === 0) found.push({ at: '', expected: 'a row of JSON', got: 'none' })
    if (!first.ok || found.length > 0) {
      const problemsThere = found.map((problem) => ({ ...problem, at: `${path} ${problem.at}`.trim() }))
      throw new TailraceError('usage', `${path} makes no data source`, problemsThere)
    }
    const source = new DataSource(name, first.columns)
    source.land(
      rows.length,
      rows.flatMap(({ value }): JsonObject[] => (value ? [value] : [])),
    )
    return source
  })
}

/** What `read` gives; where it throws, `otherwise`, and its problems join the others. */
function gathered<T>(flag: string, problems: Problem[], otherwise: T, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof TailraceError)) throw error
    problems.push(...error.problems.map((problem) => ({ ...problem, at: `${flag} ${problem.at}` })))
    return otherwise
  }
}

/** The flags of `serve`, read all at once: every wrong one is named before anything starts. */
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
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
import { suiteNumber } from './stage.ts'

/** As commander hands them over. */
export interface RawServeFlags {
  port: string
  host: string
  protocol: string
  plan?: string
  seed?: string
  ledger?: string
  datasource: string[]
  json?: true
}

export interface ServeFlags {
  readonly port: number
  readonly host: string
  readonly protocol: FakeProtocol
  readonly plan: Plan
  readonly ledgerFile?: string
  /** With `tailrace`, which takes rows of any shape. */
  readonly dataSources: readonly DataSource[]
  readonly json: boolean
}

export function readServeFlags(raw: RawServeFlags): ServeFlags {
  const problems: Problem[] = []
  const protocol = protocolOf(raw.protocol, problems)
  if (raw.datasource.length > 0 && protocol && protocol.name !== 'events-api') {
    problems.push({ at: '--datasource', expected: '--protocol events-api', got: shown(raw.protocol) })
  }
  const flags = {
    port: portOf(raw.port, problems),
    host: raw.host,
    plan: planOf(raw, problems),
    ...(raw.ledger === undefined ? {} : { ledgerFile: writable(raw.ledger, problems) }),
    dataSources: dataSourcesOf(raw.datasource, problems),
    json: raw.json ?? false,
  }
  if (problems.length > 0 || !protocol) throw new TailraceError('usage', 'these flags do not fit', problems)
  return { ...flags, protocol }
}

function protocolOf(name: string, problems: Problem[]): FakeProtocol | undefined {
  const spoken = protocols.filter(({ paths }) => paths.ingest !== undefined)
  const found = spoken.find((protocol) => protocol.name === name)
  const expected = `one of ${spoken.map((protocol) => protocol.name).join(', ')}`
  if (!found) problems.push({ at: '--protocol', expected, got: shown(name) })
  return found
}

/** 0 is one that the system chooses. */
function portOf(raw: string, problems: Problem[]): number {
  const port = Number(raw)
  if (/^\d+$/.test(raw) && port <= 65_535) return port
  problems.push({ at: '--port', expected: 'a whole number from 0 to 65535', got: shown(raw) })
  return 0
}

/** A seed of the command line wins over the plan's. */
function planOf({ plan: path, seed }: RawServeFlags, problems: Problem[]): Plan {
  const none: Plan = { version: 1, seed: String(suiteNumber), rules: [] }
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

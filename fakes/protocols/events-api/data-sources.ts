/**
 * Data sources over HTTP, after the Data Sources API:
 *
 *   POST /v0/datasources?name=…&format=ndjson   made from its first file, which is the body
 *   GET  /v0/datasources, /v0/datasources/:name columns, sorting key, counts, proposed columns
 *   POST /v0/datasources/:name/columns          confirms a proposed column: {"name":…,"type":…}   [ours]
 *
 * The last stands for what a person does in the UI (guide, "Add new columns from the UI"). The shapes of the
 * answers are a part of the documented ones; the columns are guessed here though the reference guesses for CSV
 * alone, because the guide makes a data source by dropping an NDJSON file.
 */
import { shown } from '../../../src/errors.ts'
import { limits } from '../../../src/limits.ts'
import { jsonAnswer } from '../../answer.ts'
import type { Answer } from '../../answer.ts'
import { parseType, typeText } from '../../pipeline/columns.ts'
import { DataSource, isName } from '../../pipeline/data-sources.ts'
import { misfitProblem, readFirstFile } from '../../pipeline/first-file.ts'
import type { Misfit } from '../../pipeline/first-file.ts'
import { readRows } from '../../pipeline/rows.ts'
import { errorAnswer, notAllowed } from './answers.ts'
import { authenticate, isAnswer } from './call.ts'
import type { Call } from './call.ts'
import { takeRows } from './take-rows.ts'
import { isAdmin, mayAppend, mayCreate } from './tokens.ts'
import type { Token } from './tokens.ts'

/** Its groups: the name, and `columns`. */
export const dataSourcesPath: RegExp = /^\/v0\/datasources(?:\/([^/]+)(?:\/(columns))?)?\/?$/

export async function serveDataSources(call: Call): Promise<Answer> {
  const { pathname } = call.target
  const { method } = call.exchange.head
  const [, name, columns] = dataSourcesPath.exec(pathname) ?? []
  const token = authenticate(call)
  if (isAnswer(token)) return token
  if (columns !== undefined && name !== undefined) {
    return method === 'POST' ? confirm(call, token, name) : notAllowed(method, pathname, 'POST, OPTIONS')
  }
  if (method === 'GET') return name === undefined ? list(call, token) : show(call, token, name)
  if (name === undefined && method === 'POST') return create(call, token)
  return notAllowed(method, pathname, name === undefined ? 'GET, POST, OPTIONS' : 'GET, OPTIONS')
}

/** A token sees what it may append to [ours]. */
function list({ workspace }: Call, token: Token): Answer {
  const visible = workspace.dataSources.list().filter(({ name }) => mayAppend(token, name))
  return jsonAnswer(200, { datasources: visible.map(described) })
}

function show(call: Call, token: Token, name: string): Answer {
  const source = named(call, token, name)
  return isAnswer(source)
    ? source
    : jsonAnswer(200, { ...described(source), quarantine: quarantineOf(source) })
}

function named({ workspace }: Call, token: Token, name: string): DataSource | Answer {
  if (!mayAppend(token, name)) return errorAnswer(403, `this token may not read ${name}`)
  return workspace.dataSources.get(name) ?? errorAnswer(404, `no data source ${name}`)
}

function described(source: DataSource): object {
  const { name, anyShape, sortingKey, rows, quarantinedRows, proposed } = source
  return {
    name,
    ...(anyShape ? { any_shape: true } : {}),
    ...(sortingKey === undefined ? {} : { engine: { engine: 'MergeTree', engine_sorting_key: sortingKey } }),
    columns: source.columns().map(({ name: column, cell, values }) => ({
      name: column,
      type: typeText(cell),
      nullable: cell.nullable,
      jsonpath: `$.${column}`,
      values,
    })),
    proposed_columns: [...proposed].map(([column, { cell, rows: having }]) => ({
      name: column,
      type: cell ? typeText({ ...cell, nullable: true }) : null,
      rows: having,
    })),
    statistics: { row_count: rows },
    quarantine_rows: quarantinedRows,
  }
}

function quarantineOf(source: DataSource): object[] {
  return source.quarantine.map(({ columns, errors, row, wallMs }) => ({
    c__error_column: columns,
    c__error: errors,
    row,
    insertion_date: new Date(wallMs).toISOString().slice(0, 19).replace('T', ' '),
  }))
}

async function create(call: Call, token: Token): Promise<Answer> {
  const { target, got, workspace } = call
  if (!mayCreate(token)) return errorAnswer(403, 'this token may not create a data source')
  const name = target.searchParams.get('name')
  if (!name || !isName(name))
    return errorAnswer(400, 'name: letters, digits and _, not a digit first, at most 128')
  if ((target.searchParams.get('format') ?? 'ndjson') !== 'ndjson')
    return errorAnswer(400, 'format: only ndjson')
  if ((target.searchParams.get('mode') ?? 'create') !== 'create') return errorAnswer(400, 'mode: only create')
  if (got.refusal) return errorAnswer(got.refusal.status, got.refusal.message)
  const rows = readRows(got.body, 'ndjson') ?? []
  if (rows.length === 0) return errorAnswer(400, 'the first file holds no rows')
  const first = readFirstFile(rows)
  if (!first.ok) return misfitsAnswer(first.misfits)
  const source = new DataSource(name, first.columns)
  const made = got.lands ? workspace.dataSources.add(source) : workspace.dataSources.get(name) === undefined
  if (!made) return errorAnswer(409, `there is a data source ${name}, or no room for one more`)
  if (!(await takeRows(call, source, rows).landed)) return errorAnswer(500)
  return jsonAnswer(200, {
    datasource: described(source),
    quarantine_rows: 0,
    invalid_lines: 0,
    error: false,
  })
}

/** Every line that does not fit, numbered and quoted; the first of them in the text too. */
function misfitsAnswer(misfits: readonly Misfit[]): Answer {
  const told = misfits.slice(0, limits.linesShown)
  const lines = told
    .map(misfitProblem)
    .map(({ at, expected, got }) => `${at}: expected ${expected}, got ${got}`)
  const more = misfits.length - told.length
  const summary = 'the lines of the first file do not fit together, and nothing is created'
  const message = [summary, ...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n')
  return errorAnswer(400, message, { invalid_lines: misfits.length, lines: told })
}

/** The type is that of the values seen unless another is given ("adjust the types"). */
function confirm(call: Call, token: Token, name: string): Answer {
  if (!isAdmin(token)) return errorAnswer(403, 'only an admin token may add a column')
  const source = named(call, token, name)
  if (isAnswer(source)) return source
  if (call.got.refusal) return errorAnswer(call.got.refusal.status, call.got.refusal.message)
  const asked = readRows(call.got.body, 'json')?.[0]?.value
  const column = asked?.['name']
  const proposed = typeof column === 'string' ? source.proposed.get(column) : undefined
  if (typeof column !== 'string' || !proposed) {
    const names = [...source.proposed.keys()].map((each) => shown(each)).join(', ')
    return errorAnswer(400, `name: a proposed column of ${name} (${names || 'none'}), not ${shown(column)}`)
  }
  if (source.columns().length >= limits.columnsMax)
    return errorAnswer(400, `at most ${limits.columnsMax} columns`)
  const type = asked?.['type']
  const given = typeof type === 'string' && type.length <= 200 ? parseType(type) : undefined
  if (type !== undefined && !given) {
    return errorAnswer(
      400,
      `type: String, Int64, Float64, Bool, DateTime, JSON, Array(…) or Nullable(…), not ${shown(type)}`,
    )
  }
  const cell = given ?? proposed.cell
  if (!cell) return errorAnswer(400, `the values of ${column} have no common type: say one, as "type"`)
  if (call.got.lands) source.confirm(column, cell)
  return jsonAnswer(200, described(source))
}

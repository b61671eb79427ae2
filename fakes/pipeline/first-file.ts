/**
 * The columns of a data source from its first file: "the Data Source will be created and ordered based upon those
 * initial values" (Tinybird guide "Stream with HTTP Requests"); pure. The rules of the guess are ours.
 */
import { shown } from '../../src/errors.ts'
import type { Problem } from '../../src/errors.ts'
import { limits } from '../../src/limits.ts'
import { cellOf, join, nothing, settled, typeText } from './columns.ts'
import type { Cell } from './columns.ts'
import { cut } from './rows.ts'
import type { TypedRow } from './rows.ts'

export interface Column {
  readonly name: string
  readonly cell: Cell
}

/** A line that does not fit what the lines before it made of a column. */
export interface Misfit {
  readonly line: number
  /** As it came, cut. */
  readonly text: string
  readonly column?: string
  readonly expected: string
  readonly got: string
}

export type FirstFile =
  | { readonly ok: true; readonly columns: readonly Column[] }
  | { readonly ok: false; readonly misfits: readonly Misfit[] }

/** In the order in which the members come. One that a row lacks, or has as null, makes its column nullable. */
export function readFirstFile(rows: readonly TypedRow[]): FirstFile {
  const cells = new Map<string, Cell>()
  const counts = new Map<string, number>()
  const misfits = rows.flatMap((row) => grow(cells, counts, row))
  if (misfits.length > 0) return { ok: false, misfits }
  const columns = [...cells].map(([name, cell]) => {
    const everywhere = counts.get(name) === rows.length
    return { name, cell: settled(everywhere ? cell : { ...cell, nullable: true }) }
  })
  return { ok: true, columns }
}

function grow(
  cells: Map<string, Cell>,
  counts: Map<string, number>,
  { line, text, value }: TypedRow,
): Misfit[] {
  const at = { line, text: cut(text) }
  if (!value) return [{ ...at, expected: 'a JSON object', got: 'something else' }]
  return Object.entries(value).flatMap(([column, member]) => {
    const before = cells.get(column)
    if (!before && cells.size >= limits.columnsMax) {
      return [{ ...at, column, expected: `at most ${limits.columnsMax} columns`, got: 'one more' }]
    }
    const seen = cellOf(member)
    const joined = join(before ?? nothing, seen)
    if (!joined) return [{ ...at, column, expected: typeText(before ?? nothing), got: typeText(seen) }]
    cells.set(column, joined)
    counts.set(column, (counts.get(column) ?? 0) + 1)
    return []
  })
}

/** `line 2 "{\"n\":\"oops\"}", "n": expected Int64, got String`, in the parts of a problem. */
export function misfitProblem({ line, text, column, expected, got }: Misfit): Problem {
  return {
    at: `line ${line} ${shown(text)}${column === undefined ? '' : `, ${shown(column)}`}`,
    expected,
    got,
  }
}

/** The first column of dates and times, else the first of all. */
export function sortingKeyOf(columns: readonly Column[]): string | undefined {
  return (columns.find(({ cell }) => cell.type === 'DateTime') ?? columns[0])?.name
}

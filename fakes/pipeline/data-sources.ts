/**
 * Data sources: where rows are sent by name. One has columns, guessed from its first file, or takes rows of any
 * shape. Rows are counted, not kept: a server may run for days.
 */
import { shown } from '../../src/errors.ts'
import { limits } from '../../src/limits.ts'
import type { Json, JsonObject } from '../../src/record.ts'
import { cellOf, fits, join, typeText } from './columns.ts'
import type { Cell } from './columns.ts'
import { sortingKeyOf } from './first-file.ts'
import type { Column } from './first-file.ts'

/** Why a row does not fit, in the columns of a quarantine table. */
export interface Unfit {
  readonly columns: readonly string[]
  readonly errors: readonly string[]
}

export interface QuarantinedRow extends Unfit {
  /** As it came, cut. */
  readonly row: string
  /** Milliseconds since the Unix epoch. */
  readonly wallMs: number
}

/** A member that rows had and no column takes. `cell` is undefined where its values have no common type. */
export interface Proposed {
  readonly cell: Cell | undefined
  /** Rows that had it. */
  readonly rows: number
}

export class DataSource {
  readonly name: string
  /** Undefined where rows of any shape fit. */
  readonly sortingKey: string | undefined
  /** Visible rows, and quarantined ones. */
  rows = 0
  quarantinedRows = 0
  /** The last ones. */
  readonly quarantine: QuarantinedRow[] = []
  readonly proposed: Map<string, Proposed> = new Map()
  private readonly known: Map<string, Cell> | undefined
  private readonly values = new Map<string, number>()

  constructor(name: string, columns?: readonly Column[]) {
    this.name = name
    this.known = columns && new Map(columns.map(({ name: column, cell }) => [column, cell]))
    this.sortingKey = columns && sortingKeyOf(columns)
  }

  get anyShape(): boolean {
    return this.known === undefined
  }

  /** With how many visible rows have a value there. */
  columns(): (Column & { readonly values: number })[] {
    return [...(this.known ?? [])].map(([name, cell]) => ({ name, cell, values: this.values.get(name) ?? 0 }))
  }

  /** What keeps a row out; undefined where it fits. Members without a column are no reason [S0]. */
  unfit(row: JsonObject | undefined): Unfit | undefined {
    if (!this.known) return undefined
    if (!row) return { columns: [], errors: ['the row is no JSON object'] }
    const found = [...this.known].flatMap(([name, cell]): [string, string][] => {
      if (!Object.hasOwn(row, name))
        return cell.nullable ? [] : [[name, `the row has no column ${shown(name)}`]]
      const value = row[name] as Json
      return fits(cell, value)
        ? []
        : [[name, `value ${shown(value)} on column ${shown(name)} is not ${typeText(cell)}`]]
    })
    if (found.length === 0) return undefined
    return { columns: found.map(([name]) => name), errors: found.map(([, error]) => error) }
  }

  /** The rows are taken: what they have beside the columns is proposed. */
  propose(rows: readonly JsonObject[]): void {
    if (!this.known) return
    for (const row of rows) {
      for (const [name, value] of Object.entries(row)) if (!this.known.has(name)) this.proposeOne(name, value)
    }
  }

  private proposeOne(name: string, value: Json): void {
    const before = this.proposed.get(name)
    if (!before && this.proposed.size >= limits.proposedColumnsMax) return
    const cell = before ? before.cell && join(before.cell, cellOf(value)) : cellOf(value)
    this.proposed.set(name, { cell, rows: (before?.rows ?? 0) + 1 })
  }

  /** Adds a column for the rows to come; those before it have none, so it is nullable. */
  confirm(name: string, cell: Cell): void {
    this.known?.set(name, { ...cell, nullable: true })
    this.proposed.delete(name)
  }

  /** The rows are visible. `values` is absent where their shape was not looked at. */
  land(count: number, values: readonly JsonObject[] = []): void {
    this.rows += count
    for (const row of values) {
      for (const [name, value] of Object.entries(row)) {
        if (value !== null && this.known?.has(name)) this.values.set(name, (this.values.get(name) ?? 0) + 1)
      }
    }
  }

  /** `samples`: the last of them. */
  quarantineRows(count: number, samples: readonly QuarantinedRow[] = []): void {
    this.quarantinedRows += count
    this.quarantine.push(...samples)
    this.quarantine.splice(0, this.quarantine.length - limits.quarantineShown)
  }
}

export class DataSources {
  private readonly known = new Map<string, DataSource>()
  private readonly other: DataSource | undefined

  /** `any`: every name is one that takes rows of any shape; all of these share their counts. */
  constructor(sources: readonly DataSource[], unknown: 'refused' | 'any') {
    for (const source of sources) this.add(source)
    this.other = unknown === 'any' ? new DataSource('any') : undefined
  }

  get(name: string): DataSource | undefined {
    return this.known.get(name) ?? this.other
  }

  /** False where there is one of this name, or no room for one more. */
  add(source: DataSource): boolean {
    if (this.known.has(source.name) || this.known.size >= limits.dataSourcesMax) return false
    this.known.set(source.name, source)
    return true
  }

  list(): DataSource[] {
    return [...this.known.values()]
  }
}

/** As a table may be named; what is more would need quotes everywhere. */
export function isName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(text)
}

/**
 * Types of columns, named as ClickHouse names them, guessed from JSON values; pure.
 *
 * A type grows as values are seen: nothing < Int64 < Float64, nothing < DateTime < String, arrays by their
 * elements, and whatever holds both arrays and objects, or an array without a common type, is JSON. Two types that
 * have no type above them are a contradiction, which the caller tells. What was seen always fits what was guessed.
 */
import type { Json } from '../../src/record.ts'

const scalars = ['String', 'Int64', 'Float64', 'Bool', 'DateTime', 'JSON'] as const
type Scalar = (typeof scalars)[number]

/** What may stand in a column or in an array. No `type` while nothing but null was seen. */
export interface Cell {
  readonly type?: Scalar | { readonly items: Cell }
  /** Whether null may stand there; in a column, also whether the member may be missing. */
  readonly nullable: boolean
}

export const nothing: Cell = { nullable: false }

/** The narrowest cell that a value fits. */
export function cellOf(value: Json): Cell {
  if (value === null) return { nullable: true }
  if (Array.isArray(value)) return arrayOf(value)
  return { type: scalarOf(value), nullable: false }
}

function scalarOf(value: Exclude<Json, null | Json[]>): Scalar {
  switch (typeof value) {
    case 'boolean':
      return 'Bool'
    case 'number':
      return isInt64(value) ? 'Int64' : 'Float64'
    case 'string':
      return isDateTime(value) ? 'DateTime' : 'String'
    default:
      return 'JSON'
  }
}

function arrayOf(values: readonly Json[]): Cell {
  let items: Cell | undefined = nothing
  for (const value of values) items &&= join(items, cellOf(value))
  return { type: items ? { items } : 'JSON', nullable: false }
}

/** The narrowest cell that is above both; undefined where there is none. */
export function join(a: Cell, b: Cell): Cell | undefined {
  const nullable = a.nullable || b.nullable
  if (a.type === undefined || b.type === undefined) {
    const type = a.type ?? b.type
    return type === undefined ? { nullable } : { type, nullable }
  }
  const type = joinTypes(a.type, b.type)
  return type && { type, nullable }
}

type Type = NonNullable<Cell['type']>

function joinTypes(a: Type, b: Type): Type | undefined {
  if (typeof a === 'object' && typeof b === 'object') {
    const items = join(a.items, b.items)
    return items ? { items } : 'JSON'
  }
  if (a === b) return a
  if (isContainer(a) && isContainer(b)) return 'JSON'
  const pair = new Set([a, b])
  if (pair.has('Int64') && pair.has('Float64')) return 'Float64'
  return pair.has('DateTime') && pair.has('String') ? 'String' : undefined
}

function isContainer(type: Type): boolean {
  return type === 'JSON' || typeof type === 'object'
}

/** What was seen as null alone becomes String. */
export function settled({ type = 'String', nullable }: Cell): Cell {
  return { type: typeof type === 'object' ? { items: settled(type.items) } : type, nullable }
}

export function fits({ type, nullable }: Cell, value: Json): boolean {
  if (value === null) return nullable
  if (typeof type === 'object') {
    return Array.isArray(value) && value.every((each) => fits(type.items, each))
  }
  switch (type ?? 'nothing') {
    case 'String':
      return typeof value === 'string'
    case 'Int64':
      return typeof value === 'number' && isInt64(value)
    case 'Float64':
      return typeof value === 'number'
    case 'Bool':
      return typeof value === 'boolean'
    case 'DateTime':
      return typeof value === 'string' && isDateTime(value)
    case 'JSON':
      return typeof value === 'object'
    case 'nothing':
      return false
  }
}

/** `Nullable(Int64)`. Arrays and JSON take no Nullable around them, in ClickHouse neither. */
export function typeText({ type = 'String', nullable }: Cell): string {
  if (typeof type === 'object') return `Array(${typeText(type.items)})`
  return nullable && type !== 'JSON' ? `Nullable(${type})` : type
}

/** Reads what `typeText` writes; undefined where it is no type of this table. */
export function parseType(text: string): Cell | undefined {
  const [, outer, inner] = /^(Nullable|Array)\((.+)\)$/.exec(text) ?? []
  if (outer === 'Array') {
    const items = parseType(inner ?? '')
    return items && { type: { items }, nullable: false }
  }
  const type = scalars.find((scalar) => scalar === (inner ?? text))
  return type && !(outer && type === 'JSON') ? { type, nullable: outer !== undefined } : undefined
}

function isInt64(value: number): boolean {
  return Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63
}

const dateTime = /^(\d{4})-(\d\d)-(\d\d)[ T]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?$/

/** Date and time of a day that there is, in the years that ClickHouse's DateTime holds (1970 to 2105). */
export function isDateTime(text: string): boolean {
  const [, year, month, day] = (dateTime.exec(text) ?? []).map(Number)
  if (year === undefined || month === undefined || day === undefined) return false
  if (year < 1970 || year > 2105) return false
  const date = new Date(Date.UTC(year, month - 1, day))
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

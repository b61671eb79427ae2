/**
 * The body of a bulk request: action lines, each but a deletion followed by its source line, every line ended by a
 * newline. What is wrong with an action line is wrong with the whole request; what is wrong with a source is that
 * item's own trouble (elastic/elasticsearch, BulkRequestParser, whose words are kept).
 */
import type { Json, JsonObject, RecordId } from '../../../src/record.ts'
import { piecesOf } from '../../../src/wire/json-text.ts'
import type { Row } from '../../../src/wire/records.ts'

const actions = ['create', 'delete', 'index', 'update'] as const
export type Action = (typeof actions)[number]

export interface Item {
  readonly action: Action
  readonly index?: string
  readonly id?: string
  /** The source is a JSON object; a deletion has none. */
  readonly sound: boolean
  /** The records in its two lines. */
  readonly records: readonly RecordId[]
}

/** Why a whole request is refused. */
export interface Malformed {
  readonly type: string
  readonly reason: string
}

interface Line {
  readonly value: Json | undefined
  readonly blank: boolean
  readonly records: readonly RecordId[]
}

/** `rows` are those of the same body: one for each line that is not blank. */
export function readBulk(body: Buffer, rows: readonly Row[]): readonly Item[] | Malformed {
  if (body.length === 0) return { type: 'parse_exception', reason: 'request body is required' }
  const texts = body
    .toString()
    .replace(/^\uFEFF/, '')
    .split('\n')
  const unended = texts.pop() !== ''
  let row = 0
  const lines = texts.map((text): Line => {
    if (text.trim() === '') return { value: undefined, blank: true, records: [] }
    return { value: piecesOf(text)[0]?.value, blank: false, records: rows[row++]?.ids ?? [] }
  })
  const items: Item[] = []
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] as Line
    if (line.blank) continue
    const read = readAction(line, at + 1)
    if ('reason' in read) return read
    if (read.action === 'delete') {
      items.push({ ...read, sound: true, records: line.records })
      continue
    }
    at += 1
    const source = lines[at]
    if (!source) break // as the server does: an action without a source is no item
    const sound = isObject(source.value)
    items.push({ ...read, sound, records: [...line.records, ...source.records] })
  }
  if (unended) return illegal('The bulk request must be terminated by a newline [\\n]')
  if (items.length > 0) return items
  return { type: 'action_request_validation_exception', reason: 'Validation Failed: 1: no requests added;' }
}

function readAction({ value }: Line, number: number): Pick<Item, 'action' | 'index' | 'id'> | Malformed {
  const malformed = (why: string): Malformed => illegal(`Malformed action/metadata line [${number}], ${why}`)
  if (!isObject(value)) return malformed(`expected START_OBJECT but found [${tokenOf(value)}]`)
  const [name, ...more] = Object.keys(value)
  if (name === undefined) return malformed('expected FIELD_NAME but found [END_OBJECT]')
  const action = actions.find((one) => one === name)
  if (!action) {
    return malformed(
      `expected field [create], [delete], [index] or [update] but found [${name.slice(0, 80)}]`,
    )
  }
  const metadata = value[name]
  if (!isObject(metadata)) return malformed(`expected START_OBJECT but found [${tokenOf(metadata)}]`)
  if (more.length > 0) return malformed('expected END_OBJECT but found [FIELD_NAME]')
  const { _index: index, _id: id } = metadata
  return {
    action,
    ...(typeof index === 'string' ? { index } : {}),
    ...(typeof id === 'string' || typeof id === 'number' ? { id: String(id) } : {}),
  }
}

function illegal(reason: string): Malformed {
  return { type: 'illegal_argument_exception', reason }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** How the server's parser calls what it found. */
function tokenOf(value: Json | undefined): string {
  if (value === undefined) return 'no JSON'
  if (Array.isArray(value)) return 'START_ARRAY'
  if (value === null) return 'VALUE_NULL'
  return typeof value === 'boolean' ? 'VALUE_BOOLEAN' : `VALUE_${typeof value}`.toUpperCase()
}

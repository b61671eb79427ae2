/**
 * Where the records of a run are seen in a body, how often, and whether they are whole (design §4, "Records").
 *
 * A holder is an object on the path to the string that carries a record's token. The record is whole where one
 * holder has every member that was offered with an equal value; members added to it are fine. It counts once for
 * each such holder that stands in no other, so neither a token repeated in an envelope nor a raw copy kept inside
 * the record doubles it; or once when it is only damaged; or, where no JSON carries it, once for each row that does.
 * A row whose own object has the record's id and other values for its members is a second, damaged copy, whatever
 * stands whole in other rows. Within a row that holds a whole copy, anything else that names the record is envelope.
 */
import { isDeepStrictEqual } from 'node:util'
import { recordAt, tokenOf, tokensIn } from '../record.ts'
import type { Json, JsonObject, RecordId, RecordSource } from '../record.ts'
import { isContainer, piecesOf } from './json-text.ts'

/** The objects around a value, innermost first. */
interface Path {
  readonly object: JsonObject
  readonly outer: Path | undefined
}

/** What is known of one record of the body. */
interface Seen {
  readonly id: RecordId
  whole: number
  /** The member, in the order of the record, in which the best copy that is not whole differs. */
  differsAt: number | undefined
  /** The last row that carries it outside JSON. */
  loosely: number | undefined
}

/** A record as it was offered. */
type Members = readonly (readonly [name: string, offered: Json])[]

/** A row's own object that has a record's id, and another value for one of its members. */
interface Contradiction {
  readonly seen: Seen
  readonly row: number
  readonly at: string
}

interface Sighting {
  readonly seen: Seen
  readonly row: number
  readonly how: 'whole' | 'damaged' | 'loose'
}

export interface Tokens {
  /** Of this run. */
  own: number
  /** Of another one. */
  foreign: number
}

export interface Sighted {
  readonly ids: RecordId[]
  readonly damaged: { readonly id: RecordId; readonly at: string }[]
  /** The ids that each row brings. */
  readonly rows: RecordId[][]
}

const tokenLength = tokenOf('00000000', [0, 0]).length

export class Sightings {
  private readonly source: RecordSource
  private readonly seen = new Map<string, Seen>()
  private readonly all: Sighting[] = []
  private readonly wholeHolders = new Set<JsonObject>()
  private readonly contradictions = new Map<JsonObject, Contradiction>()
  private row = 0
  private tokens: Tokens = { own: 0, foreign: 0 }
  private offered: { readonly token: string; readonly members: Members } | undefined

  constructor(source: RecordSource) {
    this.source = source
  }

  /** Searches a row as JSON and says which tokens it holds. */
  addJson(value: Json, row: number): Tokens {
    this.begin(row)
    this.search(value, undefined)
    return this.tokens
  }

  /** Searches a row that is no JSON. */
  addText(text: string, row: number): Tokens {
    this.begin(row)
    this.searchLoose(text)
    return this.tokens
  }

  /** Searches the values of a form, which may be JSON themselves. */
  addForm(form: URLSearchParams, row: number): Tokens {
    this.begin(row)
    for (const [name, value] of form) {
      this.searchLoose(name)
      for (const piece of piecesOf(value)) {
        if (isContainer(piece.value)) this.search(piece.value, undefined)
        else this.searchLoose(piece.text)
      }
    }
    return this.tokens
  }

  result(rowCount: number): Sighted {
    const rows: RecordId[][] = Array.from({ length: rowCount }, () => [])
    const counting = this.all.filter(({ seen, how }) => how === gradeOf(seen))
    for (const { seen, row } of counting) rows[row]?.push(seen.id)
    const members = Object.keys(recordAt(this.source, [0, 0])) // all records have the same
    const damaged = counting
      .filter(({ how }) => how === 'damaged')
      .map(({ seen: { id, differsAt = 0 } }) => ({ id, at: `/${members[differsAt] ?? ''}` }))
    const ids = counting.map(({ seen }) => seen.id)
    for (const { seen, row, at } of this.contradictions.values()) {
      if (seen.whole === 0 || rows[row]?.includes(seen.id)) continue
      ids.push(seen.id)
      damaged.push({ id: seen.id, at })
      rows[row]?.push(seen.id)
    }
    return { ids, damaged, rows }
  }

  private begin(row: number): void {
    this.row = row
    this.tokens = { own: 0, foreign: 0 }
  }

  private search(value: Json, path: Path | undefined): void {
    if (typeof value === 'string') this.searchString(value, path)
    else if (Array.isArray(value)) for (const element of value) this.search(element, path)
    else if (typeof value === 'object' && value !== null) {
      const inner: Path = { object: value, outer: path }
      for (const name of Object.keys(value)) {
        this.searchTokens(name, inner)
        this.search(value[name] as Json, inner)
      }
    }
  }

  /** A string may hold JSON in its turn, as log shippers send it. Each level costs escapes, so there are few. */
  private searchString(text: string, path: Path | undefined): void {
    if (text.length <= tokenLength || !text.includes(`tr${this.source.nonce}`)) {
      this.searchTokens(text, path)
      return
    }
    for (const piece of piecesOf(text)) {
      if (isContainer(piece.value)) this.search(piece.value, path)
      else this.searchTokens(piece.text, path)
    }
  }

  private searchTokens(text: string, path: Path | undefined): void {
    if (text.length < tokenLength) return
    for (const { nonce, id, index } of tokensIn(text)) {
      if (!this.isOwn(nonce)) continue
      this.seeInJson(id, text.slice(index, index + tokenLength), path)
    }
  }

  private searchLoose(text: string): void {
    for (const { nonce, id, index } of tokensIn(text)) {
      if (!this.isOwn(nonce)) continue
      const seen = this.seenOf(id, text.slice(index, index + tokenLength))
      if (seen.loosely === this.row) continue
      seen.loosely = this.row
      this.all.push({ seen, row: this.row, how: 'loose' })
    }
  }

  private isOwn(nonce: string): boolean {
    const own = nonce === this.source.nonce
    this.tokens[own ? 'own' : 'foreign'] += 1
    return own
  }

  private seeInJson(id: RecordId, token: string, path: Path | undefined): void {
    const seen = this.seenOf(id, token)
    let outermost: JsonObject | undefined
    let innermostDiffers: number | undefined
    for (let at = path; at; at = at.outer) {
      const differsAt = this.firstDifference(at.object, id, token)
      if (differsAt === undefined) outermost = at.object
      innermostDiffers ??= differsAt
    }
    if (!outermost) {
      this.noteContradiction(seen, token, path)
      if (seen.differsAt === undefined) this.all.push({ seen, row: this.row, how: 'damaged' })
      seen.differsAt = Math.max(seen.differsAt ?? 0, innermostDiffers ?? 0)
    } else if (!this.wholeHolders.has(outermost)) {
      this.wholeHolders.add(outermost)
      seen.whole += 1
      this.all.push({ seen, row: this.row, how: 'whole' })
    }
  }

  private noteContradiction(seen: Seen, token: string, path: Path | undefined): void {
    const holder = path?.object
    if (path?.outer || holder?.['id'] !== token) return
    const other = this.membersOf(seen.id, token).find(
      ([name, offered]) => Object.hasOwn(holder, name) && !isEqual(holder[name], offered),
    )
    if (other) this.contradictions.set(holder, { seen, row: this.row, at: `/${other[0]}` })
  }

  /** The first member of the record that `holder` lacks or has otherwise. `id` is the first, and cheap to compare. */
  private firstDifference(holder: JsonObject, id: RecordId, token: string): number | undefined {
    if (holder['id'] !== token) return 0
    if (this.wholeHolders.has(holder)) return undefined
    const at = this.membersOf(id, token).findIndex(([name, offered]) => !isEqual(holder[name], offered))
    return at === -1 ? undefined : at
  }

  /** The last one is kept, for tokens that come in a row. */
  private membersOf(id: RecordId, token: string): Members {
    if (this.offered?.token !== token) {
      this.offered = { token, members: Object.entries(recordAt(this.source, id)) }
    }
    return this.offered.members
  }

  private seenOf(id: RecordId, token: string): Seen {
    const known = this.seen.get(token)
    if (known) return known
    const seen: Seen = { id, whole: 0, differsAt: undefined, loosely: undefined }
    this.seen.set(token, seen)
    return seen
  }
}

/** Which of its sightings count: the best there are. */
function gradeOf({ whole, differsAt }: Seen): Sighting['how'] {
  if (whole > 0) return 'whole'
  return differsAt === undefined ? 'loose' : 'damaged'
}

function isEqual(held: Json | undefined, offered: Json | undefined): boolean {
  return held === offered || (isContainer(held) && isDeepStrictEqual(held, offered))
}

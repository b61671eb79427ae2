/** What a call of the admin API is: its name, what may be asked of it, and what it answers. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Clock } from '../../src/clock.ts'
import type { Problem } from '../../src/errors.ts'
import type { IdRange, JsonObject } from '../../src/record.ts'
import type { Steering } from '../steering.ts'
import type { Kept } from './kept.ts'

/** What the calls work on. */
export interface Desk {
  readonly steering: Steering
  readonly kept: Kept
  /** The run's. */
  readonly clock: Clock
  /** Turns the run's clock, where it is wound by hand. */
  readonly wind?: (ms: number) => Promise<void>
  /** Ends every connection to the server; how many there were. */
  readonly disconnect: () => Promise<number>
  readonly court: Court
}

/** What knows records and promises; not of this floor. Both throw TailraceError with pointers into the body. */
export interface Court {
  /** The next records, one by one, entered as offered before the first is given; `broken`: not all reached anybody. */
  offer(n: number): { readonly records: Iterable<JsonObject>; readonly broken: () => void }
  verify(asked: VerifyAsked): Promise<object>
}

export interface VerifyAsked {
  readonly offered?: readonly IdRange[]
  readonly checks?: readonly unknown[]
}

export interface Asked {
  /** The part of the path that the call leaves open. */
  readonly name: string
  readonly query: Readonly<Record<string, string>>
  /** Parsed; `{}` where there was none. */
  readonly body: unknown
  readonly headers: IncomingHttpHeaders
}

/** Answered as JSON, or as NDJSON line by line. */
export type Reply =
  | { readonly status?: number; readonly headers?: Headers; readonly json: unknown }
  | { readonly headers?: Headers; readonly lines: Lines }

export type Headers = Readonly<Record<string, string>>

export interface Lines {
  /** Those that have come since it was last called, without line ends. Throws where some of them are lost. */
  readonly read: () => Iterable<string>
  /** More may come: `tell` is called when there is more to read, until what is returned is called. */
  readonly follow?: ((tell: () => void) => () => void) | undefined
  /** Not all of it reached the other side. */
  readonly broken?: () => void
}

/** What a query parameter is to be. */
export interface QueryForm {
  readonly says: string
  readonly fits: (text: string) => boolean
}

export interface Call {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  /** `/rules/{id}`: the braces stand for any one part. */
  readonly path: string
  readonly says: string
  readonly query?: Readonly<Record<string, QueryForm>>
  /** How the body is read; it is dropped when absent. `plan` is YAML too. */
  readonly body?: 'json' | 'plan'
  /** What is wrong with the body in itself. */
  readonly problems?: (body: unknown) => readonly Problem[]
  readonly act: (asked: Asked, desk: Desk) => Reply | Promise<Reply>
}

/** An answer that is none: the call is refused. */
export class Refusal extends Error {
  readonly status: number
  readonly problems: readonly Problem[]
  readonly headers: Headers

  constructor(status: number, why: string, problems: readonly Problem[] = [], headers: Headers = {}) {
    super(why)
    this.status = status
    this.problems = problems
    this.headers = headers
  }
}

export const wholeNumber: QueryForm = {
  says: 'a whole number',
  fits: (text) => /^\d{1,15}$/.test(text),
}

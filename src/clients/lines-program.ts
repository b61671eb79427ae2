/**
 * A program for the lines rung: it reads and says the messages, so that a client has only its own work to write.
 * One process serves as many cases as it is given, one after the other.
 */
import { linesOf } from './lines.ts'

export interface LinesHello {
  readonly client: string
  readonly version: string
  readonly can: readonly string[]
  readonly knobs: readonly string[]
}

/** What a case begins with. */
export interface LinesStart {
  readonly url: string
  readonly token: string
  readonly config: Readonly<Record<string, unknown>>
}

export interface LinesRecord {
  readonly id: string
  /** The record itself, as one line of JSON. */
  readonly line: string
}

/** Claims, by the ids that the records came with. */
export interface Say {
  ack(ids: readonly string[]): void
  drop(ids: readonly string[], why: string): void
}

/** A client for one case. */
export interface LinesClient {
  /** Await it: while it is open nothing more is read. */
  send(record: LinesRecord): Promise<void>
  /** Sends what waits; nobody waits for it. */
  flush(): Promise<unknown>
  /** Resolves when all that there was to say of the records has been said. */
  stop(): Promise<unknown>
}

/** A message of the harness, as far as it is used here. */
type Told =
  | ({ readonly t: 'start' } & LinesStart)
  | { readonly t: 'send'; readonly id: string; readonly data: unknown }
  | { readonly t: 'flush' }
  | { readonly t: 'stop' }

/** Says hello, and serves until the end of the input. */
export async function speakLines(
  hello: LinesHello,
  begin: (start: LinesStart, say: Say) => LinesClient,
  input: AsyncIterable<string>,
  print: (line: string) => void,
  /** Aborts when the program is to come to its end: as a stop by message. */
  ending?: AbortSignal,
): Promise<void> {
  const tell = (message: object): void => print(`${JSON.stringify(message)}\n`)
  const say: Say = {
    ack: (ids) => tell({ t: 'ack', ids }),
    drop: (ids, why) => tell({ t: 'drop', ids, why }),
  }
  let client: LinesClient | undefined
  let stopped: Promise<void> | undefined

  // Not awaited where it is told to: what comes after a stop is still read, and refused.
  const stop = (): Promise<void> =>
    (stopped ??= (client as LinesClient).stop().then(() => tell({ t: 'done' })))

  ending?.addEventListener('abort', () => void (client && stop()), { once: true })
  tell({ t: 'hello', v: 1, ...hello })
  for await (const line of linesOf(input)) {
    const told = JSON.parse(line) as Told
    if (told.t === 'start') {
      client = begin(told, say)
      stopped = undefined
    } else if (told.t === 'send') await client?.send({ id: told.id, line: JSON.stringify(told.data) })
    else if (told.t === 'flush') void client?.flush()
    else if (told.t === 'stop' && client) void stop()
  }
  if (client) await stop()
}

/**
 * The ledger: append-only, numbered, bounded. Every part of a run writes to it and nothing flows through it.
 * If it is not in the ledger it did not happen.
 */
import { createWriteStream, readFileSync, statSync } from 'node:fs'
import { finished } from 'node:stream/promises'
import { realClock } from './clock.ts'
import type { Clock, Timer } from './clock.ts'
import { entryKinds, entrySchema, phases } from './entry.ts'
import type { Entry, EntryBody } from './entry.ts'
import { EntryBytes } from './entry-bytes.ts'
import { messageOf, shown, TailraceError } from './errors.ts'
import type { Problem } from './errors.ts'
import { limits } from './limits.ts'
import { problemsOf } from './schema.ts'

/** Where lines go besides memory. */
export interface Sink {
  line(text: string): void
  /** The line of an entry, where it is cheaper to make it there. */
  enter?(n: number, t: number, body: EntryBody): void
  /** Resolves when there is room for more; absent while there is. Who can hold back what brings lines, should. */
  readonly room?: Promise<void> | undefined
  close(): Promise<void>
}

/** Hands a sink what it takes: the entry, or its line. */
export function enterInto(sink: Sink, n: number, t: number, body: EntryBody): void {
  if (sink.enter) sink.enter(n, t, body)
  else sink.line(JSON.stringify({ n, t, ...body }))
}

interface Watcher {
  wanted(entry: Entry): boolean
  resolve(entry: Entry): void
}

export class Ledger {
  readonly entries: Entry[] = []
  /** Resolves when the bound is reached; what comes later is counted, not kept. */
  readonly full: Promise<void>
  dropped = 0
  private readonly clock: Clock
  private readonly sink: Sink | undefined
  private markFull: () => void = () => {}
  private readonly watchers = new Set<Watcher>()

  constructor(clock: Clock, sink?: Sink) {
    this.clock = clock
    this.sink = sink
    this.full = new Promise((resolve) => (this.markFull = resolve))
  }

  /** Enters what was seen, at `t` (nanoseconds of the clock) or now. Returns the entry. */
  write(body: EntryBody, t: number = this.clock.now()): Entry {
    const n = this.entries.length
    const entry: Entry = { n, t, ...body }
    if (this.entries.length >= limits.ledgerEntriesMax) {
      this.dropped += 1
      this.markFull()
      return entry
    }
    this.entries.push(entry)
    if (this.sink) enterInto(this.sink, n, t, body)
    for (const watcher of this.watchers) {
      if (!watcher.wanted(entry)) continue
      this.watchers.delete(watcher)
      watcher.resolve(entry)
    }
    return entry
  }

  /** While the sink has more than it can write: resolves when it has room again. */
  get room(): Promise<void> | undefined {
    return this.sink?.room
  }

  /** Resolves to the first entry, written already or yet to come, that `wanted` accepts. */
  until(wanted: (entry: Entry) => boolean): Promise<Entry> {
    const found = this.entries.find(wanted)
    if (found) return Promise.resolve(found)
    return new Promise((resolve) => this.watchers.add({ wanted, resolve }))
  }

  /** Resolves when every line is on disk. */
  async close(): Promise<void> {
    await this.sink?.close()
  }
}

export type FileSink = Sink & Required<Pick<Sink, 'enter'>>

/** A sink that writes NDJSON. Lines are gathered for some milliseconds, and written at once. */
export function fileSink(path: string): FileSink {
  const stream = createWriteStream(path, { highWaterMark: limits.sinkBytesMax })
  const done = finished(stream)
  const clock = realClock()
  const gathered = new EntryBytes()
  let due: Timer | undefined
  let spare: Buffer | undefined
  let room: Promise<void> | undefined
  let wake: () => void = () => {}
  const hand = (): void => {
    due?.cancel()
    due = undefined
    if (gathered.size === 0) return
    const lines = gathered.take(spare)
    spare = undefined
    if (stream.destroyed) return
    const isFull = !stream.write(lines, () => (spare = Buffer.from(lines.buffer)))
    if (isFull) room ??= new Promise((resolve) => (wake = resolve))
  }
  const gather = (): void => {
    if (gathered.size >= limits.sinkGatheredBytesMax) hand()
    else due ??= clock.after(limits.sinkGatheredMs, hand)
  }
  const free = (): void => {
    room = undefined
    wake()
  }
  stream.on('drain', free)
  done.catch(free) // reported by close(); nobody waits for a file that takes no more
  return {
    line: (text) => {
      gathered.line(text)
      gather()
    },
    enter: (n, t, body) => {
      gathered.add(n, t, body)
      gather()
    },
    get room() {
      return room
    },
    close: () => {
      hand()
      stream.end()
      return done
    },
  }
}

/** Reads a ledger back. Throws with every line that is torn, unknown, malformed or missing. */
export function readLedger(path: string): Entry[] {
  return parseLedger(readText(path), path)
}

function readText(path: string): string {
  try {
    const { size } = statSync(path)
    if (size > limits.ledgerBytesMax) {
      const expected = `at most ${limits.ledgerBytesMax} bytes`
      throw new TailraceError('ledger', `${path} is too large`, [
        { at: path, expected, got: `${size} bytes` },
      ])
    }
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof TailraceError) throw error
    const problem = { at: path, expected: 'a readable ledger', got: messageOf(error) }
    throw new TailraceError('ledger', `cannot read ${path}`, [problem], { cause: error })
  }
}

/** Parses the text of a ledger; `name` stands in the errors. */
export function parseLedger(text: string, name: string): Entry[] {
  const problems: Problem[] = []
  const entries: Entry[] = []
  const lines = text.split('\n')
  const torn = lines.pop()
  if (torn)
    problems.push({
      at: `${name}:${lines.length + 1}`,
      expected: 'a line end',
      got: `a torn line ${shown(torn)}`,
    })
  lines.forEach((line, index) => {
    const at = `${name}:${index + 1}`
    const found = parseLine(line, at, index)
    if (Array.isArray(found)) problems.push(...found)
    else entries.push(found)
  })
  if (lines.length === 0 && !torn) problems.push({ at: name, expected: 'a ledger', got: 'an empty file' })
  const [first] = entries
  if (first?.n === 0 && first.kind !== 'run') {
    problems.push({ at: `${name}:1`, expected: 'an entry of kind run', got: shown(first.kind) })
  }
  if (problems.length === 0) problems.push(...missingParts(entries, name))
  if (problems.length > 0) {
    throw new TailraceError(
      'ledger',
      `${name} is not a whole ledger`,
      problems.slice(0, limits.problemsShown),
    )
  }
  return entries
}

/** A run enters each phase and its own lateness: where one is missing, the run broke off or lines were taken out. */
function missingParts(entries: readonly Entry[], name: string): Problem[] {
  const entered = new Set(
    entries.map((entry) => (entry.kind === 'phase' ? `phase ${entry.name}` : entry.kind)),
  )
  const lacking = [...phases.map((phase) => `phase ${phase}`), 'lateness'].filter(
    (part) => !entered.has(part),
  )
  const runs = entries.filter(({ kind }) => kind === 'run')
  return [
    ...lacking.map((part) => ({
      at: name,
      expected: `an entry ${part}`,
      got: `none in ${entries.length} entries`,
    })),
    ...runs.slice(1).map(({ n }) => ({
      at: `${name}:${n + 1} /kind`,
      expected: 'one entry run, the first',
      got: 'a second',
    })),
  ]
}

function parseLine(line: string, at: string, n: number): Entry | Problem[] {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return [{ at, expected: 'one JSON object', got: shown(line) }]
  }
  const kind = (value as { kind?: unknown } | null)?.kind
  if (typeof kind !== 'string' || !entryKinds.includes(kind as Entry['kind'])) {
    return [{ at: `${at} /kind`, expected: `one of ${entryKinds.join(', ')}`, got: shown(kind) }]
  }
  const problems = problemsOf(entrySchema, value).map((p) => ({ ...p, at: `${at} ${p.at}` }))
  if (problems.length > 0) return problems
  const entry = value as Entry
  if (entry.n !== n) return [{ at: `${at} /n`, expected: `${n} (no gap)`, got: String(entry.n) }]
  return entry
}

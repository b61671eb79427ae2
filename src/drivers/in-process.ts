/**
 * The in-process rung: a client that is a function, for tests in TypeScript and for runs in virtual time. It reads
 * records as lines and resolves to an exit code, which is its word as on the pipe.
 */
import type { Clock } from '../clock.ts'
import type { Drive, Driven, Driver } from '../driver.ts'
import { messageOf } from '../errors.ts'
import { idsIn, recordAt } from '../record.ts'
import type { IdRange, Json } from '../record.ts'
import { walk } from './steps.ts'

/** What a client is given. */
export interface Given {
  readonly url: string
  readonly token: string
  readonly config: Readonly<Record<string, Json>>
  /** One JSON record each; the end is the order to stop. */
  readonly lines: AsyncIterable<string>
  readonly clock: Clock
  /** Aborts when its time is up. */
  readonly signal: AbortSignal
}

export interface InProcessClient {
  readonly name: string
  /** Resolves to 0 where everything was delivered, to 10 where not; a rejection is a crash. */
  ingest(given: Given): Promise<number>
}

export function inProcessDriver(client: InProcessClient): Driver {
  return { rung: 'in-process', command: client.name, drive: (drive) => run(client, drive) }
}

async function run(client: InProcessClient, drive: Drive): Promise<Driven> {
  const over = new AbortController()
  const lines = new Lines()
  const feeding = walk(drive, {
    offer: (ids) => {
      lines.add(ids, drive)
      return Promise.resolve()
    },
    stop: () => {
      lines.end()
      return Promise.resolve()
    },
  })
  const end = await Promise.race([
    worked(client, drive, lines, over.signal),
    outlived(drive, over.signal),
    aborted(drive.signal),
  ])
  over.abort()
  lines.end()
  enterEnd(drive, end)
  await feeding
  return drivenOf(end)
}

/** How it came to its end: with a code, by throwing, at the end of its budget, or because we no longer want it. */
type End = { readonly code: number } | { readonly thrown: string } | 'stuck' | 'aborted'

async function worked(
  client: InProcessClient,
  drive: Drive,
  lines: Lines,
  signal: AbortSignal,
): Promise<End> {
  const { env, clock } = drive
  const config = JSON.parse(env['TAILRACE_CONFIG'] ?? '{}') as Record<string, Json>
  try {
    const code = await client.ingest({
      ...{ url: env['TAILRACE_URL'] ?? '', token: env['TAILRACE_TOKEN'] ?? '' },
      ...{ config, lines, clock, signal },
    })
    return { code }
  } catch (error) {
    return { thrown: messageOf(error) }
  }
}

function outlived({ clock, budgetMs }: Drive, over: AbortSignal): Promise<End> {
  return new Promise((resolve) => {
    const timer = clock.after(budgetMs, () => resolve('stuck'))
    over.addEventListener('abort', () => timer.cancel(), { once: true })
  })
}

function aborted(signal: AbortSignal | undefined): Promise<End> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve('aborted')
    else signal?.addEventListener('abort', () => resolve('aborted'), { once: true })
  })
}

function enterEnd({ ledger, budgetMs, client }: Drive, end: End): void {
  const which = client === undefined ? {} : { client }
  if (end === 'stuck') ledger.write({ kind: 'stall', who: 'client', ms: budgetMs, ...which })
  if (typeof end === 'string') {
    ledger.write({ kind: 'claim', what: 'signal', raw: end, by: 'harness', ...which })
  } else if ('code' in end) ledger.write({ kind: 'claim', what: 'exit', code: end.code, ...which })
  else ledger.write({ kind: 'claim', what: 'signal', raw: end.thrown, by: 'client', ...which })
}

function drivenOf(end: End): Driven {
  const said = Buffer.from(typeof end === 'object' && 'thrown' in end ? `${end.thrown}\n` : '')
  const printed = {
    stdout: { bytes: Buffer.alloc(0), total: 0 },
    stderr: { bytes: said, total: said.length },
  }
  if (typeof end === 'object' && 'code' in end)
    return { ended: 'exit', code: end.code, signal: null, ...printed }
  return { ended: end === 'stuck' ? 'stuck' : 'signal', code: null, signal: 'none', ...printed }
}

/** A queue of lines, read by one. */
class Lines implements AsyncIterable<string> {
  private readonly waiting: string[] = []
  private over = false
  private wake: () => void = () => {}

  add(ids: readonly IdRange[], { source }: Drive): void {
    for (const id of idsIn(ids)) this.waiting.push(JSON.stringify(recordAt(source, id)))
    this.wake()
  }

  end(): void {
    this.over = true
    this.wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    for (;;) {
      for (let line = this.waiting.shift(); line !== undefined; line = this.waiting.shift()) yield line
      if (this.over) return
      await new Promise<void>((resolve) => (this.wake = resolve))
    }
  }
}

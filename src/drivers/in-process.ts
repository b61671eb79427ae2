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
  const { clock, ledger, env, budgetMs, signal } = drive
  const which = drive.client === undefined ? {} : { client: drive.client }
  const over = new AbortController()
  const queue = new Lines()
  const stuck = new Promise<'stuck'>((resolve) => {
    const timer = clock.after(budgetMs, () => {
      ledger.write({ kind: 'stall', who: 'client', ms: budgetMs, ...which })
      resolve('stuck')
    })
    over.signal.addEventListener('abort', () => timer.cancel(), { once: true })
  })
  const aborted = new Promise<'aborted'>((resolve) => {
    if (signal?.aborted) resolve('aborted')
    signal?.addEventListener('abort', () => resolve('aborted'), { once: true })
  })
  const feeding = walk(drive, {
    offer: (ids) => Promise.resolve(queue.add(ids, drive)),
    stop: () => Promise.resolve(queue.end()),
  })
  const running = client.ingest({
    url: env['TAILRACE_URL'] ?? '',
    token: env['TAILRACE_TOKEN'] ?? '',
    config: JSON.parse(env['TAILRACE_CONFIG'] ?? '{}') as Record<string, Json>,
    lines: queue,
    clock,
    signal: over.signal,
  })
  const how = await Promise.race([running, stuck, aborted]).catch((error: unknown) => ({ crash: error }))
  over.abort()
  queue.end()
  const printed = typeof how === 'object' ? `${messageOf(how.crash)}\n` : ''
  if (typeof how === 'number') ledger.write({ kind: 'claim', what: 'exit', code: how, ...which })
  else if (typeof how === 'object')
    ledger.write({ kind: 'claim', what: 'signal', raw: 'thrown', by: 'client', ...which })
  else ledger.write({ kind: 'claim', what: 'signal', raw: 'aborted', by: 'harness', ...which })
  await feeding
  const nothing = { bytes: Buffer.alloc(0), total: 0 }
  return {
    ended: typeof how === 'number' ? 'exit' : how === 'stuck' ? 'stuck' : 'signal',
    code: typeof how === 'number' ? how : null,
    signal: typeof how === 'number' ? null : 'none',
    stdout: nothing,
    stderr: { bytes: Buffer.from(printed), total: printed.length },
  }
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

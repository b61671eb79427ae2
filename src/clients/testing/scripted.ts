/** The reference client against scripted answers, on a clock wound by hand. */
import { gunzipSync } from 'node:zlib'
import { MockAgent } from 'undici'
import { HandClock, sleep } from '../../clock.ts'
import { ingestClient } from '../reference.ts'
import type { Closed, IngestClient, IngestClientOptions } from '../reference.ts'

export interface Answer {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body?: string
}

interface MockReply {
  statusCode: number
  data: string
  responseOptions: { headers: Record<string, string> }
}

export interface Seen {
  readonly url: string
  /** As text, after its coding was undone. */
  readonly body: string
  readonly headers: Record<string, string>
  /** Milliseconds of the script's clock. */
  readonly at: number
}

export interface Script {
  readonly client: IngestClient
  readonly clock: HandClock
  readonly seen: Seen[]
  readonly sleeps: number[]
  readonly warnings: string[]
  /** Lines that were told to be delivered, or dropped, in the order of telling. */
  readonly delivered: string[]
  readonly dropped: string[]
  /** Adds the records and closes, with time made to pass as asked for. */
  readonly send: (lines: readonly string[]) => Promise<Closed>
  /** Awaits this, with time made to pass. */
  readonly until: <T>(work: Promise<T>) => Promise<T>
}

export interface ScriptOptions extends Partial<IngestClientOptions> {
  /** Time passes by so much at a time where nothing else makes it: answers take time, too. */
  readonly tickMs?: number
}

const url = 'http://127.0.0.1:9/v0/events?name=t'
export const elsewhere = 'http://127.0.0.2:9'

/** Answers in turn, the last for ever, or by what is asked. */
export function script(
  answers: readonly Answer[] | ((body: string, seen: Seen) => Answer),
  { tickMs = 1, ...options }: ScriptOptions = {},
): Script {
  const clock = new HandClock()
  const seen: Seen[] = []
  const sleeps: number[] = []
  const warnings: string[] = []
  const delivered: string[] = []
  const dropped: string[] = []
  const agent = new MockAgent()
  agent.disableNetConnect()
  const replying =
    (origin: string) =>
    ({ path, body, headers }: { path: string; body?: unknown; headers?: unknown }): MockReply => {
      const given = headers as Record<string, string>
      const bytes = Buffer.from(body as Uint8Array)
      const text = (given['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString()
      const now: Seen = { url: origin + path, body: text, headers: given, at: clock.now() / 1e6 }
      const inTurn = Array.isArray(answers) ? (answers as Answer[]) : []
      const answer =
        typeof answers === 'function' ? answers(text, now) : inTurn[Math.min(seen.length, inTurn.length - 1)]
      seen.push(now)
      if (!answer) throw new Error('an empty script')
      const { status: statusCode, body: data = '{}', headers: extra = {} } = answer
      return { statusCode, data, responseOptions: { headers: extra } }
    }
  for (const origin of [new URL(options.url ?? url).origin, elsewhere]) {
    agent
      .get(origin)
      .intercept({ path: () => true, method: 'POST' })
      .reply(replying(origin))
      .persist()
  }
  const client = ingestClient({
    url,
    token: 'tk_1',
    dispatcher: agent,
    clock,
    sleep: (ms, signal) => {
      sleeps.push(ms)
      return sleep(clock, ms, signal)
    },
    warn: (line) => warnings.push(line),
    onDelivered: (lines) => delivered.push(...lines),
    onDropped: (lines) => dropped.push(...lines),
    ...options,
  })
  const until = <T>(work: Promise<T>): Promise<T> => {
    const tick = (): void => void clock.after(tickMs, tick)
    tick()
    return clock.until(work)
  }
  const send = (lines: readonly string[]): Promise<Closed> => {
    const work = async (): Promise<Closed> => {
      for (const line of lines) await client.add(line)
      return client.close()
    }
    return until(work())
  }
  return { client, clock, seen, sleeps, warnings, delivered, dropped, send, until }
}

export const ok: Answer = { status: 202 }
export const busy: Answer = { status: 503 }

export function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, seq) => JSON.stringify({ seq }))
}

/**
 * A client that serves as a measure: the same wait before each attempt, without growth and without jitter. How far
 * its gaps spread is what the machine does to a constant delay.
 */
import { Agent, request } from 'undici'
import type { Dispatcher } from 'undici'
import { sleep } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { linesOf } from './lines.ts'

export interface MetronomeInput {
  readonly url: string
  readonly token: string
  readonly stdin: AsyncIterable<string>
  /** Before each attempt but the first. */
  readonly waitMs: number
  readonly clock: Clock
  readonly dispatcher?: Dispatcher
}

/** Requests under way or waiting for their next attempt. */
const atOnceMax = 64
const attemptsMax = 6
const timeoutMs = 10_000

/** Sends each record in a request of its own. Resolves to the exit code: 0, or 10 where some were not delivered. */
export async function metronome(input: MetronomeInput): Promise<number> {
  const dispatcher = input.dispatcher ?? new Agent({ connections: atOnceMax })
  const underWay = new Set<Promise<void>>()
  let code = 0
  for await (const line of linesOf(input.stdin)) {
    while (underWay.size >= atOnceMax) await Promise.race(underWay)
    const sending = deliver(line, input, dispatcher).then((delivered) => {
      if (!delivered) code = 10
      underWay.delete(sending)
    })
    underWay.add(sending)
  }
  await Promise.all(underWay)
  await dispatcher.close()
  return code
}

async function deliver(line: string, input: MetronomeInput, dispatcher: Dispatcher): Promise<boolean> {
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    if (attempt > 1) await sleep(input.clock, input.waitMs)
    if (await post(line, input, dispatcher)) return true
  }
  return false
}

/** Whether there was a success, read to its end. */
async function post(line: string, { url, token }: MetronomeInput, dispatcher: Dispatcher): Promise<boolean> {
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
      body: `${line}\n`,
      dispatcher,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    })
    await answer.body.text()
    return answer.statusCode >= 200 && answer.statusCode < 300
  } catch {
    return false
  }
}

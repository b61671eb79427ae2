/** What the program around the reference client does: lines in, the end or a stop, a log. */
import type { Readable } from 'node:stream'
import type { Clock, Timer } from '../clock.ts'
import { linesOf } from './lines.ts'
import type { Exchange, IngestClient } from './reference.ts'

/** Once stopped, for what is in the pipe already: who stops a program ends its input, too. */
const lastInputMs = 1_000
/** After the input, for what is under way. */
const deadlineMs = 20_000
/** Of an answer's body, in the log. */
const loggedCharsMax = 500

export interface Program {
  /** Text. */
  readonly stdin: Readable
  readonly client: IngestClient
  readonly clock: Clock
  /** Aborts when the program is to come to its end. */
  readonly stop: AbortSignal
}

/** Resolves to whether the input was read to its end and all of it delivered. */
export async function sendAll({ stdin, client, clock, stop }: Program): Promise<boolean> {
  let cut = false
  let timer: Timer | undefined
  const soon = (): void => {
    timer = clock.after(lastInputMs, () => {
      cut = true
      stdin.destroy()
    })
  }
  stop.addEventListener('abort', soon, { once: true })
  try {
    for await (const line of linesOf(stdin)) await client.add(line)
  } catch (error) {
    if (!cut) throw error // else it is how a stream ends that is destroyed under its reader
  }
  stop.removeEventListener('abort', soon)
  timer?.cancel()
  const { dropped } = await client.close({ deadlineMs })
  return dropped === 0 && !cut
}

/** Prints a line of JSON for each request; neither the token nor any record is in it. */
export function logged(print: (line: string) => void): (exchange: Exchange) => void {
  return ({ request, response, error }) => {
    const shown = response && { ...response, body: response.body.slice(0, loggedCharsMax) }
    print(JSON.stringify({ request, response: shown, error }))
  }
}

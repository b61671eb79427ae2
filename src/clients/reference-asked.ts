/** One request of the reference client, and what carries it, whatever HTTP is spoken. */
import type { Answer } from './reference-answers.ts'

/** A POST. */
export interface Asked {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly timeoutMs: number
  /** Ends it early. */
  readonly signal: AbortSignal
}

export interface Carrier {
  /** Rejects where there is no answer, not even its head. */
  ask(asked: Asked): Promise<Answer>
  /** Resolves when its connections are closed. Nothing is under way any more. */
  close(): Promise<void>
}

/** The server has said that it did nothing with the request: it may be sent again, and costs no try. */
export class NotProcessed extends Error {}

/** Rejects when `signal` aborts first; what was waited for goes on. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: () => void = () => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
  })
  aborted.catch(() => {})
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/**
 * Clients as people write them in an afternoon: each sends batches and means well, and each loses or doubles records
 * under the right fault. The suite and the search must find it.
 */
import { request } from 'undici'
import type { Dispatcher } from 'undici'

export interface NaiveInput {
  readonly url: string
  readonly token: string
  readonly lines: AsyncIterable<string>
  readonly sleep: (ms: number) => Promise<void>
  readonly dispatcher?: Dispatcher
  /** Records in a batch. */
  readonly size?: number
}

export type NaiveName = 'no-retry' | 'new-id' | 'third-failure'

export interface Naive {
  readonly does: string
  /** Resolves to the exit code. */
  run(input: NaiveInput): Promise<number>
}

const waitMs = 100
const attemptsMax = 5

export const naive: Readonly<Record<NaiveName, Naive>> = {
  'no-retry': {
    does: 'sends each batch once and exits 0, whatever the answer',
    run: async (input) => {
      await inBatches(input, (lines) => post(input, lines))
      return 0
    },
  },
  'new-id': {
    does: 'gives the records new ids before each retry',
    run: async (input) => {
      let failed = false
      await inBatches(input, async (lines) => {
        let fresh = lines
        for (let attempt = 1; !(await post(input, fresh)); attempt += 1) {
          if (attempt === attemptsMax) return void (failed = true)
          await input.sleep(waitMs * 2 ** (attempt - 1))
          fresh = lines.map((line, i) => renamed(line, `retry-${attempt}-${i}`))
        }
      })
      return failed ? 10 : 0
    },
  },
  'third-failure': {
    does: 'drops a batch at its third failure, and says nothing (axiom-go#428)',
    run: async (input) => {
      await inBatches(input, async (lines) => {
        for (let failures = 0; failures < 3; failures += 1) {
          if (failures > 0) await input.sleep(waitMs * 2 ** failures)
          if (await post(input, lines)) return
        }
      })
      return 0
    },
  },
}

async function inBatches(
  { lines, size = 5 }: NaiveInput,
  send: (lines: string[]) => Promise<unknown>,
): Promise<void> {
  let batch: string[] = []
  for await (const line of lines) {
    batch.push(line)
    if (batch.length < size) continue
    await send(batch)
    batch = []
  }
  if (batch.length > 0) await send(batch)
}

/** Whether the answer was a success, read to its end. */
async function post({ url, token, dispatcher }: NaiveInput, lines: readonly string[]): Promise<boolean> {
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
      body: `${lines.join('\n')}\n`,
      headersTimeout: 10_000,
      bodyTimeout: 10_000,
      ...(dispatcher ? { dispatcher } : {}),
    })
    await answer.body.text()
    return answer.statusCode >= 200 && answer.statusCode < 300
  } catch {
    return false
  }
}

function renamed(line: string, id: string): string {
  return JSON.stringify({ ...(JSON.parse(line) as object), id })
}

/**
 * Clients of the lines rung that do not do their work, and claim what they like. The suite must see through each of
 * them.
 */
import { request } from 'undici'
import type { LinesClient, LinesHello, LinesRecord, LinesStart, Say } from './lines-program.ts'

export interface LinesCheat {
  readonly does: string
  readonly begin: (start: LinesStart, say: Say) => LinesClient
}

export type LinesCheatName = 'null' | 'acks-everything' | 'always-drops' | 'sends-twice'

export const linesCheats: Readonly<Record<LinesCheatName, LinesCheat>> = {
  null: {
    does: 'reads everything, sends nothing, claims nothing and is done',
    begin: () => collecting(async () => {}),
  },
  'acks-everything': {
    does: 'sends nothing and acknowledges every record',
    begin: (_, say) => saying(({ id }) => say.ack([id])),
  },
  'always-drops': {
    does: 'sends nothing and says of every record that it was dropped',
    begin: (_, say) => saying(({ id }) => say.drop([id], 'no reason')),
  },
  'sends-twice': {
    does: 'sends everything twice in one body, and acknowledges it whatever the answer',
    begin: (start, say) =>
      collecting(async (records) => {
        const body = records.map(({ line }) => `${line}\n${line}\n`).join('')
        await post(start, body)
        say.ack(records.map(({ id }) => id))
      }),
  },
}

export function cheatHello(name: LinesCheatName): LinesHello {
  return { client: `cheat-${name}`, version: '1', can: ['ingest', 'flush'], knobs: [] }
}

function saying(about: (record: LinesRecord) => void): LinesClient {
  return {
    send: (record) => {
      about(record)
      return Promise.resolve()
    },
    flush: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  }
}

function collecting(stop: (records: readonly LinesRecord[]) => Promise<void>): LinesClient {
  const records: LinesRecord[] = []
  return { ...saying((record) => void records.push(record)), stop: () => stop(records) }
}

/** Whatever the answer is: it does not care. */
async function post({ url, token }: LinesStart, body: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' }
  const answer = await request(url, { method: 'POST', headers, body, reset: true }).catch(() => undefined)
  await answer?.body.dump().catch(() => {})
}

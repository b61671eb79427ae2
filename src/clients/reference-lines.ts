/** The reference client on the lines rung: each record is acknowledged or dropped when its fate is known. */
import { messageOf } from '../errors.ts'
import type { LinesClient, LinesHello, LinesStart, Say } from './lines-program.ts'
import { ingestClient, referenceKnobs } from './reference.ts'

export const referenceHello: LinesHello = {
  client: 'tailrace-reference',
  version: '1',
  can: ['ingest', 'flush', 'gzip', 'h2'],
  knobs: referenceKnobs,
}

export function referenceOnLines({ url, token, config }: LinesStart, say: Say): LinesClient {
  const client = ingestClient({
    url,
    token,
    config,
    onDelivered: (lines) => say.ack(lines.map(idOf)),
    onDropped: (lines, why) => say.drop(lines.map(idOf), why),
  })
  return {
    send: async ({ id, line }) => {
      await client.add(line).catch((error: unknown) => say.drop([id], messageOf(error)))
    },
    flush: () => client.flush(),
    stop: () => client.close(),
  }
}

function idOf(line: string): string {
  return (JSON.parse(line) as { id: string }).id
}

/** Records to a client's stdin: one per line. */
import type { Writable } from 'node:stream'
import type { Drive } from '../driver.ts'
import { idsIn, recordAt } from '../record.ts'
import type { IdRange, RecordSource } from '../record.ts'
import { clientStdin } from './stdin.ts'
import { walk } from './steps.ts'

/** Walks the steps of the drive; resolves when everything is written or the client's stdin is closed. */
export async function feed(stdin: Writable, drive: Drive): Promise<void> {
  const client = clientStdin(stdin)
  await walk(drive, {
    offer: (ids) => client.write(recordLines(ids, drive.source), drive),
    stop: () => client.end(),
  })
}

function* recordLines(ids: readonly IdRange[], source: RecordSource): Generator<string> {
  for (const id of idsIn(ids)) yield `${JSON.stringify(recordAt(source, id))}\n`
}

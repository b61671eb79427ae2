/** Records to a client's stdin: one per line, as fast as it reads, then the end. */
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { sleep } from '../clock.ts'
import type { Drive } from '../driver.ts'
import { limits } from '../limits.ts'
import { idsIn, recordAt } from '../record.ts'

/** Closing stdin early, and leaving while we write, are a client's right: so is every way in which a write fails. */
const streamClosed = ['ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED']

/** Enters the offer, then writes; resolves when everything is written or the client's stdin is closed. */
export async function feed(stdin: Writable, drive: Drive): Promise<void> {
  // Before the first byte: a client that reads nothing has been offered everything.
  drive.ledger.write({ kind: 'offer', ids: drive.ids })
  try {
    await pipeline(lines(drive), stdin)
  } catch (error) {
    const { syscall, code = '' } = error as NodeJS.ErrnoException
    if (syscall !== 'write' && syscall !== 'read' && !streamClosed.includes(code)) throw error
  }
}

async function* lines({ ids, source, clock, ledger }: Drive): AsyncGenerator<string> {
  let written = 0
  for (const id of idsIn(ids)) {
    const line = `${JSON.stringify(recordAt(source, id))}\n`
    const handed = clock.now()
    try {
      yield line
    } finally {
      const ms = (clock.now() - handed) / 1e6
      if (ms >= limits.stdinStallMs) ledger.write({ kind: 'stall', who: 'stdin', ms })
    }
    written += 1
    // A client that keeps pace would hold the event loop, and with it the server it talks to.
    if (written % limits.feedRecords === 0) await sleep(clock, 0)
  }
}

/** Records to a client's stdin: one per line, as fast as it reads. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { sleep } from '../clock.ts'
import type { Drive } from '../driver.ts'
import { limits } from '../limits.ts'
import { idsIn, recordAt } from '../record.ts'
import type { IdRange } from '../record.ts'
import { walk } from './steps.ts'

/** Closing stdin early, and leaving while we write, are a client's right: so is every way in which a write fails. */
const streamClosed = ['ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END']

/** Walks the steps of the drive; resolves when everything is written or the client's stdin is closed. */
export async function feed(stdin: Writable, drive: Drive): Promise<void> {
  const closed = finished(stdin, { readable: false })
  closed.catch(() => {}) // told by `left`
  const left = closed.then(
    () => {},
    (error: unknown) => {
      const { syscall, code = '' } = error as NodeJS.ErrnoException
      if (syscall !== 'write' && syscall !== 'read' && !streamClosed.includes(code)) throw error
    },
  )
  const gone = left.then(() => true)
  gone.catch(() => {})
  await walk(drive, {
    offer: (ids) => write(stdin, gone, ids, drive),
    stop: async () => {
      stdin.end()
      await left
    },
  })
}

async function write(
  stdin: Writable,
  gone: Promise<boolean>,
  ids: readonly IdRange[],
  { source, clock, ledger, client }: Drive,
): Promise<void> {
  let written = 0
  for (const id of idsIn(ids)) {
    if (!stdin.writable) break
    const handed = clock.now()
    if (!stdin.write(`${JSON.stringify(recordAt(source, id))}\n`)) {
      const over = new AbortController()
      await Promise.race([once(stdin, 'drain', { signal: over.signal }).catch(() => {}), gone])
      over.abort()
    }
    const ms = (clock.now() - handed) / 1e6
    if (ms >= limits.stdinStallMs) {
      ledger.write({ kind: 'stall', who: 'stdin', ms, ...(client === undefined ? {} : { client }) })
    }
    written += 1
    // A client that keeps pace would hold the event loop, and with it the server it talks to.
    if (written % limits.feedRecords === 0) await sleep(clock, 0)
  }
}

/** A client's stdin: written as fast as it reads, and its to close at any time. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { sleep } from '../clock.ts'
import type { Drive } from '../driver.ts'
import { limits } from '../limits.ts'
import { whichOf } from './watch.ts'

export interface ClientStdin {
  /** Resolves when all is written, or nothing more is taken. A write that blocks for long is entered. */
  write(lines: Iterable<string>, drive: Drive): Promise<void>
  /** Writes the end; resolves when the client's side has all of it, or is closed. */
  end(): Promise<void>
}

/** Closing stdin early, and leaving while we write, are a client's right: so is every way in which a write fails. */
const streamClosed = ['ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END']

export function clientStdin(stdin: Writable): ClientStdin {
  const closed = finished(stdin, { readable: false })
  const left = closed.then(
    () => {},
    (error: unknown) => {
      const { syscall, code = '' } = error as NodeJS.ErrnoException
      if (syscall !== 'write' && syscall !== 'read' && !streamClosed.includes(code)) throw error
    },
  )
  left.catch(() => {}) // told by whoever writes, or waits for the end
  return {
    write: (lines, drive) => write(stdin, left, lines, drive),
    end: async () => {
      stdin.end()
      await left
    },
  }
}

async function write(
  stdin: Writable,
  left: Promise<void>,
  lines: Iterable<string>,
  drive: Drive,
): Promise<void> {
  const { clock, ledger } = drive
  let written = 0
  for (const line of lines) {
    if (!stdin.writable) break
    const handed = clock.now()
    if (!stdin.write(line)) {
      const over = new AbortController()
      await Promise.race([once(stdin, 'drain', { signal: over.signal }).catch(() => {}), left])
      over.abort()
    }
    const ms = (clock.now() - handed) / 1e6
    if (ms >= limits.stdinStallMs) ledger.write({ kind: 'stall', who: 'stdin', ms, ...whichOf(drive) })
    written += 1
    // A client that keeps pace would hold the event loop, and with it the server it talks to.
    if (written % limits.feedRecords === 0) await sleep(clock, 0)
  }
}

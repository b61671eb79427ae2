/**
 * Real pipes for a client's stdio. Node gives its children sockets, which cannot be opened by name: `/dev/stdin`
 * and `/dev/stderr` then fail with ENXIO (measured), and the client would be blamed for it.
 *
 * What the client prints goes through FIFOs, unlinked before it starts. Its stdin comes through `cat`: a FIFO whose
 * writer has closed cannot be opened again, the pipe between two commands can.
 */
import { execFile } from 'node:child_process'
import * as fs from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'

/**
 * Runs the command `$1` with a pipe for its stdin, and ends as it ended: with its code, or by its signal. SIGTERM goes
 * to the whole group and is for the command: both shells around it wait for what it makes of it, and `cat` hands on
 * what is under way. To a shell, 128 plus the number is how a signal ended a command; above SIGTERM, 15, stand signals
 * that do not end one, and codes of the client's own.
 */
export const pipedShell = `
trap : TERM
exec 3<&0
command=$1
shift
{ (trap '' TERM; exec cat) <&3 3<&- & } | { trap : TERM; eval "$command"; } 3<&-
status=$?
[ "$status" -gt 128 ] && [ "$status" -le 143 ] && trap - TERM && kill -$((status - 128)) $$ 2>/dev/null
exit "$status"`

export interface OutputPipe {
  /** Our end. */
  readonly readable: Readable
  /** The client's end, for `spawn`. */
  readonly fd: number
  /** Closes the client's end here, once it has it. */
  handOver(): Promise<void>
}

// File descriptors, not FileHandles: sockets and clients come to own them.
const [open, close] = [promisify(fs.open), promisify(fs.close)]

export async function outputPipes(): Promise<readonly [stdout: OutputPipe, stderr: OutputPipe]> {
  const dir = await mkdtemp(join(tmpdir(), 'tailrace-'))
  try {
    const [stdout, stderr] = [join(dir, 'stdout'), join(dir, 'stderr')]
    await promisify(execFile)('mkfifo', [stdout, stderr])
    return [await outputPipe(stdout), await outputPipe(stderr)]
  } finally {
    await rm(dir, { recursive: true })
  }
}

/**
 * Opening one end of a FIFO waits for the other, unless somebody holds both (Linux and macOS). Each end is opened
 * by itself, so that ours can be non-blocking while the client's is not.
 */
async function outputPipe(path: string): Promise<OutputPipe> {
  const holder = await open(path, fs.constants.O_RDWR)
  const ours = await open(path, fs.constants.O_RDONLY)
  const theirs = await open(path, fs.constants.O_WRONLY)
  await close(holder)
  return {
    readable: new Socket({ fd: ours, readable: true, writable: false }),
    fd: theirs,
    handOver: () => close(theirs),
  }
}

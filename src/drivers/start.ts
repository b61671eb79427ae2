/** Starting a client: a shell command in a session and process group of its own, with a mark to find it by. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { threadId } from 'node:worker_threads'
import type { Clock } from '../clock.ts'
import type { Driven } from '../driver.ts'
import { messageOf } from '../errors.ts'
import { outputPipes, pipedShell } from './pipes.ts'
import type { OutputPipe } from './pipes.ts'
import { processGroup } from './processes.ts'
import type { ProcessGroup } from './processes.ts'

export interface Started {
  readonly leader: number
  /** `NAME=value`, in the environment of all that it starts. */
  readonly marker: string
  readonly group: ProcessGroup
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  readonly exit: Promise<Exit>
}

export type Exit = readonly [code: number | null, signal: NodeJS.Signals | null]

/** Starts `command` with `env` on top of our environment. Rejects when there is no process. */
export async function startClient(
  command: string,
  env: Readonly<Record<string, string>>,
  clock: Clock,
): Promise<Started> {
  const run = nextMarker(clock)
  const pipes = await outputPipes()
  const [{ readable: stdout }, { readable: stderr }] = pipes
  try {
    const { leader, stdin, exit } = await spawned(command, pipes, {
      ...inherited(),
      ...env,
      TAILRACE_RUN: run,
    })
    const marker = `TAILRACE_RUN=${run}`
    return { leader, marker, group: processGroup(leader, marker), stdin, stdout, stderr, exit }
  } catch (error) {
    stdout.destroy()
    stderr.destroy()
    throw error
  } finally {
    await Promise.all(pipes.map((pipe) => pipe.handOver()))
  }
}

/** Its exit is listened for from the first: it may be over before we look again. */
async function spawned(
  command: string,
  [stdout, stderr]: readonly [OutputPipe, OutputPipe],
  env: NodeJS.ProcessEnv,
): Promise<Pick<Started, 'leader' | 'stdin' | 'exit'>> {
  const child = spawn('sh', ['-c', pipedShell, 'sh', command], {
    detached: true,
    env,
    stdio: ['pipe', stdout.fd, stderr.fd],
  })
  const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  exit.catch(() => {}) // of a process that never was, which is told by what follows
  await once(child, 'spawn')
  return { leader: child.pid as number, stdin: child.stdin as Writable, exit }
}

/** How a client ended that the system refused to start. */
export function unstarted(error: unknown): Driven {
  const [nothing, reason] = [Buffer.alloc(0), Buffer.from(`${messageOf(error)}\n`)]
  return {
    ended: 'not-started',
    code: null,
    signal: null,
    stdout: { bytes: nothing, total: 0 },
    stderr: { bytes: reason, total: reason.length }, // where the shell says why it cannot start a command
  }
}

/** Our environment, less what an outer run of the harness left in it. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TAILRACE_')))
}

let ordinal = 0

/** Unique among the clients of every harness that is alive on this machine. */
function nextMarker(clock: Clock): string {
  ordinal += 1
  return [process.pid, threadId, ordinal, clock.wall()].join('.')
}

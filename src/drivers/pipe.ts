/**
 * The pipe rung (design §6): a shell command, one fresh process group per case. Records go in by stdin, the exit
 * says what the client believes, and nothing that it starts outlives it.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { threadId } from 'node:worker_threads'
import { within } from '../clock.ts'
import type { Clock, Timer } from '../clock.ts'
import type { Drive, Driven, Driver } from '../driver.ts'
import { messageOf } from '../errors.ts'
import { limits } from '../limits.ts'
import { feed } from './feed.ts'
import { output } from './output.ts'
import { outputPipes, pipedShell } from './pipes.ts'
import type { OutputPipe } from './pipes.ts'
import { endStrays, processGroup } from './processes.ts'
import type { ProcessGroup } from './processes.ts'

export { endAllClients } from './processes.ts'

export function pipeDriver(command: string): Driver {
  return { rung: 'pipe', command, drive: (drive) => drivePipe(command, drive) }
}

async function drivePipe(command: string, drive: Drive): Promise<Driven> {
  const { clock } = drive
  const run = nextMarker(clock)
  const marker = `TAILRACE_RUN=${run}`
  const pipes = await outputPipes()
  let client: Client
  try {
    client = await started(command, pipes, { ...inherited(), ...drive.env, TAILRACE_RUN: run })
  } catch (error) {
    for (const { readable } of pipes) readable.destroy()
    return unstarted(drive, error)
  } finally {
    await Promise.all(pipes.map((pipe) => pipe.handOver()))
  }
  const { leader, stdin, exit } = client
  const group = processGroup(leader, marker)
  const [stdout, stderr] = [output(pipes[0].readable), output(pipes[1].readable)]
  const feeding = Promise.allSettled([feed(stdin, drive)])
  const watch = watched(group, drive)

  const [code, signal] = await exit
  const endedFor = watch.stop()
  enterEnd(drive, code, signal, endedFor)
  group.end()
  await enterStrays(drive, marker, leader)

  const [fed] = await feeding
  await within(clock, limits.outputGraceMs, Promise.all([stdout.ended, stderr.ended]), undefined)
  for (const { readable } of pipes) readable.destroy()
  if (fed.status === 'rejected') throw fed.reason
  return { ended: ending(code, endedFor), code, signal, stdout: stdout.kept(), stderr: stderr.kept() }
}

interface Client {
  readonly leader: number
  readonly stdin: Writable
  readonly exit: Promise<[code: number | null, signal: NodeJS.Signals | null]>
}

/** Rejects when there is no process. Its exit is listened for from the first: it may be over before we look again. */
async function started(
  command: string,
  [stdout, stderr]: readonly [OutputPipe, OutputPipe],
  env: NodeJS.ProcessEnv,
): Promise<Client> {
  const child = spawn('sh', ['-c', pipedShell, 'sh', command], {
    detached: true,
    env,
    stdio: ['pipe', stdout.fd, stderr.fd],
  })
  const exit = once(child, 'exit') as Client['exit']
  exit.catch(() => {}) // of a process that never was, which is told by what follows
  await once(child, 'spawn')
  return { leader: child.pid as number, stdin: child.stdin as Writable, exit }
}

function unstarted(drive: Drive, error: unknown): Driven {
  const raw = messageOf(error)
  drive.ledger.write({ kind: 'claim', what: 'exit', raw, ...whichOf(drive) })
  const [nothing, reason] = [Buffer.alloc(0), Buffer.from(`${raw}\n`)]
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

/** Which of several clients it is, as entries say it. */
function whichOf({ client }: Drive): { client?: number } {
  return client === undefined ? {} : { client }
}

/** Why the harness ended a client; `kill`: because the case is about that. */
type EndedFor = 'budget' | 'abort' | 'kill'

interface Watch {
  /** Ends the watch, and tells whether it ended the client. */
  stop(): EndedFor | undefined
}

/** Ends the group at the budget's end or when told: SIGTERM, and SIGKILL after a grace. */
function watched(group: ProcessGroup, drive: Drive): Watch {
  const { clock, ledger, budgetMs, signal, kill } = drive
  let endedFor: EndedFor | undefined
  let killed = false
  const timers: Timer[] = []
  const end = (reason: EndedFor): void => {
    if (endedFor !== undefined) return
    endedFor = reason
    if (reason === 'budget') ledger.write({ kind: 'stall', who: 'client', ms: budgetMs, ...whichOf(drive) })
    group.signal('SIGTERM')
    timers.push(clock.after(limits.killGraceMs, () => group.signal('SIGKILL')))
  }
  const abort = (): void => end('abort')
  timers.push(clock.after(budgetMs, () => end('budget')))
  signal?.addEventListener('abort', abort, { once: true })
  if (signal?.aborted) abort()
  if (kill) {
    kill.send = (name) => {
      killed = true
      ledger.write({ kind: 'act', what: 'signal', raw: name, ...whichOf(drive) })
      group.signal(name)
    }
  }
  return {
    stop: () => {
      for (const timer of timers) timer.cancel()
      signal?.removeEventListener('abort', abort)
      if (kill) kill.send = undefined
      return endedFor ?? (killed ? 'kill' : undefined)
    },
  }
}

/**
 * A client that leaves by an exit code after our SIGTERM was still ended by us, unless the case is about how it takes
 * a signal: then the code is its word.
 */
function enterEnd(
  drive: Drive,
  code: number | null,
  signal: NodeJS.Signals | null,
  endedFor: EndedFor | undefined,
): void {
  const { ledger } = drive
  const exit = { ...(code === null ? {} : { code }), ...whichOf(drive) }
  const itself = endedFor === undefined || endedFor === 'kill'
  if (itself && signal === null) ledger.write({ kind: 'claim', what: 'exit', ...exit })
  else {
    const by = endedFor === undefined ? 'client' : 'harness'
    ledger.write({ kind: 'claim', what: 'signal', raw: signal ?? 'SIGTERM', by, ...exit })
  }
}

async function enterStrays(drive: Drive, marker: string, leader: number): Promise<void> {
  const strays = await endStrays(marker, leader)
  if (strays.length === 0) return
  const names = strays.slice(0, limits.straysShown).map(({ command }) => command.slice(0, 80))
  drive.ledger.write({
    kind: 'claim',
    what: 'alert',
    ...whichOf(drive),
    raw: `left ${strays.length} processes behind: ${names.join('; ')}`,
  })
}

/** POSIX sh, 2.8.2: 127 for a command that is not found, 126 for one that cannot be executed. */
function ending(code: number | null, endedFor: EndedFor | undefined): Driven['ended'] {
  if (endedFor === 'budget') return 'stuck'
  if (endedFor === 'abort' || code === null) return 'signal'
  return code === 126 || code === 127 ? 'not-started' : 'exit'
}

/** One process that speaks the lines protocol, for one case or for many in turn. */
import { within } from '../clock.ts'
import type { Clock } from '../clock.ts'
import type { Hello, Kept } from '../driver.ts'
import { limits } from '../limits.ts'
import { messageReader } from './messages.ts'
import type { Heard } from './messages.ts'
import { output } from './output.ts'
import { endStrays } from './processes.ts'
import { startClient } from './start.ts'
import type { Exit, Started } from './start.ts'
import { clientStdin } from './stdin.ts'
import type { ClientStdin } from './stdin.ts'

/** Its first hello, in whatever version. */
export interface Greeting {
  readonly v: unknown
  readonly hello: Hello
  readonly quote: string
}

export interface Session {
  readonly client: Started
  readonly stdin: ClientStdin
  /** Undefined when it has ended without one. */
  readonly greeting: Promise<Greeting | undefined>
  /** Nonces of the cases that it has served. */
  readonly nonces: Set<string>
  /** How it ended; undefined while it runs. */
  readonly ended: () => Exit | undefined
  /** Hands what is said to a case, first what came while there was none; to nobody when `hear` is undefined. */
  listen(hear: ((heard: readonly Heard[]) => void) | undefined): void
  /** Output since the last case. */
  kept(): { stdout: Kept; stderr: Kept }
  forget(): void
  /** Resolves after the exit, when all that it printed has been heard. */
  drained(clock: Clock): Promise<void>
}

export async function startSession(
  command: string,
  env: Readonly<Record<string, string>>,
  clock: Clock,
): Promise<Session> {
  const client = await startClient(command, env, clock)
  const [stdout, stderr] = [output(client.stdout), output(client.stderr)]
  const reader = messageReader()
  let greet: (greeting: Greeting | undefined) => void = () => {}
  const greeting = new Promise<Greeting | undefined>((resolve) => (greet = resolve))
  let early: Heard[] = []
  let listener: ((heard: readonly Heard[]) => void) | undefined
  let exit: Exit | undefined

  const take = (heard: readonly Heard[]): void => {
    for (const one of heard) {
      if ('message' in one && one.message.t === 'hello') greet({ ...one.message, quote: one.quote })
    }
    if (listener) listener(heard)
    else early = [...early, ...heard].slice(0, limits.earlyMessagesMax)
  }
  client.stdout.on('data', (chunk: Buffer) => take(reader.push(chunk)))

  const finish = (): void => {
    take(reader.rest())
    greet(undefined)
  }
  const seen = client.exit.then(
    (how) => (exit = how),
    () => {},
  )
  void Promise.all([seen, stdout.ended]).then(finish)

  async function drained(clock: Clock): Promise<void> {
    await within(clock, limits.outputGraceMs, Promise.all([stdout.ended, stderr.ended]), undefined)
    for (const stream of [client.stdin, client.stdout, client.stderr]) stream.destroy()
    finish()
  }

  return {
    client,
    stdin: clientStdin(client.stdin),
    greeting,
    nonces: new Set(),
    ended: () => exit,
    listen: (hear) => {
      listener = hear
      if (!hear) return
      const heard = early
      early = []
      hear(heard)
    },
    kept: () => ({ stdout: stdout.kept(), stderr: stderr.kept() }),
    forget: () => {
      stdout.forget()
      stderr.forget()
    },
    drained,
  }
}

/** The end of a process that serves no case: it sees the end of its input, and gets a moment to leave. */
export async function endSession(session: Session, clock: Clock): Promise<void> {
  const { client } = session
  await within(clock, limits.killGraceMs, Promise.allSettled([session.stdin.end(), client.exit]), undefined)
  client.group.end()
  await endStrays(client.marker, client.leader)
  await session.drained(clock)
}

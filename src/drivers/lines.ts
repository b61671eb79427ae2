/**
 * The lines rung (design §6): JSON messages on stdin and stdout, so that a client can be told to flush, says what it
 * delivered and dropped, record by record, and one process can serve many cases.
 */
import { realClock, within } from '../clock.ts'
import type { Clock } from '../clock.ts'
import type { Drive, Driven, Driver, Hello } from '../driver.ts'
import { messageOf, TailraceError } from '../errors.ts'
import { limits } from '../limits.ts'
import { Hearing } from './hearing.ts'
import { flushLine, protocolVersion, sendLines, startLine, stopLine } from './messages.ts'
import { endSession, startSession } from './session.ts'
import type { Greeting, Session } from './session.ts'
import type { Exit } from './start.ts'
import { unstarted } from './start.ts'
import { walk } from './steps.ts'
import { endingOf, enterEnd, enterStrays, watched, whichOf } from './watch.ts'
import type { Watch } from './watch.ts'

export interface LinesOptions {
  /** A process serves many cases in turn; as many run as there are cases at a time. */
  readonly reuse?: boolean
}

/** Holds the processes that wait for their next case; `close` ends them. */
export function linesDriver(command: string, options: LinesOptions = {}): Driver {
  const { reuse = false } = options
  const idle = new Set<Session>()

  async function begin(drive: Drive): Promise<Session> {
    if (!reuse || !isShareable(drive)) return startSession(command, drive.env, drive.clock)
    for (const session of idle) {
      idle.delete(session)
      if (!session.ended()) return session
      await endSession(session, drive.clock)
    }
    return startSession(command, ofRun(drive.env), drive.clock)
  }

  return {
    rung: 'lines',
    command,
    drive: async (drive) => {
      let session: Session
      try {
        session = await begin(drive)
      } catch (error) {
        drive.ledger.write({ kind: 'claim', what: 'exit', raw: messageOf(error), ...whichOf(drive) })
        return unstarted(error)
      }
      const { driven, isFree } = await driveSession(session, drive, reuse && isShareable(drive))
      if (isFree) idle.add(session)
      return driven
    },
    hello: async (env, clock) => {
      const session = await startSession(command, reuse ? ofRun(env) : env, clock).catch((error: unknown) => {
        throw refused(command, 'a command that starts', messageOf(error))
      })
      const greeting = await within(clock, limits.helloMs, session.greeting, undefined)
      const exit = session.ended()
      if (reuse && greeting?.v === protocolVersion && !exit) idle.add(session)
      else await endSession(session, clock)
      return understood(command, greeting, session, exit)
    },
    close: async () => {
      const clock = realClock()
      const sessions = [...idle]
      idle.clear()
      await Promise.all(sessions.map((session) => endSession(session, clock)))
    },
  }
}

/**
 * Several clients of a case are processes that come and go; what follows a stop is heard to the exit alone; and whom a
 * runtime trusts it reads at its start.
 */
function isShareable({ client, steps, env }: Drive): boolean {
  if (env['TAILRACE_CA'] !== undefined) return false
  const stop = steps?.findIndex((step) => step.do === 'stop') ?? -1
  return client === undefined && (stop < 0 || stop === (steps?.length ?? 0) - 1)
}

/** What holds for every case; the rest comes with each start. */
const commonNames: readonly string[] = ['TAILRACE_CONTRACT', 'TAILRACE_MODE', 'TAILRACE_SEED']

function ofRun(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => commonNames.includes(name)))
}

/** Runs one case on a process; `isFree`: it can serve another. */
async function driveSession(
  session: Session,
  drive: Drive,
  isShared: boolean,
): Promise<{ driven: Driven; isFree: boolean }> {
  const { client } = session
  const hearing = new Hearing(drive, new Set(session.nonces))
  session.nonces.add(drive.source.nonce)
  const watch = watched(client.group, drive)
  session.listen((heard) => hearing.hear(heard))
  const hello = await greeted(session, hearing, drive.clock)
  const acting = Promise.allSettled([act(session, hearing, drive)])
  const finished = Promise.all([acting, hearing.done]).then(() => {
    if (isShared && watch.endedFor() === undefined) return undefined
    session.stdin.end().catch(() => {}) // it may have left
    return client.exit
  })
  const exit = await Promise.race([client.exit, finished])
  watch.stop()
  if (exit) await enterExit(session, hearing, drive, exit, watch)
  session.listen(undefined)
  hearing.close()
  const [acted] = await acting
  const [code, signal] = exit ?? [null, null]
  const ended = exit ? endingOf(exit, watch.endedFor()) : 'exit'
  const driven = { ended, code, signal, ...session.kept(), ...(hello ? { hello } : {}) }
  session.forget()
  if (acted.status === 'rejected') throw acted.reason
  return { driven, isFree: exit === undefined }
}

/** Awaits the hello, and says what is wrong with it; without one the case goes on, as a client may need none. */
async function greeted(session: Session, hearing: Hearing, clock: Clock): Promise<Hello | undefined> {
  const greeting = await within(clock, limits.helloMs, session.greeting, 'late' as const)
  if (greeting === 'late') hearing.alert(`no hello within ${limits.helloMs} ms`)
  else if (!greeting) hearing.alert('the client ended without a hello')
  else if (greeting.v !== protocolVersion) {
    hearing.alert(`hello of another version, where v is to be ${protocolVersion}`, greeting.quote)
  } else return greeting.hello
  return undefined
}

async function act({ stdin }: Session, hearing: Hearing, drive: Drive): Promise<void> {
  hearing.open()
  await stdin.write([startLine(drive)], drive)
  await walk(drive, {
    offer: (ids) => stdin.write(sendLines(ids, drive.source), drive),
    flush: () => stdin.write([flushLine], drive),
    stop: () => {
      hearing.stopping()
      return stdin.write([stopLine], drive)
    },
  })
}

/** What it said before it ended comes before its end. */
async function enterExit(
  session: Session,
  hearing: Hearing,
  drive: Drive,
  exit: Exit,
  watch: Watch,
): Promise<void> {
  const at = drive.clock.now()
  session.client.group.end()
  await enterStrays(drive, session.client)
  await session.drained(drive.clock)
  const [code] = exit
  if (!hearing.isDone && watch.endedFor() === undefined && code !== null) {
    hearing.alert(`the client exited with ${code} and did not say that it was done`)
  }
  enterEnd(drive, exit, watch.endedFor(), at)
}

/** The hello before the first case: without one, this command is no client of this rung. */
function understood(
  command: string,
  greeting: Greeting | undefined,
  session: Session,
  exit: Exit | undefined,
): Hello {
  if (greeting?.v === protocolVersion) return greeting.hello
  const { stderr } = session.kept()
  const printed = stderr.bytes.toString().split('\n')
  const got = [
    greeting?.quote ?? (exit ? `none, and exit ${exit[0] ?? exit[1]}` : 'none'),
    ...printed.filter((line) => line.trim() !== '').slice(0, limits.stderrLinesShown),
  ]
  const expected = `a line {"t":"hello","v":${protocolVersion},…} on stdout within ${limits.helloMs} ms`
  throw refused(command, expected, got.join('\n    '))
}

function refused(at: string, expected: string, got: string): TailraceError {
  return new TailraceError('client-start', 'the client could not be started', [{ at, expected, got }])
}

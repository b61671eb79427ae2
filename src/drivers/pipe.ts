/**
 * The pipe rung (design §6): a shell command, one fresh process group per case. Records go in by stdin, the exit
 * says what the client believes, and nothing that it starts outlives it.
 */
import { within } from '../clock.ts'
import type { Drive, Driven, Driver } from '../driver.ts'
import { messageOf } from '../errors.ts'
import { limits } from '../limits.ts'
import { feed } from './feed.ts'
import { output } from './output.ts'
import { startClient, unstarted } from './start.ts'
import type { Started } from './start.ts'
import { endingOf, enterEnd, enterStrays, watched, whichOf } from './watch.ts'

export { endAllClients } from './processes.ts'

export function pipeDriver(command: string): Driver {
  return { rung: 'pipe', command, drive: (drive) => drivePipe(command, drive) }
}

async function drivePipe(command: string, drive: Drive): Promise<Driven> {
  const { clock, env, ledger } = drive
  let client: Started
  try {
    client = await startClient(command, env, clock)
  } catch (error) {
    ledger.write({ kind: 'claim', what: 'exit', raw: messageOf(error), ...whichOf(drive) })
    return unstarted(error)
  }
  const [stdout, stderr] = [output(client.stdout), output(client.stderr)]
  const feeding = Promise.allSettled([feed(client.stdin, drive)])
  const watch = watched(client.group, drive)

  const exit = await client.exit
  watch.stop()
  enterEnd(drive, exit, watch.endedFor())
  client.group.end()
  await enterStrays(drive, client)

  const [fed] = await feeding
  await within(clock, limits.outputGraceMs, Promise.all([stdout.ended, stderr.ended]), undefined)
  for (const stream of [client.stdout, client.stderr]) stream.destroy()
  if (fed.status === 'rejected') throw fed.reason
  const [code, signal] = exit
  const ended = endingOf(exit, watch.endedFor())
  return { ended, code, signal, stdout: stdout.kept(), stderr: stderr.kept() }
}

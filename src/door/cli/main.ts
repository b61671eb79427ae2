/** argv to exit code. One file per verb beside this one. */
import { constants } from 'node:os'
import { Command, CommanderError } from 'commander'
import { exitCodes, messageOf, TailraceError } from '../../errors.ts'
import { endAllClients } from '../../drivers/pipe.ts'
import type { Ending } from './ending.ts'
import { addServe } from './serve.ts'
import { version } from './version.ts'

/** Signals by which a person or a terminal ends a run; its clients must not outlive it. */
const endings: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']

export async function main(argv: readonly string[]): Promise<number> {
  const ending: Ending = { exitCode: exitCodes.pass }
  const program = new Command('tailrace')
    .description(
      'Judges clients of HTTP ingest and streaming APIs: nothing lost, nothing doubled, retries with manners.',
    )
    .version(version)
    .showHelpAfterError('(tailrace help shows what there is)')
    .exitOverride()
  // A server is waited for: what the other verbs need is not loaded for it.
  const verbs = argv[0] === 'serve' ? [addServe] : (await import('./verbs.ts')).verbs
  for (const add of verbs) add(program, ending)
  const interrupted = (signal: NodeJS.Signals): void => {
    if (ending.interrupt) return ending.interrupt()
    void endAllClients().finally(() => process.exit(128 + constants.signals[signal]))
  }
  process.stdout.on('error', hangUp)
  for (const signal of endings) process.once(signal, interrupted)
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return ending.exitCode
  } catch (error) {
    return report(error)
  } finally {
    await endAllClients()
    for (const signal of endings) process.off(signal, interrupted)
  }
}

/** A reader that leaves, as `head` does, takes nothing from the verdict: the run goes on unheard. */
function hangUp(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}

/** Says what went wrong on stderr; a failure that is nobody's mistake but ours says so. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.pass : exitCodes.usage
  if (error instanceof TailraceError) {
    process.stderr.write(`error: ${error.message}\n`)
    return error.exitCode
  }
  const detail = error instanceof Error ? error.stack : messageOf(error)
  process.stderr.write(`harness error, not the client's: ${detail}\n`)
  return exitCodes.harness
}

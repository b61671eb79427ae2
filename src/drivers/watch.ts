/** How a client ends: by itself, at the end of its budget, or when told; and what of that is entered. */
import type { Timer } from '../clock.ts'
import type { Drive, Driven } from '../driver.ts'
import { limits } from '../limits.ts'
import { endStrays } from './processes.ts'
import type { ProcessGroup } from './processes.ts'
import type { Exit, Started } from './start.ts'

/** Which of several clients it is, as entries say it. */
export function whichOf({ client }: Drive): { client?: number } {
  return client === undefined ? {} : { client }
}

/** Why the harness ended a client; `kill`: because the case is about that. */
export type EndedFor = 'budget' | 'abort' | 'kill'

export interface Watch {
  /** Whether it has ended the client, and why. */
  endedFor(): EndedFor | undefined
  /** Ends the watch. */
  stop(): void
}

/** Ends the group at the budget's end or when told: SIGTERM, and SIGKILL after a grace. */
export function watched(group: ProcessGroup, drive: Drive): Watch {
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
    endedFor: () => endedFor ?? (killed ? 'kill' : undefined),
    stop: () => {
      for (const timer of timers) timer.cancel()
      signal?.removeEventListener('abort', abort)
      if (kill) kill.send = undefined
    },
  }
}

/**
 * A client that leaves by an exit code after our SIGTERM was still ended by us, unless the case is about how it takes
 * a signal: then the code is its word. `t`: nanoseconds, when it ended; now when absent.
 */
export function enterEnd(drive: Drive, [code, signal]: Exit, endedFor?: EndedFor, t?: number): void {
  const { ledger } = drive
  const exit = { ...(code === null ? {} : { code }), ...whichOf(drive) }
  const itself = endedFor === undefined || endedFor === 'kill'
  if (itself && signal === null) ledger.write({ kind: 'claim', what: 'exit', ...exit }, t)
  else {
    const by = endedFor === undefined ? 'client' : 'harness'
    ledger.write({ kind: 'claim', what: 'signal', raw: signal ?? 'SIGTERM', by, ...exit }, t)
  }
}

/** Ends what a client left behind outside its group, and names it. */
export async function enterStrays(drive: Drive, { marker, leader }: Started): Promise<void> {
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
export function endingOf([code]: Exit, endedFor: EndedFor | undefined): Driven['ended'] {
  if (endedFor === 'budget') return 'stuck'
  if (endedFor === 'abort' || code === null) return 'signal'
  return code === 126 || code === 127 ? 'not-started' : 'exit'
}

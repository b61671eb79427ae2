/** What keeps this process busy: its sockets, servers and timers, and its open files where the system tells. */
import { readdirSync } from 'node:fs'
import { turn } from '../../src/clock.ts'

export class Leftovers {
  private readonly before = counted()
  private readonly filesBefore = files()

  /** What is there that was not; empty as soon as all is gone, within a bounded number of turns. */
  async found(): Promise<string[]> {
    for (let i = 0; i < turnsMax && this.now().length > 0; i += 1) await turn()
    return this.now()
  }

  private now(): string[] {
    const more = [...counted()].flatMap(([name, count]) => {
      const grown = count - (this.before.get(name) ?? 0)
      return grown > 0 ? [`${grown} ${name}`] : []
    })
    const grown = files() - this.filesBefore
    return more.length === 0 && grown > 0 ? [`${grown} open files`] : more
  }
}

/** A close takes a few: one for the handle, one for its end. */
const turnsMax = 2_000

/** What nobody waits for, and is gone in a turn: that of this search. */
const passing = ['Immediate', 'FSReqCallback', 'CloseReq']

function counted(): Map<string, number> {
  const all = new Map<string, number>()
  for (const name of process.getActiveResourcesInfo()) {
    if (!passing.includes(name)) all.set(name, (all.get(name) ?? 0) + 1)
  }
  return all
}

function files(): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return 0 // a system that does not tell
  }
}

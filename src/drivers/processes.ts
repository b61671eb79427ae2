/**
 * The end of processes. A client leads a group of its own, which is signalled as a whole; what left the group
 * is found by a marker in its environment. A process that wiped its environment stays unseen.
 */
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { limits } from '../limits.ts'

/** Markers of the clients that run, by the leaders of their groups. */
const live = new Map<number, string>()

/** One client's group, by the pid of its leader. */
export interface ProcessGroup {
  signal(name: NodeJS.Signals): void
  /** Ends what is left of it, and forgets it. */
  end(): void
}

export function processGroup(leader: number, marker: string): ProcessGroup {
  live.set(leader, marker)
  return {
    signal: (name) => signalAll(-leader, name),
    end: () => {
      signalAll(-leader, 'SIGKILL')
      live.delete(leader)
    },
  }
}

/** Ends every client, its group at once and what left the group as soon as it is found. */
export async function endAllClients(): Promise<void> {
  const clients = [...live]
  for (const [leader] of clients) signalAll(-leader, 'SIGKILL')
  await Promise.all(clients.map(([leader, marker]) => endStrays(marker, leader)))
}

/** A group that is empty, or holds only the dead (EPERM on macOS), needs no signal. */
function signalAll(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}

export interface Stray {
  readonly pid: number
  readonly group: number
  readonly command: string
}

/** Ends every process that carries `marker`; returns those that are not of the group that `leader` led. */
export async function endStrays(marker: string, leader: number): Promise<Stray[]> {
  const ended = new Map<number, Stray>()
  for (let round = 0; round < limits.strayRoundsMax; round += 1) {
    const found = await marked(marker)
    if (found.length === 0) break
    for (const stray of found) {
      signalAll(stray.pid, 'SIGKILL')
      ended.set(stray.pid, stray)
    }
  }
  return [...ended.values()].filter(({ group }) => group !== leader)
}

/** The processes in whose environment `marker`, a whole NAME=value, stands. */
export function marked(marker: string): Promise<Stray[]> {
  return process.platform === 'linux' ? markedInProc(marker) : markedInPs(marker)
}

async function markedInProc(marker: string): Promise<Stray[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(pids.map((pid) => inspect(pid, marker)))
  return found.filter((stray) => stray !== undefined)
}

/** proc(5): `environ` is split by NUL; `pgrp` is the third field after the command's closing parenthesis. */
async function inspect(pid: string, marker: string): Promise<Stray | undefined> {
  try {
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1')
    if (!environment.split('\0').includes(marker)) return undefined
    const [stat, command] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'latin1'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ])
    const group = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2])
    return { pid: Number(pid), group, command: command.replaceAll('\0', ' ').trim() }
  } catch {
    return undefined // it has ended, or is another user's
  }
}

/** BSD `ps -E` prints the environment after the command. */
async function markedInPs(marker: string): Promise<Stray[]> {
  const columns = ['-A', '-ww', '-E', '-o', 'pid=,pgid=,command=']
  const { stdout } = await promisify(execFile)('ps', columns, { maxBuffer: limits.psBytesMax })
  return stdout
    .split('\n')
    .filter((line) => line.split(' ').includes(marker))
    .map((line) => {
      const [pid, group, ...command] = line.trim().split(/ +/)
      return { pid: Number(pid), group: Number(group), command: command[0] ?? '' }
    })
}

/**
 * No traffic leaves this process but to loopback, as far as that can be seen from within: node:http and the global
 * fetch by nock, npm's undici by its dispatcher, and all else that opens a TCP socket by node:net.
 */
import { shown, TailraceError } from '../../src/errors.ts'
import { limits } from '../../src/limits.ts'
import { passes, targetOf } from './passage.ts'
import type { Target } from './passage.ts'
import { loadNock } from './peer.ts'
import type { Nock } from './peer.ts'
import { closeDispatcher } from './stray-dispatcher.ts'
import { closeSockets } from './stray-sockets.ts'

export interface StrayOptions {
  /** Hosts that may be reached beside loopback, with a port or, for all of its ports, without. */
  readonly allow?: readonly string[]
}

/** Something that was refused. */
export interface Stray extends Target {
  /** What stopped it: nock stands before node:http and fetch. */
  readonly by: 'nock' | 'undici' | 'socket'
}

export interface StrayTraffic extends Disposable {
  /** What was refused so far, in order; the first hundred. */
  readonly seen: readonly Stray[]
  /** What cannot be seen, and so is not refused. */
  readonly unseen: readonly string[]
  /** Opens everything again. nock is left to let all connections through. */
  release(): void
}

const unseen: readonly string[] = [
  'child processes',
  'worker threads, and other processes of a test runner',
  'native addons that open sockets of their own',
  'UDP (node:dgram), and with it QUIC',
  'name lookups (node:dns)',
  'connections that were open before',
]

/** What is closed is the process's own, so one at a time can say what passes. */
let isForbidden = false

/** Throws `usage` where nock is missing, `allow` is no list of hosts, or strays are forbidden already. */
export async function forbidStrayTraffic({ allow = [] }: StrayOptions = {}): Promise<StrayTraffic> {
  const problems = allow.flatMap((host: unknown, i) =>
    typeof host === 'string' && /^[^/@\s]+$/.test(host)
      ? []
      : [{ at: `allow/${i}`, expected: 'a host, or host:port', got: shown(host) }],
  )
  if (problems.length > 0) throw new TailraceError('usage', 'these hosts do not fit', problems)
  const nock = await loadNock()
  if (isForbidden) {
    const problem = {
      at: 'forbidStrayTraffic',
      expected: 'the earlier one to be released',
      got: 'one that holds',
    }
    throw new TailraceError('usage', 'stray traffic is forbidden already', [problem])
  }
  isForbidden = true
  const seen: Stray[] = []
  const by = (who: Stray['by']) => {
    return (target: Target): void => {
      if (seen.length < limits.failuresKept) seen.push({ by: who, ...target })
    }
  }
  const opens = [
    closeNock(nock, allow, by('nock')),
    closeDispatcher(allow, by('undici')),
    closeSockets(allow, by('socket')),
  ]
  const release = (): void => {
    if (opens.length > 0) isForbidden = false
    for (const open of opens.splice(0).reverse()) open()
  }
  return { seen, unseen, release, [Symbol.dispose]: release }
}

function closeNock(nock: Nock, allowed: readonly string[], refused: (target: Target) => void): () => void {
  if (!nock.isActive()) nock.activate()
  nock.disableNetConnect()
  nock.enableNetConnect((authority) => {
    const target = targetOf(authority)
    if (passes(target, allowed)) return true
    refused(target)
    return false
  })
  return () => nock.enableNetConnect()
}

/**
 * Clients that do not do their work and try to look well all the same. The suite must see through each of them.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import { request } from 'undici'
import { sleep } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { linesOf } from './lines.ts'

export interface CheatInput {
  readonly url: string
  readonly token: string
  readonly stdin: AsyncIterable<string>
  readonly clock: Clock
}

export interface Cheat {
  readonly does: string
  /** Resolves to the exit code. */
  run(input: CheatInput): Promise<number>
}

/** Longer than any case: the harness has to end it. */
const nappingMs = 3_600_000

export type CheatName = 'null' | 'always-drops' | 'sleeps' | 'gets' | 'sends-twice'

export const cheats: Readonly<Record<CheatName, Cheat>> = {
  null: {
    does: 'reads everything, sends nothing, exits 0',
    run: async ({ stdin }) => {
      await read(stdin)
      return 0
    },
  },
  'always-drops': {
    does: 'reads everything, sends nothing, says that all is lost',
    run: async ({ stdin }) => {
      await read(stdin)
      return 10
    },
  },
  sleeps: {
    does: 'connects, sends nothing and sleeps',
    run: async ({ url, clock }) => {
      const { hostname, port } = new URL(url)
      const socket = connect(Number(port), hostname)
      await once(socket, 'connect')
      socket.on('error', () => {}) // it sleeps on when it is cut off
      await sleep(clock, nappingMs)
      return 0
    },
  },
  gets: {
    does: 'only GETs the URL, exits 0',
    run: async ({ url, token }) => {
      const { body } = await request(url, { headers: { authorization: `Bearer ${token}` } })
      await body.dump()
      return 0
    },
  },
  'sends-twice': {
    does: 'sends everything twice, says that it is lost',
    run: async ({ url, token, stdin }) => {
      const body = await read(stdin)
      await post(url, token, body)
      await post(url, token, body)
      return 10
    },
  },
}

async function read(stdin: AsyncIterable<string>): Promise<string> {
  const lines: string[] = []
  for await (const line of linesOf(stdin)) lines.push(`${line}\n`)
  return lines.join('')
}

/** Whatever the answer is: it does not care. */
async function post(url: string, token: string, body: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' }
  const answer = await request(url, { method: 'POST', headers, body }).catch(() => undefined)
  await answer?.body.dump().catch(() => {})
}

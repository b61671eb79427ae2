/** A client of `client-main.ts`, started when it is needed and again when it has crashed. */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { realClock, within } from '../../src/clock.ts'
import { messageText, timedBoundMs } from './asking.ts'
import type { Asked, Client, Seen } from './asking.ts'
import type { ClientName, Traits } from './client-main.ts'

const graceMs = 10_000
const clock = realClock()
const program: string = fileURLToPath(new URL('./client-main.js', import.meta.url))

interface Running {
  readonly child: ChildProcess
  readonly traits: Traits
  /** The end of what it wrote to stderr. */
  readonly errors: () => string
}

/** It trusts the authority in the file `ca`. */
async function running(name: ClientName, ca: string): Promise<Running> {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: ca }
  const child = fork(program, [name], { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  let errors = ''
  child.stderr
    ?.setEncoding('utf8')
    .on('data', (text: string) => (errors = (errors + text).slice(-errorsKept)))
  const [traits] = (await once(child, 'message')) as [Traits]
  return { child, traits, errors: () => errors }
}

const errorsKept = 10_000

export interface Remote extends Client {
  stop(): void
}

export async function remote(name: ClientName, ca: string): Promise<Remote> {
  let now = await running(name, ca)

  async function ask<T>(message: { ask: Asked } | { leave: true }): Promise<T | string> {
    if (!now.child.connected) now = await running(name, ca)
    const { child, errors } = now
    const over = new AbortController()
    const { signal } = over
    const answered = once(child, 'message', { signal }).then(([message]) => (message as { answer: T }).answer)
    const crashed = once(child, 'close', { signal }).then(() => `its process ended: ${errorLine(errors())}`)
    crashed.catch(() => {}) // it is given up as soon as there is an answer
    answered.catch(() => {})
    child.send(message)
    const got = await within(clock, timedBoundMs + graceMs, Promise.race([answered, crashed]), 'it hung')
    over.abort()
    if (typeof got === 'string') {
      child.kill('SIGKILL')
      now = await running(name, ca)
    }
    return got
  }

  return {
    cannot: now.traits.cannot,
    ...(now.traits.keeps ? { keeps: true } : {}),
    post: async (asked) => {
      const got = await ask<readonly Seen[]>({ ask: asked })
      if (typeof got !== 'string') return got
      return asked.bodies.map(() => ({ outcome: 'error', code: 'crash', message: messageText(got) }))
    },
    leave: async () => {
      await ask<true>({ leave: true })
    },
    stop: () => now.child.disconnect(),
  }
}

/** The line of a stack trace that says what it was. */
function errorLine(text: string): string {
  const lines = text.split('\n')
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines[0] ?? ''
}

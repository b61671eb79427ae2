/**
 * A listener in place of ours that accepts nobody. It stands in a thread that sleeps as soon as it listens, so that
 * the system's backlog is all that clients meet: node's listeners accept whatever comes. When the thread ends the
 * system resets what waits there; a SYN that got no answer is sent again (RFC 6298 §5), and then meets our listener.
 * Measured on Linux, where a backlog of 1 takes two connections and no third. These waits are of the real clock, as
 * the system knows no other.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import type { Clock } from '../../src/clock.ts'
import { realClock, turn, within } from '../../src/clock.ts'
import { limits } from '../../src/limits.ts'
import type { Address, DoorPerformer, Standing } from './refusals.ts'

/**
 * Sleeps until it is told to listen, and then until it is told to close: to end the thread would let it accept what
 * waits first. A text, as this file may be TypeScript, which no thread reads.
 */
const source = `
const { parentPort, workerData: { host, port, backlog, flag } } = require('node:worker_threads')
const server = require('node:net').createServer()
server.on('error', ({ code }) => parentPort.postMessage(code))
parentPort.postMessage('ready')
Atomics.wait(flag, 0, 0)
server.listen({ host, port, backlog, exclusive: true }, () => {
  parentPort.postMessage('listening')
  Atomics.wait(flag, 0, 1)
  server.close()
})`

/** Accepts nobody; the backlog holds as many as we serve. */
export const slow_accept: DoorPerformer = (at, shut, clock) =>
  block(at, limits.connectionsMax, shut, clock, async (open) => {
    const socket = open()
    const made = await answerTo(socket)
    if (made !== 'connected') return made === 'none' ? 'no connection is made' : made
    const ended = new Promise<string>((resolve) =>
      socket.once('close', () => resolve('the connection is ended')),
    )
    return within(realClock(), limits.backlogProbeMs, ended, undefined)
  })

/** Accepts nobody, and fills the backlog with connections of ours until one gets no answer. */
export const backlog_full: DoorPerformer = (at, shut, clock) =>
  block(at, 1, shut, clock, async (open) => {
    for (let many = 0; many < limits.fillersMax; many += 1) {
      const made = await answerTo(open())
      if (made !== 'connected') return made === 'none' ? undefined : made
    }
    return `a backlog of 1 takes ${limits.fillersMax} connections`
  })

/** `prove` opens connections, and resolves to why they do not fare as they should. */
async function block(
  at: Address,
  backlog: number,
  shut: () => void,
  clock: Clock,
  prove: (open: () => Socket) => Promise<string | undefined>,
): Promise<Standing> {
  const listener = await sleepingListener(at, backlog)
  const opened: Socket[] = []
  shut()
  const unable = await listener.listen()
  const since = clock.now()
  const why = unable ?? (await prove(() => opening(at, opened)))
  return {
    since,
    ...(why === undefined ? {} : { why }),
    leave: async () => {
      for (const socket of opened) socket.destroy()
      await listener.leave()
    },
  }
}

interface SleepingListener {
  /** Listens, where the port is free. Resolves to why it could not. */
  listen(): Promise<string | undefined>
  /** The port is free when this resolves. */
  leave(): Promise<void>
}

/** Resolves when it can listen at once: the less time between our listener and this, the fewer are refused there. */
async function sleepingListener(at: Address, backlog: number): Promise<SleepingListener> {
  const flag = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(source, { eval: true, execArgv: [], workerData: { ...at, backlog, flag } })
  const over = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  const tell = (step: number): void => {
    Atomics.store(flag, 0, step)
    Atomics.notify(flag, 0)
  }
  await once(worker, 'message')
  return {
    listen: async () => {
      const said = once(worker, 'message')
      tell(1)
      const [word] = (await said) as [string]
      worker.unref() // nobody who forgets it is held up
      return word === 'listening' ? undefined : word
    },
    leave: () => {
      worker.ref()
      tell(2)
      return over
    },
  }
}

function opening({ host, port }: Address, opened: Socket[]): Socket {
  const socket = connect({ host, port }).unref()
  socket.on('error', () => {})
  opened.push(socket)
  return socket
}

/** `connected`, the code of an error, or `none`. On loopback an answer takes no time. */
async function answerTo(socket: Socket): Promise<string> {
  const answered = new Promise<string>((resolve) => {
    socket.once('connect', () => resolve('connected'))
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
  const answer = await within(realClock(), limits.backlogProbeMs, answered, 'none')
  if (answer !== 'none') return answer
  await turn() // the timer of a busy process can come before what has long been there
  return Promise.race([answered, turn().then(() => 'none')])
}

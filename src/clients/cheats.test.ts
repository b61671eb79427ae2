/** Each cheat does what its line says, no more: seen by a server that keeps what comes. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { HandClock } from '../clock.ts'
import { cheats } from './cheats.ts'
import type { CheatName } from './cheats.ts'
import { clientCommand, clientNames } from './command.ts'

interface Seen {
  readonly requests: string[]
  readonly connected: Promise<unknown>
  /** Whether the cheat asked for all of its input. */
  readonly wasRead: () => boolean
  readonly ended: Promise<number>
}

async function run(name: CheatName): Promise<Seen> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      requests.push(`${request.method} ${request.url} ${body}`)
      response.writeHead(503).end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connected = once(server, 'connection')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const stdin = Readable.from(['{"seq":0}\n{"seq":1}\n'])
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`
  const ended = cheats[name].run({ url, token: 'tk_1', stdin, clock: new HandClock() })
  return { requests, connected, wasRead: () => stdin.readableEnded, ended }
}

describe('the cheat', () => {
  it.each<[CheatName, number]>([
    ['null', 0],
    ['always-drops', 10],
  ])('%s reads all, sends nothing and exits with %i', async (name, code) => {
    const { ended, requests, wasRead } = await run(name)
    expect(await ended).toBe(code)
    expect(wasRead()).toBe(true)
    expect(requests).toEqual([])
  })

  it('gets asks once, sends nothing and exits with 0', async () => {
    const { ended, requests } = await run('gets')
    expect(await ended).toBe(0)
    expect(requests).toEqual(['GET /in '])
  })

  it('sends-twice does so whatever the answer, and exits with 10', async () => {
    const { ended, requests } = await run('sends-twice')
    expect(await ended).toBe(10)
    expect(requests).toEqual(Array(2).fill('POST /in {"seq":0}\n{"seq":1}\n'))
  })

  it('sleeps connects, and neither sends nor ends', async () => {
    const { ended, connected, requests } = await run('sleeps')
    await connected
    const other = Promise.resolve('still asleep')
    expect(await Promise.race([ended, other])).toBe('still asleep')
    expect(requests).toEqual([])
  })
})

describe('the command of a shipped client', () => {
  it.each(clientNames)('%s reaches the program through a shell with every word whole', (name) => {
    const words = `for word in ${clientCommand(name)}; do printf '%s\\n' "$word"; done`
    const [node, program, ...rest] = execFileSync('sh', ['-c', words], { encoding: 'utf8' })
      .trim()
      .split('\n')
    expect(node).toBe(process.execPath)
    expect(program).toMatch(/\/src\/clients\/(reference|cheats)-main\.ts$/)
    expect(rest).toEqual(name === 'reference' ? [] : [name])
  })
})

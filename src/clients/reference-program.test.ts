/** The program around the reference client: its input, a stop before the end of it, its log. */
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { logged, sendAll } from './reference-program.ts'
import { busy, numbered, ok, script } from './testing/scripted.ts'
import type { Answer, Script } from './testing/scripted.ts'

interface Running extends Script {
  readonly stdin: PassThrough
  readonly stop: AbortController
  readonly ended: Promise<boolean>
}

function running(answers: readonly Answer[], config: Record<string, unknown> = {}): Running {
  const run = script(answers, { config, tickMs: 100 })
  const stdin = new PassThrough({ encoding: 'utf8' })
  const stop = new AbortController()
  const ended = sendAll({ stdin, client: run.client, clock: run.clock, stop: stop.signal })
  ended.catch(() => {}) // told by whoever awaits it
  return { ...run, stdin, stop, ended }
}

const text = (count: number): string => `${numbered(count).join('\n')}\n`

describe('the input', () => {
  it('is sent to its end, last line without a line end and all', async () => {
    const { stdin, ended, until, delivered } = running([ok])
    stdin.end(text(3).trimEnd())
    expect(await until(ended)).toBe(true)
    expect(delivered).toEqual(numbered(3))
  })

  it('of which some was dropped is not all delivered', async () => {
    const { stdin, ended, until } = running([{ status: 400 }])
    stdin.end(text(3))
    expect(await until(ended)).toBe(false)
  })

  it('that breaks is an error', async () => {
    const { stdin, ended, until } = running([ok])
    stdin.destroy(new Error('EIO'))
    await expect(until(ended)).rejects.toThrow('EIO')
  })
})

describe('a stop', () => {
  it('waits for the end of the input: what is in the pipe is sent', async () => {
    const { stdin, stop, ended, until, clock, delivered } = running([ok])
    stdin.write(text(2))
    await clock.advance(100)
    stop.abort()
    await clock.advance(500)
    stdin.end('{"seq":2}\n')
    expect(await until(ended)).toBe(true)
    expect(delivered).toEqual(numbered(3))
  })

  it('whose input ended in time is forgotten, however long the rest takes', async () => {
    const { stdin, stop, ended, until, delivered } = running([busy, ok], { 'retry.base_ms': 4_000 })
    stop.abort()
    stdin.end(text(2))
    expect(await until(ended)).toBe(true)
    expect(delivered).toEqual(numbered(2))
  })

  it('does not wait for ever, and then the client cannot say that it had all', async () => {
    const { stdin, stop, ended, until, clock, delivered } = running([ok])
    stdin.write(`${text(2)}{"half":`)
    await clock.advance(100)
    stop.abort()
    expect(await until(ended)).toBe(false)
    expect(delivered).toEqual(numbered(2))
    expect(stdin.destroyed).toBe(true)
    expect(clock.now() / 1e6).toBeLessThan(1_500)
  })

  it('leaves unread what the client has no room for', async () => {
    const config = { 'batch.max_events': 1, concurrency: 1, 'retry.base_ms': 3_000 }
    const { stdin, stop, ended, until, delivered } = running([busy, ok], config)
    stdin.write(text(2))
    stop.abort()
    expect(await until(ended)).toBe(false)
    expect(delivered).toEqual(numbered(2))
  })

  it('at last gives up what cannot be delivered', async () => {
    const { stdin, ended, until, clock, dropped } = running([busy], { 'retry.base_ms': 600_000 })
    stdin.end(text(2))
    expect(await until(ended)).toBe(false)
    expect(clock.now() / 1e6).toBeLessThan(20_200)
    expect(dropped).toEqual(numbered(2))
  })
})

describe('the log', () => {
  it('is a line of JSON for each request, whatever the body of the answer', () => {
    const lines: string[] = []
    const log = logged((line) => lines.push(line))
    const request = { url: 'http://h/', headers: { a: 'b' }, bytes: 3 }
    log({ request, response: { status: 503, headers: {}, body: `a\n${'x'.repeat(2_000)}`, cut: 'closed' } })
    log({ request, error: 'ECONNRESET' })
    expect(lines).toHaveLength(2)
    expect(lines.map((line) => line.includes('\n'))).toEqual([false, false])
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ request, response: { status: 503, cut: 'closed' } })
    expect(lines[0]?.length).toBeLessThan(700)
    expect(JSON.parse(lines[1] ?? '')).toEqual({ request, error: 'ECONNRESET' })
  })
})

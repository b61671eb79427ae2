/** One process for many cases on the lines rung: what is told apart, what ends, and who pays for a crash. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { realClock } from '../clock.ts'
import type { Drive, Driver } from '../driver.ts'
import { recordSource } from '../record.ts'
import { linesDriver } from './lines.ts'
import { marked } from './processes.ts'
import { alerts, claims, entries, speak, speaker, tokenAt } from './testing/speakers.ts'
import type { Spoken } from './testing/speakers.ts'

const dir = mkdtempSync(join(tmpdir(), 'tailrace-reuse-'))
const env = { TAILRACE_SEED: dir, TAILRACE_MODE: 'ingest', TAILRACE_CONTRACT: '1', TAILRACE_URL: 'http://a/' }

afterAll(() => rmSync(dir, { recursive: true }))

let drivers: Driver[] = []

afterEach(async () => {
  for (const driver of drivers) await driver.close?.()
  drivers = []
  await expect.poll(() => marked(`TAILRACE_SEED=${dir}`), { timeout: 5_000 }).toEqual([])
})

/** A program that says on stderr, at each start, which process it is. */
function reused(body = ''): Driver {
  const driver = linesDriver(
    speaker(dir, `on.start = ({ case: name }) => console.error('pid ' + process.pid)\n${body}`),
    { reuse: true },
  )
  drivers.push(driver)
  return driver
}

function run(driver: Driver, name: string, options: Partial<Drive> = {}): Promise<Spoken> {
  const source = recordSource('1', name)
  return speak(driver, { ...env, TAILRACE_CASE: name }, { source, ...options })
}

function pidOf(spoken: Spoken): string | undefined {
  return spoken.told.find((line) => line.startsWith('pid '))
}

/** The id of the case that the program is in, for acks of its records. */
const inCase = `let name; on.start = (m) => { name = m.case; console.error('pid ' + process.pid) };`
const acked = { what: 'ack', ids: [[0, 0, 0]] }
const done = { what: 'done' }
const one: Partial<Drive> = { ids: [[0, 0, 0]] }

describe('a process', () => {
  it('serves three cases in turn, each by its own start, claims and output', async () => {
    const driver = reused()
    const all: Spoken[] = []
    for (const name of ['a', 'b', 'c']) all.push(await run(driver, name, one))
    for (const [i, spoken] of all.entries()) {
      expect(claims(spoken)).toEqual([acked, done])
      expect(spoken).toMatchObject({ ended: 'exit', code: null, signal: null })
      expect(spoken.hello).toMatchObject({ client: 'small' })
      const starts = spoken.told.filter((line) => line.includes('"t":"start"'))
      expect(starts).toEqual([expect.stringContaining(`"case":"${'abc'[i]}"`)])
    }
    expect(new Set(all.map(pidOf)).size).toBe(1)
    expect(pidOf(all[0] as Spoken)).toMatch(/^pid \d+$/)
  })

  it('is the one that said hello, and is not told of one case in its environment', async () => {
    const driver = reused(`console.error('url ' + process.env.TAILRACE_URL)`)
    expect(await driver.hello?.(env, realClock())).toMatchObject({ client: 'small' })
    const before = await marked(`TAILRACE_SEED=${dir}`)
    const spoken = await run(driver, 'a', one)
    expect(before.map(({ pid }) => `pid ${pid}`)).toContain(pidOf(spoken))
    expect(spoken.told).toContain('url undefined')
  })

  it('that dies in a case is replaced, and only that case suffers', async () => {
    const driver = reused(`${inCase} on.send = ({ id }) => {
      if (name === 'b') process.kill(process.pid, 'SIGKILL')
      else say({ t: 'ack', id })
    }`)
    const [a, b, c] = [await run(driver, 'a', one), await run(driver, 'b', one), await run(driver, 'c', one)]
    expect(claims(a)).toEqual([acked, done])
    expect(claims(b)).toEqual([{ what: 'signal', raw: 'SIGKILL', by: 'client' }])
    expect(claims(c)).toEqual([acked, done])
    expect(pidOf(b)).toBe(pidOf(a))
    expect(pidOf(c)).not.toBe(pidOf(a))
  })

  it('that is stuck is ended and replaced', async () => {
    const driver = reused(`${inCase} on.stop = () => { if (name !== 'a') say({ t: 'done' }) }`)
    const stuck = await run(driver, 'a', { ...one, budgetMs: 500 })
    expect(stuck).toMatchObject({ ended: 'stuck', signal: 'SIGTERM' })
    expect(entries(stuck, 'stall')).toHaveLength(1)
    expect(claims(await run(driver, 'b', one))).toEqual([acked, done])
  })

  it('that left after its case is replaced', async () => {
    const driver = reused(`on.stop = () => { say({ t: 'done' }); process.exit(0) }`)
    const first = await run(driver, 'a', one)
    await expect.poll(() => marked(`TAILRACE_SEED=${dir}`)).toEqual([])
    const second = await run(driver, 'b', one)
    expect([claims(first)[0], claims(second)[0]]).toEqual([acked, acked])
    expect(pidOf(second)).not.toBe(pidOf(first))
  })

  it('that the case ended by a signal does not serve again', async () => {
    const kill: NonNullable<Drive['kill']> = { send: undefined }
    const driver = reused(`process.on('SIGTERM', () => { say({ t: 'done' }) }); on.stop = () => {}`)
    const running = run(driver, 'a', { ...one, kill })
    await expect.poll(() => kill.send).toBeDefined()
    await expect.poll(async () => (await marked(`TAILRACE_SEED=${dir}`)).length).toBeGreaterThan(0)
    kill.send?.('SIGKILL')
    expect(claims(await running).at(-1)).toMatchObject({ what: 'signal', raw: 'SIGKILL', by: 'harness' })
    expect(kill.send).toBeUndefined()
  })

  it('may still speak of an earlier case: that is told and claims nothing', async () => {
    const late = tokenAt(recordSource('1', 'a'), 0)
    const driver = reused(`${inCase} on.send = ({ id }) => {
      if (name === 'b') say({ t: 'ack', ids: ['${late}', id] })
    }`)
    expect(claims(await run(driver, 'a', one))).toEqual([done])
    const second = await run(driver, 'b', one)
    expect(alerts(second)).toEqual([expect.stringMatching(/^ack of a record of an earlier case: /)])
    expect(claims(second).slice(1)).toEqual([acked, done])
  })
})

describe('processes', () => {
  it('are as many as cases at a time, and wait for the next', async () => {
    const driver = reused()
    const both = await Promise.all([run(driver, 'a', one), run(driver, 'b', one)])
    const more = await Promise.all([run(driver, 'c', one), run(driver, 'd', one)])
    expect(new Set(both.map(pidOf)).size).toBe(2)
    expect(new Set(more.map(pidOf))).toEqual(new Set(both.map(pidOf)))
  })

  it.each<[string, Partial<Drive>]>([
    ['one of several clients', { client: 0, ids: [[0, 0, 0]] }],
    [
      'a case that goes on after the stop',
      { ids: [[0, 0, 1]], steps: [{ do: 'offer', records: 1 }, { do: 'stop' }, { do: 'offer', records: 1 }] },
    ],
  ])('of %s are fresh, and end with the case', async (_what, options) => {
    const driver = reused()
    const before = await run(driver, 'a', one)
    const own = await run(driver, 'b', options)
    const after = await run(driver, 'c', one)
    expect(claims(own).at(-1)).toMatchObject({ what: 'exit', code: 0 })
    expect(pidOf(own)).not.toBe(pidOf(before))
    expect(pidOf(after)).toBe(pidOf(before))
  })

  it('end when the driver is closed, with what they left behind', async () => {
    const leave = `import { spawn } from 'node:child_process'
      spawn('sleep', ['60'], { detached: true, stdio: 'inherit' }).unref()`
    const driver = reused(leave)
    await run(driver, 'a', one)
    await expect.poll(async () => (await marked(`TAILRACE_SEED=${dir}`)).length).toBeGreaterThan(1)
    await driver.close?.()
    expect(await marked(`TAILRACE_SEED=${dir}`)).toEqual([])
  })
})

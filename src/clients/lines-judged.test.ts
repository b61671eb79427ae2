/** The clients of the lines rung before the judge: the reference passes, and no cheat passes a case. */
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { caseNamed, directory, setupFor } from '../../scenarios/testing/judging.ts'
import { linesDriver } from '../drivers/lines.ts'
import type { Driver } from '../driver.ts'
import { runCase } from '../run.ts'
import type { CaseRun } from '../run.ts'
import { linesCheats } from './cheats-lines.ts'
import { linesClientCommand, linesClientNames } from './command.ts'
import type { LinesClientName } from './command.ts'
import { referenceKnobs } from './reference.ts'

/** As built: Node 20 runs no TypeScript. */
function shipped(name: LinesClientName): string {
  return linesClientCommand(name).replace('/src/clients/', '/dist/src/clients/').replace(/\.ts'/, ".js'")
}

function judged(id: string, driver: Driver, knobs: readonly string[] = []): Promise<CaseRun> {
  return runCase(caseNamed(id), { ...setupFor('', { knobs }), driver }, { dir: directory() })
}

/** What is wrong, for a message that helps. */
function complaints({ judgement, failures }: CaseRun): string[] {
  const open = judgement?.checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'unknown') ?? []
  return [...failures, ...open.map(({ id, because }) => `${id}: ${because.join(' ')}`)]
}

function verdictOf(run: CaseRun, check: string): string | undefined {
  return run.judgement?.checks.find(({ id }) => id === check)?.verdict
}

const ids = [
  'ing.base.one',
  'ing.base.many',
  'ing.retry.503',
  'ing.4xx.400',
  'ing.413.terminates',
  'ing.stop.flushes',
]

describe('the reference on lines', () => {
  const pooled = linesDriver(shipped('reference'), { reuse: true })
  afterAll(() => pooled.close?.())

  it('says hello', async () => {
    const { clock } = setupFor('')
    expect(await linesDriver(shipped('reference')).hello?.({}, clock)).toEqual({
      client: 'tailrace-reference',
      version: '1',
      can: ['ingest', 'flush', 'gzip', 'h2'],
      knobs: referenceKnobs,
    })
  })

  it.each(ids)('passes %s by itself, and its acks are judged', async (id) => {
    const run = await judged(id, linesDriver(shipped('reference')), referenceKnobs)
    expect(complaints(run)).toEqual([])
    expect(run.judgement?.verdict).toBe('pass')
    const acks = run.entries.filter((entry) => entry.kind === 'claim' && entry.what === 'ack')
    expect(verdictOf(run, 'inv.no-false-ack')).toBe(acks.length > 0 ? 'pass' : 'n/a')
    if (id === 'ing.base.one') expect(acks).toHaveLength(1)
  })

  it.each(ids)('passes %s with one process for all', async (id) => {
    const run = await judged(id, pooled, referenceKnobs)
    expect(complaints(run)).toEqual([])
    expect(run.judgement?.verdict).toBe('pass')
  })

  it('names what it drops', async () => {
    const run = await judged('ing.4xx.400', linesDriver(shipped('reference')), referenceKnobs)
    const drops = run.entries.flatMap((entry) =>
      entry.kind === 'claim' && entry.what === 'drop' ? [entry] : [],
    )
    expect(drops.length).toBeGreaterThan(0)
    for (const drop of drops)
      expect(drop).toMatchObject({ raw: expect.stringContaining('HTTP 400') as string })
  })
})

describe('no cheat on lines', () => {
  const driver = Object.fromEntries(
    linesClientNames.map((name) => [name, linesDriver(shipped(name), { reuse: true })]),
  ) as Record<LinesClientName, Driver>
  afterAll(async () => {
    for (const one of Object.values(driver)) await one.close?.()
  })
  const names = Object.keys(linesCheats) as (keyof typeof linesCheats)[]

  it.each(names.flatMap((name) => ids.map((id) => [name, id] as const)))('%s passes %s', async (name, id) => {
    const run = await judged(id, driver[name])
    expect(run.failures).toEqual([])
    expect(['fail', 'inconclusive']).toContain(run.judgement?.verdict)
    if (name === 'acks-everything') expect(verdictOf(run, 'inv.no-false-ack')).toBe('fail')
    if (name === 'null') expect(verdictOf(run, 'inv.no-loss')).toBe('fail')
    if (name === 'sends-twice' && id === 'ing.base.one') expect(verdictOf(run, 'inv.no-double')).toBe('fail')
  })
})

describe('the example without a library', () => {
  const path = fileURLToPath(new URL('../../examples/lines-fetch.mjs', import.meta.url))

  it.each([true, false])('passes the baseline, one process for all: %s', async (reuse) => {
    const driver = linesDriver(`exec '${process.execPath}' '${path}'`, { reuse })
    for (const id of ['ing.base.one', 'ing.base.many', 'ing.4xx.400']) {
      expect(complaints(await judged(id, driver))).toEqual([])
    }
    await driver.close?.()
  })
})

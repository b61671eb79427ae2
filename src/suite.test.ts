/** Whole runs on real sockets, with drivers that live in this process. */
import { describe, expect, it } from 'vitest'
import { serveSocket } from '../fakes/server.ts'
import { sleep } from './clock.ts'
import type { Drive, Driver } from './driver.ts'
import type { EndpointFactory } from './endpoint.ts'
import { TailraceError } from './errors.ts'
import { countIds } from './record.ts'
import { caseOf } from './testing/cases.ts'
import {
  a,
  b,
  c,
  driven,
  driverOf,
  honest,
  honestBut,
  idle,
  post,
  probe,
  run,
  verdicts,
} from './testing/running.ts'
import type { Client, Staging } from './testing/running.ts'

describe('a run', () => {
  it('judges every case, in the order of the suite, and exits with 0 where all pass', async () => {
    const kept: string[] = []
    const told: string[] = []
    const report = await run(honest, {
      keep: ({ id }) => void kept.push(id),
      onResult: ({ id }) => void told.push(id),
    })
    expect(Object.entries(verdicts(report))).toEqual([
      ['base.one', 'pass'],
      ['a', 'pass'],
      ['b', 'pass'],
    ])
    expect(kept.sort()).toEqual(['a', 'b', 'base.one'])
    expect(told.sort()).toEqual(['a', 'b', 'base.one'])
    expect(report).toMatchObject({
      ...{ exitCode: 0, gates: ['MUST'], fitness: { control: 'pass', null: 'fail' } },
      ...{ client: { command: 'client --of test' }, totals: { pass: 3, fail: 0 } },
    })
    expect(Object.keys(report.phases)).toEqual(['start', 'drive', 'heal', 'settle', 'check', 'stop'])
  })

  it('exits with 1 where a case fails at a level that gates, and with 0 where it does not', async () => {
    const client = honestBut(['a'], idle)
    expect(await run(client)).toMatchObject({ exitCode: 1, totals: { pass: 2, fail: 1 } })
    const may = caseOf('a', { level: 'MAY' })
    expect(await run(client, { cases: [may, b] })).toMatchObject({ exitCode: 0, totals: { fail: 1 } })
  })

  it('exits with 0 where the baseline expects what fails, and with 1 where that list is stale', async () => {
    const expected = [{ case: 'a', reason: 'old', issue: '1' }]
    const baseline = { version: 1, expected } as const
    expect(await run(honestBut(['a'], idle), { baseline })).toMatchObject({ exitCode: 0 })
    expect(await run(honest, { baseline })).toMatchObject({ exitCode: 1, stale: ['a'] })
  })

  it('exits with 3 where no case applies', async () => {
    const report = await run(honest, { cases: [], notApplicable: [{ case: a, reason: 'needs rung lines' }] })
    expect(report).toMatchObject({ exitCode: 3, totals: { 'n/a': 1 } })
    expect(report.cases).toMatchObject([{ id: 'a', verdict: 'n/a', reason: 'needs rung lines' }])
  })

  it('shows what a client said that never connected', async () => {
    const driver: Driver = {
      ...driverOf(idle),
      drive: ({ ledger, ids }) => {
        ledger.write({ kind: 'offer', ids })
        ledger.write({ kind: 'claim', what: 'exit', code: 1 })
        return Promise.resolve(driven({ code: 1, said: '\nno such module\n\nat line 1\n' }))
      },
    }
    const report = await run(idle, { driver })
    expect(report.client.stderr).toEqual(['no such module', 'at line 1'])
    expect(report.exitCode).toBe(1)
  })
})

describe('a judge that is not fit', () => {
  it.each<[string, Staging]>([
    ['the control client does not pass', { control: driverOf(idle) }],
    ['the null client passes', { nullClient: driverOf(honest) }],
  ])('judges no case and exits with 4: %s', async (_, staging) => {
    const kept: string[] = []
    const report = await run(honest, { ...staging, keep: ({ id }) => void kept.push(id) })
    expect(report).toMatchObject({ exitCode: 4, cases: [] })
    expect(kept).toEqual([])
  })
})

describe('a client that cannot be started', () => {
  const said = 'sh: 1: nosuch: not found\n'
  const driver: Driver = {
    rung: 'pipe',
    command: 'nosuch --flag',
    drive: () => Promise.resolve(driven({ ended: 'not-started', code: 127, said })),
  }

  it('stops the run with its command, its exit code and its first words', async () => {
    const error = await run(honest, { driver }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(TailraceError)
    expect(error).toMatchObject({ code: 'client-start', exitCode: 2 })
    expect((error as TailraceError).message).toBe(
      'the client could not be started\n' +
        '  nosuch --flag: expected a command that starts, got exit code 127\n    sh: 1: nosuch: not found',
    )
  })

  it('is not what a judge speaks of that is not fit itself', async () => {
    expect(await run(honest, { driver, control: driverOf(idle) })).toMatchObject({ exitCode: 4 })
  })
})

describe('a client that fails the baseline', () => {
  const client = honestBut(['base.one'], idle)
  const held = { verdict: 'inconclusive', reason: 'baseline not held: base.one does not pass' }

  it('passes nothing', async () => {
    const report = await run(client)
    expect(report.cases).toMatchObject([{ verdict: 'fail' }, held, held])
    expect(report.exitCode).toBe(1)
  })

  it('passes nothing, too, where the baseline is not among the cases', async () => {
    const report = await run(client, { cases: [a, b] })
    expect(report.cases).toMatchObject([held, held])
    expect(report.exitCode).toBe(3)
  })
})

describe('--bail', () => {
  it('stops after the first case that fails at a level that gates', async () => {
    const client = honestBut(['a', 'b'], idle)
    expect(verdicts(await run(client, { bail: true, parallel: 1, cases: [c, a, b] }))).toEqual({
      c: 'pass',
      a: 'fail',
    })
    const may = caseOf('a', { level: 'MAY' })
    expect(verdicts(await run(client, { bail: true, parallel: 1, cases: [may, b, c] }))).toEqual({
      a: 'fail',
      b: 'fail',
    })
  })
})

describe('--shuffle', () => {
  const cases = ['a', 'b', 'c', 'd', 'e'].map((id) => caseOf(id))

  async function orderUnder(seed: string, shuffle = true): Promise<string> {
    const ran: string[] = []
    const report = await run(honest, {
      ...{ cases, shuffle, seed, parallel: 1 },
      keep: ({ id }) => void ran.push(id),
    })
    expect(report.cases.map(({ id }) => id).join('')).toBe('abcde')
    return ran.join('')
  }

  it('draws the order from the seed alone, and reports in the order of the suite', async () => {
    const order = await orderUnder('1')
    expect([...order].sort().join('')).toBe('abcde')
    expect(order).not.toBe('abcde')
    expect(await orderUnder('1')).toBe(order)
    expect(await orderUnder('2')).not.toBe(order)
    expect(await orderUnder('1', false)).toBe('abcde')
  })
})

describe('what breaks in the harness', () => {
  it.each<[string, EndpointFactory, string]>([
    [
      'an endpoint that does not start',
      (options) =>
        options.source.case === 'a' ? Promise.reject(new Error('no port')) : serveSocket(options),
      'no port',
    ],
    [
      'an endpoint that fails later',
      async (options) => {
        const endpoint = await serveSocket(options)
        return options.source.case === 'a' ? { ...endpoint, failures: ['lost my head'] } : endpoint
      },
      'lost my head',
    ],
  ])('is never the client’s: %s', async (_, endpoint, reason) => {
    const report = await run(honest, { endpoint })
    expect(report.cases[1]).toMatchObject({ id: 'a', verdict: 'harness-error', reason })
    expect(report).toMatchObject({ exitCode: 4, totals: { pass: 2, 'harness-error': 1 } })
  })

  it('is never the client’s: a driver that throws', async () => {
    const report = await run(honestBut(['a'], () => Promise.reject(new Error('no pipe'))))
    expect(report.cases[1]).toMatchObject({ verdict: 'harness-error', reason: 'no pipe' })
    expect(report.exitCode).toBe(4)
  })

  it('is never the client’s: a ledger that cannot be kept', async () => {
    const sink = { line: () => {}, close: () => Promise.reject(new Error('disk full')) }
    const report = await run(honest, { stage: ({ id }) => ({ dir: '', ...(id === 'a' ? { sink } : {}) }) })
    expect(report.cases[1]).toMatchObject({ verdict: 'harness-error', reason: 'disk full' })
    expect(report.exitCode).toBe(4)
  })
})

describe('a client that floods the ledger', () => {
  /** Until it is told to end. */
  async function flood({ ledger, signal, clock }: Drive): Promise<void> {
    while (!signal?.aborted) {
      for (let i = 0; i < 10_000; i += 1) ledger.write({ kind: 'claim', what: 'usage' })
      await sleep(clock, 0)
    }
  }

  it('is ended, and what it did is inconclusive', async () => {
    const client = honestBut(['a'], async (drive) => {
      await flood(drive)
      return honest(drive)
    })
    const report = await run(client)
    expect(report.cases[1]).toMatchObject({ id: 'a', verdict: 'inconclusive' })
    expect(report.cases[1]?.reason).toContain('the ledger is full')
    expect(report.exitCode).toBe(3)
  })

  it('fails where it has hammered after an error', async () => {
    const hot = caseOf('a', {
      faults: [{ id: 'down', on: 'response-head', taken: false, fault: { type: 'http_error', status: 503 } }],
    })
    const client = honestBut(['a'], async (drive) => {
      for (let i = 0; i < 120; i += 1) await post(drive)
      await flood(drive)
      return 10
    })
    const report = await run(client, { cases: [probe, hot, b] })
    expect(report.cases[1]).toMatchObject({ id: 'a', verdict: 'fail' })
    expect(report.cases[1]?.reason).toMatch(/^inv\.no-hot-loop: /)
    expect(report.exitCode).toBe(1)
  })
})

describe('--parallel', () => {
  /** Clients that wait for each other in groups of `size`: fewer at a time would wait for ever. */
  function meeting(size: number): { client: Client; most: () => number } {
    let [running, most] = [0, 0]
    const waiting: (() => void)[] = []
    const client: Client = async (drive) => {
      if (drive.source.case === probe.id) return honest(drive)
      running += 1
      most = Math.max(most, running)
      const met = new Promise<void>((resolve) => waiting.push(resolve))
      if (waiting.length === size) for (const wake of waiting.splice(0)) wake()
      await met
      const code = await honest(drive)
      running -= 1
      return code
    }
    return { client, most: () => most }
  }

  it.each([1, 3])('keeps %i cases on the stage, no more and no fewer', async (parallel) => {
    const cases = Array.from({ length: 6 }, (_, i) => caseOf(`c${i}`))
    const { client, most } = meeting(parallel)
    const report = await run(client, { cases, parallel })
    expect(report.totals.pass).toBe(6)
    expect(most()).toBe(parallel)
  })
})

describe('what is offered', () => {
  it('is the case’s count of records, from producer 0', async () => {
    const offered: Record<string, number> = {}
    const client: Client = (drive) => {
      offered[drive.source.case] = countIds(drive.ids)
      return honest(drive)
    }
    const many = caseOf('a', { records: 500 })
    expect(verdicts(await run(client, { cases: [probe, many] }))).toEqual({ 'base.one': 'pass', a: 'pass' })
    expect(offered).toEqual({ 'base.one': 1, a: 500 })
  })
})

/** What a run makes of cases that run again, cases that start several clients, repeats and flaky lists. */
import { describe, expect, it } from 'vitest'
import type { Baseline } from './baseline.ts'
import type { Drive } from './driver.ts'
import type { CaseRun } from './run.ts'
import type { Case, Clients } from './scenario.ts'
import { caseOf } from './testing/cases.ts'
import { a, b, driverOf, honest, honestBut, idle, probe, run, verdicts } from './testing/running.ts'
import type { Client } from './testing/running.ts'

const again: Case = caseOf('blind', { again: true, title: 'It passes again.' })

function flakyList(...cases: string[]): Baseline {
  return { version: 1, expected: cases.map((id) => ({ case: id, reason: 'a race', issue: '#1' })) }
}

describe('a case that runs another one again', () => {
  it('takes the faults and promises of one that has passed, and its own name', async () => {
    const kept = new Map<string, { ran: Case; run: CaseRun }>()
    const two = caseOf('two', { records: 2 })
    const report = await run(honestBut(['b'], idle), {
      cases: [probe, two, b, again],
      keep: (ran, run) => void kept.set(ran.id, { ran, run }),
    })
    expect(verdicts(report)).toEqual({ 'base.one': 'pass', two: 'pass', b: 'fail', blind: 'pass' })
    const drawn = kept.get('blind')?.ran
    expect([probe.promises, two.promises]).toContainEqual(drawn?.promises)
    expect(report.cases.at(-1)?.title).toMatch(/^It passes again: (base\.one|two)\.$/)
  })

  it('is run under a name that says nothing, and fails where that makes a difference', async () => {
    const names: (string | undefined)[] = []
    const client: Client = (drive) => {
      names.push(drive.env['TAILRACE_CASE'])
      return drive.env['TAILRACE_CASE'] === 'case' ? idle(drive) : honest(drive)
    }
    const report = await run(client, { cases: [probe, a, again] })
    expect(names.sort()).toEqual(['a', 'base.one', 'case'])
    expect(verdicts(report)).toMatchObject({ a: 'pass', blind: 'fail' })
  })

  it('runs the probe where nothing else has passed, and passes no client that fails it', async () => {
    const report = await run(idle, { cases: [a, again] })
    expect(verdicts(report)).toEqual({ a: 'fail', blind: 'fail' })
  })

  it('that was drawn before, as a replay has it, is run as it stands', async () => {
    const drawn = { ...again, records: 3, promises: [{ use: 'attempts', min: 1, max: 1 }] } as const
    let kept: Case | undefined
    await run(honest, { cases: [a, drawn], drawn: true, keep: (ran) => void (kept = ran) })
    expect(kept).toEqual(drawn)
  })
})

describe('several clients of one case', () => {
  const clients = (over: Partial<Clients>): Case =>
    caseOf('many', { clients: { records: [2, 0, 1], how: 'in turn', ...over } })

  it('have a producer each, and run in turn', async () => {
    const offers: [number | undefined, unknown][] = []
    let open = 0
    const client: Client = async (drive) => {
      if (drive.source.case === 'many') offers.push([drive.client, drive.ids])
      expect(++open).toBe(1)
      const code = drive.ids.length > 0 ? await honest(drive) : 0
      open -= 1
      return code
    }
    const driver = driverOf(client)
    const report = await run(honest, { cases: [clients({})], driver, parallel: 1 })
    expect(verdicts(report)).toEqual({ many: 'pass' })
    expect(offers).toEqual([
      [0, [[0, 0, 1]]],
      [1, []],
      [2, [[2, 0, 0]]],
    ])
  })

  it('are all awaited where they run together, each with a directory of its own', async () => {
    const dirs = new Set<string | undefined>()
    const client: Client = (drive) => {
      if (drive.client !== undefined) dirs.add(drive.env['TAILRACE_DIR'])
      return drive.ids.length > 0 ? honest(drive) : Promise.resolve(0)
    }
    const report = await run(client, { cases: [clients({ how: 'together' })] })
    expect(verdicts(report)).toEqual({ many: 'pass' })
    expect([...dirs].sort()).toEqual(['0', '1', '2'])
  })

  it('speak for what each was offered: one that tells does not excuse one that does not', async () => {
    const silent = (drive: Drive): Promise<number> => {
      if (drive.client === undefined) return honest(drive)
      return Promise.resolve(drive.client === 0 ? 10 : 0)
    }
    const report = await run(silent, { cases: [clients({ records: [1, 1] })] })
    const lost = report.cases[0]?.checks.find(({ id }) => id === 'inv.no-false-success')
    expect(lost?.verdict).toBe('fail')
    expect(lost?.because.join()).toContain('1.0')
    expect(lost?.because.join()).not.toContain('0.0')
  })
})

describe('--repeat', () => {
  it('runs each case so often, and says with what interval it passes', async () => {
    let times = 0
    const sometimes: Client = (drive) => (++times % 2 === 0 ? honest(drive) : idle(drive))
    const report = await run(honestBut(['a'], sometimes), { cases: [probe, a], repeat: 4, parallel: 1 })
    expect(report.cases.map(({ id, verdict }) => `${id} ${verdict}`)).toEqual([
      ...Array.from({ length: 4 }, () => 'base.one pass'),
      ...['a fail', 'a pass', 'a fail', 'a pass'],
    ])
    expect(report.repeats?.find(({ id }) => id === 'a')).toMatchObject({ runs: 4, passed: 2 })
    expect(report.exitCode).toBe(1)
  })

  it('keeps the files of each run apart', async () => {
    const staged: string[] = []
    const kept: string[] = []
    await run(honest, {
      cases: [a],
      repeat: 2,
      stage: ({ id }, role, repeat) => {
        staged.push(`${role} ${id} ${repeat}`)
        return { dir: '' }
      },
      keep: ({ id }, _, repeat) => void kept.push(`${id} ${repeat}`),
    })
    expect(staged.filter((name) => name.startsWith('case'))).toEqual(['case a 1', 'case a 2'])
    expect(kept.sort()).toEqual(['a 1', 'a 2'])
  })

  it('is stale in a baseline only where every run passes', async () => {
    let times = 0
    const once: Client = (drive) => (++times === 1 ? idle(drive) : honest(drive))
    const baseline = flakyList('a')
    const staging = { cases: [probe, a], repeat: 3, parallel: 1, baseline }
    expect((await run(honestBut(['a'], once), staging)).stale).toBeUndefined()
    expect((await run(honest, staging)).stale).toEqual(['a'])
  })
})

describe('--known-flaky', () => {
  it('takes the weight from what does not pass, and shows it', async () => {
    const report = await run(honestBut(['a'], idle), { flaky: flakyList('a') })
    expect(verdicts(report)).toEqual({ 'base.one': 'pass', a: 'flaky', b: 'pass' })
    expect(report.cases[1]?.reason).toBe('known to be flaky: a race')
    expect(report.exitCode).toBe(0)
  })

  it('is shown in the progress as in the report, as is what a baseline expects', async () => {
    const shown: string[] = []
    await run(honestBut(['a', 'b'], idle), {
      flaky: flakyList('a'),
      baseline: flakyList('b'),
      onResult: ({ id, verdict, expected = false }) => void shown.push(`${id} ${verdict} ${expected}`),
    })
    expect(shown.sort()).toEqual(['a flaky false', 'b fail true', 'base.one pass false'])
  })

  it('is never stale, and hides nothing else', async () => {
    const report = await run(honestBut(['b'], idle), { flaky: flakyList('a') })
    expect(verdicts(report)).toEqual({ 'base.one': 'pass', a: 'pass', b: 'fail' })
    expect(report.stale).toBeUndefined()
    expect(report.exitCode).toBe(1)
  })
})

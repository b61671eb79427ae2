/** The command as a user meets it: what it prints, what it leaves, and its exit codes. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { reportSchema } from '../report.ts'
import { problemsOf } from '../schema.ts'
import { cases } from '../../scenarios/index.ts'
import { shipped } from '../../scenarios/testing/judging.ts'
import { bin, run, Terminal } from './testing/terminal.ts'

const reference = shipped('reference')
const nobody = shipped('null')

describe('tailrace run', () => {
  it('leaves a folder with everything that led to the verdict', async () => {
    const terminal = new Terminal()
    const { code, stdout } = await terminal.tailrace('run', '--client', reference, '--only', 'ing.retry.50?')
    expect(stdout).toContain('ing.retry.503')
    expect(code).toBe(0)
    const latest = join(terminal.cwd, '.tailrace/latest')
    expect(readdirSync(latest).sort()).toEqual(
      ['dir', 'junit.xml', 'ledger', 'replay', 'report.json', 'stderr', 'stdout'].sort(),
    )
    const report = terminal.report()
    expect(problemsOf(reportSchema, report)).toEqual([])
    expect(report).toMatchObject({ exitCode: 0, totals: { pass: 4, fail: 0 }, fitness: { control: 'pass' } })
    expect(terminal.read('.tailrace/latest/junit.xml')).toContain('<testsuite')
  })

  it('exits 1 when a case fails, with the promise, the story and the command that replays it', async () => {
    const terminal = new Terminal()
    const { code, stdout } = await terminal.tailrace('run', '--client', nobody, '--only', 'ing.base.one')
    expect(code).toBe(1)
    expect(stdout).toContain('One record is delivered, in one request.')
    const replay = /tailrace (replay \S+)/.exec(stdout)?.[1]?.split(' ') as string[]
    const again = await terminal.tailrace(...replay)
    expect(again.stdout).toContain('the same came of it')
    expect(again.code).toBe(1)
    expect((await terminal.tailrace(...replay, '--client', reference)).code).toBe(3)
  })

  it('gives the same ids, decisions and verdicts for the same seed', async () => {
    const told = async (seed: string): Promise<unknown> => {
      const terminal = new Terminal()
      await terminal.tailrace('run', '--client', reference, '--only', 'ing.idem.*', '--seed', seed)
      const ledger = terminal.ledger('ing.idem.ack-lost')
      const what = ledger.filter(({ kind }) => kind === 'fault' || kind === 'land' || kind === 'request')
      const facts = what.map((entry) => ({ ...entry, n: 0, t: 0 }))
      return {
        facts,
        checks: terminal.report().cases.map(({ checks }) => checks.map(({ verdict }) => verdict)),
      }
    }
    const first = await told('5')
    expect(await told('5')).toEqual(first)
    expect(await told('6')).not.toEqual(first)
  })

  it('prints a driver to copy when there is no client, and exits 2', async () => {
    const { code, stderr } = await new Terminal().tailrace('run')
    expect(stderr).toContain('TAILRACE_URL')
    expect(code).toBe(2)
  })

  it('names every wrong flag at once', async () => {
    const args = ['--mode', 'up', '--level', 'x', '--parallel', '0', '--report', 'pdf', '--protocol', 'smtp']
    const { code, stderr } = await new Terminal().tailrace('run', '--client', 'true', ...args)
    expect(code).toBe(2)
    for (const flag of ['--mode', '--level', '--parallel', '--report', '--protocol'])
      expect(stderr).toContain(flag)
  })

  it.each([
    ['an unknown flag', ['run', '--client', 'true', '--aim'], 2, '--aim'],
    ['an unknown verb', ['walk'], 2, 'walk'],
    ['a glob that fits nothing', ['run', '--client', 'true', '--only', 'ing.none.*'], 3, 'ing.none.*'],
    [
      'a selection that is empty',
      ['run', '--client', 'true', '--only', 'ing.*', '--skip', 'ing.*'],
      3,
      'no case',
    ],
    ['a mode without cases', ['run', '--client', 'true', '--mode', 'stream'], 3, 'stream'],
    ['an unknown case', ['explain', 'ing.none'], 3, 'ing.none'],
    ['a file that is not there', ['run', 'none.yaml', '--client', 'true'], 2, 'none.yaml'],
    ['a ledger that is not there', ['check', 'none.ndjson'], 2, 'none.ndjson'],
  ] as const)('says so: %s', async (_, args, exitCode, named) => {
    const { code, stderr } = await new Terminal().tailrace(...args)
    expect(stderr).toContain(named)
    expect(stderr).not.toContain('    at ') // no stack
    expect(code).toBe(exitCode)
  })

  it('stops with exit 2 when the client cannot be started, and shows what it said', async () => {
    const { code, stderr } = await new Terminal().tailrace('run', '--client', 'no-such-program --x')
    expect(code).toBe(2)
    expect(stderr).toContain('no-such-program')
    expect(stderr).toContain('127')
  })

  it('shows at its head what a client said that never connected', async () => {
    const client = "echo 'cannot import acme' >&2; exit 1"
    const { code, stdout } = await new Terminal().tailrace(
      'run',
      '--client',
      client,
      '--only',
      'ing.base.one',
    )
    expect(stdout).toContain('cannot import acme')
    expect(code).toBe(1)
  })
})

describe('a Node or a system that is too old', () => {
  it.each([
    [
      'versions',
      "{ ...process.versions, node: '18.20.8' }",
      'tailrace needs Node 20.19 or later; this is 18.20.8\n',
    ],
    [
      'versions',
      "{ ...process.versions, node: '20.18.3' }",
      'tailrace needs Node 20.19 or later; this is 20.18.3\n',
    ],
    ['platform', "'win32'", 'tailrace runs on Linux and macOS; this is win32\n'],
  ])('gets one line: %s %s', async (name, value, line) => {
    const lie = `data:text/javascript,Object.defineProperty(process,'${name}',{value:${value}})`
    const { code, stdout, stderr } = await run(['--import', lie, bin, 'list'], process.cwd())
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: line })
  })
})

describe('files of the user', () => {
  it('runs a plan of their own', async () => {
    const terminal = new Terminal()
    const plan = `version: 1\nseed: "9"\nrules:\n  - {id: busy, on: response-head, key: content, taken: false, when: {attempt: [1, 2]}, fault: {type: http_error, status: 502}}\n`
    const { code } = await terminal.tailrace(
      'run',
      terminal.write('my-plan.yaml', plan),
      '--client',
      reference,
    )
    expect(terminal.report().cases).toMatchObject([{ id: 'plan.my-plan', verdict: 'pass', seed: '9' }])
    expect(code).toBe(0)
  })

  it('names all that is wrong with a plan, a case and a baseline, by pointer', async () => {
    const terminal = new Terminal()
    const plan = terminal.write('p.yaml', 'version: 2\nseed: "1"\nrules: [{id: a, on: nowhere, falt: {}}]\n')
    const inPlan = await terminal.tailrace('run', plan, '--client', 'true')
    expect(inPlan.code).toBe(2)
    for (const pointer of ['/version', '/rules/0/falt', '/rules/0/on'])
      expect(inPlan.stderr).toContain(pointer)

    const own = terminal.write('c.yaml', 'id: mine\ntitel: x\nrecords: -1\n')
    const inCase = await terminal.tailrace('run', own, '--client', 'true')
    expect(inCase.code).toBe(2)
    for (const pointer of ['/titel', '/records', 'promises']) expect(inCase.stderr).toContain(pointer)

    const known = terminal.write('b.yaml', 'version: 1\nexpected: [{case: ing.base.one, why: x}]\n')
    const inBaseline = await terminal.tailrace('run', '--client', 'true', '--baseline', known)
    expect(inBaseline.code).toBe(2)
    for (const named of ['/expected/0/why', 'reason', 'issue']) expect(inBaseline.stderr).toContain(named)
  })

  it('lets known failures pass, and fails when they no longer fail', async () => {
    const terminal = new Terminal()
    const only = ['--only', 'ing.base.one', '--baseline', 'known.yaml']
    const first = await terminal.tailrace('run', '--client', nobody, ...only, '--write-baseline')
    expect(first.code).toBe(1)
    const second = await terminal.tailrace('run', '--client', nobody, ...only)
    expect(terminal.report().cases).toMatchObject([{ verdict: 'fail', expected: true }])
    expect(second.code).toBe(0)
    expect((await terminal.tailrace('run', '--client', reference, ...only)).code).toBe(1)
  })
})

describe('tailrace check', () => {
  it('gives the verdict of the run, and sees what is changed in a ledger', async () => {
    const terminal = new Terminal()
    await terminal.tailrace('run', '--client', reference, '--only', 'ing.stop.*', '--only', 'ing.base.o*')
    for (const { id, verdict } of terminal.report().cases.filter((one) => one.verdict !== 'n/a')) {
      const { stdout } = await terminal.tailrace('check', `.tailrace/latest/ledger/${id}.ndjson`)
      expect(stdout).toMatch(new RegExp(`^${verdict} +${id}`))
    }
    const path = '.tailrace/latest/ledger/ing.stop.flushes.ndjson'
    const whole = terminal.read(path)
    const land = whole.split('\n').find((line) => line.includes('"kind":"land"')) as string
    const edited = terminal.write('edited.ndjson', whole.replace(land, land.replace('[0,0,94]', '[0,1,94]')))
    const { code, stdout } = await terminal.tailrace('check', edited)
    expect(stdout).toContain('0.0')
    expect(code).toBe(1)
  }, 60_000)

  it.each([
    ['a gap in n', (lines: string[]) => lines.filter((_, index) => index !== 3).join('\n') + '\n', '/n'],
    ['a torn last line', (lines: string[]) => lines.join('\n').slice(0, -5), 'torn'],
    [
      'an unknown kind',
      (lines: string[]) => lines.join('\n').replace('"kind":"land"', '"kind":"lend"') + '\n',
      'lend',
    ],
    ['nothing', () => '', 'empty'],
    ['no JSON', () => '\u0000\u0001\n', 'JSON'],
  ])('names %s, exit 2', async (_, damage, named) => {
    const terminal = new Terminal()
    await terminal.tailrace('run', '--client', reference, '--only', 'ing.base.one')
    const lines = terminal.read('.tailrace/latest/ledger/ing.base.one.ndjson').trimEnd().split('\n')
    const { code, stderr } = await terminal.tailrace('check', terminal.write('bad.ndjson', damage(lines)))
    expect(stderr).toContain(named)
    expect(code).toBe(2)
  })
})

describe('lists', () => {
  it('list every case and every fault as JSON', async () => {
    const terminal = new Terminal()
    const listed = JSON.parse((await terminal.tailrace('list', '--json')).stdout) as { id: string }[]
    expect(listed.map(({ id }) => id)).toEqual(cases.map(({ id }) => id))
    expect(listed[0]).toMatchObject({
      level: 'MUST',
      suite: 1,
      protocols: ['generic', 'events-api'],
      needs: {},
    })
    const faults = JSON.parse((await terminal.tailrace('faults', '--json')).stdout) as { name: string }[]
    expect(faults.map(({ name }) => name)).toContain('limit_data')
    expect(existsSync(join(terminal.cwd, '.tailrace'))).toBe(false)
  })

  it('explain a case: its promise, its source and what goes wrong', async () => {
    const { stdout } = await new Terminal().tailrace('explain', 'ing.ra.429-seconds')
    expect(stdout).toMatchSnapshot()
  })
})

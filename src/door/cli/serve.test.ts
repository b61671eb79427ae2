/** `tailrace serve` as built: what it says, that its own curl line works, its ledger, and how it ends. */
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { readLedger } from '../../ledger.ts'

const bin = fileURLToPath(new URL('../../../dist/src/door/bin.js', import.meta.url))

interface Said {
  url: string
  base: string
  port: number
  seed: string
  token?: string
  ca?: string
  adminUrl?: string
  adminToken?: string
}

const started: ChildProcess[] = []
afterEach(() => started.splice(0).forEach((child) => child.kill('SIGKILL')))

function start(args: readonly string[], cwd: string): ChildProcess {
  const child = spawn(process.execPath, [bin, 'serve', ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  started.push(child)
  return child
}

/** Resolves to what was said once `until` fits a line. */
async function said(child: ChildProcess, until: RegExp): Promise<string[]> {
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout ?? expect.fail('no stdout') })) {
    lines.push(line)
    if (until.test(line)) return lines
  }
  return lines
}

async function listening(args: readonly string[], cwd: string): Promise<{ child: ChildProcess; told: Said }> {
  const child = start(['--port', '0', '--json', ...args], cwd)
  const [line = ''] = await said(child, /^/)
  return { child, told: JSON.parse(line) as Said }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<unknown> {
  const ended = once(child, 'exit')
  child.kill(signal)
  return (await ended)[0] as unknown
}

function run(
  command: string,
  args: readonly string[],
  cwd: string,
): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err })
    })
  })
}

const directory = (): string => mkdtempSync(join(tmpdir(), 'tailrace-serve-'))

// Every test starts Node two or three times.
describe('tailrace serve', { timeout: 60_000 }, () => {
  it.each([
    ['generic', /^\{"ok":true\}$/],
    ['events-api', /^\{"successful_rows":1,"quarantined_rows":0\}$/],
    ['elastic-bulk', /^\{"took":\d+,"errors":false,/],
  ])('prints a curl line for %s that works as it stands', async (protocol, answer) => {
    const cwd = directory()
    const lines = await said(start(['--port', '0', '--protocol', protocol], cwd), /^Ctrl-C/)
    const line =
      lines.find((each) => each.startsWith('try: '))?.slice('try: '.length) ?? expect.fail(lines.join('\n'))
    expect(await run('sh', ['-c', line], cwd)).toEqual({
      code: 0,
      out: expect.stringMatching(answer),
      err: '',
    })
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('ends with 0 on %s, its ledger whole', async (signal) => {
    const cwd = directory()
    const { child, told } = await listening(['--ledger', 'asked.ndjson', '--seed', '7'], cwd)
    expect(told).toEqual({
      url: `${told.base}/`,
      base: `http://127.0.0.1:${told.port}`,
      port: told.port,
      seed: '7',
    })
    expect((await fetch(told.url, { method: 'POST', body: '{"a":1}' })).status).toBe(202)
    expect(await end(child, signal)).toBe(0)
    const entries = readLedger(join(cwd, 'asked.ndjson'))
    expect(entries[0]).toMatchObject({
      kind: 'run',
      case: 'serve',
      seed: '7',
      protocol: 'generic',
      checks: [],
    })
    expect(entries.filter(({ kind }) => kind === 'request')).toMatchObject([{ method: 'POST', foreign: 1 }])
    const checked = await run(process.execPath, [bin, 'check', 'asked.ndjson'], cwd)
    expect([checked.code, checked.out.slice(0, 3)]).toEqual([3, 'n/a'])
  })

  it('strikes by a plan, with the seed of the plan unless one is given', async () => {
    const cwd = directory()
    const rule =
      '{id: busy, on: response-head, taken: false, when: {nth: [1]}, fault: {type: http_error, status: 503}}'
    writeFileSync(join(cwd, 'plan.yaml'), `version: 1\nseed: "9"\nrules: [${rule}]\n`)
    const { told } = await listening(['--plan', 'plan.yaml'], cwd)
    expect(told.seed).toBe('9')
    const post = async (): Promise<number> => (await fetch(told.url, { method: 'POST', body: '{}' })).status
    expect([await post(), await post()]).toEqual([503, 202])
    const other = await listening(['--plan', 'plan.yaml', '--seed', '3'], cwd)
    expect(other.told.seed).toBe('3')
  })

  it('makes data sources of first files, and the same tokens of the same seed', async () => {
    const cwd = directory()
    writeFileSync(join(cwd, 'first.ndjson'), '{"date":"2020-04-05 00:05:38","city":"New York"}\n')
    const args = ['--protocol', 'events-api', '--datasource', 'hits=first.ndjson']
    const [{ told }, again] = [await listening(args, cwd), await listening(args, cwd)]
    expect(again.told.token).toBe(told.token)
    const headers = { authorization: `Bearer ${told.token ?? ''}` }
    const post = (name: string, body: string): Promise<Response> =>
      fetch(`${told.base}/v0/events?name=${name}`, { method: 'POST', headers, body })
    const answer = await post(
      'hits',
      '{"date":"soon","city":"Madrid"}\n{"date":"2020-04-05 00:07:22","city":"Madrid"}',
    )
    expect(await answer.json()).toEqual({ successful_rows: 1, quarantined_rows: 1 })
    expect((await post('clicks', '{}')).status).toBe(404)
    expect((await post('tailrace', '{}')).status).toBe(202)
  })

  it('speaks TLS and HTTP/2 on one port, and says whom to trust and where it is steered', async () => {
    const cwd = directory()
    const { child, told } = await listening(['--tls', '--h2', '--out', 'trust/it', '--admin-port', '0'], cwd)
    expect(told.ca).toBe(join(realpathSync(cwd), 'trust/it/ca.pem'))
    expect(told).not.toHaveProperty('adminToken')
    const asked = [
      '-sS',
      '--cacert',
      told.ca ?? '',
      '-d',
      '{}',
      '-o',
      'answer',
      '-w',
      '%{http_version} %{http_code}',
    ]
    expect(await run('curl', ['--http2', ...asked, told.url], cwd)).toMatchObject({ out: '2 202', err: '' })
    expect(await run('curl', ['--http1.1', ...asked, told.url], cwd)).toMatchObject({
      out: '1.1 202',
      err: '',
    })
    const opens = await (await fetch(`${told.adminUrl}/ledger?kind=open`)).text()
    expect([...opens.matchAll(/"proto":"(\w+)"/g)].map(([, proto]) => proto)).toEqual(['h2', 'tls'])
    expect(await end(child, 'SIGTERM')).toBe(0)
  })

  it('says in words what it has been started with', async () => {
    const cwd = directory()
    const args = ['--port', '0', '--tls', '--admin-port', '0', '--clock', 'virtual', '--host', '0.0.0.0']
    const lines = await said(start(args, cwd), /^Ctrl-C/)
    expect(lines).toContainEqual(expect.stringMatching(/^authority to trust: .*\/\.tailrace\/ca\.pem$/))
    expect(lines).toContainEqual(expect.stringMatching(/^admin API at http:\/\/0\.0\.0\.0:\d+, token tk_/))
    expect(lines).toContainEqual('clock: stands still until POST /clock/advance turns it')
    const line = lines.find((each) => each.startsWith('  curl ')) ?? expect.fail(lines.join('\n'))
    const listed = await run('sh', ['-c', line], cwd)
    expect(JSON.parse(listed.out)).toHaveProperty('calls')
  })

  it('leaves a ledger that is whole, whatever the clock', async () => {
    const cwd = directory()
    for (const clock of [
      ['--time-scale', '0.1'],
      ['--clock', 'virtual', '--admin-port', '0'],
    ]) {
      const { child, told } = await listening([...clock, '--ledger', 'asked.ndjson'], cwd)
      expect((await fetch(told.url, { method: 'POST', body: '{}' })).status).toBe(202)
      expect(await end(child, 'SIGTERM')).toBe(0)
      expect(readLedger(join(cwd, 'asked.ndjson')).map(({ kind }) => kind)).toContain('respond')
    }
  })

  it('names every wrong flag at once, exit 2', async () => {
    const cwd = directory()
    writeFileSync(join(cwd, 'mixed.ndjson'), '{"n":1}\n{"n":"x"}\n')
    writeFileSync(join(cwd, 'plan.yaml'), 'version: 2\n')
    const flags = {
      '--port': '70000',
      '--protocol': 'smtp',
      '--plan': 'plan.yaml',
      '--datasource': 'hits=mixed.ndjson',
      '--ledger': 'none/ledger.ndjson',
      '--landing': 'disk',
      '--clock': 'sundial',
      '--time-scale': '0',
      '--admin-port': 'x',
      '--out': 'plan.yaml/trust',
    }
    const args = ['serve', '--tls', ...Object.entries(flags).flat()]
    const { code, err } = await run(process.execPath, [bin, ...args], cwd)
    expect(code).toBe(2)
    for (const named of [...Object.keys(flags), 'mixed.ndjson line 2', '/version'])
      expect(err).toContain(named)
    expect(err).not.toContain('    at ') // no stack
  })

  it('names flags that do not go together', async () => {
    const args = ['serve', '--clock', 'virtual', '--time-scale', '0.5']
    const { code, err } = await run(process.execPath, [bin, ...args], directory())
    expect(code).toBe(2)
    expect(err).toContain('--clock: expected --admin-port')
    expect(err).toContain('--time-scale: expected --clock real')
  })

  it('says which port is busy, exit 2, and leaves the ledger of the first alone', async () => {
    const cwd = directory()
    const args = ['--ledger', 'asked.ndjson']
    const { child, told } = await listening(args, cwd)
    const second = await run(process.execPath, [bin, 'serve', '--port', String(told.port), ...args], cwd)
    expect(second.code).toBe(2)
    expect(second.err).toContain(`--port ${told.port}: expected a free port`)
    const steered = ['--port', '0', '--admin-port', String(told.port), ...args]
    const third = await run(process.execPath, [bin, 'serve', ...steered], cwd)
    expect([third.code, third.err]).toEqual([
      2,
      expect.stringContaining(`--admin-port ${told.port}: expected a free port`),
    ])
    await end(child, 'SIGTERM')
    expect(readFileSync(join(cwd, 'asked.ndjson'), 'utf8')).toMatch(/^\{"n":0,/)
    expect(readLedger(join(cwd, 'asked.ndjson'))).not.toHaveLength(0)
  })
})

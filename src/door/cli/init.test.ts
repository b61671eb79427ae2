/** `tailrace init`: what it writes, that it overwrites nothing, and that each driver does its work as written. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Command } from 'commander'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { parse } from 'yaml'
import { ndjson, serving, token } from '../../../fakes/testing/serving.ts'
import { judgeCase } from '../../../scenarios/testing/judging.ts'
import { TailraceError } from '../../errors.ts'
import { addInit, languages } from './init.ts'

afterEach(() => void vi.restoreAllMocks())

const folder = (): string => mkdtempSync(join(tmpdir(), 'tailrace-init-'))
const has = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0

/** Runs `tailrace init …` and gives what it prints. */
function init(...args: string[]): string {
  let out = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out += String(chunk)
    return true
  })
  const program = new Command().exitOverride()
  addInit(program)
  try {
    program.parse(['init', ...args], { from: 'user' })
  } finally {
    vi.restoreAllMocks()
  }
  return out
}

function refused(...args: string[]): TailraceError {
  try {
    init(...args)
  } catch (error) {
    if (error instanceof TailraceError) return error
    throw error
  }
  return expect.fail('nothing was refused')
}

/** The command that runs a driver in `dir`, built or not. */
function clientIn(dir: string, name: string): string {
  const { file, client } = languages[name] ?? expect.fail(`no language ${name}`)
  return name === 'go' ? `go run ${join(dir, file)}` : client.replace(file, join(dir, file))
}

/** Languages, and whether their tools are here. */
const tools: readonly (readonly [name: string, here: boolean])[] = [
  ['js', true],
  ['py', has('python3', '--version')],
  ['go', has('go', 'version')],
  ['sh', has('curl', '--version')],
]

describe('tailrace init', () => {
  it.each(Object.keys(languages))('%s writes a driver and says what to do with it', (name) => {
    const dir = folder()
    const { file, client } = languages[name] ?? expect.fail()
    const out = init(name, '--out', dir)
    expect(readdirSync(dir)).toEqual([file])
    expect(out).toContain(join(dir, file))
    expect(out).toContain(`npx tailrace run --client '${client}'`)
  })

  it('writes a workflow, too, that runs the driver', () => {
    const dir = folder()
    init('go', '--rung', 'lines', '--ci', '--out', join(dir, 'deep'))
    const written = parse(readFileSync(join(dir, 'deep/.github/workflows/tailrace.yml'), 'utf8')) as {
      jobs: { conformance: { steps: { run?: string; uses?: string }[] } }
    }
    expect(written.jobs.conformance.steps.flatMap(({ run }) => run ?? [])).toEqual([
      'go build -o driver driver.go',
      "npx tailrace run --rung lines --client './driver'",
    ])
  })

  it('overwrites nothing, and then writes nothing at all', () => {
    const dir = folder()
    writeFileSync(join(dir, 'driver.mjs'), 'mine')
    const error = refused('js', '--ci', '--out', dir)
    expect(error.exitCode).toBe(2)
    expect(error.message).toContain(join(dir, 'driver.mjs'))
    expect(readFileSync(join(dir, 'driver.mjs'), 'utf8')).toBe('mine')
    expect(existsSync(join(dir, '.github'))).toBe(false)
  })

  it.each([
    [
      ['rust', '--rung', 'http'],
      ['"rust"', '"http"'],
    ],
    [['constructor'], ['"constructor"']],
    [['sh', '--rung', 'lines'], ['no lines driver in sh']],
  ])('%j is refused', (args, named) => {
    const error = refused(...args, '--out', folder())
    expect(error.exitCode).toBe(2)
    for (const one of named) expect(error.message).toContain(one)
  })

  it('names a folder that it cannot write to', () => {
    const path = join(folder(), 'file')
    writeFileSync(path, '')
    expect(refused('js', '--out', path).exitCode).toBe(2)
  })
})

describe('a driver', () => {
  const templates = Object.values(languages).flatMap((one) => Object.entries(one.templates))

  it.each(templates)('for %s, %s, is short and says where the library goes', (rung, template) => {
    const source = readFileSync(join('examples/init', template), 'utf8')
    expect(source.trimEnd().split('\n').length).toBeLessThanOrEqual(rung === 'pipe' ? 10 : 40)
    expect(source.match(/(\/\/|#) Your (library|sender) in place of .+/g)).toHaveLength(1)
  })

  it.each(templates)('for %s, %s, is all there is of its kind', (_, template) => {
    expect(readdirSync('examples/init')).toContain(template)
    expect(readdirSync('examples/init')).toHaveLength(templates.length)
  })

  for (const [name, here] of tools) {
    it.skipIf(!here)(
      `in ${name} delivers, and tells of what it could not deliver`,
      async () => {
        const dir = folder()
        init(name, '--out', dir)
        const run = await judgeCase('ing.base.one', clientIn(dir, name))
        expect(run.judgement?.verdict, JSON.stringify(run.judgement?.checks, null, 1)).toBe('pass')
        const { stderr, status } = spawnSync('sh', ['-c', clientIn(dir, name)], {
          input: ndjson(0, 0),
          env: { ...process.env, TAILRACE_URL: 'http://127.0.0.1:9/', TAILRACE_TOKEN: token },
        })
        expect(status, String(stderr)).not.toBe(0)
      },
      120_000,
    )
  }

  for (const [name, here] of tools.filter(([language]) => language !== 'sh')) {
    it.skipIf(!here)(
      `in ${name} on lines says hello, acks what was delivered, drops what was not, and is done`,
      async () => {
        const dir = folder()
        init(name, '--rung', 'lines', '--out', dir)
        await using server = await serving([])
        const records = ndjson(0, 1).trimEnd().split('\n')
        const sends = records.map((line, seq) => `{"t":"send","id":"r${seq}","seq":${seq},"data":${line}}`)
        const start = (url: string): string => JSON.stringify({ t: 'start', v: 1, url, token, config: {} })
        const stop = '{"t":"stop","deadline_ms":5000}'
        const script = [start(server.url), ...sends, stop, start('http://127.0.0.1:9/'), sends[0], stop]
        const client = spawn('sh', ['-c', `exec ${clientIn(dir, name)}`], {
          stdio: ['pipe', 'pipe', 'inherit'],
        })
        client.stdin.end(`${script.join('\n')}\n`)
        const said = (await text(client.stdout)).trimEnd().split('\n')
        expect(said.map((line) => JSON.parse(line) as unknown)).toEqual([
          {
            t: 'hello',
            v: 1,
            client: 'my-client',
            version: '0',
            lang: expect.any(String),
            can: ['ingest'],
            knobs: [],
          },
          { t: 'ack', id: 'r0' },
          { t: 'ack', id: 'r1' },
          { t: 'done' },
          { t: 'drop', id: 'r0', why: expect.any(String) },
          { t: 'done' },
        ])
        await server.quiet()
        expect(server.entries('land')).toMatchObject([{ ids: [[0, 0, 1]] }])
        expect(server.entries('request')).toMatchObject([{ ids: [[0, 0, 1]] }])
        expect(server.entries('request')[0]).not.toHaveProperty('damaged')
      },
      120_000,
    )
  }
})

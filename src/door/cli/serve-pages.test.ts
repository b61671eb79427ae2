/** docs/admin.md and examples/serve against a served run: every line and every program as it stands there. */
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { calls } from '../../../fakes/admin/admin.ts'
import { served } from '../testing/served.ts'
import type { Served } from '../testing/served.ts'

const page = readFileSync('docs/admin.md', 'utf8')
const trouble = `version: 1
seed: '1'
rules:
  - { id: on-demand, key: global, on: response-head, taken: false, when: { fire: manual },
      fault: { type: http_error, status: 503 } }
`

interface Ran {
  code: number
  out: string
}

function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string>,
): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, env: { ...process.env, ...env } }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out: out + err }),
    )
  })
}

/** A folder in which curl fails where an answer says so. */
function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tailrace-admin-'))
  writeFileSync(join(dir, '.curlrc'), 'fail-with-body\n')
  writeFileSync(join(dir, 'trouble.yaml'), trouble)
  return dir
}

const lines = (text: string): string[] =>
  [...text.matchAll(/```sh\n(curl [^]*?)\n```/g)].map(([, line = '']) => line)

/** Method and path, as the line has them. */
function callOf(line: string): string {
  const path = /\$ADMIN([^\s"?]*)/.exec(line)?.[1] ?? ''
  const method =
    /-X (\w+)/.exec(line)?.[1] ?? (/ -T /.test(line) ? 'PUT' : / -d /.test(line) ? 'POST' : 'GET')
  return `${method} ${path}`
}

const fits = (form: string, call: string): boolean =>
  new RegExp(`^${form.replace(/\{\w+\}/, '[^/]+')}$`).test(call)

describe('docs/admin.md', () => {
  it('has a line for every call, and no other', () => {
    const there = lines(page)
      .filter((line) => line.includes('$ADMIN'))
      .map(callOf)
    const forms = calls.map(({ method, path }) => `${method} ${path}`)
    expect(forms.filter((form) => !there.some((call) => fits(form, call)))).toEqual([])
    expect(there.filter((call) => !forms.some((form) => fits(form, call)))).toEqual([])
  })

  const chapters = page.split(/^### /m).slice(1)
  it.each(chapters.map((text) => [text.split('\n')[0], text]))(
    '%s: each line does as it says',
    async (_, text) => {
      const dir = folder()
      await using server = await served({ clock: 'virtual', plan: join(dir, 'trouble.yaml') })
      const env = { HOME: dir, ADMIN: server.admin, URL: server.url }
      const all = lines(text)
      expect(all).not.toEqual([])
      let last: Ran = { code: 0, out: '' }
      for (const line of all) {
        last = await run('sh', ['-c', line], dir, env)
        expect({ line, ...last }).toMatchObject({ line, code: 0 })
      }
      if (text.startsWith('Verdicts')) expect(last.out).toMatch(/^\{\n {2}"verdict": "pass",/)
      expect(server.running.failures).toEqual([])
    },
  )

  it('has every status with which a call is refused', () => {
    const row = page.split('\n').filter((line) => /^\| \d/.test(line))
    const said = row.flatMap((line) =>
      [...(line.split('|')[1] ?? '').matchAll(/\d{3}/g)].map(([code]) => code),
    )
    expect(said).toEqual(['400', '401', '403', '404', '405', '409', '412', '413', '422', '503'])
  })
})

// Python may be there without httpx or without h2: pip install 'httpx[http2]'.
const python = process.env['TAILRACE_PYTHON'] ?? 'python3'
const hasHttpx = spawnSync(python, ['-c', 'import httpx, h2']).status === 0

describe('examples/serve', () => {
  const programs = [
    ['curl.sh', 'sh', true],
    ['undici.mjs', process.execPath, true],
    ['httpx_h2.py', python, hasHttpx],
  ] as const

  async function ran(server: Served, command: string, file: string): Promise<void> {
    const env: Record<string, string> = { TAILRACE_URL: server.url, TAILRACE_ADMIN: server.admin }
    const { authorityFile } = server.running
    if (authorityFile !== undefined) env['TAILRACE_CA'] = authorityFile
    const ended = await run(command, [`examples/serve/${file}`], '.', env)
    expect(ended).toEqual({ code: 0, out: expect.stringMatching(/^503, then 202.*\n.*pass/) })
  }

  for (const [file, command, isThere] of programs) {
    const title = isThere ? file : `${file}, left out: there is no httpx with h2`
    it.skipIf(!isThere)(`${title}, in the clear`, async () => {
      await using server = await served({ h2: true })
      await ran(server, command, file)
    })

    it.skipIf(!isThere)(`${title}, by TLS and HTTP/2`, async () => {
      await using server = await served({ h2: true, tls: true, out: join(folder(), 'trust') })
      await ran(server, command, file)
      const opens = (await server.ask('GET /ledger?kind=open')).lines()
      expect(opens).toContainEqual(expect.objectContaining({ proto: 'h2' }))
    })
  }
})

/** `tailrace profile`, and profiles in files: what is printed, and what is wrong with a file. */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { Command } from 'commander'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { TailraceError } from '../../errors.ts'
import { profiles } from '../../profile.ts'
import { fieldNames } from '../../profiles/document.ts'
import { readFlags } from './options.ts'
import type { RawFlags } from './options.ts'
import { profileAt } from './profile-file.ts'
import { addProfile } from './profile.ts'

afterEach(() => void vi.restoreAllMocks())

/** What `tailrace profile …` prints. */
async function profile(...args: string[]): Promise<string> {
  let out = ''
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text)
    return true
  })
  const program = new Command().exitOverride()
  addProfile(program)
  await program.parseAsync(['profile', ...args], { from: 'user' })
  write.mockRestore()
  return out
}

/** A directory of its own, as errors name it. */
const folder = relative(process.cwd(), realpathSync(mkdtempSync(join(tmpdir(), 'tailrace-profile-'))))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

function problemsOf(reference: string): string[] {
  try {
    profileAt(reference, '--profile')
  } catch (error) {
    if (!(error instanceof TailraceError)) throw error
    expect(error.exitCode).toBe(2)
    return error.problems.map(({ at, got }) => `${at}: ${got}`)
  }
  return expect.fail(`${reference} is a profile`)
}

describe('tailrace profile', () => {
  it('lists the shipped ones', async () => {
    for (const name of Object.keys(profiles)) expect(await profile('list')).toContain(name)
    const listed = JSON.parse(await profile('list', '--json')) as { name: string }[]
    expect(listed.map(({ name }) => name)).toEqual(Object.keys(profiles))
  })

  it.each(Object.keys(profiles))(
    'shows %s as a file that says the same, each line with its source',
    async (name) => {
      const text = await profile('show', name)
      for (const field of fieldNames) expect(text).toMatch(new RegExp(`^${field}: .+  # .+$`, 'm'))
      const path = file(`${name}.yaml`, text.replace(/^name: .*/, 'name: mine'))
      expect(profileAt(path, 'PROFILE').profile).toEqual({ ...profiles[name], name: 'mine' })
      const { sources, ...shown } = JSON.parse(await profile('show', name, '--json')) as { sources: object }
      expect(Object.keys(sources)).toHaveLength(fieldNames.length)
      expect(profileAt(file('same.json', JSON.stringify({ ...shown, name: 'mine' })), 'A').profile).toEqual({
        ...profiles[name],
        name: 'mine',
      })
    },
  )

  it('shows which fields of two differ, and which cases change their level', async () => {
    const mine = file(
      'levels.yaml',
      "name: mine\nextends: events-api\non_413: drop\nlevels: { 'ing.base.one': MAY }\n",
    )
    const text = await profile('diff', 'events-api', mine)
    expect(text).toContain('"split"')
    expect(text).toContain('ing.base.one  MUST → MAY')
    const { fields, levels } = JSON.parse(await profile('diff', 'events-api', mine, '--json')) as {
      fields: object
      levels: object[]
    }
    expect(fields).toEqual({ on_413: ['split', 'drop'], levels: [{}, { 'ing.base.one': 'MAY' }] })
    expect(levels).toEqual([{ case: 'ing.base.one', a: 'MUST', b: 'MAY' }])
    expect(await profile('diff', 'generic', 'generic')).toBe('generic and generic say the same\n')
  })
})

describe('a profile file', () => {
  it('stands on another, beside it, in YAML or JSON, and its fields name their sources', () => {
    mkdirSync(join(folder, 'base'), { recursive: true })
    file(
      'base/team.yaml',
      'name: team\nextends: events-api\nattempts: { min: 2, max: 3 }\nsources: { attempts: page 7 }\n',
    )
    file('base/half.json', '{"name":"half","extends":"team.yaml","dedup":null}')
    const path = file('mine.yaml', 'name: mine\nextends: base/half.json\non_413: any\n')
    const { profile: mine, sources } = profileAt(path, '--profile')
    const { dedup: _, ...events } = profiles['events-api'] ?? expect.fail()
    expect(mine).toEqual({ ...events, name: 'mine', attempts: { min: 2, max: 3 }, on413: 'any' })
    expect(sources).toMatchObject({ attempts: 'page 7', on_413: path, dedup: join(folder, 'base/half.json') })
  })

  it('stands on generic where it says nothing', () => {
    const path = file('plain.yaml', 'name: plain\n')
    expect(profileAt(path, '--profile').profile).toEqual({ ...profiles['generic'], name: 'plain' })
  })

  it('is told of what is wrong in it and in what it stands on, all at once', () => {
    const base = file('wrong-base.yaml', 'name: base\non_413: divide\n')
    const path = file('wrong.yaml', 'name: generic\nextends: wrong-base.yaml\nretires: 3\n')
    expect(problemsOf(path)).toEqual([`${path} /retires: an unknown key`, `${base} /on_413: "divide"`])
    const lost = file('lost.yaml', 'name: lost\nextends: nowhere.yaml\nbody: xml\n')
    expect(problemsOf(lost)).toEqual([`${lost} /body: "xml"`, `${lost} /extends: "nowhere.yaml"`])
  })

  it('is told of what contradicts itself, and of a name that is taken', () => {
    const path = file('sense.yaml', 'name: generic\nattempts: { min: 5, max: 2 }\nnever_retry: [4xx, 429]\n')
    expect(problemsOf(path)).toEqual([
      `${path} /name: "generic"`,
      `${path} /attempts/max: 2`,
      `${path} /never_retry/1: 429`,
    ])
  })

  it('that stands on itself is named with the whole circle', () => {
    const self = file('self.yaml', 'name: self\nextends: self.yaml\n')
    expect(problemsOf(self)).toEqual([`${self} /extends: ${self} → ${self}`])
    const [a, b, c] = ['a', 'b', 'c'].map((name, at) =>
      file(`${name}.yaml`, `name: ${name}\nextends: ./${['b', 'c', 'a'][at]}.yaml\n`),
    )
    expect(problemsOf(a as string)).toEqual([`${c} /extends: ${a} → ${b} → ${c} → ${a}`])
  })

  it('cannot hide a circle behind a link', () => {
    symlinkSync('.', join(folder, 'here'))
    const path = file('linked.yaml', 'name: linked\nextends: here/linked.yaml\n')
    expect(problemsOf(path)).toEqual([`${path} /extends: ${path} → ${path}`])
  })

  it.each([
    ['an unknown name', 'nobody', '--profile: "nobody"'],
    ['a name of every object', 'constructor', '--profile: "constructor"'],
    ['a file that is not there', './none.yaml', './none.yaml'.slice(2)],
  ])('is not %s', (_, reference, named) => {
    const [problem = '', ...more] = problemsOf(reference)
    expect(problem).toContain(named)
    expect(more).toEqual([])
  })

  it('is not text that is no YAML', () => {
    const path = file('broken.yaml', 'name: [\n')
    expect(problemsOf(path)).toEqual([expect.stringContaining(`${path}:2:1`)])
  })
})

describe('--profile', () => {
  const raw: RawFlags = {
    mode: 'ingest',
    level: 'should',
    tier: 'full',
    only: [],
    skip: [],
    host: '127.0.0.1',
    out: '.tailrace',
    report: 'text',
    rung: 'pipe',
  }

  it('is a name, a file, or the protocol’s own', () => {
    const path = file('flag.yaml', 'name: flag\nbody: ndjson\n')
    expect(readFlags({ ...raw, profile: path }).profile).toEqual({
      ...profiles['generic'],
      name: 'flag',
      body: 'ndjson',
    })
    expect(readFlags({ ...raw, profile: 'events-api-guide' }).profile.name).toBe('events-api-guide')
    expect(readFlags({ ...raw, protocol: 'elastic-bulk' }).profile.name).toBe('elastic-bulk')
    expect(readFlags(raw).profile.name).toBe('generic')
  })

  it('is told of with the other flags', () => {
    const path = file('bad.yaml', 'name: bad\nbody: xml\n')
    const wrong = (): unknown => readFlags({ ...raw, profile: path, level: 'x' })
    expect(wrong).toThrow(/bad\.yaml \/body/)
    expect(wrong).toThrow(/--level/)
  })
})

describe('docs/profiles.md', () => {
  const page = readFileSync('docs/profiles.md', 'utf8')

  it('shows a file that is a profile', () => {
    const [, example = ''] = /```yaml\n([^`]*)```/.exec(page) ?? []
    const { profile: mine } = profileAt(file('example.yaml', example), 'PROFILE')
    expect(mine).toMatchObject({ name: 'our-gateway', on413: 'split', attempts: { min: 3, max: 5 } })
  })

  it('names every profile and every field', () => {
    for (const name of [...Object.keys(profiles), ...fieldNames]) expect(page).toContain(`\n| \`${name}\``)
  })
})

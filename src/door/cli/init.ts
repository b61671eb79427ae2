/** `tailrace init js|py|go|sh`: writes a driver to put the library under test in, and a workflow that runs it. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { messageOf, shown, TailraceError } from '../../errors.ts'
import type { Problem } from '../../errors.ts'
import { rungs } from './options.ts'

/** What a driver in a language is called, what runs it, and what has to be built first. */
interface Language {
  readonly file: string
  /** Its template among `examples/init/` of the package, by rung. */
  readonly templates: Readonly<Partial<Record<Rung, string>>>
  readonly client: string
  readonly build?: string
}

type Rung = (typeof rungs)[number]

const both = (ending: string): Language['templates'] => ({ pipe: `pipe.${ending}`, lines: `lines.${ending}` })

export const languages: Readonly<Record<string, Language>> = {
  js: { file: 'driver.mjs', templates: both('mjs'), client: 'node driver.mjs' },
  py: { file: 'driver.py', templates: both('py'), client: 'python3 driver.py' },
  go: { file: 'driver.go', templates: both('go'), client: './driver', build: 'go build -o driver driver.go' },
  // A shell cannot read JSON lines as they come and say in between what became of each.
  sh: { file: 'driver.sh', templates: { pipe: 'pipe.sh' }, client: 'sh driver.sh' },
}

export function addInit(program: Command): void {
  program
    .command('init')
    .description('write a driver for a client, to put your library in')
    .argument('<language>', Object.keys(languages).join(', '))
    .option('--rung <rung>', 'pipe, or lines for a client that says what became of each record', 'pipe')
    .option('--out <dir>', 'where to write', '.')
    .option('--ci', 'write a GitHub workflow, too')
    .action((name: string, { rung, out, ci }: { rung: string; out: string; ci?: true }) => {
      const { language, rung: chosen, template } = choose(name, rung)
      const files = new Map([[join(out, language.file), templateText(template)]])
      if (ci) files.set(join(out, '.github', 'workflows', 'tailrace.yml'), workflow(language, chosen))
      writeNew(files)
      const there = out === '.' ? [] : [`cd ${out}`]
      const then = [
        ...there,
        ...(language.build === undefined ? [] : [language.build]),
        runOf(language, chosen),
      ]
      const names = [...files.keys()].map((path) => `wrote ${path}\n`)
      process.stdout.write([...names, `next: ${then.join(' && ')}\n`].join(''))
    })
}

function choose(name: string, rung: string): { language: Language; rung: Rung; template: string } {
  const problems: Problem[] = []
  const language = Object.hasOwn(languages, name) ? languages[name] : undefined
  if (!language) {
    problems.push({
      at: 'LANGUAGE',
      expected: `one of ${Object.keys(languages).join(', ')}`,
      got: shown(name),
    })
  }
  const chosen = rungs.find((one) => one === rung)
  if (!chosen) problems.push({ at: '--rung', expected: `one of ${rungs.join(', ')}`, got: shown(rung) })
  const template = chosen && language?.templates[chosen]
  if (language && chosen && template !== undefined) return { language, rung: chosen, template }
  if (problems.length === 0) {
    problems.push({ at: '--rung', expected: `pipe: there is no ${rung} driver in ${name}`, got: shown(rung) })
  }
  throw new TailraceError('usage', 'no such driver', problems)
}

function templateText(name: string): string {
  const root = dirname(createRequire(import.meta.url).resolve('tailrace/package.json'))
  return readFileSync(join(root, 'examples', 'init', name), 'utf8')
}

function runOf({ client }: Language, rung: Rung): string {
  return `npx tailrace run ${rung === 'pipe' ? '' : `--rung ${rung} `}--client '${client}'`
}

function workflow(language: Language, rung: Rung): string {
  return [
    '# Judges the client. What led to each verdict is kept with the run.',
    'name: tailrace',
    'on: [push, pull_request]',
    'jobs:',
    '  conformance:',
    '    runs-on: ubuntu-latest',
    '    steps:',
    '      - uses: actions/checkout@v4',
    '      - uses: actions/setup-node@v4',
    '        with: { node-version: 22 }',
    ...(language.build === undefined ? [] : [`      - run: ${language.build}`]),
    `      - run: ${runOf(language, rung)}`,
    '      - uses: actions/upload-artifact@v4',
    '        if: always()',
    '        with: { name: tailrace, path: .tailrace, include-hidden-files: true }',
    '',
  ].join('\n')
}

/** Writes all of them or, where one is there already, none. */
function writeNew(files: ReadonlyMap<string, string>): void {
  const there = [...files.keys()].filter((path) => existsSync(path))
  const taken = there.map((at): Problem => ({
    at,
    expected: 'no file',
    got: 'a file, which is left as it is',
  }))
  if (taken.length > 0) throw new TailraceError('usage', 'nothing was written', taken)
  for (const [path, text] of files) {
    try {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text, { flag: 'wx' })
    } catch (error) {
      const problem = { at: path, expected: 'a new file that can be written', got: messageOf(error) }
      throw new TailraceError('usage', 'cannot write the driver', [problem], { cause: error })
    }
  }
}

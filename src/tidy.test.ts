/**
 * The house rules that a machine can hold, read from the tree itself (CONTRIBUTING.md): floors of imports, homes
 * of packages, sizes, words that have one place or none. Every rule is shown a planted fault that it must catch.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

/** Path from the root, with `/`, to text. */
type Tree = ReadonlyMap<string, string>

const folders = ['src', 'fakes', 'scenarios', 'reporters', 'bench']
const rulesFloor = ['plan', 'wire', 'check']
const machines = ['drivers', 'clients', 'load']

/** Floor, its files, the floors that it may import beside its own, ground and nouns. The first that fits counts. */
const floors: readonly (readonly [name: string, files: RegExp, imports: readonly string[]])[] = [
  ['ground', /^src\/(clock|random|limits|errors|parameters|schema)\.ts$/, []],
  [
    'nouns',
    /^src\/(record|entry|entry-bytes|exchange|fault|ledger|history|profile|endpoint|driver|scenario|promises|verdict|report|plan\/plan|profiles\/\w+|faults\/[\w-]+)\.ts$/,
    [],
  ],
  ['plan', /^src\/plan\//, []],
  ['wire', /^src\/wire\//, []],
  ['check', /^src\/check\//, []],
  ['drivers', /^src\/drivers\//, ['wire']],
  ['clients', /^src\/clients\//, ['wire']],
  ['load', /^src\/load\//, ['wire', 'drivers', 'clients']],
  ['fakes', /^fakes\//, ['plan', 'wire']],
  ['reporters', /^reporters\//, []],
  [
    'stage',
    /^src\/((run|drive|budget|suite|select|baseline|repeats|result)\.ts$|search\/)/,
    [...rulesFloor, ...machines],
  ],
  ['door', /^src\/door\//, [...rulesFloor, ...machines, 'stage', 'fakes', 'reporters', 'scenarios']],
  ['scenarios', /^scenarios\//, []], // besides the public door, see below
  ['bench', /^bench\//, [...rulesFloor, ...machines, 'stage', 'door', 'fakes', 'reporters', 'scenarios']],
]
const publicDoor = 'src/door/index.ts'

/** A package has one home, so that it can be replaced there. */
const homes: Readonly<Record<string, RegExp>> = {
  undici: /^(src\/clients|fakes\/(transport|nock)|bench\/observe)\//,
  yaml: /^src\/(plan|door)\//,
  ajv: /^src\/schema\.ts$/,
  commander: /^src\/door\/cli\//,
  'node-forge': /^fakes\/tls\//,
  nock: /^fakes\/nock\//,
  vitest: /^src\/door\/vitest\.ts$/,
  'fast-check': /^src\/door\/fast-check[\w-]*\.ts$/,
  typescript: /^src\/door\/cli\/modules\.ts$/,
  autocannon: /^(bench|src\/load)\//,
}

const linesMax = 400
const functionLinesMax = 70
const columnsMax = 120
const medianLinesMax = 120
/** Files that are mostly one table. */
const tables: readonly string[] = ['src/promises.ts']

/** Files that nothing imports: the doors, and programs that are started. */
const entryPoints = [
  /^src\/door\/(index|bin|generate|fast-check|vitest|nock)\.ts$/,
  /^src\/clients\/index\.ts$/,
  /-main\.ts$/,
  /^bench\//,
]

const isTest = (path: string): boolean => /\.(test|suite)\.ts$|\/testing\//.test(path)
/** The only files that may read the machine's clock, set a timer or draw a number. */
const isSource = (path: string): boolean => /^src\/(clock|random)\.(test\.)?ts$/.test(path)

interface Link {
  readonly to: string
  readonly typeOnly: boolean
}

interface Parsed {
  readonly path: string
  readonly text: string
  readonly lines: readonly string[]
  readonly nodes: readonly ts.Node[]
  readonly source: ts.SourceFile
  readonly links: readonly Link[]
}

function parse(path: string, text: string): Parsed {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)
  const nodes: ts.Node[] = []
  const visit = (node: ts.Node): void => {
    nodes.push(node)
    ts.forEachChild(node, visit)
  }
  visit(source)
  const links = nodes.flatMap(linksOf).map(({ to, typeOnly }) => ({ to: resolved(path, to), typeOnly }))
  return { path, text, lines: text.trimEnd().split('\n'), nodes, source, links }
}

function linksOf(node: ts.Node): Link[] {
  const link = (to: ts.Node | undefined, typeOnly: boolean): Link[] =>
    to && ts.isStringLiteralLike(to) ? [{ to: to.text, typeOnly }] : []
  if (ts.isImportDeclaration(node)) {
    return link(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword)
  }
  if (ts.isExportDeclaration(node)) return link(node.moduleSpecifier, node.isTypeOnly)
  const dynamic = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
  return dynamic ? link(node.arguments[0], false) : []
}

function resolved(from: string, to: string): string {
  return to.startsWith('.') ? posix.join(posix.dirname(from), to) : to
}

function floorOf(path: string): (typeof floors)[number] | undefined {
  return floors.find(([, files]) => files.test(path))
}

type Rule = (file: Parsed, tree: Tree) => string[]

const importRules: Readonly<Record<string, Rule>> = {
  'imports go down': ({ path, links }, tree) => {
    if (isTest(path)) return []
    const [name, , others] = floorOf(path) ?? []
    if (name === undefined || others === undefined) return ['stands on no floor']
    const allowed = ['ground', 'nouns', name, ...others]
    return links.flatMap(({ to, typeOnly }) => {
      if (!to.includes('/') || !folders.includes(to.split('/')[0] ?? '')) return []
      if (!tree.has(to)) return [`imports ${to}, which is not there`]
      if (isTest(to)) return [`imports ${to}, which is for tests`]
      const floor = floorOf(to)?.[0]
      if (name === 'scenarios' && floor !== 'scenarios') {
        return to === publicDoor || (typeOnly && floor === 'nouns') ? [] : [`imports ${to} past the door`]
      }
      return floor !== undefined && allowed.includes(floor) ? [] : [`${name} imports ${to} of ${floor}`]
    })
  },
  'a package is imported at its home': ({ path, links }) =>
    links.flatMap(({ to }) => {
      if (isTest(path) || to.startsWith('node:') || folders.includes(to.split('/')[0] ?? '')) return []
      const name = to
        .split('/')
        .slice(0, to.startsWith('@') ? 2 : 1)
        .join('/')
      return homes[name]?.test(path) ? [] : [`imports ${name} away from its home`]
    }),
  'nothing is an orphan': ({ path }, tree) => {
    if (isTest(path) || entryPoints.some((entry) => entry.test(path))) return []
    const used = [...tree].some(
      ([from, text]) => from !== path && !isTest(from) && mentions(from, text, path),
    )
    return used ? [] : ['is imported by nothing']
  },
}

/** Whether `text` holds the path of `wanted` as a string, in an import or for a process to be started. */
function mentions(from: string, text: string, wanted: string): boolean {
  const base = posix.basename(wanted)
  if (!text.includes(base)) return false
  return [...text.matchAll(/'(\.[^']*)'/g)].some(([, to]) => resolved(from, to ?? '') === wanted)
}

const sizeRules: Readonly<Record<string, Rule>> = {
  'a file is short': ({ path, lines }) =>
    lines.length > linesMax && !tables.includes(path) ? [`has ${lines.length} lines`] : [],
  'a line is short': ({ path, lines }) =>
    isTest(path)
      ? [] // a snapshot is as wide as what it shows
      : lines.flatMap((line, i) =>
          line.length > columnsMax ? [`line ${i + 1} has ${line.length} columns`] : [],
        ),
  'a function is short': ({ path, nodes, source }) => {
    if (isTest(path)) return [] // a describe block is a chapter
    const lineAt = (position: number): number => source.getLineAndCharacterOfPosition(position).line
    return nodes.filter(ts.isFunctionLike).flatMap((node) => {
      const first = lineAt(node.getStart())
      const length = lineAt(node.end) - first + 1
      return length > functionLinesMax ? [`the function at line ${first + 1} has ${length} lines`] : []
    })
  },
  'a file says what it is for': ({ path, text }) =>
    isTest(path) || /^(#!.*\n)?\/\*\*/.test(text) ? [] : ['has no header comment'],
}

const timeAndChance = ['Math.random', 'Date.now', 'performance.now', 'process.hrtime']
const timers = ['setTimeout', 'setInterval', 'setImmediate']
const clockModules = ['node:timers', 'node:timers/promises', 'timers', 'node:perf_hooks']
/** Written so that this file does not hold them. */
const waivers = ['eslint-' + 'disable', '@ts-' + 'ignore', '@ts-' + 'nocheck', 'TO' + 'DO', 'FIX' + 'ME']

const wordRules: Readonly<Record<string, Rule>> = {
  'time and chance come from the clock and from named draws': ({ path, nodes, links }) => {
    if (isSource(path)) return []
    const found = nodes.flatMap((node) => {
      if (ts.isPropertyAccessExpression(node)) {
        const name = node.getText().replace(/^globalThis\./, '')
        return timeAndChance.includes(name) || timers.includes(name) ? [name] : []
      }
      if (ts.isNewExpression(node)) {
        return node.expression.getText() === 'Date' && !node.arguments?.length ? ['new Date()'] : []
      }
      const member = node.parent && ts.isPropertyAccessExpression(node.parent) && node.parent.name === node
      return ts.isIdentifier(node) && timers.includes(node.text) && !member ? [node.text] : []
    })
    const modules = links.map(({ to }) => to).filter((to) => clockModules.includes(to))
    return [...found, ...modules].map((name) => `uses ${name}`)
  },
  'no rule is waived': ({ text }) =>
    waivers.filter((word) => text.includes(word)).map((word) => `holds ${word}`),
  'no test is left out without a reason': ({ path, nodes, text }) => {
    if (!isTest(path)) return []
    return nodes.filter(ts.isPropertyAccessExpression).flatMap((node) => {
      if (!/^(it|test|describe)(\.|$)/.test(node.expression.getText())) return []
      if (node.name.text === 'only' || node.name.text === 'todo') return [`holds .${node.name.text}`]
      const reason = ts.getLeadingCommentRanges(text, ts.findAncestor(node, ts.isStatement)?.pos ?? 0)
      return node.name.text === 'skip' && !reason ? ['holds .skip with no comment above'] : []
    })
  },
  'no path of a machine': ({ path, text }) =>
    isTest(path)
      ? []
      : [...text.matchAll(/(?<![\w.])\/(home|root|work|tmp)\//g)].map(([found]) => `names ${found}`),
}

const rules: Readonly<Record<string, Rule>> = { ...importRules, ...sizeRules, ...wordRules }

/** What `rule` finds wrong with `tree`: `path: what`. */
function complaints(rule: Rule, tree: Tree): string[] {
  return [...tree].flatMap(([path, text]) => rule(parsed(path, text), tree).map((what) => `${path}: ${what}`))
}

const cache = new Map<string, Parsed>()

function parsed(path: string, text: string): Parsed {
  const known = cache.get(path)
  if (known?.text === text) return known
  const made = parse(path, text)
  cache.set(path, made)
  return made
}

function readTree(): Tree {
  const paths = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => posix.join(folder, name)),
  )
  const wanted = paths.filter((path) => path.endsWith('.ts')).sort()
  return new Map(wanted.map((path) => [path, readFileSync(path, 'utf8')]))
}

function medianLines(tree: Tree): number {
  const counts = [...tree]
    .filter(([path]) => !isTest(path))
    .map(([path, text]) => parsed(path, text).lines.length)
  return counts.sort((a, b) => a - b)[Math.floor(counts.length / 2)] ?? 0
}

describe('the tree', () => {
  const tree = readTree()

  it.each(Object.entries(rules))('%s', (_, rule) => expect(complaints(rule, tree)).toEqual([]))

  it('has a median file that fits two screens', () => {
    expect(tree.size).toBeGreaterThan(20)
    expect(medianLines(tree)).toBeLessThanOrEqual(medianLinesMax)
  })
})

/** A fault for each rule, as a small tree, and what the rule must say. */
const planted: readonly (readonly [rule: string, files: Readonly<Record<string, string>>, says: string])[] = [
  ['imports go down', { 'src/odd.ts': '' }, 'src/odd.ts: stands on no floor'],
  [
    'imports go down',
    { 'src/check/a.ts': "import { b } from '../plan/b.ts'", 'src/plan/b.ts': '' },
    'src/check/a.ts: check imports src/plan/b.ts of plan',
  ],
  [
    'imports go down',
    { 'src/run.ts': "export type { A } from '../fakes/a.ts'", 'fakes/a.ts': '' },
    'src/run.ts: stage imports fakes/a.ts of fakes',
  ],
  [
    'imports go down',
    { 'src/drivers/a.ts': "await import('../clients/b.ts')", 'src/clients/b.ts': '' },
    'src/drivers/a.ts: drivers imports src/clients/b.ts of clients',
  ],
  [
    'imports go down',
    { 'scenarios/a.ts': "import { limits } from '../src/limits.ts'", 'src/limits.ts': '' },
    'scenarios/a.ts: imports src/limits.ts past the door',
  ],
  [
    'imports go down',
    { 'src/wire/a.ts': "import './testing/b.ts'", 'src/wire/testing/b.ts': '' },
    'src/wire/a.ts: imports src/wire/testing/b.ts, which is for tests',
  ],
  [
    'imports go down',
    { 'src/limits.ts': "import './gone.ts'" },
    'src/limits.ts: imports src/gone.ts, which is not there',
  ],
  [
    'a package is imported at its home',
    { 'src/run.ts': "import { fetch } from 'undici'" },
    'src/run.ts: imports undici away from its home',
  ],
  [
    'a package is imported at its home',
    { 'fakes/a.ts': "import x from '@some/thing/deep'" },
    'fakes/a.ts: imports @some/thing away from its home',
  ],
  [
    'nothing is an orphan',
    { 'src/wire/a.ts': '', 'src/wire/a.test.ts': "import './a.ts'" },
    'src/wire/a.ts: is imported by nothing',
  ],
  ['a file is short', { 'src/wire/a.ts': 'x\n'.repeat(401) }, 'src/wire/a.ts: has 401 lines'],
  [
    'a line is short',
    { 'src/wire/a.ts': `\n// ${'x'.repeat(118)}` },
    'src/wire/a.ts: line 2 has 121 columns',
  ],
  [
    'a function is short',
    { 'src/wire/a.ts': `\nconst a = () => {${'\n'.repeat(70)}}` },
    'src/wire/a.ts: the function at line 2 has 71 lines',
  ],
  ['a file says what it is for', { 'src/wire/a.ts': '// no' }, 'src/wire/a.ts: has no header comment'],
  ...[
    'Math.random()',
    'Date.now()',
    'performance.now()',
    'process.hrtime.bigint()',
    'new Date()',
    'setTimeout(a, 1)',
  ].map((code): [string, Record<string, string>, string] => [
    'time and chance come from the clock and from named draws',
    { 'src/wire/a.test.ts': `const a = ${code}` },
    `src/wire/a.test.ts: uses ${/^(new Date\(\)|[\w]+(\.(random|now|hrtime))?)/.exec(code)?.[0]}`,
  ]),
  [
    'time and chance come from the clock and from named draws',
    { 'src/wire/a.ts': "import * as t from 'node:timers/promises'\nglobalThis.setImmediate" },
    'src/wire/a.ts: uses setImmediate',
  ],
  ['no rule is waived', { 'src/wire/a.ts': `// ${waivers[0]}` }, `src/wire/a.ts: holds ${waivers[0]}`],
  [
    'no test is left out without a reason',
    { 'src/a.test.ts': "it.only('a', () => {})" },
    'src/a.test.ts: holds .only',
  ],
  [
    'no test is left out without a reason',
    { 'src/a.test.ts': "\n\ndescribe('a', () => {\n  it.skip('b', () => {})\n})" },
    'src/a.test.ts: holds .skip with no comment above',
  ],
  ['no path of a machine', { 'src/wire/a.ts': "const a = '/tmp/x'" }, 'src/wire/a.ts: names /tmp/'],
]

describe('each rule', () => {
  it.each(planted)('catches planted fault %#: %s', (rule, files, says) => {
    const check = rules[rule] ?? expect.fail(`no rule ${rule}`)
    expect(complaints(check, new Map(Object.entries(files)))).toContain(says)
  })

  it('has a planted fault', () => {
    expect(new Set(planted.map(([rule]) => rule))).toEqual(new Set(Object.keys(rules)))
  })

  it('is content with a small tidy tree', () => {
    const tidy = new Map([
      ['src/limits.ts', '/** Bounds. */\nexport const a = new Date(0)\n'],
      ['src/door/index.ts', "/** The door. */\nexport { a } from '../limits.ts'\n"],
      ['src/door/bin.ts', "#!/usr/bin/env node\n/** Starts. */\nawait import('../../scenarios/index.ts')\n"],
      [
        'scenarios/index.ts',
        "/** Cases. */\nimport { a } from '../src/door/index.ts'\nserver.setTimeout(a)\n",
      ],
      ['src/a.test.ts', "import '../fakes/x.ts'\n// Not on Windows: no signals.\nit.skip('b', () => {})\n"],
    ])
    for (const rule of Object.values(rules)) expect(complaints(rule, tidy)).toEqual([])
  })
})

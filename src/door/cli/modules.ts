/**
 * Cases written in TypeScript or JavaScript: modules whose default export is a case, a plan, or a list of them. Node
 * strips types by itself from 22.18 on; before that the `typescript` of the user's own project does.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { messageOf, TailraceError } from '../../errors.ts'

const kinds = ['.ts', '.mts', '.js', '.mjs']

export function isModule(path: string): boolean {
  return kinds.includes(extname(path))
}

/** What the module exports as its default, as plain data: the same as if it had been YAML. */
export async function readModule(path: string): Promise<unknown[]> {
  const { default: exported } = (await load(path).catch((error: unknown) => {
    if (error instanceof TailraceError) throw error
    const problem = { at: path, expected: 'a module that loads', got: messageOf(error) }
    throw new TailraceError('case', `cannot load ${path}`, [problem], { cause: error })
  })) as { default?: unknown }
  if (typeof exported !== 'object' || exported === null) {
    const got = exported === undefined ? 'no default export' : typeof exported
    throw new TailraceError('case', `${path} is no case`, [
      { at: 'export default', expected: 'a case, a plan, or a list of them', got },
    ])
  }
  const list: unknown = JSON.parse(JSON.stringify(exported))
  if (!Array.isArray(list)) return [list]
  if (list.length > 0) return list as unknown[]
  throw new TailraceError('case', `${path} is no case`, [
    { at: 'export default', expected: 'at least one case', got: 'an empty list' },
  ])
}

async function load(path: string): Promise<unknown> {
  const whole = resolve(path)
  const typed = extname(path).endsWith('ts')
  const { typescript: strips } = process.features as { typescript?: unknown } // absent before Node 22.10
  if (!typed || strips) return import(pathToFileURL(whole).href)
  const { default: ts } = await import('typescript').catch(() => {
    throw new TailraceError('case', `cannot load ${path}`, [
      {
        at: path,
        expected: 'Node 22.18, or the package typescript beside tailrace',
        got: `Node ${process.version}`,
      },
    ])
  })
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
  const given = { compilerOptions: options, fileName: whole, reportDiagnostics: true }
  const { outputText, diagnostics = [] } = ts.transpileModule(readFileSync(whole, 'utf8'), given)
  if (diagnostics.length > 0) {
    const got = diagnostics
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))
      .join('; ')
    throw new TailraceError('case', `cannot load ${path}`, [{ at: path, expected: 'TypeScript', got }])
  }
  // Beside the original, so that what it imports is found.
  const made = join(dirname(whole), `.${basename(whole)}.${process.pid}.mjs`)
  writeFileSync(made, outputText)
  try {
    return await import(pathToFileURL(made).href)
  } finally {
    rmSync(made, { force: true })
  }
}

/**
 * The folder of a run: ledgers, outputs, replay files and reports, with a `latest` link beside it.
 */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { messageOf, TailraceError } from '../../errors.ts'
import { fileSink } from '../../ledger.ts'
import type { CaseRun, Stage } from '../../run.ts'
import type { Case } from '../../scenario.ts'
import type { Role } from '../../suite.ts'

export class RunFolder {
  /** Name of the run: when it began. */
  readonly run: string
  readonly path: string

  constructor(out: string, wallMs: number) {
    const root = resolve(out)
    const stamp = new Date(wallMs).toISOString().replace(/[:.]/g, '-')
    try {
      this.run = freshName(root, stamp)
      this.path = join(root, this.run)
      for (const part of ['ledger', 'replay', 'stdout', 'stderr', 'dir']) mkdirSync(join(this.path, part))
      const latest = join(root, 'latest')
      rmSync(latest, { force: true })
      symlinkSync(this.run, latest)
    } catch (error) {
      const problem = { at: '--out', expected: 'a directory that can be written', got: messageOf(error) }
      throw new TailraceError('usage', 'cannot make the folder of the run', [problem], { cause: error })
    }
  }

  stage(c: Case, role: Role, repeat: number): Stage {
    const name = role === 'case' ? fileName(c, repeat) : `${role}.${c.id}`
    const dir = join(this.path, 'dir', name)
    mkdirSync(dir, { recursive: true })
    return { dir, sink: fileSink(join(this.path, this.ledger(name))) }
  }

  /** Relative to the run's folder. */
  ledger(name: string): string {
    return join('ledger', `${name}.ndjson`)
  }

  /** As a person would type it. */
  shown(...parts: string[]): string {
    return relative(process.cwd(), join(this.path, ...parts)) || '.'
  }

  keepOutput(name: string, { driven }: CaseRun): void {
    if (!driven) return
    writeFileSync(join(this.path, 'stdout', `${name}.txt`), driven.stdout.bytes)
    writeFileSync(join(this.path, 'stderr', `${name}.txt`), driven.stderr.bytes)
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.path, name), text)
  }
}

/** `ing.base.one`, and `ing.base.one.2` where it is run again. */
export function fileName({ id }: Case, repeat: number): string {
  return repeat === 1 ? id : `${id}.${repeat}`
}

/** Makes the folder `stamp`, or `stamp.2`, … where another run began in the same millisecond. */
function freshName(root: string, stamp: string): string {
  mkdirSync(root, { recursive: true })
  for (let nth = 1; ; nth += 1) {
    const name = nth === 1 ? stamp : `${stamp}.${nth}`
    try {
      mkdirSync(join(root, name))
      return name
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || nth >= 1000) throw error
    }
  }
}

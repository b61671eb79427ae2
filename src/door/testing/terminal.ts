/** The command in a directory of its own, for tests. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Entry } from '../../entry.ts'
import type { Report } from '../../report.ts'

export const bin: string = fileURLToPath(new URL('../../../dist/src/door/bin.js', import.meta.url))

export interface Ended {
  code: number
  stdout: string
  stderr: string
}

export function run(args: readonly string[], cwd: string): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
    })
  })
}

/** The command, in a directory of its own. */
export class Terminal {
  readonly cwd: string = mkdtempSync(join(tmpdir(), 'tailrace-door-'))

  tailrace(...args: string[]): Promise<Ended> {
    return run([bin, ...args], this.cwd)
  }

  write(name: string, text: string): string {
    writeFileSync(join(this.cwd, name), text)
    return name
  }

  read(name: string): string {
    return readFileSync(join(this.cwd, name), 'utf8')
  }

  ledger(id: string): Entry[] {
    const lines = this.read(`.tailrace/latest/ledger/${id}.ndjson`).trimEnd().split('\n')
    return lines.map((line) => JSON.parse(line) as Entry)
  }

  report(): Report {
    return JSON.parse(this.read('.tailrace/latest/report.json')) as Report
  }
}

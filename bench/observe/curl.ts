/** curl, a process for each question: what comes before is asked by the same, so that it can keep its connection. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bodyOf, boundMs, contentType, messageText, timeoutMs } from './asking.ts'
import type { Asked, Client, Seen } from './asking.ts'

export type CurlHttp = '--http1.1' | '--http2' | '--http2-prior-knowledge'

/** Exit code of a time-out, libcurl's own or that of --max-time. */
const timedOut = 28

/** `text` of `curl --version`, or undefined where there is none. */
export function curlVersion(): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile('curl', ['--version'], (error, stdout) => resolve(error ? undefined : stdout))
  })
}

export interface CurlClient extends Client {
  /** Asks `first`, one request, then the others in the same process. */
  postAfter(first: Asked, asked: Asked): Promise<readonly Seen[]>
}

/** Between the end of one request and the start of the next there is this much of a second at most. */
const perMinute = 300

export function curlClient(http: CurlHttp, ca: string): CurlClient {
  async function run(asked: Asked, first?: Asked): Promise<readonly Seen[]> {
    const directory = mkdtempSync(join(tmpdir(), 'tailrace-observe-'))
    try {
      const all = [...(first?.bodies ?? []), ...asked.bodies]
      const sections = all.map((body, i) => {
        const file = join(directory, String(i))
        writeFileSync(file, bodyOf(body))
        return section(i, asked, file)
      })
      const together = asked.bodies.length > 1 ? ['--parallel'] : ['--rate', `${perMinute}/m`]
      const args = [...together, ...sections.flatMap((args, i) => (i > 0 ? ['--next', ...args] : args))]
      const stdout = await output(args)
      return asked.bodies.map((_, i) => seenIn(stdout, i + all.length - asked.bodies.length))
    } finally {
      rmSync(directory, { recursive: true })
    }
  }

  function section(i: number, { url, expects }: Asked, file: string): string[] {
    const seconds = (ms: number): string => String(ms / 1_000)
    return [
      ...['--silent', http, '--cacert', ca, '--output', '/dev/null'],
      ...['--max-time', seconds(boundMs), '--connect-timeout', seconds(timeoutMs)],
      ...['--request', 'POST', '--header', `Content-Type: ${contentType}`],
      ...['--header', expects ? 'Expect: 100-continue' : 'Expect:'],
      ...['--data-binary', `@${file}`],
      ...[
        '--write-out',
        `${i}\t%{exitcode}\t%{http_code}\t%{size_download}\t%header{content-encoding}\t%{errormsg}\n`,
      ],
      url,
    ]
  }

  return {
    cannot: ['pings'],
    post: (asked) => run(asked),
    postAfter: (first, asked) => run(asked, first),
    leave: () => Promise.resolve(),
  }
}

function output(args: readonly string[]): Promise<string> {
  const timeout = 10 * boundMs
  return new Promise((resolve) => {
    execFile('curl', args, { timeout }, (_, stdout) => resolve(stdout))
  })
}

/** It does not decode unless told to, and nobody has. */
function seenIn(stdout: string, i: number): Seen {
  const line = stdout.split('\n').find((each) => each.startsWith(`${i}\t`))
  if (line === undefined) return { outcome: 'error', code: 'crash', message: 'curl said nothing of it' }
  const [, exit = '', status = '', bytes = '', coding, message = ''] = line.split('\t')
  const body = { bytes: Number(bytes), ...(coding ? { coded: true as const } : {}) }
  const known = Number(status) > 0 ? { status: Number(status), ...body } : {}
  if (exit === '0') return { outcome: 'ok', ...known }
  const outcome = Number(exit) === timedOut ? 'timeout' : 'error'
  return { outcome, ...known, code: `curl ${exit}`, message: messageText(message) }
}

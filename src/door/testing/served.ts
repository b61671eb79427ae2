/** A served run in this process, for tests: started by flags as the command line has them, spoken to by HTTP. */
import { request } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { readServeFlags } from '../cli/serve-flags.ts'
import type { RawServeFlags } from '../cli/serve-flags.ts'
import { startServing } from '../cli/serve-running.ts'
import type { Running } from '../cli/serve-running.ts'

export interface Told {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** Of the whole body. */
  json(): unknown
  lines(): Record<string, unknown>[]
}

export interface Served extends AsyncDisposable {
  readonly running: Running
  readonly url: string
  readonly admin: string
  /** `call` is method and path; a body that is no text goes as JSON. */
  ask(call: string, body?: unknown, headers?: Record<string, string>): Promise<Told>
  /** Sends a body to the server itself; resolves to its status. */
  post(body: string): Promise<number>
}

const defaults: RawServeFlags = {
  ...{ port: '0', host: '127.0.0.1', protocol: 'generic', out: '.tailrace', datasource: [] },
  ...{ landing: 'memory', clock: 'real', timeScale: '1', adminPort: '0' },
}

export async function served(flags: Partial<RawServeFlags> = {}): Promise<Served> {
  const running = await startServing(readServeFlags({ ...defaults, ...flags }))
  const local = (url: string): string => url.replace('0.0.0.0', '127.0.0.1')
  const [url, admin] = [local(running.endpoint.url), local(running.admin?.url ?? '')]
  let stopped: Promise<void> | undefined
  return {
    ...{ running, url, admin },
    ask: (call, body, headers) => {
      const [method = '', path = ''] = call.split(' ')
      return ask(method, admin + path, body, headers)
    },
    post: async (body) => (await ask('POST', url, body)).status,
    [Symbol.asyncDispose]: () => (stopped ??= running.stop()),
  }
}

/** On a connection of its own. */
export function ask(
  method: string,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Told> {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const asking = request(url, { method, headers, agent: false }, (answer) => {
      let got = ''
      answer.setEncoding('utf8')
      answer.on('data', (part: string) => (got += part))
      answer.on('error', reject)
      answer.on('end', () => resolve(told(answer.statusCode ?? 0, answer.headers, got)))
    })
    asking.on('error', reject)
    asking.end(text)
  })
}

function told(status: number, headers: IncomingHttpHeaders, text: string): Told {
  return {
    ...{ status, headers, text },
    json: () => JSON.parse(text) as unknown,
    lines: () =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  }
}

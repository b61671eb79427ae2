/** A server of the Events API with a workspace of its own, asked by raw bytes, for tests. */
import { DataSource, DataSources } from '../../../pipeline/data-sources.ts'
import { readFirstFile } from '../../../pipeline/first-file.ts'
import { readRows } from '../../../pipeline/rows.ts'
import { serveAt } from '../../../server.ts'
import { RawClient, requestText } from '../../../testing/raw-client.ts'
import { datedClock, entriesOf, optionsFor } from '../../../testing/serving.ts'
import type { EntryKind, EntryOf } from '../../../../src/entry.ts'
import type { Rule } from '../../../../src/plan/plan.ts'
import { Rates } from '../rates.ts'
import type { RateOptions } from '../rates.ts'

export const tokens = {
  admin: 'tk_admin',
  create: 'tk_create',
  hits: 'tk_hits',
  elsewhere: 'tk_elsewhere',
} as const

export const firstFile = '{"date":"2020-04-05 00:05:38","city":"New York","visits":3}\n'

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly json: Record<string, unknown>
}

export interface Asked {
  readonly token?: string
  readonly fields?: readonly string[]
  readonly body?: string | Buffer
}

export interface Api extends AsyncDisposable {
  /** `line` is method and target. */
  ask(line: string, asked?: Asked): Promise<Answered>
  entries<K extends EntryKind>(kind: K): EntryOf<K>[]
  readonly failures: readonly string[]
}

/** Has the data sources `tailrace`, of any shape, and `hits`, made from `firstFile`. */
export async function api(
  rates: Partial<RateOptions> = {},
  rules: readonly Rule[] = [],
  hitsFile: string = firstFile,
): Promise<Api> {
  const options = optionsFor(rules, datedClock(), 'events-api')
  const first = readFirstFile(readRows(Buffer.from(hitsFile), 'ndjson') ?? [])
  if (!first.ok) throw new Error('the first file of the test does not fit')
  const sources = [new DataSource('tailrace'), new DataSource('hits', first.columns)]
  const endpoint = await serveAt({
    ...options,
    workspace: {
      tokens: [
        { token: tokens.admin, scopes: ['ADMIN'] },
        { token: tokens.create, scopes: ['DATASOURCE:CREATE'] },
        { token: tokens.hits, scopes: ['DATASOURCE:APPEND:hits'] },
        { token: tokens.elsewhere, scopes: ['ADMIN'], elsewhere: true },
      ],
      dataSources: new DataSources(sources, 'refused'),
      rates: new Rates({ clock: options.clock, enforced: true, ...rates }),
    },
  })
  const port = Number(new URL(endpoint.base).port)
  return {
    failures: endpoint.failures,
    entries: (kind) => entriesOf(options.ledger.entries, kind),
    ask: (line, asked) => ask(port, line, asked),
    [Symbol.asyncDispose]: () => endpoint.stop(),
  }
}

async function ask(
  port: number,
  line: string,
  { token, fields = [], body = '' }: Asked = {},
): Promise<Answered> {
  const client = await RawClient.to(port)
  const length = `Content-Length: ${Buffer.byteLength(body)}`
  const bearer = token === undefined ? [] : [`Authorization: Bearer ${token}`]
  client.send(requestText(line, ['Connection: close', length, ...bearer, ...fields]))
  client.send(body)
  const { text } = await client.toEnd()
  const [head = '', content = ''] = Buffer.from(text, 'latin1').toString().split('\r\n\r\n')
  const [start = '', ...lines] = head.split('\r\n')
  const headers = lines.map((each): [string, string] => {
    const colon = each.indexOf(':')
    return [each.slice(0, colon).toLowerCase(), each.slice(colon + 1).trim()]
  })
  return {
    status: Number(start.split(' ')[1]),
    headers: Object.fromEntries(headers),
    text: content,
    json: content === '' ? {} : (JSON.parse(content) as Record<string, unknown>),
  }
}

/** What `serve` says when it listens: for people, with a command that works as it stands, or for programs. */
import { typeText } from '../../../fakes/pipeline/columns.ts'
import type { DataSource } from '../../../fakes/pipeline/data-sources.ts'
import type { Token } from '../../../fakes/protocols/events-api/tokens.ts'
import type { Endpoint } from '../../endpoint.ts'
import type { ServeFlags } from './serve-flags.ts'

export interface Served {
  readonly flags: ServeFlags
  readonly endpoint: Endpoint
  readonly tokens: readonly Token[]
}

/** `token` is the admin's, and only where the protocol demands one. */
export function servedJson({ flags, endpoint: { url, base }, tokens: [admin] }: Served): string {
  const port = Number(new URL(base).port || 80)
  const token = admin ? { token: admin.token } : {}
  return `${JSON.stringify({ url, base, port, seed: flags.plan.seed, ...token })}\n`
}

export function servedText({ flags, endpoint, tokens }: Served): string {
  const { protocol, plan, ledgerFile, dataSources } = flags
  const rules = `${plan.rules.length} ${plan.rules.length === 1 ? 'rule' : 'rules'}`
  const lines = [
    `${protocol.name} at ${endpoint.url}, seed ${plan.seed}, ${rules} of a plan`,
    ...tokens.map(tokenLine),
    ...(protocol.name === 'events-api' ? dataSources.map(sourceLine) : []),
    `ledger: ${ledgerFile ?? 'none kept (--ledger FILE)'}`,
    `try: ${curlLine(flags, endpoint, tokens[0])}`,
    'Ctrl-C ends it.',
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function tokenLine({ token, scopes, elsewhere }: Token): string {
  return `token ${token}  ${elsewhere ? 'of another region' : scopes.join(', ')}`
}

function sourceLine(source: DataSource): string {
  if (source.anyShape) return `data source ${source.name}: rows of any shape`
  const columns = source.columns().map(({ name, cell }) => `${name} ${typeText(cell)}`)
  const rows = `${source.rows} ${source.rows === 1 ? 'row' : 'rows'}`
  return `data source ${source.name}: ${columns.join(', ')}; ordered by ${source.sortingKey ?? 'nothing'}; ${rows}`
}

/** For any POSIX shell. */
function curlLine({ protocol, host }: ServeFlags, { url }: Endpoint, admin: Token | undefined): string {
  const example = protocol.exampleLines ?? ['{"date":"2020-04-05 00:05:38","city":"Chicago"}']
  const quoted = example.map((line) => `'${line}'`).join(' ')
  const auth = admin ? `-H 'Authorization: Bearer ${admin.token}' ` : ''
  const type = "-H 'Content-Type: application/x-ndjson' "
  const glob = host.includes(':') ? '-g ' : '' // an IPv6 address has brackets
  return `printf '%s\\n' ${quoted} | curl -sS ${glob}${auth}${type}--data-binary @- '${url}'`
}

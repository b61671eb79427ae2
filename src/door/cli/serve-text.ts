/** What `serve` says when it listens: for people, with a command that works as it stands, or for programs. */
import { typeText } from '../../../fakes/pipeline/columns.ts'
import type { DataSource } from '../../../fakes/pipeline/data-sources.ts'
import type { Token } from '../../../fakes/protocols/events-api/tokens.ts'
import type { Running } from './serve-running.ts'

type Served = Pick<Running, 'flags' | 'endpoint' | 'tokens' | 'authorityFile' | 'admin'>

/** `token` is the admin's of the protocol, and only where that demands one. */
export function servedJson({ flags, endpoint: { url, base }, tokens, authorityFile, admin }: Served): string {
  const { port } = new URL(base)
  const said = {
    url,
    base,
    port: Number(port || (flags.tls ? 443 : 80)),
    seed: flags.plan.seed,
    ...(tokens[0] ? { token: tokens[0].token } : {}),
    ...(authorityFile === undefined ? {} : { ca: authorityFile }),
    ...(admin ? { adminUrl: admin.url } : {}),
    ...(admin?.token === undefined ? {} : { adminToken: admin.token }),
  }
  return `${JSON.stringify(said)}\n`
}

export function servedText(served: Served): string {
  const { flags, endpoint, tokens, authorityFile } = served
  const { protocol, plan, ledgerFile, dataSources } = flags
  const rules = `${plan.rules.length} ${plan.rules.length === 1 ? 'rule' : 'rules'}`
  const lines = [
    `${protocol.name} at ${endpoint.url}, seed ${plan.seed}, ${rules} of a plan`,
    ...tokens.map(tokenLine),
    ...(protocol.name === 'events-api' ? dataSources.map(sourceLine) : []),
    ...(authorityFile === undefined ? [] : [`authority to trust: ${authorityFile}`]),
    ...clockLines(served),
    ...adminLines(served),
    `ledger: ${ledgerFile ?? 'none kept (--ledger FILE)'}`,
    `try: ${curlLine(served)}`,
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

function clockLines({ flags: { clock, timeScale } }: Served): string[] {
  if (clock === 'virtual') return ['clock: stands still until POST /clock/advance turns it']
  return timeScale === 1 ? [] : [`clock: a second of the server takes ${timeScale} s`]
}

function adminLines({ admin }: Served): string[] {
  if (!admin) return []
  const { url, token } = admin
  if (token === undefined) return [`admin API at ${url}: curl -sS ${globbed(url)}${url}/`]
  return [
    `admin API at ${url}, token ${token}`,
    `  curl -sS ${globbed(url)}-H 'Authorization: Bearer ${token}' ${url}/`,
  ]
}

/** For any POSIX shell. */
function curlLine({
  flags: { protocol },
  endpoint: { url },
  tokens: [admin],
  authorityFile,
}: Served): string {
  const example = protocol.exampleLines ?? ['{"date":"2020-04-05 00:05:38","city":"Chicago"}']
  const quoted = example.map((line) => `'${line}'`).join(' ')
  const auth = admin ? `-H 'Authorization: Bearer ${admin.token}' ` : ''
  const type = "-H 'Content-Type: application/x-ndjson' "
  const trust = authorityFile === undefined ? '' : `--cacert '${authorityFile.replaceAll("'", "'\\''")}' `
  return `printf '%s\\n' ${quoted} | curl -sS ${globbed(url)}${trust}${auth}${type}--data-binary @- '${url}'`
}

/** The brackets of an IPv6 address are none of curl's. */
function globbed(url: string): string {
  return url.includes('[') ? '-g ' : ''
}

/** `docs/faults.observed.md`, made from the JSON beside it. */
import { columns } from './catalogue.ts'
import type { LayerName } from './catalogue.ts'
import type { NotApplicable, Observation, ObservedDocument, Row } from './document.ts'

const layers: Readonly<Record<LayerName, string>> = {
  h1: 'HTTP/1.1, TCP and the application',
  tls: 'TLS',
  h2: 'HTTP/2',
}

const remarks: Readonly<Partial<Record<LayerName, string>>> = {
  h1: 'In HTTP/2 these faults strike the stream or its connection in the same way, where they can.',
  h2: `Clients that speak HTTP/1.1 alone are not in this table: node:http and the global fetch. undici sends requests
with a body beside each other only when told that they are idempotent: \`request\` is told so, \`fetch\` cannot be.`,
}

export function page(document: ObservedDocument): string {
  const sections = (Object.keys(layers) as LayerName[]).map((layer) => section(document, layer))
  return `${[head(document), ...sections, unseenSection(document)].join('\n\n')}\n`
}

function head({ versions, conditions }: ObservedDocument): string {
  const { timeout_ms, bound_ms, timed_bound_ms, answer_bytes } = conditions
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return `# What clients see of each fault

<!-- Made from faults.observed.json by bench/observe.ts; run \`npm run observe\`. -->

One POST of one record under each fault, by clients as they come, on loopback. Seen with
${list.join(', ')}.

How to read a cell: what a program is told that reads the answer to its end. \`ok\`, \`error\` or \`timeout\`,
then the status if one was read, then the code. A \`timeout\` with a code is the client's own timer, set to
${timeout_ms} ms where it has one; \`timeout\` alone is a client that was still waiting after ${bound_ms} ms, or
${timed_bound_ms} ms where it has timers. An answer has ${answer_bytes} bytes; when fewer were handed over, they are
counted. A fault strikes once, so a client that tries again is answered: then its attempts are counted.
\`n/a\`: the fault cannot strike this client, and why.

The last column names what looks like success and is none, to at least one client of the row:
**silent truncation** where it hands over a part of the answer as if that were all; **read as whole** where the
answer breaks the rules, or its stream has no end, and it is taken all the same.

\`no strike\` and \`misfire\`: the server says that it has not done what was planned, often because the client had
left before the last of it. Where an end and a parse error race, another run can tell another error.`
}

function section(document: ObservedDocument, layer: LayerName): string {
  const names = columns[layer].map(({ name }) => name)
  const heads = ['fault', 'at', 'with', ...names, 'looks like success']
  const rows = document.rows
    .filter((row) => row.layer === layer)
    .map((row) => {
      const cells = names.map((name) => cell(document, row.seen[name]))
      return line([row.fault, row.on, detail(row), ...cells, marks(document, row).join(', ')])
    })
  const words = remarks[layer]
  return [
    `## ${layers[layer]}`,
    '',
    ...(words ? [words, ''] : []),
    line(heads),
    line(heads.map(() => '---')),
    ...rows,
  ].join('\n')
}

function unseenSection({ unseen }: ObservedDocument): string {
  const items = Object.entries(unseen).map(([name, why]) => `- \`${name}\`: ${why}`)
  return ['## Not to be seen from outside', '', ...items].join('\n')
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`
}

function detail({ taken, parameters, client }: Row): string {
  const all = { ...parameters, ...(taken === undefined ? {} : { taken }), ...client }
  const items = Object.entries(all).map(([name, value]) => {
    return `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`
  })
  return items.join(', ')
}

function cell(document: ObservedDocument, seen: Observation | NotApplicable | undefined): string {
  if (!seen) return ''
  if ('notApplicable' in seen) return `n/a: ${seen.notApplicable}`
  const { outcome, status, bytes, coded, code, answered, attempts, retried, fault } = seen
  const isShort = status === fullStatus && bytes !== undefined && bytes < document.conditions.answer_bytes
  const words = [
    outcome,
    ...(status === undefined ? [] : [String(status)]),
    ...(code === undefined ? [] : [code]),
    ...(isShort ? [`${bytes} B${coded ? ' coded' : ''}`] : []),
  ]
  const more = [
    ...(answered === undefined ? [] : [`${answered} answered`]),
    ...(retried ? [`${attempts} attempts`] : []),
    ...(fault === 'emitted' ? [] : [fault === 'did not strike' ? 'no strike' : fault]),
  ]
  return [words.join(' '), ...more].join(', ')
}

/** Of the protocol's own answer. */
const fullStatus = 202

export type Mark = 'silent truncation' | 'read as whole'

/** What looks like success to at least one client. */
export function marks(document: ObservedDocument, row: Row): Mark[] {
  const found = new Set(Object.values(row.seen).map((seen) => markOf(document, row, seen)))
  return (['silent truncation', 'read as whole'] as const).filter((mark) => found.has(mark))
}

function markOf(
  { conditions }: ObservedDocument,
  { answer, layer }: Row,
  seen: Observation | NotApplicable,
): Mark | undefined {
  if ('notApplicable' in seen || seen.fault !== 'emitted' || seen.outcome !== 'ok') return undefined
  const { status, bytes = 0, coded } = seen
  if (coded) return undefined // whether it is whole turns out when it is decoded
  if (status === fullStatus && bytes < conditions.answer_bytes) return 'silent truncation'
  // Of HTTP/1.1 an answer that was cut behind its end is whole; a stream without its end is not (RFC 9113 §8.1).
  const unended = layer === 'h2' && answer === 'none' && status === fullStatus
  return answer === 'doubtful' || unended ? 'read as whole' : undefined
}

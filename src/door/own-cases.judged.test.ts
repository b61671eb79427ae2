/** Cases of a user's own: YAML, TypeScript and JavaScript, plans, and what is wrong with them. */
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { shipped } from '../../scenarios/testing/judging.ts'
import { Terminal } from './testing/terminal.ts'

const reference = shipped('reference')

const yaml = `
id: own.late
title: A slow answer is waited for.
mode: ingest
level: MUST
source: our runbook
records: 12
steps:
  - { do: offer, records: 5 }
  - { do: wait, for: request, at_most_ms: 300 }
faults:
  - id: slow
    key: content
    on: response-head
    taken: true
    when: { attempt: [1] }
    fault: { type: header_delay, delay_ms: 200 }
promises:
  - { use: landed, times: 1 }
`

const module = (id: string, types: string): string => `
const base${types ? ': Record<string, unknown>' : ''} = { mode: 'ingest', level: 'SHOULD', source: 'ours', records: 3, faults: [] }
export default [
  { ...base, id: '${id}.one', title: 'One.', promises: [{ use: 'landed', times: 1 }] },
  { ...base, id: '${id}.two', title: 'Two.', promises: [{ use: 'attempts', min: 1, max: 1 }] },
]${types}
`

describe('cases of one’s own', () => {
  it('are read from YAML, TypeScript and JavaScript, and judged beside each other', async () => {
    const terminal = new Terminal()
    const files = [
      terminal.write('late.yaml', yaml),
      terminal.write('typed.ts', module('typed', ' satisfies object[]')),
      terminal.write('plain.mjs', module('plain', '')),
    ]
    const { code, stdout, stderr } = await terminal.tailrace('run', ...files, '--client', reference)
    expect(stderr).toBe('')
    expect(code, stdout).toBe(0)
    const verdicts = terminal.report().cases.map(({ id, verdict }) => `${id} ${verdict}`)
    expect(verdicts.sort()).toEqual(
      ['own.late', 'plain.one', 'plain.two', 'typed.one', 'typed.two'].map((id) => `${id} pass`),
    )
    expect(readdirSync(terminal.cwd).sort()).toEqual(['.tailrace', 'late.yaml', 'plain.mjs', 'typed.ts'])
  }, 60_000)

  it('and plans, which the properties judge', async () => {
    const terminal = new Terminal()
    const plan = terminal.write(
      'outage.yaml',
      'version: 1\nseed: "7"\nrules:\n  - id: r\n    key: content\n    on: response-head\n    taken: false\n    when: { attempt: [1] }\n    fault: { type: http_error, status: 503 }\n',
    )
    const { code, stdout } = await terminal.tailrace('run', plan, '--client', reference)
    expect(code, stdout).toBe(0)
    const [only] = terminal.report().cases
    expect(only).toMatchObject({ id: 'plan.outage', verdict: 'pass', seed: '7' })
    expect(only?.checks.map(({ id }) => id)).toEqual(expect.arrayContaining(['I1', 'I9', 'I24', 'X4']))
  }, 60_000)

  it.each([
    [
      'keys that are not known',
      yaml.replace('source:', 'sauce:').replace('times:', 'time:'),
      ['sauce', 'time'],
    ],
    ['more offered than there is', yaml.replace('records: 5', 'records: 50'), ['/steps', '12']],
    [
      'a client that is not there',
      yaml.replace('use: landed, times: 1', 'use: silent, client: 4'),
      ['/promises/0/client'],
    ],
  ])('with %s are named, all at once', async (_, text, wanted) => {
    const terminal = new Terminal()
    const { code, stderr } = await terminal.tailrace(
      'run',
      terminal.write('own.yaml', text),
      '--client',
      reference,
    )
    expect(code).toBe(2)
    for (const name of wanted) expect(stderr).toContain(name)
  })

  it.each([
    ['does not load', 'export default [', 'typed.ts'],
    ['exports an empty list', 'export default []', 'an empty list'],
    ['exports nothing', 'export const a = 1', 'no default export'],
    ['exports no case', 'export default 7', 'number'],
    ['throws', 'throw new Error("of its own")', 'of its own'],
    ['doubles an id', module('x', '').replace('x.two', 'x.one'), 'an id of its own'],
  ])('in a module that %s are named', async (_, text, wanted) => {
    const terminal = new Terminal()
    const { code, stderr } = await terminal.tailrace(
      'run',
      terminal.write('typed.ts', text),
      '--client',
      reference,
    )
    expect(code).toBe(2)
    expect(stderr).toContain(wanted)
    expect(readdirSync(terminal.cwd)).toEqual(['typed.ts'])
  })
})

/** The cases of the bulk API tell clients that read the results of the items from those that do not. */
import { describe, expect, it } from 'vitest'
import { checksThat, judgeCase } from '../../../scenarios/testing/judging.ts'

/** A sender that is told how it goes on after the first answer; `again` are the lines that it sends once more. */
const sender = (goesOn: string): string => `node --input-type=module -e "
import { text } from 'node:stream/consumers'
const lines = (await text(process.stdin)).trim().split('\\n')
const post = async (some) => {
  const headers = { 'content-type': 'application/x-ndjson' }
  const body = some.map((line) => '{\\"create\\":{}}\\n' + line + '\\n').join('')
  const answer = await fetch(process.env.TAILRACE_URL, { method: 'POST', headers, body })
  return (await answer.json()).items.map((item) => item.create.status)
}
const statuses = await post(lines)
const failed = lines.filter((_, at) => statuses[at] !== 201)
const limited = lines.filter((_, at) => statuses[at] === 429)
${goesOn}
"`

const clients = {
  'sends again what it should, and tells of the rest': `
    if (limited.length > 0) await post(limited)
    process.exitCode = failed.length > limited.length ? 10 : 0`,
  'looks at the status of the answer alone': '',
  'sends everything again': 'if (failed.length > 0) await post(lines)',
  'sends again whatever failed': 'if (failed.length > 0) await post(failed)',
}

describe('a client that', () => {
  it.each([
    ['sends again what it should, and tells of the rest', 'ing.part.per-item-retry', []],
    ['sends again what it should, and tells of the rest', 'ing.part.unknown-result', []],
    [
      'looks at the status of the answer alone',
      'ing.part.per-item-retry',
      ['inv.no-loss', 'inv.no-false-success'],
    ],
    ['sends everything again', 'ing.part.per-item-retry', ['inv.no-double']],
    ['sends again whatever failed', 'ing.part.unknown-result', ['rule']],
  ] as const)('%s: %s', async (name, id, failing) => {
    const run = await judgeCase(id, sender(clients[name]), { protocol: 'elastic-bulk' })
    expect(run.failures).toEqual([])
    const checks = JSON.stringify(run.judgement?.checks, null, 1)
    expect(run.judgement?.verdict, checks).toBe(failing.length === 0 ? 'pass' : 'fail')
    expect(checksThat(run, 'fail'), checks).toEqual(expect.arrayContaining([...failing]))
  })
})

import { expect, it } from 'vitest'
import { Agent, interceptors, request } from 'undici'
import { startServer } from './vitest.ts'

// The client under test: undici, told to send again.
const retry = interceptors.retry({ methods: ['POST'], statusCodes: [503], minTimeout: 100 })
const dispatcher = new Agent().compose(retry)

async function deliver(url: string, records: readonly object[]): Promise<void> {
  const body = records.map((record) => `${JSON.stringify(record)}\n`).join('')
  const { statusCode } = await request(url, { method: 'POST', body, dispatcher })
  if (statusCode !== 202) throw new Error(`refused with ${statusCode}`)
}

const plan = `
version: 1
seed: '42'
rules:
  - id: busy
    key: content
    on: response-head
    taken: false
    when: { attempt: [1] }
    fault: { type: http_error, status: 503, retry_after_s: 1 }
`

it('waits as long as it is told, and delivers', async () => {
  await using server = await startServer({ plan })
  await deliver(server.url, server.records(10))
  await expect(server).toHaveFired('busy', { min: 1, max: 1 })
  await expect(server).toHonourRetryAfter()
  await expect(server).toDeliverExactlyOnce()
})

it('does not tell when the answer is lost, and doubles', async () => {
  const cut = plan.replace('taken: false', 'taken: true').replace(/fault: .*/, 'fault: { type: reset_peer }')
  await using server = await startServer({ plan: cut })
  await deliver(server.url, server.records(10))
  await expect(server).toDeliverAtLeastOnce()
  await expect(server).not.toHaveNoDuplicates()
})

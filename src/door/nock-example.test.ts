import { afterAll, beforeAll, expect, it } from 'vitest'
import { forbidStrayTraffic, nockPlan } from './nock.ts'
import type { StrayTraffic } from './nock.ts'
import './vitest.ts'

// The client under test, which knows one address: after a network error it sends once more.
async function track(records: readonly object[]): Promise<void> {
  const body = records.map((record) => `${JSON.stringify(record)}\n`).join('')
  const send = (): Promise<Response> => fetch('https://api.example/events', { method: 'POST', body })
  const answer = await send().catch(send)
  if (!answer.ok) throw new Error(`refused with ${answer.status}`)
}

const plan = `
version: 1
seed: '42'
rules:
  - id: cut
    key: content
    on: response-head
    taken: true
    when: { attempt: [1] }
    fault: { type: reset_peer }
`

let stray: StrayTraffic
beforeAll(async () => {
  stray = await forbidStrayTraffic()
})
afterAll(() => stray.release())

it('sends again when its answer is lost, and so doubles', async () => {
  await using api = await nockPlan(plan, { origin: 'https://api.example' })
  await track(api.records(10))
  await expect(api).toHaveFired('cut', { min: 1, max: 1 })
  await expect(api).toDeliverAtLeastOnce()
  await expect(api).not.toHaveNoDuplicates()
  expect(stray.seen).toEqual([])
})

/** Every case with clients whose verdict is known: the reference passes all, nobody who cheats passes any. */
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { clientNames } from '../src/clients/command.ts'
import { cases } from './index.ts'
import { checksThat, judgeCase, judgeSuite, shipped, verdicts } from './testing/judging.ts'

const all = (verdict: string): Record<string, string> =>
  Object.fromEntries(cases.map(({ id }) => [id, verdict]))
const has = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0

describe('the reference client', () => {
  it.each(['generic', 'events-api', 'events-api-guide'])(
    'passes every case under %s',
    async (profile) => {
      const protocol = profile === 'generic' ? 'generic' : 'events-api'
      const report = await judgeSuite(shipped('reference'), { protocol, profile, seed: `seed ${profile}` })
      const guide = profile === 'events-api-guide'
      // The guide retries no 429, the reference client does: what the case then says is the profile's business.
      const got = verdicts(report)
      if (guide) delete got['ing.ra.429-seconds']
      const wanted = all('pass')
      if (guide) delete wanted['ing.ra.429-seconds']
      expect(got).toEqual(wanted)
      expect(report.fitness).toMatchObject({ control: 'pass', null: 'fail' })
    },
    60_000,
  )

  it('passes without knowing the case, in a drawn order, and with its knobs honoured', async () => {
    const client = `env -u TAILRACE_CASE -u TAILRACE_SEED ${shipped('reference')}`
    const knobs = ['batch.max_events', 'retry.base_ms', 'retry.max_ms']
    const report = await judgeSuite(client, { shuffle: true, seed: '77', knobs })
    expect(verdicts(report)).toEqual(all('pass'))
    expect(report.exitCode).toBe(0)
  }, 60_000)
})

describe('clients that cheat', () => {
  it.each(clientNames.filter((name) => name !== 'reference'))(
    '%s passes no case',
    async (name) => {
      const report = await judgeSuite(shipped(name), { budgetMs: 1500 })
      expect(report.totals.pass).toBe(0)
      expect(report.totals['harness-error']).toBe(0)
      expect(report.exitCode).toBe(1)
    },
    120_000,
  )
})

describe('curl', () => {
  const curl = (more: string): string => `curl -sS --fail ${more} --data-binary @- "$TAILRACE_URL"`
  const here = has('curl', '--version')

  it.skipIf(!here).each([
    ['--retry 4', 'ing.retry.503', 'pass'],
    ['--retry 4', 'ing.ra.429-seconds', 'pass'],
    ['--retry 4', 'ing.4xx.400', 'pass'],
    ['--retry 4 --retry-all-errors --retry-max-time 9', 'ing.4xx.400', 'fail'],
    ['', 'ing.retry.503', 'fail'],
  ])(
    'with %j: %s is %s',
    async (more, id, verdict) => {
      const run = await judgeCase(id, curl(more))
      expect(run.judgement?.verdict, JSON.stringify(run.judgement?.checks, null, 1)).toBe(verdict)
    },
    40_000,
  )
})

describe('examples', () => {
  it('the Tinybird guide delivers, and takes a 503 for success', async () => {
    const sender = 'node examples/tinybird-guide.mjs'
    expect((await judgeCase('ing.base.one', sender)).judgement?.verdict).toBe('pass')
    const run = await judgeCase('ing.retry.503', sender)
    expect(checksThat(run, 'fail')).toContain('inv.no-false-success')
  }, 30_000)

  it.skipIf(!has('/usr/bin/python3', '-c', 'import requests'))(
    'requests tells of what it does not retry',
    async () => {
      const sender = '/usr/bin/python3 examples/ingest-requests.py'
      expect((await judgeCase('ing.4xx.400', sender)).judgement?.verdict).toBe('pass')
      const run = await judgeCase('ing.retry.503', sender)
      expect(run.driven?.code).toBe(1)
      expect(checksThat(run, 'fail')).toEqual(['rule'])
    },
    30_000,
  )

  it.skipIf(!has('go', 'version'))(
    'Go delivers, and tells of a 400',
    async () => {
      const sender = 'go run examples/ingest.go'
      expect((await judgeCase('ing.base.one', sender)).judgement?.verdict).toBe('pass')
      expect((await judgeCase('ing.4xx.400', sender)).judgement?.verdict).toBe('pass')
    },
    120_000,
  )

  it.each([
    ['node examples/ingest-fetch.mjs', 'ing.base.many', 'pass'],
    ['sh examples/ingest-curl.sh', 'ing.base.many', 'pass'],
    ['node examples/ingest-reference.mjs', 'ing.backoff.exists', 'pass'],
  ])(
    '%s: %s is %s',
    async (sender, id, verdict) => {
      const run = await judgeCase(id, sender)
      expect(run.judgement?.verdict, JSON.stringify(run.judgement?.checks, null, 1)).toBe(verdict)
    },
    40_000,
  )
})

/** Every case with clients whose verdict is known: the reference passes all, nobody who cheats passes any. */
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { clientNames, linesClientNames } from '../src/clients/command.ts'
import { referenceKnobs } from '../src/clients/reference.ts'
import { checksThat, judgeCase, judgeSuite, shipped, shippedOnLines, unpassed } from './testing/judging.ts'

const has = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0

/** Why a case is not judged: of the rung, of the protocol, or of what the client is not for. */
const notJudged = (reason: RegExp): Record<string, unknown> => expect.stringMatching(reason) as never
const ofProtocol = notJudged(/^n\/a: not for protocol/)
const ofRung = notJudged(/^n\/a: needs rung lines/)
const ofSpill = notJudged(/^n\/a: needs a client that can spill/)
const elastic = { 'ing.part.per-item-retry': ofProtocol, 'ing.part.unknown-result': ofProtocol }
const events = {
  'ing.base.ndjson': ofProtocol,
  'ing.ack.wait-true': ofProtocol,
  'ing.ack.202-is-not-commit': ofProtocol,
}
const claims = {
  'ing.ack.not-before-response': ofRung,
  'ing.flush.all': ofRung,
  'ing.stop.twice': ofRung,
  'ing.stop.send-after': ofRung,
}
const spill = { 'ing.retry.after-outage': ofSpill }

describe('the reference client', () => {
  it('passes every case under generic, or the case is not for it', async () => {
    const found = await unpassed(shipped('reference'), { seed: 'one', knobs: referenceKnobs })
    expect(found).toEqual({ ...elastic, ...events, ...claims, ...spill })
  }, 300_000)

  it('passes every case under events-api on lines, in processes that are used again', async () => {
    const judging = { rung: 'lines', reuse: true, protocol: 'events-api', seed: 'two' } as const
    const found = await unpassed(shippedOnLines('reference'), { ...judging, knobs: referenceKnobs })
    expect(found).toEqual({ ...elastic, ...spill })
  }, 300_000)

  it('passes the cases of elastic-bulk', async () => {
    const only = ['ing.part.per-item-retry', 'ing.part.unknown-result']
    expect(await unpassed(shipped('reference'), { protocol: 'elastic-bulk', only })).toEqual({})
  }, 60_000)

  it('passes without knowing the case, in a drawn order, and with no knob known to be honoured', async () => {
    const client = `env -u TAILRACE_CASE -u TAILRACE_SEED ${shipped('reference')}`
    const found = await unpassed(client, { shuffle: true, seed: '77', tier: 'quick' })
    expect(Object.values(found).filter((why) => !why.startsWith('n/a'))).toEqual([])
    expect(Object.keys(found).length).toBeLessThan(25)
  }, 300_000)

  it('is told by the guide what it retries against it', async () => {
    const found = await unpassed(shipped('reference'), {
      ...{ protocol: 'events-api', profile: 'events-api-guide' },
      only: ['ing.429.not-dropped', 'ing.retry.50*'],
    })
    expect(Object.keys(found)).toEqual(['ing.429.not-dropped'])
  }, 60_000)

  it('is judged by a judge that is fit', async () => {
    const report = await judgeSuite(shipped('reference'), { only: ['ing.base.one'] })
    expect(report.fitness).toMatchObject({ control: 'pass', null: 'fail' })
    expect(report.exitCode).toBe(0)
  }, 60_000)
})

describe('clients that cheat', () => {
  it.each(clientNames.filter((name) => name !== 'reference'))(
    '%s passes no case',
    async (name) => {
      const tier = name === 'null' ? 'full' : 'quick'
      const report = await judgeSuite(shipped(name), { budgetMs: 1500, tier, knobs: referenceKnobs })
      expect(report.totals.pass).toBe(0)
      expect(report.totals['harness-error']).toBe(0)
      expect(report.exitCode).toBe(1)
    },
    240_000,
  )

  it.each(linesClientNames.filter((name) => name !== 'reference'))(
    '%s passes no case on lines',
    async (name) => {
      const only = ['ing.base.*', 'ing.retry.50?', 'ing.4xx.4*', 'ing.ack.*', 'ing.flush.*', 'ing.stop.*']
      const judging = { rung: 'lines', budgetMs: 1500, only, knobs: referenceKnobs } as const
      const report = await judgeSuite(shippedOnLines(name), judging)
      expect(report.totals.pass).toBe(0)
      expect(report.totals['harness-error']).toBe(0)
    },
    240_000,
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
    ['--retry 4', 'ing.h2.refused-stream', 'pass'],
    ['', 'ing.h2.rst-during-data', 'pass'],
    ['--retry 4', 'ing.goaway.no-budget-cost', 'fail'],
    ['', 'ing.goaway.inflight-above', 'n/a'],
    ['--http1.1', 'ing.h2.ping', 'n/a'],
    ['--cacert /dev/null', 'ing.h2.ping', 'n/a'],
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

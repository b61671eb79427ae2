/** What is offered by a served run, and its verdicts: sound where the ledger is, unknown where it is not. */
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { Kept } from '../../../fakes/admin/kept.ts'
import { HandClock } from '../../clock.ts'
import type { Plan } from '../../plan/plan.ts'
import { profiles } from '../../profile.ts'
import type { Profile } from '../../profile.ts'
import { recordSource } from '../../record.ts'
import type { IdRange, RecordSource } from '../../record.ts'
import { served } from '../testing/served.ts'
import type { Served, Told } from '../testing/served.ts'
import { court } from './serve-court.ts'
import { beginRun, PassingLedger } from './serve-ledger.ts'

interface Verified {
  verdict: string
  checks: { name: string; verdict: string; because: string[]; witnesses: number[]; entries: object[] }[]
}

const offer = async (server: Served, records: number): Promise<string> =>
  (await server.ask('POST /offer', { records })).text
const verify = async (server: Served, asked: object = {}): Promise<Verified> =>
  (await server.ask('POST /verify', asked)).json() as Verified
const verdicts = ({ checks }: Verified): string[] => checks.map((each) => `${each.name} ${each.verdict}`)

describe('verify', () => {
  it('passes what was delivered, by every invariant', async () => {
    await using server = await served()
    expect(await server.post(await offer(server, 10))).toBe(202)
    const found = await verify(server)
    expect(found.verdict).toBe('pass')
    expect(verdicts(found)).toContain('inv.no-loss pass')
    expect(await server.post(await offer(server, 5))).toBe(202)
    expect((await verify(server, { checks: [{ use: 'landed', times: 1 }] })).verdict).toBe('pass')
  })

  it('fails what is lost, and names it', async () => {
    await using server = await served()
    await server.post((await offer(server, 10)).split('\n').slice(1).join('\n'))
    const { verdict, checks } = await verify(server, { checks: ['inv.no-loss', 'inv.integrity'] })
    expect([verdict, checks.map((each) => each.verdict)]).toEqual(['fail', ['fail', 'pass']])
    expect(checks[0]?.because.join()).toContain('0.0')
  })

  it('fails a record that landed twice, and one that was altered', async () => {
    await using server = await served()
    const text = await offer(server, 1)
    await server.post(text)
    await server.post(text.replace('"seq":0', '"seq":7'))
    const found = await verify(server, { checks: ['inv.no-double', 'inv.integrity', 'inv.no-loss'] })
    expect(verdicts(found)).toEqual(['inv.no-double fail', 'inv.integrity fail', 'inv.no-loss pass'])
    const entries = (await server.ask('GET /ledger')).lines() as { n: number; kind: string }[]
    for (const n of found.checks[0]?.witnesses ?? []) expect(entries[n]).toMatchObject({ n })
  })

  it('is about what it is told was offered; what was handed out besides is no invention', async () => {
    await using server = await served()
    await server.post(await offer(server, 10))
    const checks = ['inv.no-loss', 'inv.no-invention']
    expect((await verify(server, { offered: [[0, 0, 4]], checks })).verdict).toBe('pass')
    expect(verdicts(await verify(server, { offered: [[0, 0, 10]], checks }))).toEqual([
      'inv.no-loss fail',
      'inv.no-invention pass',
    ])
  })

  it('says n/a where nothing was offered', async () => {
    await using server = await served()
    await server.post('{"own":1}')
    expect((await verify(server, { checks: ['inv.no-loss'] })).verdict).toBe('n/a')
  })

  it.each<[object, string[]]>([
    [{ checks: [] }, ['/checks']],
    [{ checks: ['inv.no-los', { use: 'x' }, { use: 'landed', tims: 1 }] }, ['/checks/0', '/checks/1']],
    [{ offered: [[0, 5, 4]] }, ['/offered/0']],
    [{ offered: [[0, 0, 2_000_000]] }, ['/offered']],
    [{ offered: [[0, 0]], chekcs: [] }, ['/chekcs', '/offered/0']],
  ])('is refused: %j', async (asked, at) => {
    await using server = await served()
    const told = await server.ask('POST /verify', asked)
    expect(told.status).toBe(422)
    expect(pointersOf(told)).toEqual(expect.arrayContaining(at))
  })
})

function pointersOf(told: Told): string[] {
  return (told.json() as { problems: { at: string }[] }).problems.map(({ at }) => at)
}

describe('offer', () => {
  it('goes on where the last one ended, and no further than there are records', async () => {
    await using server = await served()
    const seqs = (text: string): unknown[] =>
      text
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { seq: number }).seq)
    expect(seqs(await offer(server, 2))).toEqual([0, 1])
    expect(seqs(await offer(server, 3))).toEqual([2, 3, 4])
    expect(pointersOf(await server.ask('POST /offer', { records: 1_000_000 }))).toEqual(['/records'])
    expect(pointersOf(await server.ask('POST /offer', { records: 0 }))).toEqual(['/records'])
  })

  it('that was not fetched whole leaves a doubt', async () => {
    await using server = await served()
    const asking = request(`${server.admin}/offer`, { method: 'POST', agent: false })
    asking.on('error', () => {})
    asking.end('{"records":500000}')
    const [answer] = (await once(asking, 'response')) as [IncomingMessage]
    answer.on('error', () => {})
    asking.destroy()
    let found = await verify(server, { checks: ['inv.no-loss'] })
    while (found.verdict === 'fail') found = await verify(server, { checks: ['inv.no-loss'] })
    expect([found.verdict, found.checks[0]?.because[0]]).toEqual([
      'unknown',
      'The records 0.0–0.499999 were offered, and not all of them were fetched.',
    ])
  })
})

describe('doubt', () => {
  it('is left by a reset that what was offered before outlives', async () => {
    await using server = await served()
    const old = await offer(server, 3)
    await server.ask('POST /reset', { ledger: true })
    const checks = ['inv.no-loss', 'inv.no-invention']
    await server.post(await offer(server, 3))
    expect((await verify(server, { checks })).verdict).toBe('pass')
    await server.post(old)
    const found = await verify(server, { checks })
    expect(verdicts(found)).toEqual(['inv.no-loss unknown', 'inv.no-invention unknown'])
    expect(found.checks[0]?.because[0]).toContain('before the ledger was emptied')
  })

  it('is left by entries that have made room', async () => {
    const { ledger, kept, run, source } = parts(8)
    const judge = court({ ledger, kept, source, ...quietEndpoint, timeless: false, lap: run.lap })
    judge.offer(1)
    delivered(ledger, 0)
    expect(await judge.verify({ checks: ['inv.no-loss'] })).toMatchObject({ verdict: 'pass' })
    for (let i = 0; i < 5; i += 1) ledger.write({ kind: 'stall', who: 'server', ms: 1 })
    expect(await judge.verify({ checks: ['inv.no-loss'] })).toMatchObject({
      verdict: 'unknown',
      checks: [
        { because: expect.arrayContaining([expect.stringMatching(/^The ledger holds from entry 6/)]) },
      ],
    })
    run.end()
  })

  it('is left by a clock wound by hand in all that looks at time', async () => {
    await using server = await served({ clock: 'virtual' })
    const text = await offer(server, 1)
    await server.post(text)
    await server.post(text)
    const checks = ['inv.no-loss', 'inv.no-double', 'inv.no-hot-loop', { use: 'landed', times: 2 }]
    expect(verdicts(await verify(server, { checks }))).toEqual([
      'inv.no-loss pass',
      'inv.no-double unknown',
      'inv.no-hot-loop unknown',
      'landed pass',
    ])
  })

  it('is left by errors of our own', async () => {
    const { ledger, kept, run, source } = parts()
    const endpoint = { ...quietEndpoint.endpoint, failures: ['out of luck'] }
    const judge = court({ ledger, kept, source, endpoint, timeless: false, lap: run.lap })
    judge.offer(1)
    delivered(ledger, 0)
    expect(await judge.verify({})).toMatchObject({ verdict: 'unknown' })
    run.end()
  })
})

describe('a clock that is scaled', () => {
  it('has real time in the ledger, and its own beside it', async () => {
    await using server = await served({ timeScale: '0.01' })
    await server.post('{}')
    const entries = (await server.ask('GET /ledger')).lines() as { t: number; vt: number }[]
    for (const { t, vt } of entries) expect(Math.abs(t - vt * 0.01)).toBeLessThanOrEqual(1)
  })
})

function parts(max?: number): {
  kept: Kept
  ledger: PassingLedger
  run: ReturnType<typeof beginRun>
  source: RecordSource
} {
  const kept = new Kept(max)
  const ledger = new PassingLedger({ clock: new HandClock(), heard: (entry) => kept.enter(entry) })
  const profile = profiles['generic'] as Profile
  const plan: Plan = { version: 1, seed: '1', rules: [] }
  const run = beginRun(ledger, {
    ...{ protocol: 'generic', profile, seed: '1', plan, tool: 'test', watched: false },
  })
  return { kept, ledger, run, source: recordSource('1', 'serve') }
}

const quietEndpoint = { endpoint: { failures: [] as string[], quiet: () => Promise.resolve() } }

/** A request with one record of producer 0, taken and landed. */
function delivered(ledger: PassingLedger, seq: number): void {
  const ids: IdRange[] = [[0, seq, seq]]
  const site = { lane: 'ingest', logical: `0.${seq}`, attempt: 1 } as const
  const bare = { method: 'POST', path: '/', bytes: 9, complete: true, conn: 0 }
  ledger.write({ kind: 'request', req: 0, site, ids, ...bare })
  ledger.write({ kind: 'take', req: 0, ids })
  ledger.write({ kind: 'land', block: 0, ids })
}
